"""Versions of the template, and the day when there is a further major of DataFusion."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from conftest import XTASK, Template, git, project_of, update_in
from test_update import files, without_history

ADDRESS = "https://example.com/the/template"


def xtask(template: Template, *arguments: str) -> str:
    done = subprocess.run(
        [XTASK, *arguments, "--path", "."],
        cwd=template.folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.stdout if done.returncode == 0 else f"failed: {done.stdout}"


def test_release(states: Template, tmp_path: Path) -> None:
    git(states.folder, "remote", "remove", "origin")
    assert "set one with `git remote add origin ADDRESS`" in xtask(states, "release", "0.1.0")
    # No password gets into projects.
    git(states.folder, "remote", "add", "origin", ADDRESS.replace("//", "//me:secret@"))
    assert "type one such as 0.2.0" in xtask(states, "release", "next")
    said = xtask(states, "release", "0.1.0")
    assert "v0.1.0 is made. To publish it: git push --follow-tags" in said, said
    assert git(states.folder, "status", "--porcelain") == ""
    project = project_of(states, "v0.1.0", tmp_path / "mine")
    recorded = tomllib.loads((project / ".template-answers.toml").read_text())["template"]
    assert (recorded["version"], recorded["repository"]) == ("0.1.0", ADDRESS)

    assert "v0.1.0 is there already: type a later version" in xtask(states, "release", "0.0.9")
    assert 'has nothing under "## Unreleased"' in xtask(states, "release", "0.2.0")
    log = "## Unreleased\n"
    states.edit("CHANGELOG.md", lambda text: text.replace(log, f"{log}\n- A gain.\n", 1))
    assert "not committed: commit them first" in xtask(states, "release", "0.2.0")
    states.commit("A gain")
    assert "v0.2.0 is made" in xtask(states, "release", "0.2.0")
    assert (
        "## Unreleased\n\n## 0.2.0\n\n- A gain.\n" in (states.folder / "CHANGELOG.md").read_text()
    )
    # What was rendered into the golden files is what this version makes.
    golden = (states.folder / "xtask/tests/golden/default.txt").read_text()
    digest = re.search(
        r'template_digest: "(.*)"', (states.folder / "hooks/versions.rhai").read_text()
    )
    assert digest and f'digest = "{digest[1]}"' in golden
    done = update_in(states, project)
    assert done.code == 0 and "my-ext: v0.1.0 -> v0.2.0" in done.said, done.said
    assert "  - A gain.\n" in done.said


def test_a_further_major(states: Template, tmp_path: Path) -> None:
    """Backwards to the previous major, and forward to the present one, as it will be done for the
    next."""
    present = tomllib.loads((states.folder / "versions.toml").read_text())["datafusion"]["majors"]
    *_, previous, newest = present
    entries = re.compile(r"\[\[datafusion\.majors\]\]\nmajor = (\d+)\n(?:.+\n)*\n?")
    keep = lambda entry: "" if int(entry[1]) == newest["major"] else entry[0]
    states.edit("versions.toml", lambda text: entries.sub(keep, text))
    back = states.commit("The previous major")
    one = project_of(states, back, tmp_path / "one")
    several = project_of(states, back, tmp_path / "several", name="our-ext")
    for project in [one, several]:
        assert f"datafusion>={previous['major']}," in (project / "pyproject.toml").read_text()
        (project / "src/source.rs").write_text("//! Mine.\n")
        git(project, "commit", "--quiet", "--all", "--message", "Mine")
    assert f"the next major is {newest['major']}" in xtask(states, "major", "99")

    said = xtask(states, "major", str(newest["major"]))
    assert "docs/adding-a-major.md" in said, said
    found = tomllib.loads((states.folder / "versions.toml").read_text())["datafusion"]["majors"][-1]
    assert found.keys() == newest.keys()
    assert found["major"] == newest["major"]
    for crates in ["crates", "arrow"]:
        # The newest minor version, which may be later than the one that is chosen here.
        assert found[crates].split(".")[0] == newest[crates].split(".")[0]
    states.commit("The present major")

    majors = f"{previous['major']},{newest['major']}"
    for project, answer in [(one, str(newest["major"])), (several, majors)]:
        before = files(project, "HEAD")
        done = update_in(states, project, "-d", f"datafusion={answer}")
        assert done.code == 0, done.said
        fresh = project_of(
            states,
            "main",
            tmp_path / f"fresh {project.name}",
            f"datafusion={answer}",
            name=project.name,
        )
        expected = files(fresh, "HEAD") | {"src/source.rs": b"//! Mine.\n"}
        assert without_history(files(project, "HEAD")) == without_history(expected)
        changed = {
            path for path, text in files(project, "HEAD").items() if before.get(path) != text
        }
        yours = {path for path in changed if path.startswith("src/")}
        # It names the majors.
        assert yours == {"src/lib.rs"}, yours


@pytest.mark.parametrize(
    ("origin", "recorded"),
    [
        ("https://example.com/a/b.git", "https://example.com/a/b.git"),
        ("https://token@example.com/a/b", "https://example.com/a/b"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        ("ssh://git@example.com/a/b", "ssh://git@example.com/a/b"),
        ("../a/folder", ""),
    ],
)
def test_xtask_records_the_address(
    template: Template, tmp_path: Path, origin: str, recorded: str
) -> None:
    git(template.folder, "remote", "set-url", "origin", origin)
    said = xtask(template, "generate", "--silent", "--name=my-ext", f"--destination={tmp_path}")
    assert not said.startswith("failed"), said
    answers = tomllib.loads((tmp_path / "my-ext/.template-answers.toml").read_text())
    assert answers["template"]["repository"] == recorded
