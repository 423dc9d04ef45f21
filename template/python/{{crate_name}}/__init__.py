"""{{description}}"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._internal import Readings, __version__

if TYPE_CHECKING:
    from datafusion import SessionContext

__all__ = ["Readings", "__version__", "register_all"]


def register_all(ctx: SessionContext) -> None:
    """Register everything in this package with ``ctx``.

    The table ``readings`` is a :class:`Readings` with its defaults.

    Raises:
        ImportError: the installed ``datafusion`` is of another major version.
    """
    ctx.register_table("readings", Readings())
