"""Query JSON documents, in SQL and with expressions of Python."""

from datafusion import SessionContext, col

from json_ext import functions, register_all

ORDERS = {
    "id": [1, 2, 3],
    "doc": [
        '{"item": "lamp", "sizes": [30, 45]}',
        '{"item": "desk", "sizes": []}',
        "no JSON",
    ],
}

ctx = register_all(SessionContext())
orders = ctx.from_pydict(ORDERS, name="orders")
query = "SELECT id, json_get_str(doc, 'item') AS item FROM orders WHERE json_contains(doc, 'item')"
print(ctx.sql(query))
print(orders.select(col("id"), functions.json_length(col("doc"), "sizes").alias("sizes")))
