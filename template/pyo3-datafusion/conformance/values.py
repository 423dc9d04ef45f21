"""Values of every Arrow type, in a form that Python can compare."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def plain(column: pa.Array) -> list[Any]:
    """Return the values of a column, times as numbers: Python has no nanoseconds and no year 0."""
    kind, types = column.type, pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return plain(column.storage)
    if types.is_dictionary(kind):
        return plain(column.dictionary_decode())
    if types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(column))
    if types.is_union(kind):
        return [(each.type_code, plain(pa.repeat(each.value, 1))[0]) for each in column]
    if types.is_struct(kind):
        fields = [plain(column.field(i)) for i in range(kind.num_fields)]
        found: list[Any] = list(zip(*fields, strict=True)) if fields else [()] * len(column)
    elif types.is_fixed_size_list(kind):
        items = plain(column.values)
        starts = [(column.offset + i) * kind.list_size for i in range(len(column))]
        found = [items[start : start + kind.list_size] for start in starts]
    elif types.is_list_view(kind) or types.is_large_list_view(kind):
        items = plain(column.values)
        parts = zip(column.offsets.to_pylist(), column.sizes.to_pylist(), strict=True)
        found = [items[start : start + size] for start, size in parts]
    elif types.is_list(kind) or types.is_large_list(kind):
        found = split(column, plain(column.values))
    elif types.is_map(kind):
        found = split(column, list(zip(plain(column.keys), plain(column.items), strict=True)))
    elif types.is_temporal(kind) and not types.is_interval(kind):
        found = column.view(pa.int64() if kind.bit_width == 64 else pa.int32()).to_pylist()
    else:
        found = column.to_pylist()
    valid = column.is_valid().to_pylist()
    return [value if is_valid else None for value, is_valid in zip(found, valid, strict=True)]


def split(column: pa.Array, items: list[Any]) -> list[Any]:
    offsets = column.offsets.to_pylist()
    return [items[start:end] for start, end in pairwise(offsets)]


def texts(column: pa.ChunkedArray) -> list[str]:
    """Return the values as text, because NaN is not equal to itself."""
    return [repr(value) for chunk in column.chunks for value in plain(chunk)]


def rows(table: pa.Table) -> list[tuple[str, ...]]:
    """Return the rows of a table as text."""
    if not table.num_columns:
        return [()] * table.num_rows
    return list(zip(*(texts(column) for column in table.columns), strict=True))
