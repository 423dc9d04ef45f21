"""The README shows what the quickstart prints, and its other code runs too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from datafusion import SessionContext

from {{crate_name}} import register_all

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_readme_shows_the_output(run_python: Callable[..., str]) -> None:
    _, _, shown = README.partition("<!-- quickstart output -->\n```text\n")
    shown, _, _ = shown.partition("```\n")
    printed = run_python((ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8"))
    assert printed.strip() == shown.strip()


def test_python_in_the_readme_runs(run_python: Callable[..., str]) -> None:
    run_python("\n".join(blocks("python")))


def test_sql_in_the_readme_runs() -> None:
    ctx = register_all(SessionContext())
    for statement in blocks("sql"):
        ctx.sql(statement).collect()
