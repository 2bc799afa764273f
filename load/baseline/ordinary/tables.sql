-- The tables of schema.prisma, as Prisma Migrate creates them.
CREATE TYPE order_status AS ENUM ('PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'COMPLETED', 'CANCELLED');

CREATE TABLE orders (
  id uuid PRIMARY KEY,
  number serial NOT NULL,
  customer_id text NOT NULL,
  customer_name text NOT NULL,
  status order_status NOT NULL DEFAULT 'PENDING',
  currency text NOT NULL,
  total decimal(14, 2) NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at timestamptz(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE order_items (
  id serial PRIMARY KEY,
  order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE ON UPDATE CASCADE,
  product_id text NOT NULL,
  name text NOT NULL,
  quantity integer NOT NULL,
  unit_price decimal(14, 2) NOT NULL
);

CREATE INDEX orders_created_at_id_idx ON orders (created_at, id);
CREATE INDEX order_items_order_id_idx ON order_items (order_id);
