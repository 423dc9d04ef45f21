"""What the hooks make of the session that they are given."""

from __future__ import annotations

import errno
import importlib.metadata

import pytest
from datafusion import SessionContext

from plain_ext import Readings, check_host

CODEC_GETTER = "__datafusion_logical_extension_codec__"


def test_without_a_session() -> None:
    with pytest.raises(TypeError, match=r"^expected a datafusion\.SessionContext, got None$"):
        Readings().__datafusion_table_provider__()


@pytest.mark.parametrize("session", [5, "session", object(), SessionContext])
def test_something_else(session: object) -> None:
    with pytest.raises(TypeError, match=r"^expected a datafusion\.SessionContext, got ") as raised:
        Readings().__datafusion_table_provider__(session)
    assert raised.value.__cause__ is not None


def test_session_that_raises() -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            raise ZeroDivisionError("no codec today")

    with pytest.raises(TypeError, match=f"Session, whose {CODEC_GETTER}") as raised:
        Readings().__datafusion_table_provider__(Session())
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_session_that_is_interrupted() -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Readings().__datafusion_table_provider__(Session())


def test_session_that_returns_no_capsule() -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            return 5

    with pytest.raises(TypeError, match='PyCapsule named "datafusion_logical_extension_codec"'):
        Readings().__datafusion_table_provider__(Session())


def test_another_capsule() -> None:
    other = Readings().__arrow_c_schema__()
    with pytest.raises(ValueError, match='named "datafusion_logical_extension_codec", got'):
        Readings().__datafusion_table_provider__(other)


def test_bare_codec(ctx: SessionContext) -> None:
    codec = getattr(ctx, CODEC_GETTER)()
    assert '"datafusion_table_provider"' in repr(Readings().__datafusion_table_provider__(codec))


def test_any_object_with_the_getter(ctx: SessionContext) -> None:
    class Session:
        def __datafusion_logical_extension_codec__(self) -> object:
            return getattr(ctx, CODEC_GETTER)()

    capsule = Readings().__datafusion_table_provider__(Session())
    assert '"datafusion_table_provider"' in repr(capsule)


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        SystemExit(1),
        MemoryError(),
        OSError(errno.EMFILE, "Too many open files"),
    ],
)
def test_what_is_no_word_of_the_host(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def version(_: str) -> str:
        raise error

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(type(error)) as raised:
        check_host()
    assert raised.value is error
