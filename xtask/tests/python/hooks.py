"""The hooks of a package, and how hosts take what they hand over."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from pathlib import Path
from types import ModuleType
from typing import Any

# For each hook: what is done with `x`, the object that has it, and since which host.
REGISTER = {
    "__datafusion_table_provider__": {
        "ctx.register_table('t', x)": 50,
        "ctx.register_table_provider('t', x)": 50,
        "ctx.catalog().schema().register_table('t', x)": 50,
    },
    "__datafusion_table_provider_factory__": {"ctx.register_table_factory('READINGS', x)": 53},
    "__datafusion_table_function__": {
        "ctx.register_udtf(udtf(x, 'readings'))": 50,
        "ctx.register_udtf(TableFunction('readings', x, ctx))": 52,
    },
    "__datafusion_scalar_udf__": {"ctx.register_udf(udf(x))": 50},
    "__datafusion_aggregate_udf__": {"ctx.register_udaf(udaf(x))": 50},
    "__datafusion_window_udf__": {"ctx.register_udwf(udwf(x))": 50},
    "__datafusion_schema_provider__": {"ctx.catalog().register_schema('sensors', x)": 50},
    "__datafusion_catalog_provider__": {"ctx.register_catalog_provider('house', x)": 50},
    "__datafusion_catalog_provider_list__": {"ctx.register_catalog_provider_list(x)": 52},
    "__datafusion_extension_options__": {"SessionContext(SessionConfig().with_extension(x))": 53},
    "__datafusion_physical_optimizer_rule__": {"ctx.add_physical_optimizer_rule(x)": 54},
    "__datafusion_logical_extension_codec__": {"ctx.with_logical_extension_codec(x)": 52},
    "__datafusion_physical_extension_codec__": {"ctx.with_physical_extension_codec(x)": 54},
    "__datafusion_query_planner__": {"ctx.set_query_planner(x)": 55},
    "__datafusion_session_components__": {"ctx.with_extensions(x)": 55},
    "__datafusion_session_planner__": {"ctx.with_extensions(x)": 55},
}

# What is given to those that cannot be made without arguments.
ARGUMENTS: dict[str, list[object]] = {
    "ReadingsFiles": [[str(Path(__file__).with_name("readings.parquet"))]],
}


def hooks(package: ModuleType) -> list[tuple[str, str]]:
    """Names of its classes, and of their hooks."""
    return [
        (name, hook)
        for name in package.__all__
        if isinstance(class_ := getattr(package, name), type)
        for hook in dir(class_)
        if hook.startswith("__datafusion_") and callable(getattr(class_, hook))
    ]


def maker(package: ModuleType, name: str, ctx: object) -> Callable[[], object]:
    """Makes objects of a class."""
    class_ = getattr(package, name)
    fallback = [ctx] if "fallback" in signature(class_).parameters else []
    return lambda: class_(*fallback, *ARGUMENTS.get(name, []))


def argument_counts(package: ModuleType, name: str, hook: str) -> list[int]:
    """With how many arguments it can be called, as many as possible first."""
    _, *after_self = signature(getattr(getattr(package, name), hook)).parameters.values()
    needed = [parameter for parameter in after_self if parameter.default is Parameter.empty]
    return sorted({len(needed), len(after_self)}, reverse=True)


def caller(package: ModuleType, name: str, hook: str, ctx: object) -> Callable[[], object]:
    """Makes an object, and calls its hook as a host does."""
    make = maker(package, name, ctx)
    arguments = [ctx] * argument_counts(package, name, hook)[0]
    return lambda: getattr(make(), hook)(*arguments)


def register(how: str, ctx: Any, x: object) -> Any:
    """The session to go on with."""
    import datafusion

    return eval(how, vars(datafusion) | {"ctx": ctx, "x": x}) or ctx
