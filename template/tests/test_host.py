"""The version guard: with another `datafusion`, everything that is handed over is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import {{crate_name}}

# In a process of its own: what is wrong here would be a crash.
FAKE_VERSION = """
import importlib.metadata, sys
import {{crate_name}}
from hooks import call, hooks

real = importlib.metadata.version

def version(name):
    if name == "datafusion":
        return eval(sys.argv[1])
    return real(name)

importlib.metadata.version = version

def attempt(f, *arguments):
    try:
        print(f(*arguments))
    except ImportError as error:
        print(error)

attempt({{crate_name}}.check_host)
attempt({{crate_name}}.register_all, None)
for name, hook in hooks():
    attempt(call, None, name, hook)
"""


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("'54.1.0'", "datafusion 54.1.0 is installed"),
        ("'99.0.0'", "datafusion 99.0.0 is installed"),
        ("'next'", 'datafusion is installed with the unreadable version "next"'),
        ("None", "the version of the installed datafusion cannot be read"),
        ("1 / 0", "the version of the installed datafusion cannot be read"),
        ("real('no-such-package')", "datafusion is not installed"),
    ],
)
def test_wrong_host_is_an_import_error(
    run_python: Callable[..., str], version: str, problem: str
) -> None:
    messages = run_python(FAKE_VERSION, version).splitlines()
    assert len(messages) >= 3
    for message in messages:
        assert message.startswith("{{project-name}} ")
        assert problem in message
        assert 'Run: pip install "datafusion>=' in message


def test_right_host() -> None:
    {{crate_name}}.check_host()
