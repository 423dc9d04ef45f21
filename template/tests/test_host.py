"""The version guard, and what a getter makes of the session it is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from datafusion import SessionContext

from {{crate_name}} import Readings

CODEC_GETTER = "__datafusion_logical_extension_codec__"


# In a process of its own: what is wrong here would be a crash.
FAKE_VERSION = """
import importlib.metadata, sys
from {{crate_name}} import Readings

real = importlib.metadata.version

def version(name):
    if name == "datafusion":
        return eval(sys.argv[1])
    return real(name)

importlib.metadata.version = version
try:
    Readings().__datafusion_table_provider__()
except ImportError as error:
    print(error)
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
    message = run_python(FAKE_VERSION, version)
    assert message.startswith("{{project-name}} ")
    assert problem in message
    assert 'Run: pip install "datafusion>=' in message


def test_getter_without_a_session() -> None:
    with pytest.raises(TypeError, match=r"^expected a datafusion\.SessionContext, got None$"):
        Readings().__datafusion_table_provider__()


@pytest.mark.parametrize("session", [5, "session", object(), SessionContext])
def test_getter_with_something_else(session: object) -> None:
    with pytest.raises(TypeError, match=r"^expected a datafusion\.SessionContext, got ") as raised:
        Readings().__datafusion_table_provider__(session)
    assert raised.value.__cause__ is not None


def test_getter_with_a_session_that_raises() -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            raise ZeroDivisionError("no codec today")

    with pytest.raises(TypeError, match=f"Session, whose {CODEC_GETTER}") as raised:
        Readings().__datafusion_table_provider__(Session())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_getter_with_a_session_that_is_interrupted() -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Readings().__datafusion_table_provider__(Session())


def test_getter_with_a_session_that_returns_no_capsule() -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            return 5

    with pytest.raises(TypeError, match='PyCapsule named "datafusion_logical_extension_codec"'):
        Readings().__datafusion_table_provider__(Session())


def test_getter_with_another_capsule() -> None:
    other = Readings().__arrow_c_schema__()
    with pytest.raises(ValueError, match='named "datafusion_logical_extension_codec", got'):
        Readings().__datafusion_table_provider__(other)


def test_getter_with_a_bare_codec(ctx: SessionContext) -> None:
    codec = getattr(ctx, CODEC_GETTER)()
    assert '"datafusion_table_provider"' in repr(Readings().__datafusion_table_provider__(codec))
