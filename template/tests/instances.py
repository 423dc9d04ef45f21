"""The conformance tests run over this: change it first, once you have your own tables."""

from __future__ import annotations
{%- if aggregate_udf or function_library or listing_table %}
{% if aggregate_udf or function_library %}
import math
{%- endif %}
{%- if listing_table %}
from pathlib import Path
from tempfile import TemporaryDirectory
{%- endif %}
{%- endif %}
{% if functions or listing_table %}
import pyarrow as pa
{%- endif %}
{%- if listing_table %}
import pyarrow.parquet as pq
{%- endif %}
from conformance import Table
{%- if aggregate_udf or window_udf or function_library %}
from conformance.functions import Aggregate, Row, Scalar, Window
{%- elsif functions %}
from conformance.functions import Aggregate, Scalar, Window
{%- endif %}
{%- if insert %}
from datafusion import SessionContext
{%- endif %}

import {{crate_name}}
{%- if instances != empty %}
from {{crate_name}} import (
{%- for class in instances %}
    {{class}},
{%- endfor %}
)
{%- endif %}

PACKAGE = {{crate_name}}
{%- if listing_table %}

FOLDERS: list[TemporaryDirectory[str]] = []
{%- endif %}
{%- if insert %}


def journal() -> Journal:
    """Make a journal with two rows."""
    made, ctx = Journal(), SessionContext()
    ctx.register_table("journal", made)
    ctx.sql("INSERT INTO journal VALUES ('attic', 'warm'), ('cellar', NULL)").collect()
    return made
{%- endif %}
{%- if listing_table %}


def write_files() -> Path:
    """Write two folders of two files each, and delete them when the tests end."""
    FOLDERS.append(TemporaryDirectory())
    for month in ("01", "02"):
        folder = Path(FOLDERS[-1].name) / f"month={month}"
        folder.mkdir()
        for first in (0, 50):
            ids = pa.array(range(first, first + 50), pa.int64())
            celsius = pa.array([None if i % 10 == 9 else 15 + i / 2 for i in range(50)])
            table = pa.table({"id": ids, "celsius": celsius})
            pq.write_table(table, folder / f"{first}.parquet", row_group_size=10)
    return Path(FOLDERS[-1].name)


def files() -> ReadingsFiles:
    return ReadingsFiles([f"{write_files()}/"], ["month"])
{%- endif %}
{%- if scalar_udf %}


def fahrenheit(celsius: float | None) -> float | None:
    return None if celsius is None else celsius * 1.8 + 32.0
{%- endif %}
{%- if async_scalar_udf %}


SENSORS = ["cellar", "kitchen", "garden", "attic", "elsewhere"]
FLOORS = dict(zip(SENSORS, [-1, 0, 0, 2, None], strict=True))


def floor_of(sensor: str | None) -> int | None:
    return None if sensor is None else FLOORS[sensor]
{%- endif %}
{%- if aggregate_udf %}


def rms(rows: list[Row]) -> float | None:
    xs = [x for (x,) in rows if x is not None]
    return math.sqrt(sum(x * x for x in xs) / len(xs)) if xs else None
{%- endif %}
{%- if window_udf %}


def change(rows: list[Row]) -> list[float | None]:
    last: float | None = None
    changes: list[float | None] = []
    for (x,) in rows:
        changes.append(None if x is None or last is None else x - last)
        last = last if x is None else x
    return changes
{%- endif %}
{%- if function_library %}


def kelvin(celsius: float | None) -> float | None:
    return None if celsius is None else celsius + 273.15


def clamp(celsius: float | None) -> float | None:
    return celsius if celsius is None or math.isnan(celsius) else min(max(celsius, 0.0), 30.0)


def order(celsius: float) -> tuple[bool, float]:
    # Arrow sorts NaN after all numbers.
    return math.isnan(celsius), celsius


def spread(rows: list[Row]) -> float | None:
    xs = [x for (x,) in rows if x is not None]
    return max(xs, key=order) - min(xs, key=order) if xs else None


def warmest(rows: list[Row]) -> list[float | None]:
    known = [[x for (x,) in rows[: i + 1] if x is not None] for i in range(len(rows))]
    return [max(xs, key=order) if xs else None for xs in known]
{%- endif %}


# These are your tables. With `rows` and `key`, where you know them, the tests find more mistakes.
{%- if table_provider or existing_table_provider or listing_table %}
TABLES: list[Table] = [
{%- if table_provider %}
    Table("readings", lambda: Readings(1_000, 4), rows=1_000, key=["id"]),
    Table("no readings", lambda: Readings(0, 4), rows=0),
{%- endif %}
{%- if insert %}
    Table("journal", journal, rows=2),
{%- endif %}
{%- if existing_table_provider %}
    Table("rooms", Rooms, rows=3, key=["sensor"]),
{%- endif %}
{%- if listing_table %}
    Table("files", files, rows=200, key=["month", "id"]),
{%- endif %}
]
{%- else %}
TABLES: list[Table] = []
{%- endif %}
{%- if functions %}

# These are your functions, with the types of their arguments. `reference` computes the same values
# in another way.
FUNCTIONS: list[Scalar | Aggregate | Window] = [
{%- if scalar_udf %}
    Scalar(Fahrenheit, [pa.float64()], reference=fahrenheit),
    Scalar(Fahrenheit, [pa.float32()], reference=fahrenheit),
{%- endif %}
{%- if async_scalar_udf %}
    Scalar(FloorOf, [pa.string()], values=[SENSORS], reference=floor_of),
{%- endif %}
{%- if aggregate_udf %}
    Aggregate(RootMeanSquare, [pa.float64()], reference=rms),
{%- endif %}
{%- if window_udf %}
    Window(Change, [pa.float64()], reference=change),
{%- endif %}
{%- if extension_options %}
    Scalar(ShowCelsius, [pa.float64()]),
{%- endif %}
{%- if function_library %}
    Scalar(functions.kelvin, [pa.float64()], reference=kelvin),
    Scalar(functions.clamp, [pa.float64()], constants=[0.0, 30.0], reference=clamp),
    Aggregate(functions.spread, [pa.float64()], reference=spread),
    Window(functions.warmest, [pa.float64()], reference=warmest),
{%- endif %}
]
{%- endif %}

# The tests make a class that needs arguments with these.
{%- if listing_table %}
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "ReadingsFiles": ([f"{write_files()}/month=01/0.parquet"],),
}
{%- else %}
ARGUMENTS: dict[str, tuple[object, ...]] = {}
{%- endif %}
