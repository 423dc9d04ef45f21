{% if listing_table -%}
from collections.abc import Sequence
{% endif -%}
{% if table_provider -%}
from typing import {% if session_extension and across_55 %}Any, {% endif %}TypedDict, final, type_check_only
{%- elsif functions or existing_table_provider or listing_table -%}
from typing import final, type_check_only
{%- else -%}
from typing import final
{%- endif %}
{%- if session_extension %}

from datafusion import SessionContext{% unless across_55 %}, SessionExtensionComponents{% endunless %}
{%- else %}
{% endif %}
from typing_extensions import CapsuleType

__all__ = [
{%- for class in all_classes %}
    "{{class}}",
{%- endfor %}
    "__version__",
    "check_host",
]

__version__: str

def check_host() -> None:
    """Raise an ``ImportError`` unless the installed ``datafusion`` has the right major version."""
{%- if kinds_of_functions contains "scalar" %}

@type_check_only
class ScalarUDF:
    """A scalar function."""

    def __datafusion_scalar_udf__(self) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_scalar_udf`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """
{%- endif %}
{%- if kinds_of_functions contains "aggregate" %}

@type_check_only
class AggregateUDF:
    """An aggregate function."""

    def __datafusion_aggregate_udf__(self) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_aggregate_udf`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """
{%- endif %}
{%- if kinds_of_functions contains "window" %}

@type_check_only
class WindowUDF:
    """A window function."""

    def __datafusion_window_udf__(self) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_window_udf`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """
{%- endif %}
{%- if table_provider or existing_table_provider or listing_table %}

@type_check_only
class Table:
    """What every table has: the hook of DataFusion, and the Arrow PyCapsule Interface."""

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
{%- endif %}
{%- if table_provider %}

@type_check_only
class Counters(TypedDict):
    """What a table has done: partitions opened, rows produced, values (cells) computed."""

    partitions: int
    rows: int
    values: int

@final
class Readings(Table):
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
    def __getnewargs__(self) -> tuple[int, int]:
        """Return the arguments, from which ``pickle`` and ``copy`` make the table again."""

    @property
    def counters(self) -> Counters:
        """What the table has done so far, over all queries."""
{%- endif %}
{%- if insert %}

@final
class Journal(Table):
    """A table of notes about sensors, which starts empty. It keeps inserted rows in memory.

    Columns: ``sensor`` string, ``note`` string (may be null).
    """

    def __new__(cls) -> Journal: ...
    def __getnewargs__(self) -> tuple[()]:
        """Return no arguments, from which ``pickle`` and ``copy`` make an empty journal.

        Raises:
            TypeError: the journal has rows, which are in this process only.
        """
{%- endif %}
{%- if table_provider_factory %}

@final
class ReadingsFactory:
    """Makes tables of readings for ``CREATE EXTERNAL TABLE … STORED AS READINGS``.

    ``LOCATION`` is ``'sensors://house'``. ``OPTIONS`` are ``'rows'`` and ``'partitions'``, as for
    :class:`Readings`. Another location, another option, a value that is not a whole number, or
    columns are an error of the statement.
    """

    def __new__(cls) -> ReadingsFactory: ...
    def __datafusion_table_provider_factory__(self, session: object = None) -> CapsuleType:
        """Hand the factory to DataFusion, as a ``datafusion_table_provider_factory`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if table_function %}

@final
class ReadingsFunction:
    """The table function ``readings(rows, partitions)``.

    Both are whole numbers, as for :class:`Readings`; ``partitions`` is 4 unless it is given.
    Anything else is an error of the query.
    """

    def __new__(cls) -> ReadingsFunction: ...
    def __datafusion_table_function__(self, session: object = None) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_table_function`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if scalar_udf %}

@final
class Fahrenheit(ScalarUDF):
    """The scalar function ``fahrenheit(celsius)``: a temperature in degrees Fahrenheit."""
{%- endif %}
{%- if async_scalar_udf %}

@final
class FloorOf(ScalarUDF):
    """The scalar function ``floor_of(sensor)``: the floor that a sensor is on, as a service says.

    The result is null for a sensor that the service does not know.
    """
{%- endif %}
{%- if aggregate_udf %}

@final
class RootMeanSquare(AggregateUDF):
    """The aggregate function ``rms(x)``: the square root of the mean of the squares.

    The result is null if there is no value.
    """
{%- endif %}
{%- if window_udf %}

@final
class Change(WindowUDF):
    """The window function ``change(x) OVER (…)``: by how much ``x`` differs from its last value.

    The result is null if ``x`` is null, and in the first row that has a value.
    """
{%- endif %}
{%- if schema_provider %}

@final
class ReadingsSchema:
    """A schema with the tables ``day``, ``hour`` and ``minute``: that many readings each.

    Their columns are those of :class:`Readings`. Other names are not found.
    """

    def __new__(cls) -> ReadingsSchema: ...
    def __datafusion_schema_provider__(self, session: object = None) -> CapsuleType:
        """Hand the schema to DataFusion, as a ``datafusion_schema_provider`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if catalog_provider %}

@final
class ReadingsCatalog:
    """A catalog with the schemas ``parallel`` (4 partitions) and ``serial`` (1 partition).

    Each of them has the tables of :class:`ReadingsSchema`. Other names are not found.
    """

    def __new__(cls) -> ReadingsCatalog: ...
    def __datafusion_catalog_provider__(self, session: object = None) -> CapsuleType:
        """Hand the catalog to DataFusion, as a ``datafusion_catalog_provider`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if catalog_provider_list %}

@final
class ReadingsCatalogList:
    """A list of catalogs, with the catalog ``house``, a :class:`ReadingsCatalog`.

    A session has one list, so this replaces the list that it had, and all catalogs in it. Other
    catalogs can be registered in this list.
    """

    def __new__(cls) -> ReadingsCatalogList: ...
    def __datafusion_catalog_provider_list__(self, session: object = None) -> CapsuleType:
        """Hand the list to DataFusion, as a ``datafusion_catalog_provider_list`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if extension_options %}

@final
class Options:
    """Options of a session, under the prefix ``{{crate_name}}``.

    Give them to ``SessionConfig.with_extension``; from then on, ``SET {{crate_name}}.unit = 'kelvin'``
    changes them. ``SET`` accepts any value: a wrong value is an error when a function uses it.

    Args:
        unit: ``"celsius"``, ``"fahrenheit"`` or ``"kelvin"``.
        decimals: how many digits after the point, 0 to 9.

    Raises:
        ValueError: an argument has another value.
    """

    def __new__(cls, unit: str = "celsius", decimals: int = 1) -> Options: ...
    def __getnewargs__(self) -> tuple[str, int]:
        """Return the arguments, from which ``pickle`` and ``copy`` make the options again."""

    @property
    def unit(self) -> str:
        """The unit that temperatures are shown in."""

    @property
    def decimals(self) -> int:
        """How many digits after the point they are shown with."""

    def __datafusion_extension_options__(self) -> CapsuleType:
        """Hand the options to DataFusion, as a ``datafusion_extension_options`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """

@final
class ShowCelsius(ScalarUDF):
    """The scalar function ``show_celsius(celsius)``: a temperature as text, such as ``'20.0 °C'``.

    Unit and decimals are those of the session's :class:`Options`, or their defaults.
    """
{%- endif %}
{%- if physical_optimizer_rule %}

@final
class TrustSourceRule:
    """A rule that takes ``CooperativeExec`` away from above the tables of this package.

    DataFusion puts it there so that foreign sources yield to other tasks. These tables yield by
    themselves.
    """

    def __new__(cls) -> TrustSourceRule: ...
    def __datafusion_physical_optimizer_rule__(self) -> CapsuleType:
        """Hand the rule to DataFusion, as a ``datafusion_physical_optimizer_rule`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if logical_extension_codec %}

@final
class LogicalCodec:
    """Logical plans over :class:`Readings` as bytes, for another process.

    A table with inserted rows cannot be sent. Damaged bytes and other formats are an error.
    """

    def __new__(cls) -> LogicalCodec: ...
    @property
    def __datafusion_codec_id__(self) -> str:
        """What is written before the bytes, to find this codec again."""

    def __datafusion_logical_extension_codec__(self, session: object = None) -> CapsuleType:
        """Hand the codec to DataFusion, as a ``datafusion_logical_extension_codec`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_task_context_provider`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if physical_extension_codec %}

@final
class PhysicalCodec:
    """Physical plans over :class:`Readings` as bytes, for another process.

    A table with inserted rows cannot be sent. Damaged bytes and other formats are an error.
    """

    def __new__(cls) -> PhysicalCodec: ...
    @property
    def __datafusion_codec_id__(self) -> str:
        """What is written before the bytes, to find this codec again."""

    def __datafusion_physical_extension_codec__(self, session: object = None) -> CapsuleType:
        """Hand the codec to DataFusion, as a ``datafusion_physical_extension_codec`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_task_context_provider`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if query_planner %}

@final
class OffsetPlanner:
    """A planner that does not read the rows that an ``OFFSET`` skips.

    Every query passes through the planner as bytes. So the codecs of this package must be
    installed, and the codecs of all packages whose tables are queried.

    Args:
        fallback: the planner for all other queries: a ``datafusion.SessionContext``, or its
            ``datafusion_query_planner`` capsule, taken before this planner is installed there.

    Raises:
        ImportError: the installed ``datafusion`` is of another major version.
        TypeError: ``fallback`` is neither of these.
        ValueError: ``fallback`` is a capsule of another name.
    """

    def __new__(cls, fallback: object) -> OffsetPlanner: ...
    def __datafusion_query_planner__(self, session: object = None) -> CapsuleType:
        """Hand the planner to DataFusion, as a ``datafusion_query_planner`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, whose codecs it uses.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is something else.
        """
{%- endif %}
{%- if session_extension %}

@final
class SessionExtension:
    """Everything of this package that a session installs, for ``SessionContext.with_extensions``."""

    def __new__(cls) -> SessionExtension: ...
    @property
    def complete(self) -> bool:
        """Whether the installed ``datafusion`` takes tables, functions and rules with an extension.

        Versions after 55.0 are to. Else it takes the codecs and the planner, and ``register_all``
        registers the rest.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """

    def __datafusion_session_components__(self, ctx: SessionContext) -> {% if across_55 %}Any{% else %}SessionExtensionComponents{% endif %}:
        """What the installed ``datafusion`` takes.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """

    def __datafusion_session_planner__(self, ctx: object, fallback: object) -> object:
        """The planner around ``fallback``, or ``None`` to leave the session's planner as it is.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError, ValueError: ``fallback`` is no planner.
        """
{%- endif %}
{%- if existing_table_provider %}

@final
class Rooms(Table):
    """The rooms that have a sensor. Inserted rows are kept in memory.

    Columns: ``sensor`` string, ``floor`` int64 (null outside of the house).
    """

    def __new__(cls) -> Rooms: ...
{%- endif %}
{%- if existing_catalog_provider %}

@final
class BuildingCatalog:
    """A catalog with the schema ``ground``, which has the table ``rooms``.

    The table has the columns ``sensor`` string and ``floor`` int64. Schemas and tables can be added
    and dropped.
    """

    def __new__(cls) -> BuildingCatalog: ...
    def __datafusion_catalog_provider__(self, session: object = None) -> CapsuleType:
        """Hand the catalog to DataFusion, as a ``datafusion_catalog_provider`` capsule.

        Args:
            session: a ``datafusion.SessionContext``, or a
                ``datafusion_logical_extension_codec`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
            TypeError: ``session`` is neither.
            ValueError: ``session`` is a capsule of another name.
            RuntimeError: this process was forked after the package was used.
        """
{%- endif %}
{%- if listing_table %}

@final
class ReadingsFiles(Table):
    """A table of Parquet files, read where they are.

    Columns: those of the files at the first URL, and then ``partition_columns``.

    Args:
        urls: files or folders, as paths or URLs. A folder ends with ``/``.
        partition_columns: the columns after which the folders below are named, such as ``year``
            for ``year=2026/``. The outermost folder comes first. These columns are strings.

    Raises:
        ValueError: there is no URL, or there are credentials in it.
        RuntimeError: no file is found, a file cannot be read, or the folders have other names.
    """

    def __new__(
        cls, urls: Sequence[str], partition_columns: Sequence[str] = ...
    ) -> ReadingsFiles: ...
    def __getnewargs__(self) -> tuple[list[str], list[str]]:
        """Return the arguments, from which ``pickle`` and ``copy`` make the table again."""
{%- endif %}
{%- if function_library %}

@type_check_only
class LibraryFunction:
    """What a function of the library says of itself. The hook that it has tells its kind."""

    @property
    def name(self) -> str:
        """What it is called in SQL."""

    @property
    def aliases(self) -> list[str]:
        """What else it is called."""

    @property
    def description(self) -> str | None:
        """What it does, if it has a documentation."""

    @property
    def syntax_example(self) -> str | None:
        """How it is called in SQL, if it has a documentation."""

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """Names and descriptions of the arguments, if the documentation has them."""

    @property
    def parameter_names(self) -> list[str]:
        """Names of the arguments, if the signature has them."""

    @property
    def arity(self) -> tuple[int, int] | None:
        """How many arguments there are at least and at most, if the signature says it."""

@final
@type_check_only
class ScalarFunction(LibraryFunction):
    """A function that gives one value for each row."""

    def __datafusion_scalar_udf__(self) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_scalar_udf`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """

@final
@type_check_only
class AggregateFunction(LibraryFunction):
    """A function that gives one value for many rows."""

    def __datafusion_aggregate_udf__(self) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_aggregate_udf`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """

@final
@type_check_only
class WindowFunction(LibraryFunction):
    """A function that gives one value for each row of a window."""

    def __datafusion_window_udf__(self) -> CapsuleType:
        """Hand the function to DataFusion, as a ``datafusion_window_udf`` capsule.

        Raises:
            ImportError: the installed ``datafusion`` is of another major version.
        """

def function_library() -> tuple[
    list[ScalarFunction], list[AggregateFunction], list[WindowFunction]
]:
    """All functions of the list in Rust.

    Raises:
        RuntimeError: the list fails.
    """
{%- endif %}
