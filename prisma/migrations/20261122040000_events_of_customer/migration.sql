-- outside a transaction

-- The event log of one customer.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "order_events_customer_id_position_idx" ON "order_events"("customer_id", "position") WHERE "customer_id" IS NOT NULL AND "position" IS NOT NULL;
