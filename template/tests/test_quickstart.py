"""The README shows what the quickstart prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_readme_shows_the_output(run_python: Callable[..., str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, shown = readme.partition("<!-- quickstart output -->\n```text\n")
    shown, _, _ = shown.partition("```\n")
    printed = run_python((ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8"))
    assert printed.strip() == shown.strip()
