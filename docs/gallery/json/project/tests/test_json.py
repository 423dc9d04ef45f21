"""The functions of `datafusion-functions-json`, with the answers of its own tests."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from datafusion import Expr, SessionContext, col, lit

from json_ext import functions, register_all

# The table of that crate's tests.
TEST = {
    "object_foo": ' {"foo": "abc"} ',
    "object_foo_array": ' {"foo": [1]} ',
    "object_foo_obj": ' {"foo": {}} ',
    "object_foo_null": ' {"foo": null} ',
    "object_bar": ' {"bar": true} ',
    "list_foo": ' ["foo"] ',
    "invalid_json": "is not json",
}
NONE = [None] * 7
DEEP = '{"a": {"b": [10, {"c": "deep"}]}}'
# For each function: arguments after the column, and what it gives for that table.
OF_TABLE: list[tuple[str, tuple[object, ...], list[object]]] = [
    ("json_contains", ("foo",), [True, True, True, True, False, False, False]),
    ("json_get_str", ("foo",), ["abc", *NONE[1:]]),
    ("json_get_str", (0,), [*NONE[:5], "foo", None]),
    ("json_get_int", ("foo", 0), [None, 1, *NONE[2:]]),
    ("json_get_bool", ("bar",), [*NONE[:4], True, None, None]),
    ("json_get_float", ("foo", 0), [None, 1.0, *NONE[2:]]),
    ("json_get_json", ("foo",), ['"abc"', "[1]", "{}", "null", *NONE[4:]]),
    ("json_as_text", ("foo",), ["abc", "[1]", "{}", *NONE[3:]]),
    ("json_get_array", ("foo",), [None, ["1"], *NONE[2:]]),
    ("json_length", ("foo",), [None, 1, 0, *NONE[3:]]),
    ("json_object_keys", (), [["foo"]] * 4 + [["bar"], None, None]),
]
# A call, and what it gives.
OF_CONSTANTS: list[tuple[str, object]] = [
    ("json_contains('[1, 2, {\"foo\": null}]', 2, 'foo')", True),
    ("json_contains('[1, 2, {\"foo\": null}]', 2, 'bar')", False),
    (f"json_get_str('{DEEP}', 'a', 'b', 1, 'c')", "deep"),
    (f"json_get_int('{DEEP}', 'a', 'b', 0)", 10),
    (f"json_get_int('{DEEP}', 'a', 'b', -2)", 10),
    ("json_get_float('[1.5]', 0)", 1.5),
    ("json_get_bool('{\"\": false}', '')", False),
    ("json_get_array('[\"hello\", 42, true]')", ['"hello"', "42", "true"]),
    ("json_length('{\"a\": 1, \"c\": [1, 2]}', 'c')", 2),
    ("json_get_json('{\"x\": 4.2e-1}', 'x')", "4.2e-1"),
    ("json_union_to_text(json_get('{\"a\": [1, {\"b\": 2}]}', 'a'))", '[1, {"b": 2}]'),
    ("json_union_to_text(json_from_scalar(42))", "42"),
    ("json_get_str(NULL::string, 'a')", None),
]


@pytest.fixture
def ctx() -> SessionContext:
    ctx = register_all(SessionContext())
    ctx.from_arrow(pa.table({"name": list(TEST), "json_data": list(TEST.values())}), name="test")
    return ctx


def answers(ctx: SessionContext, expression: Expr | str) -> list[Any]:
    if isinstance(expression, str):
        frame = ctx.sql(f"SELECT {expression} AS answer FROM test")
    else:
        frame = ctx.table("test").select(expression.alias("answer"))
    return [row["answer"] for row in frame.to_pylist()]


def sql(argument: object) -> str:
    return f"'{argument}'" if isinstance(argument, str) else str(argument)


def test_all_are_there() -> None:
    of_crate = """json_as_text json_contains json_from_scalar json_get json_get_array json_get_bool
        json_get_float json_get_int json_get_json json_get_str json_length json_object_keys
        json_union_to_text"""
    aliases = "json_keys json_len scalar_to_json"
    assert set(functions.__all__) >= {*of_crate.split(), *aliases.split()}


@pytest.mark.parametrize(("name", "path", "expected"), OF_TABLE)
def test_of_table(
    ctx: SessionContext, name: str, path: tuple[object, ...], expected: list[object]
) -> None:
    call = f"{name}({', '.join(['json_data', *map(sql, path)])})"
    assert answers(ctx, call) == expected
    made = getattr(functions, name)
    assert answers(ctx, made(col("json_data"), *path)) == expected
    assert answers(ctx, made(col("json_data"), *map(lit, path))) == expected


@pytest.mark.parametrize(("call", "expected"), OF_CONSTANTS)
def test_of_constants(ctx: SessionContext, call: str, expected: object) -> None:
    assert ctx.sql(f"SELECT {call} AS answer").to_pylist() == [{"answer": expected}]


def test_union(ctx: SessionContext) -> None:
    """`json_get` gives a union; the crate's planner, which makes casts of it fast, is not needed."""
    expected = ['"abc"', "[1]", "{}", *NONE[3:]]
    assert answers(ctx, "json_union_to_text(json_get(json_data, 'foo'))") == expected
    made = functions.json_union_to_text(functions.json_get(col("json_data"), "foo"))
    assert answers(ctx, made) == expected
    assert answers(ctx, "json_get(json_data, 'foo')::string = 'abc'")[0] is True


def test_path_in_columns(ctx: SessionContext) -> None:
    rows = {"j": [' {"foo": 42} ', " [42] "], "k": ["foo", "foo"], "i": [0, 0]}
    ctx.from_arrow(pa.table(rows), name="other")
    query = "SELECT json_get_int(j, k) AS k, json_get_int(j, i) AS i FROM other"
    assert ctx.sql(query).to_pylist() == [{"k": 42, "i": None}, {"k": None, "i": 42}]


def test_nulls_no_rows_and_many(ctx: SessionContext) -> None:
    call = functions.json_get_int(col("j"), "a", "b", 0)
    for documents in ([], [None], [DEEP, None] * 50_000):
        frame = ctx.from_arrow(pa.table({"j": pa.array(documents, pa.string())}))
        found = [row["n"] for row in frame.select(call.alias("n")).to_pylist()]
        assert sorted(found, key=str) == sorted([j and 10 for j in documents], key=str)


def test_wrong_path(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match="expected string or int"):
        answers(ctx, "json_get_str(json_data, 1.5)")


def test_operators_do_not_cross(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match="->"):
        answers(ctx, "json_data -> 'foo'")
