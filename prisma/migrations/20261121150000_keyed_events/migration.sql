-- outside a transaction

-- A change under an idempotency key looks for an earlier one of the same order, however long its history is.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "order_events_order_id_command_key_idx" ON "order_events"("order_id", "command_key") WHERE "command_key" IS NOT NULL;
