"""Query the table, and see how much of the query reaches its source."""

from datafusion import SessionContext

from {{crate_name}} import Readings

ctx = SessionContext()
ctx.register_table("readings", Readings(rows=1_000_000, partitions=4))

latest = ctx.sql("SELECT sensor, celsius, recorded_at FROM readings WHERE id >= 999995")
print(latest)
print(latest.execution_plan())
