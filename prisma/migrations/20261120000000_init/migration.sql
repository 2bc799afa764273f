CREATE TYPE "order_status" AS ENUM ('PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'CANCELLED');

CREATE TYPE "order_event_type" AS ENUM ('CREATED', 'STATUS_CHANGED', 'UPDATED', 'DELETED');

CREATE TYPE "cancel_reason" AS ENUM ('CUSTOMER', 'FRAUD', 'INVENTORY', 'STAFF', 'OTHER');

CREATE TYPE "stats_grain" AS ENUM ('HOUR', 'DAY', 'ALL');

-- Order numbers. They have gaps: a replayed or rejected creation can consume a number.
CREATE SEQUENCE "order_number" AS BIGINT START 1001;

CREATE TABLE "orders" (
    "id" UUID NOT NULL,
    "number" BIGINT NOT NULL DEFAULT nextval('order_number'::regclass),
    "customer_id" TEXT,
    "customer_name" TEXT,
    "customer_email" TEXT,
    "status" "order_status" NOT NULL,
    "currency" TEXT NOT NULL,
    "subtotal" BIGINT NOT NULL,
    "shipping" BIGINT NOT NULL DEFAULT 0,
    "tax" BIGINT NOT NULL DEFAULT 0,
    "discount" BIGINT NOT NULL DEFAULT 0,
    "total" BIGINT NOT NULL,
    "shipping_address" JSONB,
    "billing_address" JSONB,
    "notes" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "external_reference" TEXT,
    "tracking" JSONB,
    "fingerprint" BYTEA NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),
    "cancelled_at" TIMESTAMPTZ(3),
    "cancel_reason" "cancel_reason",
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "orders_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "order_items" (
    "order_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "product_id" TEXT,
    "sku" TEXT,
    "name" TEXT NOT NULL,
    "quantity" INTEGER NOT NULL,
    "unit_price" BIGINT NOT NULL,
    "subtotal" BIGINT NOT NULL,

    CONSTRAINT "order_items_pkey" PRIMARY KEY ("order_id","position")
);

-- Makes an external reference unique among the orders of a customer ('' stands for guests).
CREATE TABLE "order_references" (
    "customer_id" TEXT NOT NULL,
    "external_reference" TEXT NOT NULL,
    "order_id" UUID NOT NULL,

    CONSTRAINT "order_references_pkey" PRIMARY KEY ("customer_id","external_reference")
);

CREATE TABLE "order_events" (
    "order_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "type" "order_event_type" NOT NULL,
    "from_status" "order_status",
    "to_status" "order_status",
    "changed_fields" TEXT[] NOT NULL,
    "reason" TEXT,
    "actor" TEXT,
    "actor_kind" TEXT NOT NULL,
    "command_id" UUID NOT NULL,
    "command_key" BYTEA,
    "command_fingerprint" BYTEA,
    "customer_id" TEXT,
    "payload" JSONB NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL,
    "position" BIGINT,

    CONSTRAINT "order_events_pkey" PRIMARY KEY ("order_id","version")
);

-- The process that holds the lock on the one row assigns positions to events.
CREATE TABLE "event_sequencer" (
    "id" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "event_sequencer_pkey" PRIMARY KEY ("id")
);

-- Position and lease of each consumer of the event log. "event_at" is the time of the last event that it handled.
CREATE TABLE "event_consumers" (
    "name" TEXT NOT NULL,
    "position" BIGINT NOT NULL DEFAULT 0,
    "holder" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "token" BIGINT NOT NULL DEFAULT 0,
    "event_at" TIMESTAMPTZ(3),

    CONSTRAINT "event_consumers_pkey" PRIMARY KEY ("name")
);

-- Statistics of orders by the hour, the day and all time of their creation. A consumer of the event log maintains them.
CREATE TABLE "order_stats" (
    "grain" "stats_grain" NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "currency" TEXT NOT NULL,
    "status" "order_status" NOT NULL,
    "count" BIGINT NOT NULL,
    "gross" DECIMAL(40,0) NOT NULL,

    CONSTRAINT "order_stats_pkey" PRIMARY KEY ("grain","starts_at","currency","status")
);

-- Time from creation to the first of DELIVERED and COMPLETED: a histogram in which each bucket is 4 % wider than the last.
CREATE TABLE "order_stats_durations" (
    "grain" "stats_grain" NOT NULL,
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "bucket" INTEGER NOT NULL,
    "count" BIGINT NOT NULL,
    "total_ms" DECIMAL(40,0) NOT NULL,

    CONSTRAINT "order_stats_durations_pkey" PRIMARY KEY ("grain","starts_at","bucket")
);

CREATE TABLE "server_secrets" (
    "name" TEXT NOT NULL,
    "value" BYTEA NOT NULL,

    CONSTRAINT "server_secrets_pkey" PRIMARY KEY ("name")
);

-- Lists of orders: each filter and order walks one index and stops after a page.
CREATE INDEX "orders_number_idx" ON "orders"("number");
CREATE INDEX "orders_created_at_id_idx" ON "orders"("created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "orders_status_created_at_id_idx" ON "orders"("status", "created_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "orders_updated_at_id_idx" ON "orders"("updated_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "orders_status_updated_at_id_idx" ON "orders"("status", "updated_at", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "orders_currency_total_id_idx" ON "orders"("currency", "total", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "orders_currency_status_total_id_idx" ON "orders"("currency", "status", "total", "id") WHERE "deleted_at" IS NULL;
CREATE INDEX "orders_customer_id_created_at_id_idx" ON "orders"("customer_id", "created_at", "id") WHERE "customer_id" IS NOT NULL AND "deleted_at" IS NULL;
CREATE INDEX "orders_customer_id_status_created_at_id_idx" ON "orders"("customer_id", "status", "created_at", "id") WHERE "customer_id" IS NOT NULL AND "deleted_at" IS NULL;
CREATE INDEX "orders_external_reference_created_at_id_idx" ON "orders"("external_reference" text_pattern_ops, "created_at", "id") WHERE "external_reference" IS NOT NULL AND "deleted_at" IS NULL;
-- E-mail addresses are compared without regard to case.
CREATE INDEX "orders_lower_customer_email_created_at_id_idx" ON "orders"(lower("customer_email") text_pattern_ops, "created_at", "id") WHERE "customer_email" IS NOT NULL AND "deleted_at" IS NULL;

-- The event log in the order of positions, and the events that have none yet.
CREATE INDEX "order_events_position_idx" ON "order_events"("position") WHERE "position" IS NOT NULL;
CREATE INDEX "order_events_unsequenced_idx" ON "order_events"("order_id", "version") WHERE "position" IS NULL;
-- The earlier change of an order under an idempotency key, however long the history of the order is.
CREATE INDEX "order_events_order_id_command_key_idx" ON "order_events"("order_id", "command_key") WHERE "command_key" IS NOT NULL;

ALTER TABLE "order_items" ADD CONSTRAINT "order_items_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;
ALTER TABLE "order_events" ADD CONSTRAINT "order_events_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- Invariants that hold for every writer.
ALTER TABLE "orders"
    ADD CONSTRAINT "orders_total_is_sum" CHECK ("total" = "subtotal" + "shipping" + "tax" - "discount"),
    ADD CONSTRAINT "orders_money_not_negative" CHECK ("subtotal" >= 0 AND "shipping" >= 0 AND "tax" >= 0 AND "discount" >= 0 AND "total" >= 0),
    ADD CONSTRAINT "orders_currency_is_code" CHECK ("currency" ~ '^[A-Z]{3}$'),
    ADD CONSTRAINT "orders_version_from_one" CHECK ("version" >= 1),
    ADD CONSTRAINT "orders_updated_after_created" CHECK ("updated_at" >= "created_at"),
    ADD CONSTRAINT "orders_completed_at_with_status" CHECK (("status" = 'COMPLETED') = ("completed_at" IS NOT NULL)),
    ADD CONSTRAINT "orders_cancelled_at_with_status" CHECK (("status" = 'CANCELLED') = ("cancelled_at" IS NOT NULL)),
    ADD CONSTRAINT "orders_cancel_reason_with_status" CHECK ("cancel_reason" IS NULL OR "status" = 'CANCELLED'),
    ADD CONSTRAINT "orders_metadata_is_object" CHECK (jsonb_typeof("metadata") = 'object');

ALTER TABLE "order_items"
    ADD CONSTRAINT "order_items_position_from_one" CHECK ("position" >= 1),
    ADD CONSTRAINT "order_items_quantity_positive" CHECK ("quantity" >= 1),
    ADD CONSTRAINT "order_items_price_not_negative" CHECK ("unit_price" >= 0),
    ADD CONSTRAINT "order_items_subtotal_is_product" CHECK ("subtotal" = "unit_price" * "quantity");

ALTER TABLE "order_events"
    ADD CONSTRAINT "order_events_version_from_one" CHECK ("version" >= 1),
    ADD CONSTRAINT "order_events_created_is_first" CHECK (("type" = 'CREATED') = ("version" = 1)),
    ADD CONSTRAINT "order_events_created_has_no_from" CHECK ("type" <> 'CREATED' OR ("from_status" IS NULL AND "to_status" IS NOT NULL)),
    ADD CONSTRAINT "order_events_change_has_both" CHECK ("type" <> 'STATUS_CHANGED' OR ("from_status" IS NOT NULL AND "to_status" IS NOT NULL AND "from_status" <> "to_status")),
    ADD CONSTRAINT "order_events_position_from_one" CHECK ("position" >= 1),
    ADD CONSTRAINT "order_events_key_with_fingerprint" CHECK (("command_key" IS NULL) = ("command_fingerprint" IS NULL));

ALTER TABLE "event_sequencer" ADD CONSTRAINT "event_sequencer_one_row" CHECK ("id" = 1);

INSERT INTO "event_sequencer" ("id") VALUES (1);
