"""The rule changes a plan, and the rows stay the same."""

from __future__ import annotations

import pytest
from conformance import run_python
from datafusion import SessionContext

from {{crate_name}} import (
    Readings,
    TrustSourceRule,
    register_all,
)

QUERIES = [
    "SELECT id FROM readings",
    "SELECT sensor, avg(celsius) AS mean FROM readings GROUP BY sensor ORDER BY sensor",
    "SELECT a.id FROM readings a JOIN readings b ON a.id = b.id + 1 ORDER BY a.id",
    "SELECT id FROM readings WHERE sensor = 'attic' ORDER BY celsius, id LIMIT 5",
    "SELECT id FROM readings UNION ALL SELECT id FROM readings ORDER BY id",
]


def context(*rules: TrustSourceRule) -> SessionContext:
    ctx = SessionContext()
    for rule in rules:
        ctx.add_physical_optimizer_rule(rule)
    ctx.register_table("readings", Readings())
    return ctx


def plan(ctx: SessionContext, sql: str) -> str:
    return ctx.sql(sql).execution_plan().display_indent()


def test_register_all() -> None:
    assert "CooperativeExec" not in plan(register_all(SessionContext()), QUERIES[0])


def test_plan_is_rewritten() -> None:
    # If this fails, the host knows by itself that a foreign source yields: delete the rule then.
    assert "CooperativeExec" in plan(context(), QUERIES[0])
    shown = plan(context(TrustSourceRule()), QUERIES[0])
    assert shown.startswith("FFI_ExecutionPlan: SourceExec: partitions=4")


@pytest.mark.parametrize("sql", QUERIES)
def test_rows_stay_the_same(sql: str) -> None:
    with_rule = context(TrustSourceRule())
    assert "CooperativeExec" not in plan(with_rule, sql)
    rows = [ctx.sql(sql).to_pylist() for ctx in (with_rule, context())]
    if "ORDER BY" not in sql:
        rows = [sorted(some, key=str) for some in rows]
    assert rows[0] == rows[1]


def test_other_tables_are_left_alone() -> None:
    sql = "SELECT count(*) FROM t WHERE x > 1"
    plans = []
    for ctx in [context(), context(TrustSourceRule())]:
        ctx.from_pydict({"x": [1, 2, 3]}, name="t")
        plans.append(plan(ctx, sql))
    assert plans[0] == plans[1]


def test_queries_can_still_be_interrupted() -> None:
    code = """
import signal, threading, time
from datafusion import SessionContext
from {{crate_name}} import Readings, TrustSourceRule

# A process that a shell started in the background ignores SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
ctx = SessionContext()
ctx.add_physical_optimizer_rule(TrustSourceRule())
ctx.register_table("readings", Readings(rows=10**12))
threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
started = time.monotonic()
try:
    ctx.sql("SELECT max(celsius) FROM readings WHERE id + 0 >= 0").collect()
except KeyboardInterrupt:
    assert time.monotonic() - started < 30
    print("interrupted")
"""
    assert run_python(code) == "interrupted\n"
