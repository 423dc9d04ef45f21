"""Hand everything in a package to the installed host, in every way that there is.

Prints for each attempt: what, how, and the outcome. What and how come first, so that a process
that dies says where.
"""

from __future__ import annotations

import importlib
import math
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hooks import REGISTER, argument_counts, hooks, maker, register

package = importlib.import_module(sys.argv[1])
try:
    host = int(version("datafusion").split(".")[0])
except PackageNotFoundError:
    host = 0
warnings.simplefilter("ignore", DeprecationWarning)


def rows(*statements: str) -> Callable[[Any], object]:
    return lambda ctx: [ctx.sql(statement).to_pylist() for statement in statements][-1]


def plan(ctx: Any, sql: str) -> Any:
    ctx.register_table("t", package.Readings())
    return ctx.sql(sql).execution_plan()


def with_options(ctx: Any) -> object:
    register("ctx.register_udf(udf(x))", ctx, package.ShowCelsius())
    sql = [f"SET {package.__name__}.unit = 'kelvin'", "SELECT show_celsius(20.0) AS s"]
    return rows(*sql)(ctx)


def logical_plan_as_bytes(ctx: Any) -> object:
    from datafusion import LogicalPlan

    ctx.register_table("t", package.Readings())
    encoded = ctx.sql("SELECT count(*) AS n FROM t").logical_plan().to_bytes(ctx)
    decoded = LogicalPlan.from_bytes(ctx, encoded)
    return ctx.create_dataframe_from_logical_plan(decoded).to_pylist()


def physical_plan_as_bytes(ctx: Any) -> object:
    from datafusion import ExecutionPlan

    encoded = plan(ctx, "SELECT id FROM t WHERE id >= 998").to_bytes(ctx)
    [batch] = ctx.execute(ExecutionPlan.from_bytes(ctx, encoded), 0)
    return batch.to_pyarrow().to_pylist()


def offset(ctx: Any) -> object:
    sql = "SELECT id FROM t LIMIT 2 OFFSET 990"
    return "id >= Int64(990)" in plan(ctx, sql).display_indent(), rows(sql)(ctx)


# What each class does once it is registered, and what comes of it.
ANSWERS: dict[str, tuple[Callable[[Any], object], object]] = {
    "register_all": (rows("SELECT count(*) AS n FROM readings"), [{"n": 1000}]),
    "Readings": (rows("SELECT count(*) AS n FROM t"), [{"n": 1000}]),
    "Journal": (rows("SELECT count(*) AS n FROM t"), [{"n": 0}]),
    "Rooms": (rows("SELECT count(*) AS n FROM t"), [{"n": 3}]),
    "BuildingCatalog": (rows("SELECT count(*) AS n FROM house.ground.rooms"), [{"n": 3}]),
    "ReadingsFiles": (rows("SELECT count(*) AS n FROM t"), [{"n": 10}]),
    "ReadingsFactory": (
        rows(
            "CREATE EXTERNAL TABLE t STORED AS READINGS LOCATION 'sensors://house'",
            "SELECT count(*) AS n FROM t",
        ),
        [{"n": 1000}],
    ),
    "ReadingsFunction": (rows("SELECT count(*) AS n FROM readings(50, 3)"), [{"n": 50}]),
    "Fahrenheit": (rows("SELECT fahrenheit(100) AS f"), [{"f": 212.0}]),
    "FloorOf": (rows("SELECT floor_of('attic') AS f"), [{"f": 2}]),
    "RootMeanSquare": (
        rows("SELECT rms(x) AS r FROM (VALUES (3.0), (4.0), (NULL)) AS t(x)"),
        [{"r": math.sqrt(12.5)}],
    ),
    "Change": (
        rows("SELECT change(x) OVER (ORDER BY x) AS c FROM (VALUES (1.0), (3.0)) AS t(x)"),
        [{"c": None}, {"c": 2.0}],
    ),
    "ReadingsSchema": (rows("SELECT count(*) AS n FROM sensors.minute"), [{"n": 60}]),
    "ReadingsCatalog": (rows("SELECT count(*) AS n FROM house.serial.minute"), [{"n": 60}]),
    "ReadingsCatalogList": (rows("SELECT count(*) AS n FROM house.serial.minute"), [{"n": 60}]),
    "Options": (with_options, [{"s": "293.1 K"}]),
    "ShowCelsius": (rows("SELECT show_celsius(20.0) AS s"), [{"s": "20.0 °C"}]),
    "TrustSourceRule": (
        lambda ctx: "CooperativeExec" in plan(ctx, "SELECT id FROM t").display_indent(),
        False,
    ),
    "LogicalCodec": (logical_plan_as_bytes, [{"n": 1000}]),
    "PhysicalCodec": (physical_plan_as_bytes, [{"id": 998}, {"id": 999}]),
    "OffsetPlanner": (offset, (True, [{"id": 990}, {"id": 991}])),
    "SessionExtension": (offset, (True, [{"id": 990}, {"id": 991}])),
}


def session(name: str) -> Any:
    if not host:
        return None
    from datafusion import SessionContext

    ctx = SessionContext()
    if name == "OffsetPlanner" and host >= 55:
        # Queries pass through it as bytes.
        ctx = ctx.with_logical_extension_codec(package.LogicalCodec())
        ctx = ctx.with_physical_extension_codec(package.PhysicalCodec())
    return ctx


def answer(name: str, ctx: Any) -> None:
    ask, expected = ANSWERS[name]
    got = ask(ctx)
    assert got == expected, got


def registered(name: str, how: str) -> None:
    ctx = session(name)
    answer(name, register(how, ctx, maker(package, name, ctx)()))


def all_registered() -> None:
    answer("register_all", package.register_all(session("register_all")))


def called(name: str, hook: str, arguments: int) -> None:
    ctx = session(name)
    getattr(maker(package, name, ctx)(), hook)(*[ctx] * arguments)


def attempt(what: str, how: str, f: Callable[..., None], *arguments: object) -> None:
    print(f"{what} | {how} | ", end="", flush=True)
    try:
        f(*arguments)
    except Exception as error:
        print(f"{type(error).__name__}: {error}".replace("\n", " "))
    else:
        print("works")


attempt("check_host", "called", package.check_host)
attempt("register_all", "called", all_registered)
for name, hook in hooks(package):
    what = f"{hook} of {name}"
    for how, since in REGISTER[hook].items():
        if host >= since:
            attempt(what, f"registered: {how}", registered, name, how)
    # With the session, and without it where that is possible.
    for arguments in argument_counts(package, name, hook):
        attempt(what, f"called with {arguments} arguments", called, name, hook, arguments)
