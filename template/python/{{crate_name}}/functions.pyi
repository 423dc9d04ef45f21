"""The functions of this package, to call in Python. pyo3-datafusion/stubs.py wrote this."""

from datafusion import Expr

__all__ = [
    "clamp",
    "kelvin",
    "spread",
    "warmest",
]

def clamp(celsius: object, low: object, high: object) -> Expr:
    """Brings a temperature into a range. A bound that is null is no bound.

    In SQL: ``clamp(celsius, low, high)``
    """

def kelvin(celsius: object) -> Expr:
    """A temperature in Kelvin.

    In SQL: ``kelvin(celsius)``
    """

def spread(celsius: object) -> Expr:
    """The difference between the highest and the lowest temperature.

    In SQL: ``spread(celsius)``
    """

def warmest(celsius: object) -> Expr:
    """The highest temperature so far.

    In SQL: ``warmest(celsius)``
    """
