"""A template with several states, and projects that were generated from them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

# The repository, and the program of its commands.
ROOT, XTASK = Path(os.environ["TEMPLATE"]), os.environ["XTASK"]
sys.path.insert(0, str(ROOT))

import update

# That every major of DataFusion has.
EVERY_POINT = (
    "insert,table_provider_factory,table_function,scalar_udf,aggregate_udf,window_udf,"
    "catalog_provider_list,extension_options,physical_optimizer_rule"
)
ANSWERS = {
    "default": [],
    "functions": ["extension_points=scalar_udf,aggregate_udf,window_udf", "ci=none"],
    "everything": [f"extension_points={EVERY_POINT}"],
    "both": ["ci=both", "license=MIT"],
}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="session", autouse=True)
def who(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Git knows a name, and nothing of whoever runs the tests."""
    config = tmp_path_factory.mktemp("git") / "config"
    config.write_text(
        "[user]\nname = test\nemail = test@example.com\n[init]\ndefaultBranch = main\n"
    )
    os.environ |= {"GIT_CONFIG_GLOBAL": str(config), "GIT_CONFIG_SYSTEM": os.devnull}


class Template:
    """A clone of this repository, with this repository's files as they are now on top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
        # Whatever branch is being worked on.
        git(folder, "checkout", "--quiet", "-B", "main")
        # Tags of the repository are none of these tests' business.
        for tag in git(folder, "tag").split():
            git(folder, "tag", "--delete", tag)
        listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        for path in [*git(folder, "ls-files").splitlines(), *listed]:
            (folder / path).unlink(missing_ok=True)
            if (ROOT / path).is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, folder / path)
        self.present = self.commit("The present")

    def commit(self, message: str, tag: str | None = None) -> str:
        subprocess.run([XTASK, "render", "--path", "."], cwd=self.folder, check=True)
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", message)
        if tag:
            git(self.folder, "tag", tag)
        return git(self.folder, "rev-parse", "HEAD")

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        file = self.folder / path
        text = file.read_text(encoding="utf-8")
        assert change(text) != text, path
        file.write_text(change(text), encoding="utf-8", newline="")

    def history(self) -> list[str]:
        """Two commits of the past."""
        commits = git(self.folder, "log", "--format=%H", self.present, "--", "template").split()
        return [commits[len(commits) // 3], commits[len(commits) // 2]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template(tmp_path_factory.mktemp("template") / "template")


@pytest.fixture
def states(tmp_path: Path) -> Template:
    """A template of a test's own, to be changed."""
    return Template(tmp_path / "template")


rendered: dict[tuple[object, ...], tuple[Path, list[str]]] = {}


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Renders what is the same only once."""
    render, kept = update.render, tmp_path_factory.mktemp("rendered")

    def render_once(commit: str, name: str, answers: dict, address: str, scratch: Path):
        key = (str(update.TEMPLATE.folder), commit, name, repr(answers), address)
        if key not in rendered:
            rendered[key] = render(commit, name, answers, address, kept / str(len(rendered)))
        project, added = rendered[key]
        shutil.copytree(project, scratch / name)
        return scratch / name, added

    update.render = render_once
    yield
    update.render = render


def project_of(
    template: Template, commit: str, folder: Path, *answers: str, name: str = "my-ext"
) -> Path:
    """A project as it is generated at `commit`, committed."""
    folder.mkdir(parents=True, exist_ok=True)
    checkout = folder / "template"
    git(template.folder, "worktree", "add", "--quiet", "--detach", "--force", str(checkout), commit)
    definitions = [part for answer in answers for part in ("-d", answer)]
    subprocess.run(
        [
            "cargo",
            "generate",
            "--path",
            checkout,
            "--name",
            name,
            "--silent",
            "--vcs",
            "none",
            *definitions,
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        # An update takes no author from git.
        env={**os.environ, "GIT_AUTHOR_NAME": "nobody", "GIT_AUTHOR_EMAIL": ""},
    )
    git(template.folder, "worktree", "remove", "--force", str(checkout))
    project = folder / name
    git(project, "init", "--quiet")
    git(project, "add", "--all", "--force")
    git(project, "commit", "--quiet", "--message", "Generated")
    return project


def update_in(template: Template, project: Path, *arguments: str) -> SimpleNamespace:
    """Updates as the session does, in a process of its own; what came of it, and what was said."""
    done = subprocess.run(
        [
            sys.executable,
            template.folder / "update.py",
            f"--template={template.folder}",
            *arguments,
        ],
        check=False,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return SimpleNamespace(code=done.returncode, said=done.stdout)
