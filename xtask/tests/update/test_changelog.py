"""What an update cannot do for an owner is in the changelog, under *Yours*."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from conftest import ROOT, Template, git, project_of, update_in

DEFINED = r"\bpub(?:\(\w+\))? (?:async )?(fn|struct|trait|enum) (\w+)"
ITEMS = r"\b(?:fn|struct|trait|enum|type|mod|const|macro_rules!) (\w+)"


def rust(template: Template, commit: str, folder: str) -> Iterator[str]:
    """The Rust files in a folder of the template, as they were."""
    paths = git(template.folder, "ls-tree", "-r", "--name-only", commit, folder).splitlines()
    for path in paths:
        if path.endswith(".rs"):
            yield git(template.folder, "show", f"{commit}:{path}")


def yours(changelog: str) -> str:
    return "".join(
        re.findall(r"^ *### Yours\n(.*?)(?=^ *##|\Z)", changelog, re.MULTILINE | re.DOTALL)
    )


def is_named(name: str, text: str) -> bool:
    return any(name in re.findall(r"\w+", code) for code in re.findall(r"`([^`]+)`", text))


def test_source_is_a_trait(template: Template, tmp_path: Path) -> None:
    """From before `Source` and `Partition` were traits, with an own source."""
    added = ["log", "--format=%H", "--reverse", "-Spub trait Partition", "--", "template/src"]
    commit = git(template.folder, "rev-parse", git(template.folder, *added).split()[0] + "^")
    project = project_of(template, commit, tmp_path / "mine")
    source = (project / "src/source.rs").read_text()
    (project / "src/source.rs").write_text(source.replace('"attic"', '"roof"'))
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    done = update_in(template, project, "--from", commit, "--to", template.present, "--dry-run")
    assert "src/source.rs: both changed the same lines" in done.said, done.said
    # What the old machinery used, and no trait has in the same way.
    files = [f"src/{name}.rs" for name in ("source_table", "source_exec", "insert_exec")]
    machinery = "\n".join((project / path).read_text() for path in files)
    present = (ROOT / "template/pyo3-datafusion/src/table/source.rs").read_text("utf-8")
    items = set(re.findall(r"\bfn \w+", present))
    gone = {
        name
        for kind, name in re.findall(DEFINED, source)
        if re.search(rf"\.{name}\(" if kind == "fn" else rf"\b{name}\b", machinery)
        and f"{kind} {name}" not in items
    }
    assert gone == {"Source", "Partition", "plan", "insert"}
    told = yours(done.said)
    assert [name for name in sorted(gone) if not is_named(name, told)] == []
    # The point is one of the choices.
    points = tomllib.loads((ROOT / "cargo-generate.toml").read_text("utf-8"))["placeholders"]
    assert "extension_points=+insert" in told
    assert "insert" in points["extension_points"]["choices"]


def used(files: Iterator[str]) -> set[str]:
    """The names of the machinery that the owner's files use: imports, calls, methods of traits."""
    names: set[str] = set()
    for text in files:
        imported = set()
        for path in re.findall(r"\bpyo3_datafusion::([\w:]*(?:\{[^;]*\})?)", text):
            imported |= set(re.findall(r"\w+", path)) - {"as", "self"}
        calls = re.findall(r"\b([a-z_]+)::(\w+)", text)
        names |= imported | {name for module, name in calls if module in imported}
        block = r"^impl(?:<.*?>)? (\w+)(?:<.*?>)? for [^{]*\{\n(.*?)^\}"
        for trait, body in re.findall(block, text, re.MULTILINE | re.DOTALL):
            if trait in imported:
                names |= set(re.findall(r"^    (?:async )?fn (\w+)", body, re.MULTILINE))
    return names


def test_what_is_gone_is_named(template: Template) -> None:
    """From the last release, or from the first commit of the crate, to the present."""
    machinery = "template/pyo3-datafusion/src"
    tags = git(ROOT, "tag", "--list", "v*", "--sort=-version:refname").split()
    added = ["log", "--format=%H", "--diff-filter=A", "--", f"{machinery}/lib.rs"]
    since = tags[0] if tags else git(template.folder, *added).split()[-1]
    present = "\n".join(rust(template, template.present, machinery))
    exported = " ".join(re.findall(r"\bpub use ([^;]+);", present))
    there = set(re.findall(ITEMS, present)) | set(re.findall(r"\w+", exported))
    before = used(rust(template, since, "template/src"))
    assert {"Source", "partitions", "table_provider", "SourceTable", "Functions"} <= before
    told = yours((ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert [name for name in sorted(before - there) if not is_named(name, told)] == []
