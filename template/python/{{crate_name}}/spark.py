"""The table for Spark and Sail, as a data source of PySpark.

    from {{crate_name}}.spark import ReadingsDataSource

    spark.dataSource.register(ReadingsDataSource)
    spark.read.format("{{crate_name}}").options(rows=1000, where="id < 5").load()

Options are the arguments of ``Readings``, and ``where``: a condition in the SQL of DataFusion, which
reaches the source. Every worker needs this package, in one version.

What Spark does by itself does not reach the source: its filters, its columns and its limits. Its own
``pushFilters`` would give wrong answers here, as Spark keeps the filters of a first query for a
second one. Spark returns timestamps in the time zone of its session, without a zone. Sail needs
``pyspark-client`` 4.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

import pyarrow as pa
from datafusion import ExecutionPlan, SessionConfig, SessionContext
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from . import PhysicalCodec, Readings, register_all

# Spark gives each option as text. These convert the text to the argument of the table.
ARGUMENTS: dict[str, Callable[[str], Any]] = {"rows": int, "partitions": int}
PACKAGES = ["datafusion", "{{project-name}}"]
VERSIONS = [metadata.version(package) for package in PACKAGES]


class ReadingsDataSource(DataSource):
    """The table :class:`Readings` as ``spark.read.format("{{crate_name}}")``."""

    @classmethod
    def name(cls) -> str:
        """Return the name for ``format``."""
        return "{{crate_name}}"

    def schema(self) -> StructType:
        """Return the columns. A timestamp with a time zone keeps it."""
        return from_arrow_schema(pa.schema(self._table()), prefer_timestamp_ntz=True)

    def reader(self, schema: StructType) -> DataSourceReader:
        """Plan the query here, so that workers get the bytes of its plan."""
        # Without this, DataFusion mixes the partitions, and each task would read all of them.
        config = SessionConfig().set("datafusion.optimizer.enable_round_robin_repartition", "false")
        ctx = register_all(SessionContext(config))
        table = self._table()
        ctx.register_table("data_source", table)
        frame = ctx.table("data_source")
        if where := self.options.get("where"):
            frame = frame.filter(where)
        plan = frame.execution_plan()
        return Reader(plan.to_bytes(ctx), plan.partition_count, pa.schema(table))

    def _table(self) -> Readings:
        arguments = {}
        for name, text in self.options.items():
            if name == "where":
                continue
            if name not in ARGUMENTS:
                raise ValueError(f"there is no option {name}: choose {', '.join(ARGUMENTS)}, where")
            arguments[name] = ARGUMENTS[name](text)
        return Readings(**arguments)


class Reader(DataSourceReader):
    """The plan of a query, which Spark pickles for its workers."""

    def __init__(self, plan: bytes, count: int, schema: pa.Schema) -> None:
        self.plan, self.count, self.schema, self.versions = plan, count, schema, VERSIONS

    def partitions(self) -> list[InputPartition]:
        """Name the partitions of the plan."""
        return [InputPartition(index) for index in range(self.count)]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Run one partition, on a worker."""
        if self.versions != VERSIONS:
            raise RuntimeError(
                f"the plan was made with datafusion and {{project-name}} {self.versions}, but this "
                f"worker has {VERSIONS}: install the same ones"
            )
        ctx = SessionContext().with_physical_extension_codec(PhysicalCodec())
        for batch in ctx.execute(ExecutionPlan.from_bytes(ctx, self.plan), partition.value):
            yield batch.to_pyarrow().cast(self.schema)
