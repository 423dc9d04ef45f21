"""Every hook of this package, found by its name."""

from __future__ import annotations

import inspect
from functools import cache

from datafusion import SessionContext

import {{crate_name}}

# These return objects of Python, the others capsules.
SESSION_HOOKS = {
    "__datafusion_session_components__": ["ctx"],
    "__datafusion_session_planner__": ["ctx", "fallback"],
}


def hooks() -> list[tuple[str, str]]:
    """Names of classes, and of their hooks."""
    package = {{crate_name}}
    return [
        (name, hook)
        for name in package.__all__
        if isinstance(class_ := getattr(package, name), type)
        for hook in vars(class_)
        if hook.startswith("__datafusion_") and callable(getattr(class_, hook))
    ]


@cache
def parameters(name: str, method: str | None = None) -> list[str]:
    """Those of a class, or of a method of it."""
    class_ = getattr({{crate_name}}, name)
    return list(inspect.signature(getattr(class_, method) if method else class_).parameters)


def call(ctx: SessionContext | None, name: str, hook: str) -> object:
    """Call a hook as a host does, or with no session at all, as old ones do."""
    class_ = getattr({{crate_name}}, name)
    instance = class_(ctx) if "fallback" in parameters(name) else class_()
    getter = getattr(instance, hook)
    if hook in SESSION_HOOKS:
        return getter(*[ctx for _ in SESSION_HOOKS[hook]])
    return getter(ctx) if "session" in parameters(name, hook) and ctx is not None else getter()
