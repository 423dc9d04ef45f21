"""The filters that every column of a table is asked with, however rare they are in queries.

In SQL, ``$a`` to ``$e`` stand for values of the column, ``$x`` to ``$z`` for values of its type that
are in no row, and ``$null`` for a null. A source sees literals in their places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from conformance.values import texts

ANY = [
    "c = $a", "c <> $a", "$a = c", "NOT (c = $a)", "c = $x", "c <> $x", "$x <> c",
    "c = $null", "c <> $null", "c IS NULL", "c IS NOT NULL", "NOT (c IS NULL)", "c = c", "c <> c",
    "c IS DISTINCT FROM $a", "c IS NOT DISTINCT FROM $a", "c IS DISTINCT FROM $x",
    "c IS NOT DISTINCT FROM $x", "c IS DISTINCT FROM $null", "c IS NOT DISTINCT FROM $null",
    "c IN ($a)", "c IN ($a, $b)", "c IN ($a, $x)", "c IN ($a, $b, $c)", "c IN ($a, $b, $c, $d)",
    "c IN ($a, $b, $c, $d, $e, $x, $y, $z)", "c IN ($a, $b, $x, $y, $z)", "c IN ($x, $y, $z, $null)",
    "c IN ($a, $b, $x, $y, $null)", "c NOT IN ($a)", "c NOT IN ($a, $b)", "c NOT IN ($x)",
    "c NOT IN ($a, $b, $c, $d)", "c NOT IN ($a, $b, $x, $y, $z)", "c NOT IN ($x, $y, $z)",
    "c NOT IN ($a, $null)", "NOT (c IN ($a, $b, $c, $d, $x))",
    "c = $a OR c = $b", "c = $a AND c = $b", "c = $a OR c IS NULL", "c <> $a AND c <> $b",
    "NOT (c = $a OR c = $x)", "(c = $a) IS TRUE", "(c = $a) IS NOT TRUE", "(c = $a) IS FALSE",
    "(c = $a) IS NOT FALSE", "(c = $a) IS UNKNOWN", "(c = $a) IS NOT UNKNOWN",
    "coalesce(c, $x) = $x", "coalesce(c, $a) = $a", "nullif(c, $a) IS NULL",
    "CASE WHEN c = $a THEN 1 ELSE 2 END = 2", "CASE c WHEN $a THEN $b ELSE c END = $b",
    "CAST(c AS VARCHAR) = CAST($a AS VARCHAR)", "CAST(c AS VARCHAR) LIKE '%1%'",
    "c IN (SELECT c FROM $t WHERE c = $a)", "c NOT IN (SELECT c FROM $t WHERE c = $a)",
    "c = (SELECT max(c) FROM $t)", "EXISTS (SELECT 1 FROM $t WHERE c = $x)",
]  # fmt: skip
ORDERED = [
    *(f"c {op} ${value}" for op in ("<", "<=", ">", ">=") for value in "abc"),
    "$a < c", "$a <= c", "$a > c", "$a >= c", "c < $null",
    "c BETWEEN $a AND $b", "c BETWEEN $b AND $a", "c BETWEEN $x AND $x", "c NOT BETWEEN $a AND $b",
    "c NOT BETWEEN $b AND $a", "c > $a AND c < $b", "c < $a OR c > $b", "c >= $a AND c <> $b",
    "NOT (c < $a)", "NOT (c BETWEEN $a AND $b)", "c > $a AND c IS NOT NULL", "greatest(c, $a) = c",
]  # fmt: skip
# Those with a literal that is in no row, for each such literal.
ABSENT = ["c = $x", "c <> $x", "c < $x", "c >= $x", "c IN ($a, $x)", "c IS DISTINCT FROM $x"]
COMPARISONS = ["c = $a", "c <> $a", "c < $a", "c <= $a", "c > $a", "c >= $a"]
TEXT = [
    *(f"c {op} {pattern}" for op in ("LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE") for pattern in (
        "$a", "''", "'%'", "left($a, 1) || '%'", "'%' || right($a, 1)", "'%' || upper(left($a, 2)) || '%'",
        "'_%'", "'_' || substr($a, 2)", r"'%\%%'", "upper($a)",
    )),
    *(f"c {op} {pattern}" for op in ("~", "~*", "!~", "!~*", "SIMILAR TO", "NOT SIMILAR TO") for pattern in (
        "'a'", "'^' || upper(left($a, 1))", "'[aeiou]$'", "''", "'(a|e).*'",
    )),
    "starts_with(c, left($a, 2))", "ends_with(c, right($a, 2))", "contains(c, substr($a, 2, 1))",
    "upper(c) = upper($a)", "lower(c) <> lower($a)", "length(c) = length($a)", "c || 'x' = $a || 'x'",
    "substr(c, 2) = substr($a, 2)", "trim(c) = $a", "strpos(c, 'a') > 0", "reverse(c) > reverse($a)",
    "regexp_like(c, 'a')", "c = ''", "c <> ''", "c > ''", "'' = c", "'' || c = $a", "concat(c, c) = concat($a, $a)",
]  # fmt: skip
NUMBER = [
    "c % 3 = 1", "c % 3 <> 1", "c + 1 = $a + 1", "1 + c > $a", "c - 1 < $a", "2 - c < 2 - $a",
    "c * 2 > $a * 2", "c / 2 >= $a / 2", "-c < -$a", "abs(c) = abs($a)", "abs(c - $a) < 5",
    "c + c = $a + $a", "c * c > 4", "round(c) = round($a)", "c > 1.5", "c = 1.0", "c < 0", "c = -1",
    "CAST(c AS DOUBLE) > $a", "CAST(c AS BIGINT) = 1", "c > 1e30", "c < -1e30", "CAST(c AS VARCHAR) > '5'",
    "power(c, 2) > 9", "c BETWEEN 0.5 AND 9.5", "isnan(c)", "sqrt(abs(c)) < 3", "signum(c) = 1",
]  # fmt: skip
WHOLE = [
    "c & 1 = 1",
    "c | 1 = c",
    "c ^ 1 > $a",
    "c << 1 = $a << 1",
    "c >> 1 = $a >> 1",
    "c % -2 = -1",
]
BOOLEAN = [
    "c", "NOT c", "c IS TRUE", "c IS NOT TRUE", "c IS FALSE", "c IS NOT FALSE", "c IS UNKNOWN",
    "c IS NOT UNKNOWN", "c AND c", "c OR $a", "c = true", "c <> true", "c = false", "c AND NOT c",
]  # fmt: skip
TIME = [
    *(f"date_trunc('{unit}', c) = date_trunc('{unit}', $a)" for unit in ("second", "hour", "month")),
    "date_trunc('minute', c) > date_trunc('minute', $a)", "date_part('second', c) = 1",
    "date_part('year', c) = date_part('year', $a)", "c + INTERVAL '1 second' > $a", "c - $a < $b - $a",
    "c - INTERVAL '1 day' < $a", "CAST(c AS DATE) = CAST($a AS DATE)", "CAST(c AS DATE) <> CAST($a AS DATE)",
    "CAST(c AS TIMESTAMP) > CAST($a AS TIMESTAMP)", "to_char(c, '%S') = '01'",
    "date_bin(INTERVAL '15 minutes', c) = date_bin(INTERVAL '15 minutes', $a)",
]  # fmt: skip
NESTED = ["array_length(c) = 1", "cardinality(c) > 0", "c[1] IS NULL", "array_has(c, c[1])"]


def filters(kind: pa.DataType) -> list[str]:
    """Return the filters for a column ``c`` of a type. The host refuses some of them."""
    types = pa.types
    found = ANY + ORDERED
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        found = found + TEXT
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        found = found + NUMBER
    if types.is_integer(kind):
        found = found + WHOLE
    if types.is_boolean(kind):
        found = found + BOOLEAN
    if types.is_temporal(kind):
        found = found + TIME
    if types.is_nested(kind):
        found = found + NESTED
    return found


def scalar(value: Any) -> pa.Scalar:
    """Return the value of a dictionary: the host compares no dictionary with a dictionary."""
    if isinstance(value, pa.DictionaryScalar):
        return value.value if value.is_valid else pa.scalar(None, value.type.value_type)
    return value


def candidates(kind: pa.DataType) -> Iterator[Any]:
    """Yield values of a type that are often special, or next to none."""
    types = pa.types
    if types.is_integer(kind):
        signed = types.is_signed_integer(kind)
        high = 2 ** (kind.bit_width - signed) - 1
        yield from (0, 1, high, -high - 1 if signed else 2, 7, -1 if signed else 3, 100)
    elif types.is_floating(kind):
        yield from (0.0, 0.1, math.nan, math.inf, -math.inf, -1.0, 1e4)
    elif types.is_decimal(kind):
        yield from (0, 1, -1, 7)
    elif types.is_temporal(kind):
        yield from (0, 1, -1, 1_000_000_000)
    else:
        yield from ("", "zzz", " ", "it's", "%", "Ä" * 20)
        yield from (b"", b"zzz", b"\0")


def absent(column: pa.ChunkedArray) -> list[pa.Scalar]:
    """Return values of a column's type that are in no row."""
    kind = column.type
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    there, found = set(texts(column)), []
    for candidate in candidates(kind):
        try:
            value = pa.scalar(candidate, kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            continue
        if texts(pa.chunked_array([pa.array([candidate], kind)]))[0] not in there:
            found.append(value)
    return found


def present(column: pa.ChunkedArray) -> list[pa.Scalar]:
    """Return five values of a column: the first, the last, and others. Some can be the same."""
    known = [at for at, text in enumerate(texts(column)) if text != "None"]
    n = len(known)
    places = (n // 2, n - 1, 0, n // 3, n // 5) if n else ()
    return [scalar(column[known[at]]) for at in places]


def parameters(column: pa.ChunkedArray) -> dict[str, pa.Scalar]:
    """Return values for the names in the filters, as far as the column and its type have them."""
    null = scalar(pa.nulls(1, column.type)[0])
    found = {"null": null}
    found |= dict(zip("abcde", present(column), strict=False))
    found |= dict(zip("xyz", absent(column), strict=False))
    return found
