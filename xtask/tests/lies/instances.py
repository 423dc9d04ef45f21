"""The tables and functions that lie. ``LIES`` in the environment chooses those of ``lies.py``."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import every_type
import lying_ext
import pyarrow as pa
from conformance import Table, predicates
from conformance.functions import Aggregate, Row, Scalar, Window
from lies import FUNCTIONS as LYING_FUNCTIONS
from lies import TABLES as LYING_TABLES
from lying_ext import _internal

ARGUMENTS: dict[str, tuple[object, ...]] = {}
ROWS = 240


def rows(columns: tuple[str, ...]) -> pa.Table:
    names = ["attic", "cellar", None, "Garden", "kitchen", "a", "it's"]
    celsius = [None if i % 10 == 9 else i / 4 for i in range(ROWS)]
    made = {
        "id": pa.array(range(1, ROWS + 1), pa.int64()),
        "other": pa.array([i * 3 % 100 for i in range(ROWS)], pa.int64()),
        "third": pa.array([None if i % 3 == 0 else i for i in range(ROWS)], pa.int64()),
        "name": pa.array([names[i % len(names)] for i in range(ROWS)]),
        "celsius": pa.array(celsius, pa.float64()),
        "flag": pa.array([[True, False, None][i % 3] for i in range(ROWS)]),
    }
    return pa.table({column: made[column] for column in columns})


def lying_table(lie: str, columns: tuple[str, ...]) -> Table:
    key = ["id"] if "id" in columns else []
    return Table(lie, lambda: _internal.Lying(rows(columns), lie), rows=ROWS, key=key)


class FewConnections:
    """A table over a server that accepts few connections."""

    opened = 0

    def __init__(self) -> None:
        FewConnections.opened += 1
        if FewConnections.opened > 3:
            raise RuntimeError("too many connections")
        self.table = _internal.Lying(rows(("id", "name")))

    def __datafusion_table_provider__(self, session: Any = None) -> object:
        return self.table.__datafusion_table_provider__(session)


def named(lie: str, make: Callable[[str], Any]) -> Callable[[], Any]:
    def made() -> Any:
        return make("" if lie.startswith("honest") else lie)

    made.__name__ = lie
    return made


def wrapped(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def following(x: int | None) -> int | None:
    return None if x is None else wrapped(x + 1)


def total(rows: list[Row]) -> int | None:
    xs = [x for (x,) in rows if x is not None]
    return wrapped(sum(xs)) if xs else None


def before(rows: list[Row]) -> list[int | None]:
    return [None, *(x for (x,) in rows[:-1])][: len(rows)]


PACKAGE = lying_ext
PACKAGE.FewConnections = FewConnections
PACKAGE.__all__ = ["FewConnections"]

KINDS: dict[str, tuple[Any, Any, Any]] = {
    "scalar": (Scalar, _internal.LyingScalar, following),
    "aggregate": (Aggregate, _internal.LyingAggregate, total),
    "window": (Window, _internal.LyingWindow, before),
}

if os.environ["LIES"] == "none":
    # All filters of all types take minutes: every fifth is enough for the usual run.
    for conditions in (predicates.ANY, predicates.ORDERED, predicates.TEXT, predicates.NUMBER):
        conditions[:] = conditions[::5]
if os.environ["LIES"].startswith("none"):
    ALL = ("id", "other", "third", "name", "celsius", "flag")
    TABLES = [lying_table("", ALL), Table("few connections", FewConnections)]
    for what, table in every_type.tables():
        TABLES.append(Table(what, lambda table=table: _internal.Lying(table)))
    FUNCTIONS = [
        kind(named(f"honest {what}", make), [pa.int64()], reference=reference)
        for what, (kind, make, reference) in KINDS.items()
    ]
else:
    TABLES = [lying_table(lie, of.columns) for lie, of in LYING_TABLES.items()]
    FUNCTIONS = []
    for lie, of in LYING_FUNCTIONS.items():
        kind, make, reference = KINDS[of.kind]
        known = reference if of.needs_reference else None
        FUNCTIONS.append(kind(named(lie, make), [pa.int64()], reference=known))
