-- Mutations for PostGraphile on the tables of Ordergraph: they write the same rows as Ordergraph does.
CREATE TYPE new_item AS (product_id text, name text, quantity integer, unit_price bigint);

CREATE FUNCTION create_order(id uuid, customer_id text, customer_name text, currency text, items new_item[])
RETURNS orders LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  created orders;
  sum bigint := (SELECT sum(i.unit_price * i.quantity) FROM unnest(items) AS i);
  now timestamptz := clock_timestamp();
BEGIN
  INSERT INTO orders (id, customer_id, customer_name, status, currency, subtotal, total, fingerprint, created_at, updated_at)
  VALUES (create_order.id, create_order.customer_id, create_order.customer_name, 'PENDING', create_order.currency, sum, sum,
    '', now, now)
  RETURNING * INTO created;
  INSERT INTO order_items (order_id, position, product_id, name, quantity, unit_price, subtotal)
  SELECT created.id, i.position, i.product_id, i.name, i.quantity, i.unit_price, i.unit_price * i.quantity
  FROM unnest(items) WITH ORDINALITY AS i(product_id, name, quantity, unit_price, position);
  INSERT INTO order_events (order_id, version, type, to_status, changed_fields, actor_kind, command_id, customer_id, payload,
    occurred_at)
  VALUES (created.id, 1, 'CREATED', 'PENDING', '{}', 'admin', gen_random_uuid(), created.customer_id,
    jsonb_build_object('currency', created.currency, 'status', created.status, 'totalMinor', sum::text), created.created_at);
  RETURN created;
END $$;

CREATE FUNCTION change_order_status(id uuid, status order_status)
RETURNS orders LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  current orders;
  changed orders;
  allowed order_status[];
BEGIN
  SELECT * INTO current FROM orders o WHERE o.id = change_order_status.id AND o.deleted_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'NOT_FOUND'; END IF;
  allowed := CASE current.status
    WHEN 'PENDING' THEN '{CONFIRMED,PROCESSING,SHIPPED,CANCELLED}'
    WHEN 'CONFIRMED' THEN '{PROCESSING,SHIPPED,CANCELLED}'
    WHEN 'PROCESSING' THEN '{SHIPPED,COMPLETED,CANCELLED}'
    WHEN 'SHIPPED' THEN '{DELIVERED}'
    WHEN 'DELIVERED' THEN '{COMPLETED}'
    ELSE '{}'
  END;
  IF NOT change_order_status.status = ANY (allowed) THEN RAISE EXCEPTION 'INVALID_TRANSITION'; END IF;
  UPDATE orders o SET
    status = change_order_status.status,
    version = o.version + 1,
    updated_at = greatest(clock_timestamp(), o.updated_at),
    completed_at = CASE WHEN change_order_status.status = 'COMPLETED' THEN clock_timestamp() END,
    cancelled_at = CASE WHEN change_order_status.status = 'CANCELLED' THEN clock_timestamp() END
  WHERE o.id = current.id
  RETURNING * INTO changed;
  INSERT INTO order_events (order_id, version, type, from_status, to_status, changed_fields, actor_kind, command_id,
    customer_id, payload, occurred_at)
  VALUES (changed.id, changed.version, 'STATUS_CHANGED', current.status, changed.status, '{status}', 'admin',
    gen_random_uuid(), changed.customer_id, jsonb_build_object('currency', changed.currency, 'status', changed.status,
    'totalMinor', changed.total::text, 'createdAt', changed.created_at), changed.updated_at);
  RETURN changed;
END $$;
