ALTER TABLE "event_consumers" ADD COLUMN "held" TEXT;
