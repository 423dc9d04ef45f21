"""The functions of this package, to call in Python. pyo3-datafusion/stubs.py wrote this."""

from datafusion import Expr

__all__ = [
    "json_as_text",
    "json_contains",
    "json_from_scalar",
    "json_get",
    "json_get_array",
    "json_get_bool",
    "json_get_float",
    "json_get_int",
    "json_get_json",
    "json_get_str",
    "json_keys",
    "json_len",
    "json_length",
    "json_object_keys",
    "json_union_to_text",
    "scalar_to_json",
]

def json_as_text(*args: object) -> Expr:
    """The scalar function ``json_as_text`` of SQL."""

def json_contains(*args: object) -> Expr:
    """The scalar function ``json_contains`` of SQL."""

def json_from_scalar(arg1: object, /) -> Expr:
    """The scalar function ``json_from_scalar`` of SQL."""

def json_get(*args: object) -> Expr:
    """The scalar function ``json_get`` of SQL."""

def json_get_array(*args: object) -> Expr:
    """The scalar function ``json_get_array`` of SQL."""

def json_get_bool(*args: object) -> Expr:
    """The scalar function ``json_get_bool`` of SQL."""

def json_get_float(*args: object) -> Expr:
    """The scalar function ``json_get_float`` of SQL."""

def json_get_int(*args: object) -> Expr:
    """The scalar function ``json_get_int`` of SQL."""

def json_get_json(*args: object) -> Expr:
    """The scalar function ``json_get_json`` of SQL."""

def json_get_str(*args: object) -> Expr:
    """The scalar function ``json_get_str`` of SQL."""

def json_keys(*args: object) -> Expr:
    """The scalar function ``json_object_keys`` of SQL."""

def json_len(*args: object) -> Expr:
    """The scalar function ``json_length`` of SQL."""

def json_length(*args: object) -> Expr:
    """The scalar function ``json_length`` of SQL."""

def json_object_keys(*args: object) -> Expr:
    """The scalar function ``json_object_keys`` of SQL."""

def json_union_to_text(arg1: object, /) -> Expr:
    """The scalar function ``json_union_to_text`` of SQL."""

def scalar_to_json(arg1: object, /) -> Expr:
    """The scalar function ``json_from_scalar`` of SQL."""
