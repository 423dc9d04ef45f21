from typing import TypedDict, final

from typing_extensions import CapsuleType

__version__: str

class Counters(TypedDict):
    """What a source has done: partitions opened, rows produced, values (cells) computed."""

    partitions: int
    rows: int
    values: int

@final
class Readings:
    """A table of temperature readings, one a second.

    Columns: ``id`` int64, ``sensor`` string, ``celsius`` float64 (null where the sensor
    failed), ``recorded_at`` timestamp in microseconds, UTC.

    Args:
        rows: how many there are, 0 to 10**12. They are computed as they are read.
        partitions: how many parts are read in parallel, 1 to 1024.

    Raises:
        ValueError: an argument is out of range.
    """

    def __new__(cls, rows: int = 1000, partitions: int = 4) -> Readings: ...
    @property
    def counters(self) -> Counters:
        """What the source has done so far, over all queries."""

    def __datafusion_table_provider__(self, session: object = None) -> CapsuleType:
        """Hand the table to DataFusion, as a ``datafusion_table_provider`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """

    def __arrow_c_schema__(self) -> CapsuleType:
        """The schema, as an ``arrow_schema`` capsule of the Arrow PyCapsule Interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """All rows, as an ``arrow_array_stream`` capsule of the Arrow PyCapsule Interface.

        Args:
            requested_schema: an ``arrow_schema`` capsule with the same columns, in other types.

        Raises:
            TypeError: ``requested_schema`` is not a capsule.
            ValueError: it is another capsule, or the rows cannot be cast to it.
            RuntimeError: this process was forked after the package was used.
        """
