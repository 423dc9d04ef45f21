"""The functions of a package, as ``instances.py`` lists them for the conformance kit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import pyarrow as pa

Row = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Function:
    """A function in SQL: use one of the subclasses.

    ``make`` is the class, which is called without arguments and gives the object with the hook. For
    a function of a library, ``make`` is the function itself: ``functions.NAME``. The tests call the
    function with any values that the types of its ``arguments`` have. If the function refuses some
    values, ``values`` lists, for each argument, the values to call it with. ``constants`` are
    texts, numbers or ``None``, which follow the arguments in each call.
    """

    make: Callable[..., Any]
    arguments: Sequence[pa.DataType]
    values: Sequence[Sequence[object]] | None = None
    constants: Sequence[str | float | None] = ()

    def made(self) -> Any:
        """Return the object with the hook."""
        hooks = vars(self.make) if isinstance(self.make, FunctionType) else ()
        return self.make if any(name.startswith("__datafusion_") for name in hooks) else self.make()

    def __str__(self) -> str:
        return f"{self.make.__name__}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, eq=False)
class Scalar(Function):
    """A function that gives one value for each row.

    ``reference`` computes the value in Python, from the arguments of one row.
    """

    reference: Callable[..., object] | None = None


@dataclass(frozen=True, eq=False)
class Aggregate(Function):
    """A function that gives one value for many rows, in whatever order they come.

    ``reference`` computes the value in Python, from a list of rows, which are tuples of arguments.
    """

    reference: Callable[[list[Row]], object] | None = None


@dataclass(frozen=True, eq=False)
class Window(Function):
    """A function that gives one value for each row of a window.

    ``reference`` computes the values in Python, from the rows of one partition in their order,
    which are tuples of arguments.
    """

    reference: Callable[[list[Row]], Sequence[object]] | None = None
