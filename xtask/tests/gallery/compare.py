"""Compares the answers of a package with those of a program of Rust alone, over the same crate."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import pyarrow as pa
from datafusion import SessionContext


@dataclass
class Answer:
    """What one query gave: its rows, or an error."""

    table: pa.Table | None = None
    error: str = ""
    plan: str = ""
    seconds: float = 0.0

    @property
    def panicked(self) -> bool:
        return "panic" in self.error


def native(queries: list[str], *arguments: str) -> list[Answer]:
    """Return the answers of the program in Rust, which ``NATIVE`` names."""
    with TemporaryDirectory() as folder:
        listed = Path(folder) / "queries.json"
        listed.write_text(json.dumps(queries))
        subprocess.run([os.environ["NATIVE"], listed, folder, *arguments], check=True)

        def answer(number: int) -> Answer:
            file = Path(folder) / str(number)
            if file.with_suffix(".error").exists():
                return Answer(error=file.with_suffix(".error").read_text())
            with pa.OSFile(str(file.with_suffix(".arrow"))) as source:
                table = pa.ipc.open_stream(source).read_all()
            seconds = float(file.with_suffix(".seconds").read_text())
            return Answer(table, "", file.with_suffix(".plan").read_text(), seconds)

        return [answer(number) for number in range(len(queries))]


def ours(ctx: SessionContext, query: str) -> Answer:
    """Return the answer of the package that is registered with ``ctx``."""
    start = perf_counter()
    try:
        frame = ctx.sql(query)
        table = frame.to_arrow_table()
    except Exception as error:
        return Answer(error=str(error))
    seconds = perf_counter() - start
    return Answer(table, "", frame.execution_plan().display_indent(), seconds)


def rows(table: pa.Table) -> str:
    """Return all rows as text, in which NaN equals NaN."""
    return repr(table.to_pylist())


def differences(queries: list[str], left: list[Answer], right: list[Answer]) -> list[str]:
    """Return what is not the same: types, rows, or whether there is an answer at all."""
    found = []
    for query, one, other in zip(queries, left, right, strict=True):
        if (one.table is None) != (other.table is None):
            found.append(
                f"{query}\n  {one.error or rows(one.table)}\n  {other.error or rows(other.table)}"
            )
        elif one.table is not None and (
            one.table.schema.types != other.table.schema.types
            or rows(one.table) != rows(other.table)
        ):
            found.append(f"{query}\n  {one.table}\n  {other.table}")
        elif one.panicked != other.panicked:
            found.append(f"{query}\n  {one.error}\n  {other.error}")
    return found
