-- outside a transaction

-- The deleted orders of a customer: their events still name it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS "order_events_deleted_of_customer_idx" ON "order_events"("customer_id") WHERE "type" = 'DELETED' AND "customer_id" IS NOT NULL;
