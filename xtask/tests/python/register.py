"""Register the table with the installed host, in every way that it offers."""

from __future__ import annotations

import warnings

from datafusion import SessionContext

from plain_ext import Readings, register_all

warnings.simplefilter("ignore", DeprecationWarning)
ctx = SessionContext()


def attempt(what: str, register) -> None:
    try:
        register()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}")
    else:
        print(f"{what}: works")


attempt("register_table", lambda: ctx.register_table("a", Readings()))
if hasattr(ctx, "register_table_provider"):
    attempt("register_table_provider", lambda: ctx.register_table_provider("b", Readings()))
attempt("Schema.register_table", lambda: ctx.catalog().schema().register_table("c", Readings()))
attempt("register_all", lambda: register_all(ctx))
attempt("getter with a session", lambda: Readings().__datafusion_table_provider__(ctx))
attempt("getter without one", lambda: Readings().__datafusion_table_provider__())
