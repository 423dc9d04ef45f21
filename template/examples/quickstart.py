{% if table_provider -%}
"""Query the table, and print the plan, which shows what the source has to read."""

from datafusion import SessionConfig, SessionContext

from {{crate_name}} import Readings

# With one target partition, the plan is the same however many cores there are.
ctx = SessionContext(SessionConfig().with_target_partitions(1))
ctx.register_table("readings", Readings(rows=1_000_000, partitions=4))

latest = ctx.sql("SELECT sensor, celsius, recorded_at FROM readings WHERE id >= 999995")
print(latest)
print(latest.execution_plan())
{%- elsif existing_table_provider -%}
"""Query the table, and print the plan, which shows what the table has to read."""

from datafusion import SessionConfig, SessionContext

from {{crate_name}} import Rooms

# With one target partition, the plan is the same however many cores there are.
ctx = SessionContext(SessionConfig().with_target_partitions(1))
ctx.register_table("rooms", Rooms())

floors = ctx.sql("SELECT floor FROM rooms ORDER BY floor")
print(floors)
print(floors.execution_plan())
{%- elsif existing_catalog_provider -%}
"""Query a table of the catalog, and print the plan, which shows what the table has to read."""

from datafusion import SessionConfig, SessionContext

from {{crate_name}} import BuildingCatalog

# With one target partition, the plan is the same however many cores there are.
ctx = SessionContext(SessionConfig().with_target_partitions(1))
ctx.register_catalog_provider("building", BuildingCatalog())

floors = ctx.sql("SELECT floor FROM building.ground.rooms ORDER BY floor")
print(floors)
print(floors.execution_plan())
{%- elsif listing_table -%}
"""Write two files, and query them as one table."""

from tempfile import TemporaryDirectory

from datafusion import SessionContext

from {{crate_name}} import ReadingsFiles

with TemporaryDirectory() as folder:
    ctx = SessionContext()
    for month in ("01", "02"):
        readings = ctx.from_pydict({"id": [1, 2], "celsius": [20.5, 21.0]})
        readings.write_parquet(f"{folder}/month={month}/")

    ctx.register_table("files", ReadingsFiles([f"{folder}/"], ["month"]))
    print(ctx.sql("SELECT month, id, celsius FROM files WHERE id = 2 ORDER BY month"))
{%- else -%}
"""Call the functions that this package adds to SQL."""

from datafusion import SessionContext

from {{crate_name}} import register_all

READINGS = "(VALUES (1, 20.0), (2, NULL), (3, 25.0)) AS readings(minute, celsius)"

ctx = register_all(SessionContext())
{%- if scalar_udf %}
print(ctx.sql(f"SELECT celsius, fahrenheit(celsius) AS fahrenheit FROM {READINGS}"))
{%- endif %}
{%- if async_scalar_udf %}
print(ctx.sql("SELECT floor_of('attic') AS floor"))
{%- endif %}
{%- if aggregate_udf %}
print(ctx.sql(f"SELECT rms(celsius) AS rms FROM {READINGS}"))
{%- endif %}
{%- if window_udf %}
print(ctx.sql(f"SELECT minute, change(celsius) OVER (ORDER BY minute) AS change FROM {READINGS}"))
{%- endif %}
{%- if extension_options %}
print(ctx.sql(f"SELECT show_celsius(celsius) AS shown FROM {READINGS}"))
{%- endif %}
{%- if function_library %}
print(ctx.sql(f"SELECT celsius, clamp(celsius, 0, 22) AS clamped FROM {READINGS}"))
{%- endif %}
{%- endif %}
