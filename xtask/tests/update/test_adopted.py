"""Packages that `cargo xtask adopt` gave the template's folders to."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, XTASK, Template, git, update_in
from test_update import EVERY_EDIT, files, replace

# The package is in a folder of its repository.
FOLDER = "bindings/python"
MACHINERY = f"{FOLDER}/pyo3-datafusion/"
ERROR = "src/boundary/error.rs"
ADOPT = [XTASK, "adopt", FOLDER, "--yes", "--tests", "tests/df"]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crate that is shaped as the example in datafusion-python, adopted and committed."""
    package = tmp_path_factory.mktemp("adopted") / "package"
    shutil.copytree(ROOT / "xtask/tests/adopt/upstream", package / FOLDER)
    (package / "README.md").write_text("# Numbers\n\nAll of them.\n")
    git(package, "init", "--quiet")
    git(package, "add", "--all")
    git(package, "commit", "--quiet", "--message", "Mine")
    subprocess.run(ADOPT, cwd=package, check=True, capture_output=True)
    git(package, "add", "--all")
    git(package, "commit", "--quiet", "--message", "Adopted")
    return package


def own_code(package: Path) -> None:
    replace(f"{FOLDER}/src/lib.rs", "m.add_class", "// Mine.\n    m.add_class")(package)


def own_dependency(package: Path) -> None:
    path = f"{FOLDER}/Cargo.toml"
    replace(path, "\npyo3-datafusion = ", "\nserde = '1'\npyo3-datafusion = ")(package)


def own_features(package: Path) -> None:
    replace(f"{FOLDER}/Cargo.toml", '"functions", "tables"', '"tables"')(package)


def own_instances(package: Path) -> None:
    replace(f"{FOLDER}/tests/df/instances.py", "    # Table(", "    Table(")(package)


def own_page(package: Path) -> None:
    (package / "README.md").write_text("# Mine\n")
    (package / "mine.md").write_text("mine\n")


def deleted_file(package: Path) -> None:
    (package / f"{FOLDER}/src/utils.rs").unlink()


def line_endings(package: Path) -> None:
    for path in ["README.md", f"{FOLDER}/src/lib.rs", f"{FOLDER}/Cargo.toml"]:
        text = (package / path).read_text("utf-8")
        (package / path).write_text(text, "utf-8", newline="\r\n")


def moved_machinery(package: Path) -> None:
    (package / "crates").mkdir()
    (package / MACHINERY).rename(package / "crates/datafusion")
    answers = f"{FOLDER}/.template-answers.toml"
    replace(answers, '"pyo3-datafusion"', '"../../crates/datafusion"')(package)
    replace(f"{FOLDER}/Cargo.toml", '"pyo3-datafusion"', '"../../crates/datafusion"')(package)


EDITS = [
    own_code,
    own_dependency,
    own_features,
    own_instances,
    own_page,
    deleted_file,
    line_endings,
    moved_machinery,
]


def changed_lines(template: Template) -> None:
    template.edit(f"template/pyo3-datafusion/{ERROR}", lambda text: text + "\n// New.\n")


def other_files(template: Template) -> None:
    (template.folder / "template/pyo3-datafusion/src/new.rs").write_text("//! New.\n")
    (template.folder / f"template/pyo3-datafusion/{ERROR}").unlink()


def other_manifest(template: Template) -> None:
    path = "ci-template/templates/template/pyo3-datafusion/Cargo.toml"
    template.edit(path, lambda text: text + "\n# New.\n")


def other_tests(template: Template) -> None:
    for name in ["test_tables.py", "test_package.py"]:
        template.edit(
            f"template/pyo3-datafusion/conformance/{name}", lambda text: text + "\n\n# New.\n"
        )


def all_else(template: Template) -> None:
    template.edit("template/src/lib.rs", lambda text: "// New.\n" + text)
    template.edit("template/Cargo.toml", lambda text: text + "\n# New.\n")
    template.edit("template/README.md", lambda text: text.replace("## License", "## The license"))


STATES = [changed_lines, other_files, other_manifest, other_tests, all_else]


def of_template(path: str) -> str | None:
    """Where the template has a file of the package."""
    for folder, source in [
        (MACHINERY, "pyo3-datafusion/"),
        ("crates/datafusion/", "pyo3-datafusion/"),
    ]:
        if path.startswith(folder):
            return f"template/{source}{path.removeprefix(folder)}"
    return None


def adopted(package: Path, folder: Path, *edits: Callable[[Path], None]) -> Path:
    copy = folder / "mine"
    shutil.copytree(package, copy)
    for edit in edits:
        before = git(copy, "write-tree")
        edit(copy)
        git(copy, "add", "--all")
        assert git(copy, "write-tree") != before, edit
    git(copy, "commit", "--quiet", "--allow-empty", "--message", "Mine")
    return copy


@pytest.mark.parametrize("state", STATES)
def test_no_edit_is_lost(
    package: Path, states: Template, tmp_path: Path, state: Callable[[Template], None]
) -> None:
    """Of 40 edits, each in each state of the template; the usual run makes all of them at once."""
    state(states)
    new = files(states.folder, states.commit("Newer"))
    for number, edits in enumerate([[edit] for edit in EDITS] if EVERY_EDIT else [EDITS]):
        mine = adopted(package, tmp_path / str(number), *edits)
        ours = files(mine, "HEAD")
        done = update_in(states, mine / FOLDER)
        assert done.code == 0, done.said
        result, record = files(mine, "HEAD"), f"{FOLDER}/.template-answers.toml"
        assert result.keys() >= {path for path in ours if not of_template(path)}
        for path, text in result.items():
            if (source := of_template(path)) is not None:
                assert text == new[source], path
            elif path != record:
                assert text == ours[path], f"{path} is not as its owner left it"
        left = {path for path in new if path.startswith("template/pyo3-datafusion/")}
        assert left == {source for path in result if (source := of_template(path)) in left}
        assert result[record] != ours[record]
        changed = set(git(mine, "diff", "--name-only", "HEAD~1").splitlines())
        assert all(path == record or of_template(path) for path in changed), changed
        again = update_in(states, mine / FOLDER)
        assert again.code == 0 and "Nothing to do" in again.said, again.said


def test_says_what_it_did(package: Path, states: Template, tmp_path: Path) -> None:
    mine = adopted(package, tmp_path)
    nothing = update_in(states, mine / FOLDER)
    assert nothing.code == 0 and "Nothing to do" in nothing.said, nothing.said
    log = states.folder / "CHANGELOG.md"
    log.write_text(log.read_text().replace("## Unreleased\n", "## Unreleased\n\n- A gain.\n"))
    changed_lines(states)
    states.commit("Newer")
    before = git(mine, "rev-parse", "HEAD")
    dry = update_in(states, mine / FOLDER, "--dry-run")
    assert dry.code == 0 and "nothing was changed" in dry.said, dry.said
    assert git(mine, "rev-parse", "HEAD") == before and not git(mine, "status", "--porcelain")
    done = update_in(states, mine / FOLDER)
    assert done.code == 0, done.said
    for said in ["  - A gain.\n", "error.rs", f"{FOLDER}/pyo3-datafusion", "[4/4]"]:
        assert said in done.said, done.said


def test_owner_touched_the_machinery(package: Path, states: Template, tmp_path: Path) -> None:
    touch = replace(f"{MACHINERY}{ERROR}", "//!", "//! Mine.")
    mine = adopted(package, tmp_path, touch)
    states.edit(f"template/pyo3-datafusion/{ERROR}", lambda text: text.replace("//!", "//! New."))
    states.commit("Newer")
    done = update_in(states, mine / FOLDER)
    assert done.code == 1 and "both changed the same lines" in done.said, done.said
    theirs = re.search(r"`(git checkout --theirs [^`]*)`", done.said)
    assert theirs, done.said
    # In whatever folder it is typed.
    subprocess.run(theirs[1], shell=True, cwd=mine / FOLDER, check=True)
    git(mine, "-c", "core.editor=true", "cherry-pick", "--continue")
    assert "//! New." in (mine / MACHINERY / ERROR).read_text()


def test_major_moves(package: Path, states: Template, tmp_path: Path) -> None:
    """A new major takes the place of the one that the package has."""
    mine = adopted(package, tmp_path)
    machinery = states.folder / "template/pyo3-datafusion"
    old, new = machinery / "majors/55/Cargo.toml", machinery / "Cargo.toml"
    old.parent.mkdir()
    text = new.read_text()
    old.write_text(text.replace('name = "pyo3-datafusion"', 'name = "pyo3-datafusion-55"'))
    new.write_text(text.replace('version = "55.0.0"', 'version = "56.0.0"'))
    # Not rendered again.
    git(states.folder, "add", "--all")
    git(states.folder, "commit", "--quiet", "--message", "A major")
    digest = "hooks/versions.rhai"
    states.edit(digest, lambda text: text.replace('template_digest: "', 'template_digest: "0'))
    git(states.folder, "commit", "--quiet", "--all", "--message", "Its digest")
    done = update_in(states, mine / FOLDER, "--dry-run")
    assert done.code == 0, done.said
    assert "pyo3-datafusion/majors/55" in done.said, done.said
    assert 'package = "pyo3-datafusion-55"' in done.said, done.said
    old.unlink()
    git(states.folder, "commit", "--quiet", "--all", "--message", "None for 55")
    done = update_in(states, mine / FOLDER)
    assert done.code == 2, done.said
    assert "has nothing for DataFusion 55: move the package to DataFusion" in done.said, done.said


def test_refusals(package: Path, states: Template, tmp_path: Path) -> None:
    mine = adopted(package, tmp_path)
    first = git(states.folder, "rev-list", "--max-parents=0", "HEAD").split()[0]

    def refused(sentence: str, *arguments: str) -> None:
        before = git(mine, "rev-parse", "HEAD")
        done = update_in(states, mine / FOLDER, *arguments)
        assert done.code == 2 and sentence in done.said.splitlines()[-1], done.said
        assert git(mine, "rev-parse", "HEAD") == before

    refused("an adopted package has no answers: leave out -d", "-d", "ci=none")
    refused("has no template/pyo3-datafusion: choose another --to", "--to", first)
    (mine / FOLDER / "src/lib.rs").write_text("// Mine.\n")
    refused("commit or stash your changes first")
    git(mine, "checkout", "--quiet", ".")
    git(mine, "mv", MACHINERY, "elsewhere")
    git(mine, "commit", "--quiet", "--message", "Moved")
    refused("but there is no such folder: correct it")
