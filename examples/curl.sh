# Creates an order, changes its status and reads it with curl. Prints one JSON response per line.
url=${ORDERGRAPH_URL:-http://127.0.0.1:4000/graphql}

request() { # QUERY VARIABLES: the query must be one line without double quotes, so that it needs no escaping
  curl --silent --show-error --fail-with-body "$url" -H 'content-type: application/json' \
    -d "{\"query\": \"$1\", \"variables\": $2}" && echo
}

# The idempotency key makes the request safe to retry: a second run does not create a second order.
created=$(request 'mutation ($input: CreateOrderInput!) { createOrder(input: $input) { replayed order { id number total { amount currency } } userErrors { code message field } } }' \
  '{"input": {"idempotencyKey": "curl-example", "customerId": "curl", "items": [{"name": "Tea", "quantity": 2, "unitPrice": "4.20"}]}}')
echo "$created"
id=$(echo "$created" | sed 's/.*"id":"\([^"]*\)".*/\1/')

request 'mutation ($input: UpdateOrderStatusInput!) { updateOrderStatus(input: $input) { changed order { status version } userErrors { code message } } }' \
  "{\"input\": {\"id\": \"$id\", \"status\": \"CONFIRMED\", \"reason\": \"paid\"}}"

request 'query ($id: ID!) { order(id: $id) { number status history { nodes { from to reason } } } }' "{\"id\": \"$id\"}"
