"""The functions of this package, to call in Python: ``df.select(functions.NAME(col("x"), 1))``.

This module makes them when it is imported, from the list in Rust. An argument that is not a
``datafusion.Expr`` becomes a literal. ``functions.pyi`` has their types and their documentation.
"""

from __future__ import annotations

import inspect as _inspect
import keyword as _keyword
from collections.abc import Callable as _Callable
from typing import Any as _Any

from datafusion import Expr as _Expr
from datafusion import lit as _lit
from datafusion import udaf as _udaf
from datafusion import udf as _udf
from datafusion import udwf as _udwf

from . import _internal

_Parameter = _inspect.Parameter


def _python_name(name: str) -> str:
    return f"{name}_" if _keyword.iskeyword(name) else name


def _names(function: _internal.LibraryFunction) -> list[str]:
    """Return the names of the parameters, if all of them can be names in Python."""
    of_documentation = [name for name, _ in function.arguments]
    for names in (of_documentation, function.parameter_names):
        fits = function.arity is None or function.arity[1] == len(names)
        distinct = len(set(names)) == len(names)
        if names and fits and distinct and all(name.isidentifier() for name in names):
            return [_python_name(name) for name in names]
    return []


def _signature(function: _internal.LibraryFunction) -> _inspect.Signature:
    names = _names(function)
    # An optional parameter is `...` if the caller leaves it out.
    least, most = function.arity or (0, len(names))
    kind = _Parameter.POSITIONAL_OR_KEYWORD
    if len(names) < most:
        names = [f"arg{at + 1}" for at in range(most)]
        kind = _Parameter.POSITIONAL_ONLY
    parameters = [
        _Parameter(name, kind, annotation=object, default=_Parameter.empty if at < least else ...)
        for at, name in enumerate(names)
    ]
    if function.arity is None:
        parameters.append(_Parameter("args", _Parameter.VAR_POSITIONAL, annotation=object))
    return _inspect.Signature(parameters, return_annotation=_Expr)


def _documentation(function: _internal.LibraryFunction, kind: str) -> str:
    described = function.description or f"The {kind} function ``{function.name}`` of SQL."
    blocks = [_inspect.cleandoc(described)]
    if function.syntax_example:
        blocks.append(f"In SQL: ``{function.syntax_example.strip()}``")
    if function.arguments:
        arguments = [f"    {name}: {' '.join(said.split())}" for name, said in function.arguments]
        blocks.append("\n".join(["Args:", *arguments]))
    return "\n\n".join(blocks)


def _made(wrap: _Callable[[_Any], _Any], function: _internal.LibraryFunction) -> _Any:
    """Return a Python function that makes an expression from its arguments."""
    wrapped, signature, name = wrap(function), _signature(function), _python_name(function.name)

    def call(*args: object, **kwargs: object) -> _Expr:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}({', '.join(signature.parameters)}): {error}") from None
        if bound.kwargs:
            raise TypeError(f"{name}: an argument before {[*bound.kwargs]} is missing")
        given = [value for value in bound.args if value is not ...]
        expressions = [value if isinstance(value, _Expr) else _lit(value) for value in given]
        made: _Expr = wrapped(*expressions)
        return made

    call.__name__ = call.__qualname__ = name
    call.__module__ = __name__
    call.__signature__ = signature  # type: ignore[attr-defined]
    # `datafusion.udf` and the like take an object that has the hook.
    (hook,) = (each for each in dir(function) if each.startswith("__datafusion_"))
    setattr(call, hook, getattr(function, hook))
    call.__doc__ = _documentation(function, hook.split("_")[3])
    return call


def _library() -> dict[str, _Any]:
    """Return the functions by their names and aliases, if these can be names in Python."""
    library: dict[str, _Any] = {}
    scalar, aggregate, window = _internal.function_library()
    for wrap, functions in ((_udf, scalar), (_udaf, aggregate), (_udwf, window)):
        for function in functions:
            made = _made(wrap, function)
            for name in map(_python_name, (function.name, *function.aliases)):
                if name.isidentifier():
                    # As in SQL, a scalar function hides other functions of the same name.
                    library.setdefault(name, made)
    return dict(sorted(library.items()))


_LIBRARY = _library()
__all__ = list(_LIBRARY)
globals().update(_LIBRARY)
