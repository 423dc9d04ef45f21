"""A plugin of pytest that says which lies the conformance kit did not find, and which it blamed on
another method."""

from __future__ import annotations

import os
from typing import Any

import pytest
from lies import FUNCTIONS, TABLES

LIES = TABLES if os.environ["LIES_OF"] == "test_tables.py" else FUNCTIONS
FOUND: dict[str, str] = {}


def lie_of(item: pytest.Item) -> str:
    params = item.callspec.params  # type: ignore[attr-defined]
    subject = params.get("subject") or params.get("table") or params.get("function")
    return subject.name if hasattr(subject, "name") else subject.make.__name__


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def wanted(item: pytest.Item) -> bool:
        if not hasattr(item, "callspec"):
            return False
        params = item.callspec.params
        if all(params.get(name) is None for name in ("subject", "table", "function")):
            return False
        test = LIES[lie_of(item)].test
        return test is None or item.originalname == test  # type: ignore[attr-defined]

    items[:] = filter(wanted, items)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if lie_of(item) in FOUND:
        pytest.skip("this lie was found")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed:
        FOUND.setdefault(lie_of(item), f"{item.name}\n{report.longreprtext}")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    wrong = []
    for lie, of in LIES.items():
        lines = [line.lstrip(" |") for line in FOUND.get(lie, "").splitlines()]
        said = "\n".join(line for line in lines if line.startswith("E "))
        if of.look_at not in said:
            wrong.append(f"{lie}: no {of.look_at} in\n{said or 'no failure'}")
    print("\n".join(["", *wrong, f"{len(LIES) - len(wrong)} of {len(LIES)} lies were found"]))
    session.exitstatus = 1 if wrong else 0
