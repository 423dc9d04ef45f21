"""The conformance tests run over this: change it first, once you have your own tables."""

from __future__ import annotations

import json

import pyarrow as pa
from conformance import Table
from conformance.functions import Aggregate, Scalar, Window

import json_ext
from json_ext import functions

PACKAGE = json_ext

DOCUMENTS = ['{"foo": "abc"}', '{"foo": ["x"]}', '{"foo": {}}', '["foo"]', "is not json", ""]


def parsed(document: str | None) -> object:
    try:
        return json.loads(document or "")
    except ValueError:
        return None


def length(document: str | None) -> int | None:
    value = parsed(document)
    return len(value) if isinstance(value, (dict, list)) else None


def get_foo(document: str | None) -> str | None:
    value = parsed(document)
    foo = value.get("foo") if isinstance(value, dict) else None
    return foo if isinstance(foo, str) else None


TABLES: list[Table] = []

# `values` are documents, as the tests would try any text.
FUNCTIONS: list[Scalar | Aggregate | Window] = [
    Scalar(functions.json_length, [pa.string()], values=[DOCUMENTS], reference=length),
    Scalar(
        functions.json_get_str,
        [pa.string()],
        constants=["foo"],
        values=[DOCUMENTS],
        reference=get_foo,
    ),
]

# The tests make a class that needs arguments with these.
ARGUMENTS: dict[str, tuple[object, ...]] = {}
