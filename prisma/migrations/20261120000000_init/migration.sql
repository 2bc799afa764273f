-- CreateEnum
CREATE TYPE "order_status" AS ENUM ('PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "order_event_type" AS ENUM ('CREATED', 'STATUS_CHANGED', 'UPDATED', 'DELETED');

-- CreateEnum
CREATE TYPE "cancel_reason" AS ENUM ('CUSTOMER', 'FRAUD', 'INVENTORY', 'STAFF', 'OTHER');

-- Numbers for people. Not gap-free: a replayed or refused order may use one up.
CREATE SEQUENCE "order_number" AS BIGINT START 1001;

-- CreateTable
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

-- CreateTable
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

-- CreateTable
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

-- CreateTable
CREATE TABLE "event_sequencer" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "position" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_sequencer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_consumers" (
    "name" TEXT NOT NULL,
    "position" BIGINT NOT NULL DEFAULT 0,
    "holder" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "token" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_consumers_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "server_secrets" (
    "name" TEXT NOT NULL,
    "value" BYTEA NOT NULL,

    CONSTRAINT "server_secrets_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "orders_number_idx" ON "orders"("number");

-- CreateIndex
CREATE INDEX "orders_created_at_id_idx" ON "orders"("created_at", "id") WHERE "deleted_at" IS NULL;

-- CreateIndex
CREATE INDEX "orders_status_created_at_id_idx" ON "orders"("status", "created_at", "id") WHERE "deleted_at" IS NULL;

-- CreateIndex
CREATE INDEX "orders_customer_id_created_at_id_idx" ON "orders"("customer_id", "created_at", "id") WHERE "customer_id" IS NOT NULL AND "deleted_at" IS NULL;

-- CreateIndex
CREATE INDEX "orders_customer_id_status_created_at_id_idx" ON "orders"("customer_id", "status", "created_at", "id") WHERE "customer_id" IS NOT NULL AND "deleted_at" IS NULL;

-- CreateIndex
CREATE INDEX "order_events_position_idx" ON "order_events"("position") WHERE "position" IS NOT NULL;

-- CreateIndex
CREATE INDEX "order_events_customer_id_position_idx" ON "order_events"("customer_id", "position") WHERE "position" IS NOT NULL;

-- CreateIndex
CREATE INDEX "order_events_unsequenced_idx" ON "order_events"("order_id", "version") WHERE "position" IS NULL;

-- AddForeignKey
ALTER TABLE "order_items" ADD CONSTRAINT "order_items_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- AddForeignKey
ALTER TABLE "order_events" ADD CONSTRAINT "order_events_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "orders"("id") ON DELETE RESTRICT ON UPDATE RESTRICT;

-- What must never be false, whoever writes.
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

INSERT INTO "event_sequencer" ("id", "position") VALUES (1, 0);
