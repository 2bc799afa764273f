-- AlterTable
ALTER TABLE "order_events" ADD COLUMN "traceparent" TEXT;
