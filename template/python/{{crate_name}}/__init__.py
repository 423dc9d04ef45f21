"""{{description}}"""

from __future__ import annotations

from typing import TYPE_CHECKING
{% if newer_classes != empty or function_library %}
from . import _internal
{%- endif %}
from ._internal import (
{%- for class in classes %}
    {{class}},
{%- endfor %}
    __version__,
    check_host,
)

if TYPE_CHECKING:
    from datafusion import SessionContext
{%- if newer_classes != empty %}
{% for class in newer_classes %}
    from ._internal import {{class}} as {{class}}
{%- endfor %}
{%- endif %}

__all__ = [
{%- for class in classes %}
    "{{class}}",
{%- endfor %}
    "__version__",
    "check_host",
    "register_all",
]
{%- if newer_classes != empty %}

# Each of these classes exists from this major version of `datafusion` on.
_SINCE = {
{%- for class in newer_since %}
    {{class}},
{%- endfor %}
}
__all__ += [name for name in _SINCE if hasattr(_internal, name)]


def __getattr__(name: str) -> object:
    """Find a class that not every ``datafusion`` has.

    Raises:
        ImportError: the installed ``datafusion`` is too old for the class.
    """
    if name not in _SINCE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not hasattr(_internal, name):
        check_host()
        raise ImportError(
            f"{__name__}.{name} needs datafusion {_SINCE[name]} or later. "
            f'Run: pip install "datafusion>={_SINCE[name]},<{{next_datafusion}}"'
        )
    return getattr(_internal, name)
{%- endif %}


def register_all(ctx: SessionContext) -> SessionContext:
    """Register everything in this package with ``ctx``.

    Returns:
        The context to use from now on. It shares its session with ``ctx``.

    Raises:
        ImportError: the installed ``datafusion`` is of another major version.
    """
    check_host()
    {%- if table_function or functions %}
    import datafusion
{% endif %}
    {%- if session_extension and across_55 %}
    complete = False
    if hasattr(_internal, "SessionExtension"):
        extension = _internal.SessionExtension()
        ctx = ctx.with_extensions(extension)
        complete = extension.complete
    else:
        ctx = ctx.with_logical_extension_codec(LogicalCodec())
        ctx = ctx.with_physical_extension_codec(PhysicalCodec())
    {%- elsif session_extension %}
    extension = SessionExtension()
    ctx = ctx.with_extensions(extension)
    {%- else %}
    {%- if logical_extension_codec %}
    ctx = ctx.with_logical_extension_codec(LogicalCodec())
    {%- endif %}
    {%- if physical_extension_codec %}
    ctx = ctx.with_physical_extension_codec(PhysicalCodec())
    {%- endif %}
    {%- if query_planner and across_55 %}
    if hasattr(_internal, "OffsetPlanner"):
        ctx.set_query_planner(_internal.OffsetPlanner(ctx))
    {%- elsif query_planner %}
    ctx.set_query_planner(OffsetPlanner(ctx))
    {%- endif %}
    {%- endif %}
    {%- if catalog_provider_list %}
    # A session has one list of catalogs, so the catalogs of the old list go into the new one.
    catalogs = {name: ctx.catalog(name) for name in ctx.catalog_names()}
    ctx.register_catalog_provider_list(ReadingsCatalogList())
    for name, catalog in catalogs.items():
        ctx.register_catalog_provider(name, catalog)
    {%- endif %}
    {%- if schema_provider %}
    ctx.catalog().register_schema("sensors", ReadingsSchema())
    {%- endif %}
    {%- if table_provider_factory %}
    ctx.register_table_factory("READINGS", ReadingsFactory())
    {%- endif %}
    {%- if session_extension %}
    if {% unless across_55 %}extension.{% endunless %}complete:  # The host has installed the rest.
        return ctx
    {%- endif %}
    {%- unless catalog_provider_list %}
    {%- if catalog_provider %}
    ctx.register_catalog_provider("house", ReadingsCatalog())
    {%- endif %}
    {%- endunless %}
    {%- if table_provider %}
    ctx.register_table("readings", Readings())
    {%- endif %}
    {%- if insert %}
    ctx.register_table("journal", Journal())
    {%- endif %}
    {%- if existing_table_provider %}
    ctx.register_table("rooms", Rooms())
    {%- endif %}
    {%- if existing_catalog_provider %}
    ctx.register_catalog_provider("building", BuildingCatalog())
    {%- endif %}
    {%- if table_function %}
    # The host's annotations do not know of functions such as this one.
    function = datafusion.TableFunction("readings", ReadingsFunction(), ctx)  # type: ignore[arg-type]
    ctx.register_udtf(function)
    {%- endif %}
    {%- if scalar_udf %}
    ctx.register_udf(datafusion.udf(Fahrenheit()))
    {%- endif %}
    {%- if async_scalar_udf %}
    ctx.register_udf(datafusion.udf(FloorOf()))
    {%- endif %}
    {%- if aggregate_udf %}
    ctx.register_udaf(datafusion.udaf(RootMeanSquare()))
    {%- endif %}
    {%- if window_udf %}
    ctx.register_udwf(datafusion.udwf(Change()))
    {%- endif %}
    {%- if extension_options %}
    ctx.register_udf(datafusion.udf(ShowCelsius()))
    {%- endif %}
    {%- if function_library %}
    scalars, aggregates, windows = _internal.function_library()
    for scalar in scalars:
        ctx.register_udf(datafusion.udf(scalar))
    for aggregate in aggregates:
        ctx.register_udaf(datafusion.udaf(aggregate))
    for window in windows:
        ctx.register_udwf(datafusion.udwf(window))
    {%- endif %}
    {%- if physical_optimizer_rule %}
    ctx.add_physical_optimizer_rule(TrustSourceRule())
    {%- endif %}
    return ctx
