-- What makes an external reference unique among the orders of a customer ('' stands for guests).
CREATE TABLE "order_references" (
    "customer_id" TEXT NOT NULL,
    "external_reference" TEXT NOT NULL,
    "order_id" UUID NOT NULL,

    CONSTRAINT "order_references_pkey" PRIMARY KEY ("customer_id","external_reference")
);

-- Statistics of orders by the hour, the day and all time of their creation, kept by a consumer of the event log.
CREATE TYPE "stats_grain" AS ENUM ('HOUR', 'DAY', 'ALL');

CREATE TABLE "order_stats" (
    "grain" "stats_grain" NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "currency" TEXT NOT NULL,
    "status" "order_status" NOT NULL,
    "count" BIGINT NOT NULL,
    "gross" DECIMAL(40,0) NOT NULL,

    CONSTRAINT "order_stats_pkey" PRIMARY KEY ("grain","starts_at","currency","status")
);

-- How long orders took from creation to the first of DELIVERED and COMPLETED: a histogram whose buckets grow by 4 %.
CREATE TABLE "order_stats_durations" (
    "grain" "stats_grain" NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "bucket" INTEGER NOT NULL,
    "count" BIGINT NOT NULL,
    "total_ms" DECIMAL(40,0) NOT NULL,

    CONSTRAINT "order_stats_durations_pkey" PRIMARY KEY ("grain","starts_at","bucket")
);

-- The event that a consumer counted last happened then.
ALTER TABLE "event_consumers" ADD COLUMN "event_at" TIMESTAMPTZ(3);

-- Every list of orders walks one of these, and stops after a page.
CREATE INDEX "orders_updated_at_id_idx" ON "orders"("updated_at", "id") WHERE "deleted_at" IS NULL;

CREATE INDEX "orders_status_updated_at_id_idx" ON "orders"("status", "updated_at", "id") WHERE "deleted_at" IS NULL;

CREATE INDEX "orders_currency_total_id_idx" ON "orders"("currency", "total", "id") WHERE "deleted_at" IS NULL;

CREATE INDEX "orders_currency_status_total_id_idx" ON "orders"("currency", "status", "total", "id") WHERE "deleted_at" IS NULL;

CREATE INDEX "orders_external_reference_created_at_id_idx" ON "orders"("external_reference" text_pattern_ops, "created_at", "id") WHERE "external_reference" IS NOT NULL AND "deleted_at" IS NULL;

-- Addresses are found however they are capitalised.
CREATE INDEX "orders_lower_customer_email_created_at_id_idx" ON "orders"(lower("customer_email") text_pattern_ops, "created_at", "id") WHERE "customer_email" IS NOT NULL AND "deleted_at" IS NULL;

INSERT INTO "event_consumers" ("name") VALUES ('order_stats');
