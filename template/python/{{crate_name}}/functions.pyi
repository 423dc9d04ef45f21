"""The functions of this package, to call in Python. tests/conformance/stubs.py wrote this."""

from datafusion import Expr

__all__ = [
    "clamp",
    "kelvin",
    "spread",
    "warmest",
]

def clamp(celsius: object, low: object, high: object) -> Expr:
    """Brings a temperature into a range.

    In SQL: ``clamp(celsius, low, high)``

    Args:
        celsius: the temperature; null gives null
        low: the lowest result, a constant; null is no bound
        high: the highest result, a constant; null is no bound
    """

def kelvin(arg1: object, /) -> Expr:
    """The scalar function ``kelvin`` of SQL."""

def spread(arg1: object, /) -> Expr:
    """The aggregate function ``spread`` of SQL."""

def warmest(arg1: object, /) -> Expr:
    """The window function ``warmest`` of SQL."""
