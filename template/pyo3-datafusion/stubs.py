"""Writes ``functions.pyi``, which has the types and docstrings of a library's functions.

Run this after a change to the list in Rust, from the folder of the project::

    uv run pyo3-datafusion/stubs.py

With ``--check``, this only says whether the file is up to date.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
from pathlib import Path
from typing import Any

WIDTH = 100
HEAD = '''"""The functions of this package, to call in Python. pyo3-datafusion/stubs.py wrote this."""

from datafusion import Expr
'''


def wrapped(line: str) -> list[str]:
    """Wrap a line that is too long. The lines after the first are indented more."""
    space = line[: len(line) - len(line.lstrip())]
    after = f"{space}    " if space else ""
    lines = textwrap.TextWrapper(WIDTH - 4, subsequent_indent=after, break_long_words=False)
    return lines.wrap(line) or [""]


def docstring(text: str) -> str:
    text = text.expandtabs().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    first, *rest = [part for line in text.splitlines() for part in wrapped(line)]
    # A quotation mark at the start or end needs a space before the quotation marks of a docstring.
    opened = f'    """ {first}' if first.startswith('"') else f'    """{first}'
    if not rest:
        return f'{opened} """' if first.endswith('"') else f'{opened}"""'
    return "\n".join([opened, *(f"    {line}".rstrip() for line in rest), '    """'])


def definition(name: str, function: Any) -> str:
    parameters = []
    positional = False
    for parameter in inspect.signature(function).parameters.values():
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        default = " = ..." if parameter.default is ... else ""
        parameters.append(f"{star}{parameter.name}: object{default}")
        positional |= parameter.kind is parameter.POSITIONAL_ONLY
    if positional:
        parameters.append("/")
    head = f"def {name}({', '.join(parameters)}) -> Expr:"
    if len(head) > WIDTH:
        lines = "".join(f"    {parameter},\n" for parameter in parameters)
        head = f"def {name}(\n{lines}) -> Expr:"
    return f"{head}\n{docstring(function.__doc__)}\n"


def stubs(functions: Any) -> str:
    names = functions.__all__
    listed = "".join(f'    "{name}",\n' for name in names)
    blocks = [HEAD, f"__all__ = [\n{listed}]\n" if names else "__all__: list[str] = []\n"]
    blocks += [definition(name, getattr(functions, name)) for name in names]
    return "\n".join(blocks)


def main() -> None:
    root = Path(__file__).parent.parent
    (module,) = (root / "python").glob("*/functions.py")
    written = stubs(importlib.import_module(f"{module.parent.name}.functions"))
    path = module.with_suffix(".pyi")
    if sys.argv[1:] != ["--check"]:
        path.write_text(written, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != written:
        where = path.relative_to(root).as_posix()
        sys.exit(f"{where} is not what the functions say. Run: uvx nox --session stubs")


if __name__ == "__main__":
    main()
