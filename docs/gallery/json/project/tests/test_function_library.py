"""All functions of the list in Rust, in SQL and in Python."""

from __future__ import annotations

import keyword

import pytest
from conformance import run_python
from datafusion import SessionContext, lit

from json_ext import _internal, functions, register_all

SCALAR, AGGREGATE, WINDOW = _internal.function_library()
LIBRARY = [*SCALAR, *AGGREGATE, *WINDOW]


@pytest.mark.parametrize("function", LIBRARY, ids=lambda function: str(function.name))
def test_each_is_registered(function: _internal.LibraryFunction) -> None:
    ctx = register_all(SessionContext())
    over = "OVER ()" if function in WINDOW else ""
    for name in (function.name, *function.aliases):
        problem = ""
        try:
            ctx.sql(f'SELECT "{name}"() {over}')
        except Exception as error:
            problem = str(error)
        # Any other problem is about the arguments.
        assert "Invalid function" not in problem


@pytest.mark.parametrize("function", LIBRARY, ids=lambda function: str(function.name))
def test_each_is_in_python(function: _internal.LibraryFunction) -> None:
    name = f"{function.name}_" if keyword.iskeyword(function.name) else function.name
    if not name.isidentifier():
        pytest.skip("it is for SQL only")
    assert name in functions.__all__
    assert name in dir(functions)
    made = getattr(functions, name)
    assert made.__name__ == name
    assert made.__module__ == functions.__name__
    assert (function.description or "") in made.__doc__
    for argument in function.arguments:
        assert ": ".join(argument) in made.__doc__
    if function.arity:
        with pytest.raises(TypeError, match=f"^{name}"):
            made(*[lit(1.0)] * (function.arity[1] + 1))


def hook(function: object) -> str:
    (found,) = (name for name in dir(function) if name.startswith("__datafusion_"))
    return found


@pytest.mark.parametrize("function", LIBRARY, ids=lambda function: str(function.name))
def test_each_has_a_capsule_of_the_right_name(function: _internal.LibraryFunction) -> None:
    assert f'"{hook(function).strip("_")}"' in repr(getattr(function, hook(function))())


WRONG_HOST = """
import importlib.metadata
from test_function_library import LIBRARY, hook

real = importlib.metadata.version
importlib.metadata.version = lambda name: "99.0.0" if name == "datafusion" else real(name)
for function in LIBRARY:
    try:
        getattr(function, hook(function))()
    except ImportError as error:
        print(error)
"""


def test_each_refuses_a_wrong_host() -> None:
    messages = run_python(WRONG_HOST).splitlines()
    assert len(messages) == len(LIBRARY)
    assert all('Run: pip install "datafusion>=' in message for message in messages)
