{% if table_provider -%}
"""Query the table, and see how much of the query reaches its source."""

from datafusion import SessionConfig, SessionContext

from {{crate_name}} import Readings

# With one target partition, the plan is the same however many cores there are.
ctx = SessionContext(SessionConfig().with_target_partitions(1))
ctx.register_table("readings", Readings(rows=1_000_000, partitions=4))

latest = ctx.sql("SELECT sensor, celsius, recorded_at FROM readings WHERE id >= 999995")
print(latest)
print(latest.execution_plan())
{%- else -%}
"""Call the functions that this package adds to SQL."""

from datafusion import SessionContext

from {{crate_name}} import register_all

READINGS = "(VALUES (1, 20.0), (2, NULL), (3, 25.0)) AS readings(minute, celsius)"

ctx = register_all(SessionContext())
{%- if scalar_udf %}
print(ctx.sql(f"SELECT celsius, fahrenheit(celsius) AS fahrenheit FROM {READINGS}"))
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
