-- AlterTable
ALTER TABLE "event_consumers" ADD COLUMN "accepted_token" BIGINT NOT NULL DEFAULT 0;
