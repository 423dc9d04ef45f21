"""Projects that take over a newer template: nothing that their owners did is lost."""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from conftest import ANSWERS, XTASK, Template, git, project_of, update_in

import ffi_to_crate
import update

# In the nightly run: each edit in each state with all answers. The usual run takes some together.
EVERY_EDIT = "EVERY_EDIT" in os.environ
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="puts shell scripts on the PATH")


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(project: Path) -> None:
        file = project / path
        if file.exists():
            file.write_text(file.read_text("utf-8").replace(old, new), "utf-8", newline="")

    return edit


def own_source(project: Path) -> None:
    for path in ["src/source.rs", "src/scalar_udf.rs"]:
        if (project / path).exists():
            (project / path).write_text("//! Mine.\n\npub fn mine() {}\n", "utf-8", newline="")


def renamed_class(project: Path) -> None:
    for file in [*project.glob("src/*.rs"), *project.glob("*/**/*.py*")]:
        text = file.read_text("utf-8")
        for old, new in [("Readings", "Trips"), ("Fahrenheit", "Kelvin")]:
            text = text.replace(old, new)
        file.write_text(text, "utf-8", newline="")


def deleted_tests(project: Path) -> None:
    for file in project.glob("tests/test_*.py"):
        file.unlink()


def own_job(project: Path) -> None:
    for path in [".github/workflows/ci.yml", ".gitlab-ci.yml"]:
        if (project / path).exists():
            with (project / path).open("a", encoding="utf-8", newline="") as file:
                file.write("\n  mine:\n    runs-on: ubuntu-24.04\n    steps: []\n")
    (project / "mine.yml").write_text("mine\n")


def own_readme(project: Path) -> None:
    (project / "README.md").write_text("# Mine\n\nAll of it.\n", "utf-8", newline="")


def touched_machinery(project: Path) -> None:
    old = project / "src/ffi/error.rs"
    file = old if old.exists() else project / "pyo3-datafusion/src/boundary/error.rs"
    file.write_text(file.read_text("utf-8") + "\n// Mine.\n", "utf-8", newline="")


def moved_file(project: Path) -> None:
    (project / "book").mkdir()
    (project / "docs/publishing.md").rename(project / "book/publishing.md")


def line_endings(project: Path) -> None:
    for path in ["README.md", "noxfile.py", "src/lib.rs"]:
        text = (project / path).read_text("utf-8")
        (project / path).write_text(text, "utf-8", newline="\r\n")


EDITS = [
    own_source,
    renamed_class,
    deleted_tests,
    own_job,
    own_readme,
    touched_machinery,
    moved_file,
    line_endings,
]


def files(folder: Path, commit: str) -> dict[str, bytes]:
    """What a commit holds, by path."""
    found = {}
    for line in git(folder, "ls-tree", "-r", commit).splitlines():
        info, path = line.split("\t")
        blob = subprocess.run(
            ["git", "cat-file", "blob", info.split()[2]],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        found[path] = blob.stdout
    return found


def without_history(found: dict[str, bytes]) -> dict[str, bytes]:
    return {path: text for path, text in found.items() if path not in update.HISTORY}


def lines(content: bytes) -> list[str]:
    return content.decode().replace("\r\n", "\n").splitlines()


def changes(base: list[str], side: list[str]) -> list[tuple[int, int, list[str]]]:
    """Ranges of `base` that are different in `side`, and what is there."""
    matcher = difflib.SequenceMatcher(None, base, side, autojunk=False)
    return [(i, j, side[k:m]) for what, i, j, k, m in matcher.get_opcodes() if what != "equal"]


def touch(ours: list[tuple[int, int, list[str]]], theirs: list[tuple[int, int, list[str]]]) -> bool:
    # Git takes lines that stand next to each other for the same place.
    return any(i <= n and m <= j for i, j, _ in ours for m, n, _ in theirs)


def check_merge(
    base: dict[str, bytes],
    ours: dict[str, bytes],
    theirs: dict[str, bytes],
    result: dict[str, bytes],
    conflicts: set[str],
    moved: dict[str, str],
) -> None:
    """Compares the result of a merge with what each side had done, without asking git."""
    for path in sorted(base.keys() | ours.keys() | theirs.keys()):
        here = moved.get(path, path)
        old, mine, new, now = base.get(path), ours.get(here), theirs.get(path), result.get(here)
        if path in moved.values():
            continue
        if mine is None and old is not None:
            assert now is None, f"{path} came back"
        elif old is not None and mine is not None and lines(mine) == lines(old):
            # What the owner left alone is the template's.
            assert (now is None) == (new is None), path
            assert now is None or new is None or lines(now) == lines(new), path
        elif new == old:
            assert now == mine, f"{path} is not as its owner left it"
        elif mine is None:
            assert now == new, path
        elif new is None:
            assert here in conflicts and now == mine, path
        else:
            mine_, new_ = (
                changes(lines(old or b""), lines(mine)),
                changes(lines(old or b""), lines(new)),
            )
            if here in conflicts:
                assert touch(mine_, new_), f"{path}: a conflict without a reason"
            assert now is not None
            left = lines(now)
            # Where both changed a text of the owner's, the owner's stays.
            added_by = [*mine_] if path in update.TEXTS and touch(mine_, new_) else [*mine_, *new_]
            for _, _, added in added_by:
                for line in added:
                    assert line in left, f"{path} has lost {line!r}"
        if mine is not None and b"\r\n" in mine and now is not None:
            assert b"\n" not in now.replace(b"\r\n", b"") or here in conflicts, path


def with_new_names(
    old: dict[str, bytes], mine: dict[str, bytes], new: dict[str, bytes]
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Both with the names that an update writes, if it is one to the crate `pyo3-datafusion`."""
    if "src/ffi.rs" not in old or "src/ffi.rs" in new:
        return old, mine
    context = ffi_to_crate.Project("my-ext", [55], new["src/lib.rs"].decode())

    def renamed(side: dict[str, bytes]) -> dict[str, bytes]:
        changed = dict(side)
        for path, text in side.items():
            if path.endswith(".rs") and not path.startswith("src/ffi"):
                rewrite = lambda text, path=path: ffi_to_crate.rewrite(path, text, context)
                changed[path] = update.with_lf(text.decode(), rewrite).encode()
        return changed

    old, mine = renamed(old), renamed(mine)
    manifests = [side["Cargo.toml"].decode() for side in (mine, old, new)]
    base, own = ffi_to_crate.dependencies(*manifests, "")
    # Git takes the owner's change of the machinery to where the template has moved the file.
    for side in (old, mine):
        side["pyo3-datafusion/src/boundary/error.rs"] = side.pop("src/ffi/error.rs")
    return old | {"Cargo.toml": base.encode()}, mine | {"Cargo.toml": own.encode()}


def check_parses(project: Path) -> None:
    for file in project.rglob("*.py*"):
        compile(file.read_text("utf-8"), str(file), "exec")
    for file in project.rglob("*.toml"):
        tomllib.loads(file.read_text("utf-8"))
    # With all modules that it has.
    rustfmt = ["rustfmt", "--edition=2024", "--emit=stdout", "src/lib.rs"]
    subprocess.run(rustfmt, cwd=project, check=True, capture_output=True)


def update_here(template: Template, project: Path, *arguments: str) -> int:
    """Updates in this process, where renderings are kept."""
    given = {
        "template": str(template.folder),
        "to": None,
        "from_": None,
        "define": [],
        "dry_run": False,
    }
    parsed = argparse.Namespace(**given | dict(zip(arguments[::2], arguments[1::2], strict=True)))
    before = Path.cwd()
    os.chdir(project)
    update.TEMPLATE.folder = template.folder
    try:
        with TemporaryDirectory() as scratch:
            return update.update(parsed, Path(scratch))
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def newer(template: Template) -> str:
    """The present, with a file that was renamed, one that was added and one that was deleted, and
    lines that were changed."""
    (template.folder / "template/SECURITY.md").rename(template.folder / "template/SAFETY.md")
    (template.folder / "template/docs/further.md").write_text("# Further\n")
    (template.folder / "template/.cargo/config.toml").unlink()
    template.edit(
        "template/pyo3-datafusion/src/boundary/error.rs", lambda text: text + "\n// New.\n"
    )
    template.edit("template/README.md", lambda text: text.replace("## License", "## The license"))
    template.edit("template/AGENTS.md", lambda text: text.replace("Contributing", "Take part"))
    template.edit("template/docs/publishing.md", lambda text: text + "\nThat is all.\n")
    template.edit("template/src/lib.rs", lambda text: "// New.\n" + text)
    template.edit("template/tests/test_table_provider.py", lambda text: text + "\n\n# New.\n")
    return template.commit("Newer")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("answers", "state"),
    [
        (answers, state)
        for answers in ANSWERS
        for state in ["a third back", "half back", "the present"]
        if EVERY_EDIT or state == "half back" or (answers == "default" and state == "the present")
    ],
)
def test_no_edit_is_lost(
    template: Template, newer: str, tmp_path: Path, state: str, answers: str
) -> None:
    commits = dict(zip(["a third back", "half back"], template.history(), strict=True))
    commit = commits.get(state, template.present)
    chosen = ANSWERS[answers]
    start = project_of(template, commit, tmp_path / "start", *chosen)
    base, theirs = files(start, "HEAD"), None
    each = EDITS if EVERY_EDIT or answers == "default" else []
    for edit in [None, *each, "all"]:
        project = tmp_path / "project"
        shutil.copytree(start, project)
        wanted = EDITS if edit == "all" else [edit] if edit else []
        for change in wanted:
            change(project)
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--allow-empty", "--message", "Mine")
        ours, head = files(project, "HEAD"), git(project, "rev-parse", "HEAD")
        code = update_here(template, project, "from_", commit)
        unmerged = {
            line.split("\t")[1] for line in git(project, "ls-files", "--unmerged").splitlines()
        }
        assert code == (1 if unmerged else 0)
        if edit is None:
            assert not unmerged
            theirs = files(project, "HEAD")
        else:
            git(project, "add", "--all")
            result = files(project, git(project, "write-tree"))
            moved = {"docs/publishing.md": "book/publishing.md"} if moved_file in wanted else {}
            assert theirs is not None
            sides = with_new_names(base, ours, theirs)
            check_merge(*sides, theirs, result, unmerged, moved)
            if not unmerged:
                check_parses(project)
        if unmerged:
            git(project, "cherry-pick", "--abort")
            assert git(project, "rev-parse", "HEAD") == head
        assert git(project, "status", "--porcelain") == ""
        shutil.rmtree(project)
    # Without edits, it is what the template makes.
    fresh = project_of(template, newer, tmp_path / "fresh", *chosen)
    assert theirs == files(fresh, "HEAD")


def run_commands(project: Path, said: str) -> None:
    """Runs the commands that are offered, as they are printed."""
    commands = re.findall(r"`(git (?:checkout|rm)[^`]*)`", said)
    assert commands and said.count("`git cherry-pick --continue`") == 1, said
    for command in [*commands, "git cherry-pick --continue"]:
        env = {**os.environ, "GIT_EDITOR": "true"}
        subprocess.run(command, shell=True, cwd=project, env=env, check=True)


def test_says_what_it_did(states: Template, tmp_path: Path) -> None:
    git(states.folder, "tag", "v0.1.0")
    project = project_of(states, "v0.1.0", tmp_path / "mine")
    states.edit(
        "versions.toml", lambda text: text.replace('version = "0.1.0"', 'version = "0.2.0"')
    )
    log = states.folder / "CHANGELOG.md"
    log.write_text(
        log.read_text().replace("## Unreleased\n", "## Unreleased\n\n## 0.2.0\n\n- A gain.\n")
    )
    states.edit("template/SECURITY.md", lambda text: text.replace("Security", "Safety"))
    states.commit("Newer", "v0.2.0")
    states.edit("template/SECURITY.md", lambda text: text.replace("Safety", "Unreleased"))
    states.commit("Not released")

    before = git(project, "rev-parse", "HEAD"), git(project, "count-objects")
    dry = update_in(states, project, "--dry-run")
    assert dry.code == 0, dry.said
    assert "nothing was changed" in dry.said
    assert (git(project, "rev-parse", "HEAD"), git(project, "count-objects")) == before
    assert git(project, "status", "--porcelain") == ""

    done = update_in(states, project)
    assert done.code == 0, done.said
    for said in [
        "my-ext: v0.1.0 -> v0.2.0",
        "  - A gain.\n",
        " SECURITY.md ",
        "uv run pytest",
        "[4/4]",
    ]:
        assert said in done.said, done.said
    # The dry run said the same.
    assert dry.said.split("\nThis was")[0] == done.said.split("\nCommitted")[0]
    assert (project / "SECURITY.md").read_text().startswith("# Safety")
    assert 'version = "0.2.0"' in (project / ".template-answers.toml").read_text()
    assert (
        git(project, "log", "--format=%s").splitlines()[0]
        == "Update from the template: v0.1.0 to v0.2.0"
    )

    again = update_in(states, project)
    assert again.code == 0 and "Nothing to do" in again.said, again.said
    # From what is not released, there is no way back to the newest tag.
    assert update_in(states, project, "--to", "main").code == 0
    assert "Nothing to do" in update_in(states, project).said


def test_conflicts_say_what_to_do(states: Template, tmp_path: Path) -> None:
    project = project_of(states, states.present, tmp_path / "mine")
    replace("SECURITY.md", "# Security", "# Mine")(project)
    machinery = "pyo3-datafusion/src/boundary/error.rs"
    replace(machinery, "//!", "//! Mine.")(project)
    replace("AGENTS.md", "You need", "Mine: you need")(project)
    (project / "tests/test_table_provider.py").unlink()
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    states.edit("template/SECURITY.md", lambda text: text.replace("# Security", "# Theirs"))
    states.edit(f"template/{machinery}", lambda text: text.replace("//!", "//! Theirs."))
    states.edit("template/tests/test_table_provider.py", lambda text: text + "\n# Theirs.\n")
    (states.folder / "template/AGENTS.md").unlink()
    states.commit("Newer")

    done = update_in(states, project)
    assert done.code == 1, done.said
    for said in [
        "SECURITY.md: both changed the same lines.",
        "`git checkout --ours SECURITY.md && git add SECURITY.md`",
        f"{machinery}: both changed the same lines.",
        f"`git checkout --theirs {machinery} && git add {machinery}`",
        "`git rm AGENTS.md`",
        "They stay deleted:\n  tests/test_table_provider.py\n",
        "`git cherry-pick --continue`",
    ]:
        assert said in done.said, done.said
    # With the lines that both have changed.
    text = (project / "SECURITY.md").read_text()
    assert "<<<<<<< ours\n# Mine\n||||||| base\n# Security\n=======\n# Theirs\n>>>>>>>" in text
    # What it says to do works, and only then is the new version recorded.
    assert "digest" not in git(project, "show", "HEAD", "--", ".template-answers.toml")
    run_commands(project, done.said)
    assert (project / "SECURITY.md").read_text().startswith("# Mine")
    assert "Theirs." in (project / machinery).read_text()
    assert "Nothing to do" in update_in(states, project).said


def test_answers_change(template: Template, tmp_path: Path) -> None:
    project = project_of(template, template.present, tmp_path / "mine")
    to = ["--to", template.present]
    done = update_in(
        template, project, *to, "-d", "extension_points=+scalar_udf", "-d", "datafusion=54,55"
    )
    assert done.code == 0, done.said
    assert "extension_points: table_provider -> table_provider,scalar_udf" in done.said
    wanted = ["extension_points=table_provider,scalar_udf", "datafusion=54,55"]
    fresh = project_of(template, template.present, tmp_path / "fresh", *wanted)
    # An entry of the past stays as it is.
    assert "for `datafusion` 55." in (project / "CHANGELOG.md").read_text()
    assert without_history(files(project, "HEAD")) == without_history(files(fresh, "HEAD"))
    # A codec brings another, and says so.
    done = update_in(
        template,
        project,
        *to,
        "-d",
        "extension_points=-scalar_udf,+query_planner",
        "-d",
        "datafusion=55",
        "-d",
        "spark=true",
    )
    assert "spark: false -> true" in done.said
    assert "spark = true\n" in (project / ".template-answers.toml").read_text()
    assert (project / "tests/test_spark.py").exists()
    assert (
        "Adding logical_extension_codec, which others of your extension points need." in done.said
    )
    assert not (project / "src/scalar_udf.rs").exists()
    assert (project / "src/query_planner.rs").exists()


def test_lists_merge(template: Template, tmp_path: Path) -> None:
    """A point comes into a project whose stub has another name."""
    project = project_of(template, template.present, tmp_path / "mine")
    renamed_class(project)
    git(project, "mv", "src/readings.rs", "src/trips.rs")
    for path in ["src/lib.rs", "src/source.rs", "src/table_provider.rs"]:
        replace(path, "readings", "trips")(project)
    replace("python/my_ext/__init__.py", '"readings"', '"trips"')(project)
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    point = "extension_points=+scalar_udf"
    done = update_in(template, project, "--to", template.present, "-d", point)
    assert done.code == 0, done.said
    check_parses(project)
    lib = (project / "src/lib.rs").read_text()
    assert "mod scalar_udf;\nmod trips;\n" in lib or "mod trips;\nmod scalar_udf;\n" in lib, lib
    init = (project / "python/my_ext/__init__.py").read_text()
    for line in [
        "    Fahrenheit,",
        "    Trips,",
        '    "Fahrenheit",',
        '    "Trips",',
        '    ctx.register_table("trips", Trips())',
        "    ctx.register_udf(datafusion.udf(Fahrenheit()))",
    ]:
        assert init.splitlines().count(line) == 1, init
    assert "eadings" not in lib + init


@pytest.mark.parametrize(
    ("ours", "base", "theirs", "both"),
    [
        ("B\n", "b\n", "a\nb\n", "a\nB\n"),
        ("b\nc\n", "b\n", "B\n", "B\nc\n"),
        ("", "b\n", "b\nc\n", "c\n"),
        ("B\r\n", "b\r\n", "b\r\nc\r\n", "B\r\nc\r\n"),
        # Both add, or both change, or it is no list.
        ("a\n", "", "b\n", None),
        ("B\n", "b\n", "a\nBB\n", None),
        ("B\n", "b\n", "b\na\nb\n", None),
        ("B\n", "b\nc\nd\ne\n", "a\nb\nc\nd\ne\n", None),
    ],
)
def test_keeps_both(ours: str, base: str, theirs: str, both: str | None) -> None:
    ends = "\r\n" if "\r" in base else "\n"
    sides = [("<", " o"), ("|", " b"), ("=", ""), (">", " t")]
    marks = [f"{mark * 40}{label}{ends}" for mark, label in sides]
    text = f"x\n{marks[0]}{ours}{marks[1]}{base}{marks[2]}{theirs}{marks[3]}y\n"
    expected = text if both is None else f"x\n{both}y\n"
    assert update.CONFLICT.sub(update.keep_both, text) == expected


OWN_CRATES = """\
[dependencies]
arrow-csv = { version = "59.2", default-features = false }
log = "0.4"
mine = { path = "mine" }
"""


def test_a_new_older_major_gets_the_owners_crates(template: Template, tmp_path: Path) -> None:
    project = project_of(template, template.present, tmp_path / "mine")
    features = 'arrow = { version = "59.2", default-features = false'
    replace("Cargo.toml", "[dependencies]\n", OWN_CRATES)(project)
    replace("Cargo.toml", features, f'{features}, features = ["csv"]')(project)
    with (project / "Cargo.toml").open("a") as file:
        file.write("\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n")
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    done = update_in(template, project, "--to", template.present, "-d", "datafusion=54,55")
    assert done.code == 0, done.said
    path = "majors/54/Cargo.toml"
    assert f"Added your own crates to {path}: arrow-csv, log, mine, arrow." in done.said, done.said
    assert "One that uses arrow or DataFusion needs its version for 54 there." in done.said
    assert "Copy what you need there from your Cargo.toml: [target]." in done.said
    answer = "datafusion=54,55"
    fresh = project_of(template, template.present, tmp_path / "fresh", answer)
    versions = tomllib.loads((template.folder / "versions.toml").read_text("utf-8"))
    arrow = versions["datafusion"]["majors"][0]["arrow"]
    csv = {"version": arrow, "default-features": False}
    expected = tomllib.loads((fresh / path).read_text())
    expected["dependencies"] |= {
        "arrow": csv | {"features": ["csv"]},
        "arrow-csv": csv,
        "log": {"version": "0.4"},
        "mine": {"path": "../../mine"},
    }
    assert tomllib.loads((project / path).read_text()) == expected
    # The next update leaves them alone.
    done = update_in(template, project, "--to", template.present, "-d", "ci=none")
    assert done.code == 0 and "your own crates" not in done.said, done.said
    assert tomllib.loads((project / path).read_text()) == expected


def test_renamed_table(template: Template, tmp_path: Path) -> None:
    """An update to a project brings no name of the example back."""
    # From before `register_all` asked for a table.
    asks = ["log", "--format=%H", "--reverse", '-Stable_exist("readings")', "--", "template"]
    commit = git(template.folder, *asks).splitlines()[0] + "^"
    project = project_of(template, commit, tmp_path / "mine")
    init = "python/my_ext/__init__.py"
    replace(init, '"readings"', '"cities"')(project)
    assert 'register_table("cities"' in (project / init).read_text()
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    commit = git(template.folder, "rev-parse", commit)
    done = update_in(template, project, "--from", commit, "--to", template.present)
    assert done.code == 0, done.said
    text = (project / init).read_text()
    assert 'register_table("cities"' in text and '"readings"' not in text, text


def test_says_what_is_new(states: Template, tmp_path: Path) -> None:
    """Without git's leave to change anything, and without rendering."""
    git(states.folder, "tag", "v0.1.0")
    project = project_of(states, "v0.1.0", tmp_path / "mine")
    shutil.rmtree(project / ".git")
    done = update_in(states, project, "--check")
    assert (done.code, done.said) == (0, "The project has all that the template has at v0.1.0.\n")
    # What projects are not rendered from brings them nothing.
    states.edit("docs/index.md", lambda text: text + "\nMore.\n")
    states.commit("A page", "v0.1.1")
    done = update_in(states, project, "--check")
    assert (done.code, done.said) == (0, "The project has all that the template has at v0.1.1.\n")
    states.edit("CHANGELOG.md", lambda text: f"{text}\n- A gain.\n")
    states.edit(
        "ci-template/templates/repository/cargo-generate.toml",
        lambda text: text.replace('"function_library",\n', '"function_library",\n    "news",\n'),
    )
    states.commit("Newer", "v0.2.0")
    done = update_in(states, project, "--check")
    assert done.code == 0
    lines = [
        "The template has v0.2.0, and this project is from v0.1.0.",
        "New choices for extension_points: news.",
        "",
        "What the template's changelog says:",
        "",
        "  - A gain.",
        "",
        "To take it over: `uvx nox --session update`. With `-- --dry-run`, it changes nothing.",
    ]
    assert done.said.splitlines() == lines
    assert not (project / ".git").exists()


def test_questions_change(states: Template, tmp_path: Path) -> None:
    project = project_of(states, states.present, tmp_path / "mine", "ci=both")
    source = "ci-template/templates/repository/cargo-generate.toml"
    # One is new, one has another name, and one has an answer less.
    states.edit(
        source,
        lambda text: (
            text.replace("[placeholders.ci]", "[placeholders.service]").replace('"both", ', "")
            + '\n[placeholders.color]\ntype = "string"\ndefault = "red"\n'
            + 'prompt = "Color: of the logo"\n'
        ),
    )
    states.edit(
        "hooks/pre.rhai",
        lambda text: text.replace('variable::get("ci")', 'variable::get("service")'),
    )
    for file in (states.folder / "template").rglob("*"):
        if (
            file.is_file()
            and (text := file.read_text("utf-8"))
            and "ci ==" in text.replace("ci !=", "ci ==")
        ):
            file.write_text(
                text.replace("ci ==", "service ==").replace("ci !=", "service !="), newline=""
            )
    states.edit(
        "template/.template-answers.toml",
        lambda text: text.replace('ci = "{{ci}}"', 'service = "{{service}}"\ncolor = "{{color}}"'),
    )
    states.commit("Newer")
    done = update_in(states, project)
    assert done.code == 0, done.said
    assert "A new question, color: took its default, red." in done.said
    assert "Color: of the logo. To answer otherwise: -d color=…" in done.said
    assert "A new question, service: took its default, github." in done.said
    assert "No longer asked: ci, which was both." in done.said
    assert 'color = "red"' in (project / ".template-answers.toml").read_text()

    states.edit(
        source,
        lambda text: text.replace(
            'choices = ["Apache-2.0", "MIT", "MIT OR Apache-2.0"]', 'choices = ["MIT"]'
        ).replace('default = "Apache-2.0"', 'default = "MIT"'),
    )
    states.commit("Stricter")
    done = update_in(states, project)
    assert (done.code, done.said.count("\n")) == (2, 2), done.said
    assert (
        'error: "Apache-2.0" is not among the choices for license, which are MIT: '
        "choose with -d license=MIT." in done.said
    )
    done = update_in(states, project, "-d", "license=MIT")
    assert done.code == 0, done.said


def test_refusals_change_nothing(template: Template, tmp_path: Path) -> None:
    project = project_of(template, template.present, tmp_path / "mine")

    def refused(sentence: str, *arguments: str) -> None:
        before = git(project, "status", "--porcelain", "--ignored")
        done = update_in(template, project, *arguments)
        last = done.said.splitlines()[-1]
        assert done.code == 2 and sentence in last and last.startswith("error: "), done.said
        assert "Traceback" not in done.said
        assert git(project, "status", "--porcelain", "--ignored") == before

    refused("answers no question: they are description, ", "-d", "points=scalar_udf")
    refused(
        '"scalar" is not among the choices for extension_points', "-d", "extension_points=+scalar"
    )
    refused(
        '"maybe" is not among the choices for spark, which are false, true', "-d", "spark=maybe"
    )
    refused(
        "-d extension_points=-table_provider takes out the last of extension_points",
        "-d",
        "extension_points=-table_provider",
    )
    refused("give all one, or none", "-d", "extension_points=+scalar_udf,insert")
    refused("is not a valid repository", "-d", "repository=here")
    refused("the template has no version v99", "--to", "v99")
    refused("the template has no version v98", "--from", "v98")
    # Points that the newest major of a project does not have.
    refused(
        "query_planner needs DataFusion 55",
        "--to",
        template.present,
        "-d",
        "datafusion=54",
        "-d",
        "extension_points=+query_planner",
    )

    (project / "mine.txt").write_text("not known to git")
    (project / "src/scalar_udf.rs").write_text("in the way")
    refused(
        "src/scalar_udf.rs would be overwritten",
        "--to",
        template.present,
        "-d",
        "extension_points=+scalar_udf",
    )
    (project / "src/scalar_udf.rs").unlink()
    (project / "README.md").write_text("not committed")
    refused("commit or stash your changes first, in README.md")
    git(project, "checkout", "--quiet", "README.md")

    replace(".template-answers.toml", 'digest = "', 'digest = "0')(project)
    git(project, "commit", "--quiet", "--all", "--message", "Another digest")
    refused("give the address of the template that the project is from, or its commit with --from")
    old = project / ".template-answers.toml"
    old.write_text("".join(line for line in old.open() if not line.startswith("digest")))
    git(project, "commit", "--quiet", "--all", "--message", "No digest")
    refused("says v0.1.0, which")
    git(project, "update-ref", "-d", "HEAD")
    refused("has no commit")
    shutil.rmtree(project / ".git")
    done = update_in(template, project)
    assert done.code == 2 and "is not in a git repository" in done.said


def test_project_in_a_folder_of_a_repository(
    template: Template, newer: str, tmp_path: Path
) -> None:
    made = project_of(template, template.present, tmp_path / "mine")
    repository = tmp_path / "repository"
    shutil.copytree(made, repository / "python/my-ext", ignore=shutil.ignore_patterns(".git"))
    (repository / "README.md").write_text("of the whole\n")
    git(repository, "init", "--quiet")
    git(repository, "add", "--all", "--force")
    git(repository, "commit", "--quiet", "--message", "All")
    done = update_in(template, repository / "python/my-ext")
    assert done.code == 0, done.said
    assert " SAFETY.md " in done.said.replace("=>", " ").replace("{SECURITY.md", ""), done.said
    assert (repository / "README.md").read_text() == "of the whole\n"
    fresh = project_of(template, newer, tmp_path / "fresh")
    expected = {f"python/my-ext/{path}": text for path, text in files(fresh, "HEAD").items()}
    assert files(repository, "HEAD") == expected | {"README.md": b"of the whole\n"}

    # With a conflict.
    git(repository, "reset", "--quiet", "--hard", "HEAD~1")
    project = repository / "python/my-ext"
    page = "python/my-ext/docs/publishing.md"
    with (repository / page).open("a", encoding="utf-8", newline="") as file:
        file.write("\nHelp.\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Mine")
    done = update_in(template, project)
    assert done.code == 1, done.said
    assert git(repository, "diff", "--name-only", "--diff-filter=U") == page
    run_commands(project, done.said)
    now = expected | {"README.md": b"of the whole\n"}
    mine = {page: (repository / page).read_bytes()}
    assert files(repository, "HEAD") == now | mine
    assert b"Help" in mine[page]


def made_mine(project: Path) -> None:
    """Do what *Make it yours* says about the texts."""
    (project / "README.md").write_text("# Mine\n\nAll of it.\n", "utf-8", newline="")
    guide = (project / "AGENTS.md").read_text("utf-8")
    before, _, rest = guide.partition("## Make it yours\n")
    rest = rest[rest.index("## Keep it up to date") :]
    (project / "AGENTS.md").write_text(before + rest, "utf-8", newline="")


def test_texts_are_the_owners(states: Template, tmp_path: Path) -> None:
    """No conflict, whatever the owner wrote, and what they left alone is the template's."""
    project = project_of(states, states.present, tmp_path / "mine")
    made_mine(project)
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    readme, guide = (project / "README.md").read_text(), (project / "AGENTS.md").read_text()
    states.edit("template/README.md", lambda text: text.replace("## Try it", "## Try it out"))
    states.edit(
        "template/AGENTS.md", lambda text: text.replace("Put your own rows there", "Change")
    )
    states.edit("template/AGENTS.md", lambda text: text.replace("# Contributing", "# Help"))
    states.commit("Newer")
    done = update_in(states, project, "-d", "datafusion=54,55", "-d", "extension_points=+insert")
    assert done.code == 0, done.said
    assert (project / "README.md").read_text() == readme
    guide = guide.replace("# Contributing", "# Help", 1)
    now = (project / "AGENTS.md").read_text()
    # The template has added to what the owner left, and changed how long a build takes.
    left = [line for line in guide.splitlines() if line not in now]
    assert left == ["takes two to four minutes, and later builds take seconds."]
    assert "**One wheel, several majors.**" in now
    assert "## Make it yours" not in now
    assert "README.md: where you and the template changed the same lines, yours stay." in done.said
    # What it says to do shows the template's text.
    (command,) = re.findall("`(git show .*:./README.md)`", done.said)
    assert "## Try it out" in git(project, *command.split()[1:])


def test_versions_in_the_readme_follow(template: Template, tmp_path: Path) -> None:
    """An owner may keep the section with the versions in a README of their own."""
    project = project_of(template, template.present, tmp_path / "mine")
    text = (project / "README.md").read_text("utf-8")
    versions = text[text.index("## Versions") : text.index("## Limitations")]
    (project / "README.md").write_text(f"# Mine\n\nAll of it.\n\n{versions}", "utf-8", newline="")
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    done = update_in(template, project, "--to", template.present, "-d", "datafusion=54,55")
    assert done.code == 0, done.said
    now = versions.replace("`datafusion` 55", "`datafusion` 54 to 55")
    assert (project / "README.md").read_text(
        "utf-8"
    ).strip() == f"# Mine\n\nAll of it.\n\n{now}".strip()


def write_program(path: Path, script: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    return path


@ON_LINUX
def test_without_cargo_generate(
    template: Template, newer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template's own generator is built, once; here, it is there already."""
    project = project_of(template, template.present, tmp_path / "mine")
    cargo = write_program(
        tmp_path / "programs/cargo",
        f'for it; do case "$it" in --root=*) mkdir -p "${{it#*=}}/bin"\n'
        f'ln -s "{XTASK}" "${{it#*=}}/bin/xtask";; esac; done',
    )
    for program in ["git", "rustfmt", "mkdir", "ln"]:
        (cargo.parent / program).symlink_to(str(shutil.which(program)))
    monkeypatch.setenv("PATH", str(cargo.parent))
    done = update_in(template, project)
    assert done.code == 0, done.said
    assert "There is no cargo-generate: building the template's own" in done.said
    assert git(project, "status", "--porcelain") == ""
    # It indents what hooks print, as every cargo-generate from 0.24 does.
    done = update_in(template, project, "--to", newer, "-d", "extension_points=+query_planner")
    assert done.code == 0, done.said
    assert "There is no cargo-generate" not in done.said
    assert "\nAdding logical_extension_codec, which others of your" in done.said, done.said
    shutil.rmtree(project / "target")
    cargo.unlink()
    done = update_in(template, project, "-d", "ci=none")
    assert done.code == 2 and "there is no cargo: install Rust" in done.said, done.said


@ON_LINUX
def test_older_git(
    template: Template, newer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git 2.38 has `merge-tree --write-tree`, but no `--merge-base`."""
    project = project_of(template, template.present, tmp_path / "mine")
    script = (
        '[[ " $* " == *" --version "* ]] && echo "git version {}" && exit\n'
        '[[ " $* " == *" --merge-base"* ]] && exit 129\n'
        f'exec "{shutil.which("git")}" "$@"'
    )
    path = os.environ["PATH"]
    for version, code in [("2.37.4", 2), ("2.38.0", 0)]:
        program = write_program(tmp_path / version / "git", script.replace("{}", version))
        monkeypatch.setenv("PATH", f"{program.parent}:{path}")
        done = update_in(template, project)
        assert done.code == code, done.said
        assert ("error: git is 2.37.4, but 2.38 is needed." in done.said) == (code == 2)


@ON_LINUX
@pytest.mark.parametrize("step", [2, 3])
def test_killed_in_rendering(template: Template, newer: str, tmp_path: Path, step: int) -> None:
    project = project_of(template, template.present, tmp_path / "mine")
    before = files(project, "HEAD")
    process = subprocess.Popen(
        [sys.executable, template.folder / "update.py", f"--template={template.folder}"],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith(f"[{step}/4]"):
            break
    time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert git(project, "status", "--porcelain", "--ignored") == ""
    assert files(project, "HEAD") == before
    assert update_in(template, project).code == 0


@ON_LINUX
def test_killed_in_merging(
    template: Template, newer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = project_of(template, template.present, tmp_path / "start")
    real, path = shutil.which("git"), os.environ["PATH"]
    seen = set()
    for milliseconds in range(1, 20, 1 if EVERY_EDIT else 6):
        project = tmp_path / "mine"
        shutil.copytree(start, project)
        head = git(project, "rev-parse", "HEAD")
        killed = write_program(
            tmp_path / "programs/git",
            f'kill="timeout -s KILL 0.{milliseconds:03}"\n'
            f'[[ " $* " == *" cherry-pick "* ]] || kill=\nexec $kill "{real}" "$@"',
        )
        monkeypatch.setenv("PATH", f"{killed.parent}:{path}")
        done = update_in(template, project)
        monkeypatch.setenv("PATH", path)
        seen.add(done.code)
        assert done.code in (0, 2), done.said
        assert "Traceback" not in done.said
        # What git leaves behind when it is killed; it says itself to remove it.
        for lock in (project / ".git").rglob("*.lock"):
            lock.unlink()
        if git(project, "rev-parse", "HEAD") == head:
            git(project, "reset", "--quiet", "--hard", "HEAD")
            git(project, "clean", "--quiet", "--force", "-d")
            assert files(project, git(project, "write-tree")) == files(start, "HEAD")
            assert update_in(template, project).code == 0
        assert git(project, "status", "--porcelain") == ""
        shutil.rmtree(project)
    assert 2 in seen, "git was never killed"
