"""These tests hold for any package: its README is right, and it does not harm its process."""

from __future__ import annotations

import ast
import inspect
import multiprocessing
import re
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import instances
import pytest
from datafusion import SessionContext
from instances import ARGUMENTS, PACKAGE, TABLES

from conformance import run_python

ROOT = Path(instances.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
# These hooks return objects of Python. All other hooks return capsules.
SESSION_HOOKS = {
    "__datafusion_session_components__": ["ctx"],
    "__datafusion_session_planner__": ["ctx", "fallback"],
}


def hooks() -> list[tuple[str, str]]:
    """Return the name of each class of this package with that of each of its hooks."""
    return [
        (name, hook)
        for name in PACKAGE.__all__
        if isinstance(class_ := getattr(PACKAGE, name), type)
        for hook in dir(class_)
        if hook.startswith("__datafusion_") and callable(getattr(class_, hook))
    ]


@cache
def parameters(name: str, method: str | None = None) -> list[str]:
    """Return the parameters of a class, or of a method of the class."""
    class_ = getattr(PACKAGE, name)
    return list(inspect.signature(getattr(class_, method) if method else class_).parameters)


@cache
def made(name: str) -> Any:
    """Make one object of a class, which may hold a connection."""
    return getattr(PACKAGE, name)(*ARGUMENTS.get(name, ()))


def call(ctx: SessionContext | None, name: str, hook: str) -> object:
    """Call a hook as a host does, or without a session, as older hosts do."""
    planner = "fallback" in parameters(name)
    getter = getattr(getattr(PACKAGE, name)(ctx) if planner else made(name), hook)
    if hook in SESSION_HOOKS:
        return getter(*[ctx for _ in SESSION_HOOKS[hook]])
    return getter(ctx) if "session" in parameters(name, hook) and ctx is not None else getter()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_docstrings_are_those_of_the_stub() -> None:
    stub = Path(str(PACKAGE.__file__)).with_name("_internal.pyi").read_text(encoding="utf-8")
    for class_ in ast.parse(stub).body:
        if isinstance(class_, ast.ClassDef) and class_.name in PACKAGE.__all__:
            doc = inspect.getdoc(getattr(PACKAGE, class_.name))
            assert doc == ast.get_docstring(class_), f"{class_.name}: Rust and .pyi differ"


def test_readme_shows_the_output_of_the_quickstart() -> None:
    _, marker, shown = README.partition("<!-- quickstart output -->\n```text\n")
    if not marker:
        pytest.skip("README.md has no <!-- quickstart output -->")
    shown, _, _ = shown.partition("```\n")
    run = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
    printed = run_python(run, ROOT / "examples" / "quickstart.py")
    assert printed.strip() == shown.strip(), "README.md shows other output under *Try it*"


def test_python_in_the_readme_runs() -> None:
    run_python("\n".join(blocks("python")))


def test_sql_in_the_readme_runs() -> None:
    ctx = PACKAGE.register_all(SessionContext())
    for block in blocks("sql"):
        # DataFusion takes one statement at a time.
        for statement in re.split(r";[ \t]*(?:--.*)?$", block, flags=re.MULTILINE):
            if statement.strip():
                ctx.sql(statement).collect()


@pytest.mark.parametrize(
    ("name", "hook"), [hook for hook in hooks() if hook[1] not in SESSION_HOOKS]
)
def test_capsule_has_the_right_name(name: str, hook: str) -> None:
    ctx = SessionContext()
    assert f'"{hook.strip("_")}"' in repr(call(ctx, name, hook))


# This makes a capsule and drops it, 3,000 times, and prints by how many bytes the memory grew.
GROWTH = """
import importlib.metadata, sys
from datafusion import SessionContext
from conformance.test_package import call

def resident_memory():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

# Without this, every call would read a file.
version = importlib.metadata.version("datafusion")
importlib.metadata.version = lambda _: version
ctx = SessionContext()
# Free memory of the process could hide a leak. While these capsules are kept, it is in use.
kept = [call(ctx, *sys.argv[1:]) for _ in range(3_000)]
for _ in range(1_000):
    call(ctx, *sys.argv[1:])
before = resident_memory()
for _ in range(3_000):
    call(ctx, *sys.argv[1:])
print(resident_memory() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("name", "hook"), hooks())
def test_capsule_that_nobody_takes_is_freed(name: str, hook: str) -> None:
    assert int(run_python(GROWTH, name, hook)) < 2**20


# A mistake here would be a crash, so this runs in a process of its own.
FAKE_VERSION = """
import importlib.metadata, sys
from instances import PACKAGE
from conformance.test_package import call, hooks

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

attempt(PACKAGE.check_host)
attempt(PACKAGE.register_all, None)
for name, hook in hooks():
    attempt(call, None, name, hook)
"""


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("'53.0.0'", "datafusion 53.0.0 is installed"),
        ("'99.0.0'", "datafusion 99.0.0 is installed"),
        ("'next'", 'datafusion is installed with the unreadable version "next"'),
        ("1 / 0", "the version of the installed datafusion cannot be read"),
        ("real('no-such-package')", "datafusion is not installed"),
    ],
)
def test_wrong_host_is_an_import_error(version: str, problem: str) -> None:
    messages = run_python(FAKE_VERSION, version).splitlines()
    assert len(messages) == 2 + len(hooks())
    for message in messages:
        assert problem in message
        assert 'Run: pip install "datafusion>=' in message


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="has the GIL")
def test_gil_stays_off() -> None:
    code = f"import sys, {PACKAGE.__name__}; print(sys._is_gil_enabled())"
    assert run_python(code) == "False\n"


FORK = """
import os
from datafusion import SessionContext
from instances import TABLES

ctx = SessionContext()
ctx.register_table("t", TABLES[0].make())
child = os.fork()
if child == 0:
    try:
        print(ctx.sql("SELECT * FROM t").collect(), flush=True)
    except Exception as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
assert len(ctx.sql("SELECT * FROM t").collect()) >= 0
"""


@pytest.mark.skipif(not TABLES, reason="has no table")
@pytest.mark.skipif(sys.platform == "win32", reason="cannot fork")
def test_fork_is_an_error_and_not_a_hang() -> None:
    assert 'multiprocessing.get_context("spawn")' in run_python(FORK)


def count_in_a_worker(index: int) -> Any:
    ctx = SessionContext()
    ctx.register_table("t", TABLES[index].make())
    return len(ctx.sql("SELECT * FROM t").to_arrow_table())


@pytest.mark.skipif(not TABLES, reason="has no table")
def test_spawn() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(count_in_a_worker, (0,)) == count_in_a_worker(0)
