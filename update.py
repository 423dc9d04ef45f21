# /// script
# requires-python = ">=3.11"
# ///
"""Take a newer version of the template over into a project, or other answers.

The session `update` of a project runs this file, in the project, from a clone of the template, and
so does the owner of an adopted package. It renders the template twice, as the project was generated
and as it will be, and has git apply the difference: a merge of three ways, in which git looks at
what both sides changed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adopted
import ffi_to_crate

CLONE = Path(__file__).resolve().parent
ANSWERS = ".template-answers.toml"
# What the template says of itself; `cargo xtask render` writes it.
VERSIONS = "hooks/versions.rhai"
# The folder that is the template's: an owner has no reason to change it.
MACHINERY = "pyo3-datafusion/"
# Files in which only the owner writes once they are there: what they say of the past stays.
HISTORY = ["CHANGELOG.md"]
# Texts that owners rewrite: where both changed the same lines, the owner's stay.
TEXTS = ["README.md", "AGENTS.md"]
# Git's guess that a folder was renamed would move the owner's files. Names come as they are.
SETTINGS = ("merge.directoryRenames=false", "core.quotePath=false", "color.ui=false")
GIT = ["git", *(part for setting in SETTINGS for part in ("-c", setting))]

Answer = str | list[str]
# Of a file that both sides changed, the versions that there are: 1 is the template as it was, 2 the
# project, 3 the template as it will be.
Stages = frozenset[int]


class Refusal(Exception):
    """Why nothing was done, in one sentence."""


@dataclass
class Repository:
    """A git repository, or a folder in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, input: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*GIT, *map(str, arguments)],
            check=False,
            cwd=self.folder,
            env={**os.environ, **self.env},
            input=input.encode("utf-8", "surrogateescape"),
            capture_output=True,
        )
        # As bytes above: Python would make \n of \r\n.
        out, error = (
            each.decode("utf-8", "surrogateescape") for each in (done.stdout, done.stderr)
        )
        return subprocess.CompletedProcess(done.args, done.returncode, out, error)

    def __call__(self, *arguments: str | Path, input: str = "") -> str:
        """What git prints; a failure of git is a refusal with its reason."""
        done = self.run(*arguments, input=input)
        if done.returncode != 0:
            raise Refusal(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.rstrip()

    def commit(self, name: str) -> str | None:
        found = self.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        return found.stdout.strip() or None

    def text(self, commit: str, path: str) -> str:
        """A file of a commit, empty where there is none."""
        return self.run("show", f"{commit}:{path}").stdout


@dataclass
class Merge:
    """What comes of the project and the difference between two renderings."""

    tree: str
    conflicts: dict[str, Stages]
    # The lines of git's index for the files with conflicts.
    entries: list[str]
    # Files that the owner deleted, and the template changed.
    stay_deleted: list[str]
    # Those of the texts in which both changed the same lines, and the commit with the template's.
    texts: list[str]
    theirs: str


TEMPLATE = Repository(CLONE)


# Versions of the template.


def recorded_version(template: Mapping[str, Any], given: str | None, address: str) -> str:
    """The commit of the template that the project was rendered from."""
    if given:
        return version(given)
    tag, digest = f"v{template['version']}", template.get("digest")
    tagged = TEMPLATE.commit(f"refs/tags/{tag}")
    if digest is None:
        if tagged:
            return tagged
        raise Refusal(
            f"{ANSWERS} says {tag}, which {address} has not: say which commit of the template the "
            "project is from, with --from COMMIT"
        )
    if tagged and digest in TEMPLATE.text(tagged, VERSIONS):
        return tagged
    # A commit that takes the digest away has it no longer.
    changed = TEMPLATE("log", "--all", "--format=%H", f"-S{digest}", "--", VERSIONS).split()
    for commit in reversed(changed):
        if digest in TEMPLATE.text(commit, VERSIONS):
            return commit
    raise Refusal(
        f"no commit of {address} has the digest {digest} that {ANSWERS} has: give the "
        "address of the template that the project is from, or its commit with --from COMMIT"
    )


def version(name: str) -> str:
    """The commit that a tag, a branch or a commit's name stands for."""
    commit = TEMPLATE.commit(name) or TEMPLATE.commit(f"origin/{name}")
    if commit is None:
        raise Refusal(f"the template has no version {name}: give a tag, a branch or a commit")
    return commit


def newest_version(old: str) -> str:
    """The newest tag; what is not released yet, for a project that is from later than that."""
    tags = TEMPLATE("tag", "--list", "v*", "--sort=-version:refname").split()
    for tag in tags:
        if "-" not in tag:
            commit = version(tag)
            if TEMPLATE.run("merge-base", "--is-ancestor", old, commit).returncode == 0:
                return commit
            break
    return version("HEAD")


def shown(commit: str) -> str:
    tag = TEMPLATE.run("describe", "--tags", "--exact-match", commit).stdout.strip()
    return tag or f"commit {commit[:10]}"


# Answers.


def questions(commit: str) -> dict[str, Any]:
    config = tomllib.loads(TEMPLATE.text(commit, "cargo-generate.toml"))
    asked: dict[str, Any] = config["placeholders"]
    for question in asked.values():
        if question["type"] == "bool":
            question |= {"default": text_of(question["default"]), "choices": ["false", "true"]}
    return asked


def text_of(answer: Any) -> Any:
    """Turn yes and no into what is typed after -d, and leave all else as it is."""
    return str(answer).lower() if isinstance(answer, bool) else answer


def defined(
    definitions: list[str], asked: Mapping[str, Any], old: Mapping[str, Answer]
) -> dict[str, Answer]:
    """Answers KEY=VALUE; for a list, +ITEM and -ITEM change the answer that was recorded."""
    answers: dict[str, Answer] = {}
    for definition in definitions:
        key, equals, value = definition.partition("=")
        if not equals or key not in asked:
            raise Refusal(
                f"-d {definition} answers no question: they are {', '.join(asked)}, as KEY=VALUE"
            )
        if asked[key]["type"] != "array":
            answers[key] = value
            continue
        items = [item for item in re.split("[, ]+", value) if item]
        if any(item[0] in "+-" for item in items):
            if not all(item[0] in "+-" for item in items):
                raise Refusal(
                    f"-d {definition} has items with a sign and without: give all one, or none"
                )
            chosen = list(old.get(key, asked[key]["default"]))
            for sign, item in ((item[0], item[1:]) for item in items):
                check(key, [item], asked[key])
                if sign == "+" and item not in chosen:
                    chosen.append(item)
                if sign == "-" and item in chosen:
                    chosen.remove(item)
            if not chosen:
                raise Refusal(
                    f"-d {definition} takes out the last of {key}: a project has at least one"
                )
            items = chosen
        answers[key] = items
    return answers


def check(key: str, answer: Answer, question: Mapping[str, Any]) -> None:
    """Refuse an answer that the template does not take."""
    choices, regex = question.get("choices"), question.get("regex")
    default = question["default"]
    for item in [answer] if isinstance(answer, str) else answer:
        if choices and item not in choices:
            raise Refusal(
                f'"{item}" is not among the choices for {key}, which are {", ".join(choices)}: '
                f"choose with -d {key}={default if isinstance(answer, str) else ','.join(default)}"
            )
        if regex and not re.fullmatch(regex, item):
            raise Refusal(
                f'"{item}" is not a valid {key}. {question["prompt"]}: answer with -d {key}=…'
            )


def project_name(text: str, values: Mapping[str, Any]) -> str:
    # Version 0.1.0 of the template had it in a comment.
    name = values.get("project-name") or next(iter(re.findall(r"--name (\S+)", text)), None)
    if name is None:
        raise Refusal(
            f"{ANSWERS} does not say what the project is called: "
            'add `project-name = "NAME"` to [values]'
        )
    return str(name)


# Rendering.


@cache
def generator() -> list[str]:
    """The command that renders a template."""
    if shutil.which("cargo-generate"):
        return ["cargo", "generate", "--vcs=none"]
    if shutil.which("cargo") is None:
        raise Refusal(
            "there is no cargo: install Rust, then `cargo install --locked cargo-generate`"
        )
    # Built once for each version of it, and kept where cargo keeps what it builds for the project.
    version = TEMPLATE("rev-parse", "HEAD:Cargo.lock", "HEAD:xtask/src").split()
    kept = Path.cwd() / "target/template" / "-".join(part[:10] for part in version)
    if Repository(Path.cwd()).run("check-ignore", "--quiet", kept).returncode != 0:
        kept = CLONE / "target/template"
    if shutil.which("xtask", path=kept / "bin") is None:
        print(
            "There is no cargo-generate: building the template's own takes some minutes, once.",
            flush=True,
        )
        shutil.rmtree(kept.parent, ignore_errors=True)
        install = ["cargo", "install", "--locked", "--debug", f"--root={kept}"]
        # Here, as it shows how far it is.
        done = subprocess.run([*install, f"--path={CLONE / 'xtask'}"], check=False)
        if done.returncode != 0:
            raise Refusal("the template's own generator cannot be built: install cargo-generate")
    return [str(shutil.which("xtask", path=kept / "bin")), "generate"]


def render(
    commit: str, name: str, answers: Mapping[str, Answer], address: str, scratch: Path
) -> tuple[Path, list[str]]:
    """The project that the template makes at `commit`, and what its hooks say that they added."""
    scratch.mkdir()
    checkout, values = scratch / "template", scratch / "values.toml"
    TEMPLATE("worktree", "add", "--quiet", "--detach", checkout, commit)
    lines = [
        f"{key} = {json.dumps(answer, ensure_ascii=False)}\n" for key, answer in answers.items()
    ]
    values.write_text("[values]\n" + "".join(lines), encoding="utf-8")
    command = [*generator(), "--silent", f"--path={checkout}", f"--name={name}"]
    command += [f"--destination={scratch}", f"--values-file={values}"]
    done = subprocess.run(
        [*command, f"--define=template_repository={address}"],
        check=False,
        cwd=scratch,
        # Who updates is not the author.
        env={**os.environ, "GIT_AUTHOR_NAME": "user", "GIT_AUTHOR_EMAIL": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    if done.returncode != 0:
        reason = re.search(r"Runtime error: (.*?)(?: \(line \d.*)?$", done.stdout, re.MULTILINE)
        sentence = reason[1] if reason else done.stdout.strip()
        raise Refusal(f"the template at {shown(commit)} refuses: {sentence.rstrip('.')}")
    # Some versions of cargo-generate indent what hooks print.
    return scratch / name, re.findall(r"^ *((?:Adding|No) .*\.)$", done.stdout, re.MULTILINE)


# Merging.


def tree(
    project: Repository, rendered: Path, scratch: Path, prefix: str, left_out: list[str]
) -> str:
    """Stores a rendering in the project's repository, as a tree that nothing refers to."""
    index = {"GIT_INDEX_FILE": str(scratch / f"{rendered.parent.name}.index")}
    repository = Repository(
        rendered, {**project.env, **index, "GIT_DIR": project("rev-parse", "--absolute-git-dir")}
    )
    # Whatever the owner's git ignores or converts.
    repository("-c", "core.autocrlf=false", "--work-tree=.", "add", "--all", "--force", ".")
    for path in left_out:
        repository("update-index", "--force-remove", "--", path)
    stored = repository("write-tree")
    if prefix:
        repository("read-tree", "--empty")
        repository("read-tree", f"--prefix={prefix}", stored)
        stored = repository("write-tree")
    return stored


def top(project: Repository) -> Repository:
    """The repository, of which the project may be a folder."""
    return Repository(Path(project("rev-parse", "--show-toplevel")), project.env)


def merge(
    project: Repository, prefix: str, ours: str, old: Path, new: Path, scratch: Path
) -> Merge:
    """Merges the tree `ours`, without touching the project's files."""
    left_out: list[str] = []
    texts, settings = owners_texts(prefix, scratch)
    while True:
        trees = [tree(project, rendered, scratch, prefix, left_out) for rendered in (old, new)]
        base = project("commit-tree", trees[0], "-m", "The template as it was")
        # Git finds the base by itself, also one that is too old for --merge-base.
        sides = [project("commit-tree", side, "-p", base, "-m", "") for side in (ours, trees[1])]
        # From there, paths have the folder of the project.
        merged = top(project).run(*settings, "merge-tree", "--write-tree", "-z", *sides)
        if merged.returncode > 1:
            raise Refusal(f"git merge-tree failed: {merged.stderr.strip()}")
        result, *entries = merged.stdout.split("\0")
        entries = entries[: entries.index("")] if "" in entries else []
        stages: dict[str, set[int]] = {}
        for entry in entries:
            info, path = entry.split("\t", 1)
            stages.setdefault(path.removeprefix(prefix), set()).add(int(info.split()[2]))
        # What the owner deleted stays so.
        deleted = [path for path, found in stages.items() if found == {1, 3}]
        if not deleted:
            conflicts = {path: frozenset(found) for path, found in stages.items()}
            kept = sorted(set(texts.read_text("utf-8").splitlines()))
            kept = [path.removeprefix(prefix) for path in kept]
            return Merge(result, conflicts, entries, left_out, kept, sides[1])
        left_out += deleted


def owners_texts(prefix: str, scratch: Path) -> tuple[Path, list[str]]:
    """Where git lists the `TEXTS` with conflicts, and the settings with which it merges them."""
    listed, attributes = scratch / "texts", scratch / "attributes"
    listed.touch()
    lines = [json.dumps(f"/{prefix}{path}", ensure_ascii=False) for path in TEXTS]
    attributes.write_text("".join(f"{line} merge=owner\n" for line in lines), "utf-8")
    conflict = (
        f"git merge-file -q -p %A %O %B > /dev/null || echo %P >> {shlex.quote(listed.as_posix())}"
    )
    driver = f"{conflict}; git merge-file -q --ours %A %O %B"
    return listed, ["-c", f"core.attributesFile={attributes}", "-c", f"merge.owner.driver={driver}"]


# A conflict as `git merge-file` marks it.
CONFLICT = re.compile(
    r"^<{40} [^\n]*\n((?s:.*?))^\|{40} [^\n]*\n((?s:.*?))^={40}\r?\n((?s:.*?))^>{40} [^\n]*\n",
    re.MULTILINE,
)
# Of more lines, one cannot say that an addition belongs to what was changed beside it.
LIST = 3


def keep_both(conflict: re.Match[str]) -> str:
    """Where one side added lines beside a few that the other changed, as in a list: both."""
    ours, base, theirs = (part.splitlines(keepends=True) for part in conflict.groups())
    if not 0 < len(base) <= LIST:
        return conflict[0]
    for changed, added in ((ours, theirs), (theirs, ours)):
        places = range(len(added) - len(base) + 1)
        found = [at for at in places if added[at : at + len(base)] == base]
        if len(found) == 1:
            before, after = added[: found[0]], added[found[0] + len(base) :]
            return "".join([*before, *changed, *after])
    return conflict[0]


def merge_lists(project: Repository, merged: Merge, prefix: str, scratch: Path) -> Merge:
    """Resolves the conflicts that are only about lines beside each other."""
    sides: dict[str, dict[str, str]] = {}
    for entry in merged.entries:
        info, path = entry.split("\t", 1)
        mode, blob, stage = info.split()
        sides.setdefault(path, {})[stage] = f"{mode} {blob}"
    resolved = []
    for path, side in sides.items():
        if side.keys() != {"1", "2", "3"}:
            continue
        for stage, entry in side.items():
            content = project.run("cat-file", "blob", entry.split()[1]).stdout
            Path(scratch, stage).write_bytes(content.encode("utf-8", "surrogateescape"))
        files = [scratch / stage for stage in "213"]
        # Its exit code is the number of conflicts, or 255 for an error, as with a binary file.
        done = project.run("merge-file", "-p", "--diff3", "--marker-size=40", *files)
        text = CONFLICT.sub(keep_both, done.stdout)
        if 0 < done.returncode < 128 and not re.search("^<{40} ", text, re.MULTILINE):
            blob = project("hash-object", "-w", "--stdin", input=text)
            resolved.append((path, f"{side['2'].split()[0]} {blob} 0\t{path}"))
    paths = {path for path, _ in resolved}
    index = Repository(project.folder, {**project.env, "GIT_INDEX_FILE": str(scratch / "lists")})
    index("read-tree", merged.tree)
    lines = [line for _, line in resolved]
    index("update-index", "-z", "--index-info", input="\0".join([*lines, ""]))
    names = {path.removeprefix(prefix) for path in paths}
    return replace(
        merged,
        tree=index("write-tree"),
        conflicts={path: each for path, each in merged.conflicts.items() if path not in names},
        entries=[entry for entry in merged.entries if entry.split("\t", 1)[1] not in paths],
    )


def take_over(project: Repository, merged: Merge, message: str) -> None:
    """Commits the result; with conflicts, leaves it to the owner as a cherry-pick that stopped."""
    tree = "HEAD^{tree}" if merged.conflicts else merged.tree
    commit = project("commit-tree", tree, "-p", "HEAD", "-m", message)
    picked = project.run("cherry-pick", commit)
    if picked.returncode == 0:
        return
    if not merged.conflicts or project.commit("CHERRY_PICK_HEAD") is None:
        # Git prints nothing when it is killed.
        reason = picked.stderr.strip() or f"exit code {picked.returncode}"
        raise Refusal(
            f"git cherry-pick stopped: {reason}. `git status` says where. To begin anew: "
            "`git cherry-pick --abort`, or `git reset --hard`"
        )
    # Git has stopped, as that commit is empty. It gets its files now.
    whole = top(project)
    whole("read-tree", "-m", "-u", "HEAD", merged.tree)
    paths = {entry.split("\t", 1)[1] for entry in merged.entries}
    removed = [f"0 {'0' * len(commit)}\t{path}" for path in sorted(paths)]
    whole("update-index", "-z", "--index-info", input="\0".join([*removed, *merged.entries, ""]))
    prefix = project("rev-parse", "--show-prefix")
    for path, stages in merged.conflicts.items():
        if stages >= {2, 3}:
            # Also shows what the lines were before either side changed them.
            whole("checkout", "--conflict=zdiff3", "--", f":(literal){prefix}{path}")


def keep_line_endings(project: Repository, renderings: list[Path]) -> None:
    """Gives the files that have CRLF in the project the same in the renderings."""
    for line in project("ls-files", "--eol").splitlines():
        info, path = line.split("\t", 1)
        if info.startswith("i/crlf"):
            for rendered in renderings:
                file = rendered / path
                if file.is_file():
                    file.write_bytes(
                        file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                    )


def keep_history(before: Path, after: Path) -> None:
    """Leaves what the owner has written of the past as it is."""
    for path in HISTORY:
        if Path(before, path).exists() and Path(after, path).exists():
            shutil.copy(before / path, after / path)


# The owner's own crates in the manifests of older majors.

DEPENDENCIES = re.compile(r"(?<=^\[dependencies\]\n)(?:.+\n)*", re.MULTILINE)


def add_own_crates(project: Repository, before: Path, after: Path) -> list[str]:
    """Gives each manifest of an older major that is new in `after` the dependencies that the owner
    has added to `Cargo.toml` or changed there. Returns what to say about them."""
    manifests = [path.relative_to(after).as_posix() for path in after.glob("majors/*/Cargo.toml")]
    new = [path for path in sorted(manifests) if not project.text("HEAD", f"./{path}")]
    if not new:
        return []
    try:
        mine = tomllib.loads(project.text("HEAD", "./Cargo.toml"))
    except tomllib.TOMLDecodeError as error:
        raise Refusal(f"Cargo.toml is not valid TOML: {error}") from error
    template = manifest(before / "Cargo.toml")
    own = {
        name: {"version": given} if isinstance(given, str) else given
        for name, given in mine.get("dependencies", {}).items()
        if name != "pyo3-datafusion" and given != template["dependencies"].get(name)
    }
    left = [f"[{table}]" for table in ("target", "build-dependencies") if table in mine]
    if mine.get("features", {}).keys() - template.get("features", {}).keys():
        left.append("[features]")
    said, present = [], engine_versions(before / "Cargo.toml")
    for path in new:
        file, major = after / path, Path(path).parent.name
        lines, wanted = file.read_text(encoding="utf-8"), engine_versions(file)
        section = DEPENDENCIES.search(lines)
        entries = {line.split()[0]: line for line in (section[0] if section else "").splitlines()}
        for name, given in own.items():
            dependency = dict(given)
            # In the version of this major.
            if (engine := re.split("[-_]", name)[0]) in present:
                version = str(dependency.get("version", "")).split(".")
                if version[0] == present[engine].split(".")[0]:
                    dependency["version"] = wanted[engine]
            if "path" in dependency:
                dependency["path"] = f"../../{dependency['path']}"
            values = ", ".join(f"{key} = {json.dumps(each)}" for key, each in dependency.items())
            entries[name] = f"{name} = {{ {values} }}"
        new_section = "".join(f"{entries[name]}\n" for name in sorted(entries))
        lines = DEPENDENCIES.sub(lambda _, section=new_section: section, lines, count=1)
        file.write_text(lines, encoding="utf-8", newline="")
        if own:
            said.append(f"Added your own crates to {path}: {', '.join(own)}.")
            said.append(
                f"    One that uses arrow or DataFusion needs its version for {major} there."
            )
        if left:
            said.append(f"Copy what you need there from your Cargo.toml: {', '.join(left)}.")
    return said


def manifest(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def engine_versions(file: Path) -> dict[str, str]:
    """The versions of arrow and of DataFusion's crates that a manifest is for."""
    dependencies = manifest(file)["dependencies"]
    if machinery := dependencies.get("pyo3-datafusion"):
        dependencies = manifest(file.parent / machinery["path"] / "Cargo.toml")["dependencies"]
    crates = {"arrow": "arrow", "parquet": "arrow", "datafusion": "datafusion-common"}
    return {
        engine: dependencies[crate]["version"]
        for engine, crate in crates.items()
        if crate in dependencies
    }


# From src/ffi/ to pyo3-datafusion/, with ffi_to_crate.py.


def with_crate(
    project: Repository,
    prefix: str,
    before: Path,
    after: Path,
    name: str,
    answers: Mapping[str, Answer],
    scratch: Path,
) -> tuple[str, dict[str, str]]:
    """The project's tree with the new names, and its Rust files as they were. The template as it
    was, in `before`, gets the new names too."""
    lib = Path(after, "src/lib.rs").read_text(encoding="utf-8")
    majors = [int(major) for major in answers["datafusion"]]
    context = ffi_to_crate.Project(name, majors, lib)
    found = {}
    for line in project("ls-tree", "-r", "-z", "HEAD", ".").split("\0"):
        info, _, path = line.partition("\t")
        # A link or a submodule is no file.
        if info.startswith("100") and not path.startswith(("src/ffi.rs", ffi_to_crate.OLD)):
            found[path] = info.split()[0]

    def text(path: str) -> str:
        return project.run("show", f"HEAD:./{path}").stdout

    rust = {path: text(path) for path in found if path.endswith(".rs")}
    changed, own = {}, []
    for path, old in rust.items():
        changed[path] = with_lf(
            old, lambda text, path=path: ffi_to_crate.rewrite(path, text, context)
        )
        template = ""
        if (file := before / path).exists():
            with_new_text(file, lambda text, path=path: ffi_to_crate.rewrite(path, text, context))
            template = file.read_bytes().decode("utf-8")
        lines = set(template.splitlines())
        own += [line for line in changed[path].splitlines() if line not in lines]
    for path in ffi_to_crate.manifests(after):
        if path not in found or not (before / path).exists():
            continue
        new = Path(after, path).read_text(encoding="utf-8")
        old = Path(before, path).read_text(encoding="utf-8")
        base, kept = ffi_to_crate.dependencies(
            text(path).replace("\r\n", "\n"), old, new, "\n".join(own)
        )
        changed[path] = with_lf(text(path), lambda _, kept=kept: kept)
        with_new_text(before / path, lambda _, base=base: base)

    index = Repository(project.folder, {**project.env, "GIT_INDEX_FILE": str(scratch / "index")})
    index("read-tree", "HEAD")
    entries = []
    for path, new in changed.items():
        blob = index("hash-object", "-w", "--stdin", input=new)
        entries.append(f"{found[path]} {blob} 0\t{prefix}{path}")
    index("update-index", "-z", "--index-info", input="\0".join([*entries, ""]))
    return index("write-tree"), rust


def with_lf(text: str, change: Callable[[str], str]) -> str:
    """Changes a text that may have CRLF."""
    new = change(text.replace("\r\n", "\n"))
    return new.replace("\n", "\r\n") if "\r\n" in text else new


def with_new_text(file: Path, change: Callable[[str], str]) -> None:
    file.write_bytes(with_lf(file.read_bytes().decode("utf-8"), change).encode("utf-8"))


def say_left(project: Repository, prefix: str, merged: Merge, rust: Mapping[str, str]) -> None:
    """Lists what the owner must write anew, as nothing took its place."""
    left = []
    for path, before in rust.items():
        after = project.run("show", f"{merged.tree}:{prefix}{path}").stdout
        for number, advice in ffi_to_crate.leftovers(before, after):
            left.append(f"  {path}:{number}: {advice}.")
    for path in project("ls-tree", "-r", "-z", "--name-only", merged.tree, ".").split("\0"):
        if rust and path.startswith(ffi_to_crate.OLD):
            left.append(f"  {path}: the folder is no module any more: move the file to src/.")
    if left:
        print(f"\nsrc/ffi/ is the crate {ffi_to_crate.NEW} now. What you have to write anew:")
        print("\n".join(left))


# Packages that were adopted.


def update_adopted(
    project: Repository,
    arguments: argparse.Namespace,
    text: str,
    address: str,
    commits: tuple[str, str],
    scratch: Path,
) -> int:
    """Replaces the template's folders in a package that has nothing else of it."""
    old, new = commits
    if arguments.define:
        raise Refusal("an adopted package has no answers: leave out -d")
    prefix, whole = project("rev-parse", "--show-prefix"), top(project)
    folders = adopted.folders(tomllib.loads(text), prefix)
    for folder in folders.values():
        if not (whole.folder / folder).is_dir():
            raise Refusal(f"{ANSWERS} says {folder}, but there is no such folder: correct it")
    nothing = f"Nothing to do: the package has all that the template has at {shown(new)}."
    if old == new:
        print(nothing)
        return 0
    rendered = []
    for number, (commit, name) in enumerate([(old, "old"), (new, "new")], start=2):
        step(number, f"Take the folders from the template: {shown(commit)}")
        made = scratch / name / "package"
        for source, target in folders.items():
            if TEMPLATE.run("cat-file", "-e", f"{commit}:{source}").returncode != 0:
                raise Refusal(
                    f"the template at {shown(commit)} has no {source}: choose another --to"
                )
            export(commit, source, made / target)
        state = text
        if commit == new:
            state = adopted.with_state(text, TEMPLATE.text(commit, VERSIONS), address)
        record = made / prefix / ANSWERS
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_bytes(state.encode())
        rendered.append(made)
    before, after = rendered
    advice = moved_manifest(project, whole, folders[adopted.MACHINERY], before, after, new)

    step(4, "Merge the difference into the package")
    keep_line_endings(whole, [before, after])
    merged = merge(whole, "", whole("rev-parse", "HEAD^{tree}"), before, after, scratch)
    if merged.tree == whole("rev-parse", "HEAD^{tree}"):
        print(nothing)
        return 0
    check_untracked(whole, merged.tree)
    message = f"Update from the template: {shown(old)} to {shown(new)}"
    print(f"\n{', '.join(folders.values())}: {shown(old)} -> {shown(new)}")
    say_changelog(old, new)
    print("\nWhat changes in the package:")
    print(whole("diff", "--stat=100", "--stat-count=60", "HEAD", merged.tree))
    if merged.conflicts:
        # `:/` is the top of the repository, in whatever folder the commands are typed.
        say_conflicts(merged.conflicts, f"{folders[adopted.MACHINERY]}/", ":/")
    if advice:
        print(f"\n{advice}")
    return finish(whole, merged, message, arguments.dry_run)


def export(commit: str, source: str, target: Path) -> None:
    """Writes a folder of the template as it was at a commit."""
    for path in TEMPLATE("ls-tree", "-r", "--name-only", commit, f"{source}/").splitlines():
        file = target / Path(path).relative_to(source)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(TEMPLATE.text(commit, path).encode("utf-8", "surrogateescape"))


def moved_manifest(
    project: Repository, whole: Repository, machinery: str, before: Path, after: Path, new: str
) -> str | None:
    """What the owner has to write, if the template has the manifest of a major elsewhere now."""
    place = adopted.used_manifest(whole.folder, project.folder.resolve(), machinery)
    majors = {path: major for major, path in adopted.manifests(before / machinery).items()}
    if place is None or place not in majors:
        return None
    major, now = majors[place], adopted.manifests(after / machinery)
    if major not in now:
        raise Refusal(
            f"the template at {shown(new)} has nothing for DataFusion {major}: move the package to "
            f"DataFusion {' or '.join(map(str, sorted(now)))} first, or choose another --to"
        )
    if now[major] == place:
        return None
    name = tomllib.loads((after / machinery / now[major] / "Cargo.toml").read_text("utf-8"))
    return (
        f"In Cargo.toml, the dependency pyo3-datafusion needs another path now, which ends in "
        f'{machinery}/{now[major]}, and package = "{name["package"]["name"]}".'
    )


# Before and after.


def check_project(project: Repository) -> None:
    """Refuse where the merge could not be taken back."""
    if project.run("rev-parse", "--is-inside-work-tree").stdout.strip() != "true":
        raise Refusal(
            "the project is not in a git repository: `git init`, and commit all its files"
        )
    if project.commit("HEAD") is None:
        raise Refusal("the project's repository has no commit: commit all its files")
    for state in ("CHERRY_PICK_HEAD", "MERGE_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"):
        if Path(project.folder, project("rev-parse", "--git-path", state)).exists():
            raise Refusal(
                "git is in the middle of something: `git status` says how to finish or abort it"
            )
    if changed := project("diff", "--name-only", "HEAD").splitlines():
        raise Refusal(f"commit or stash your changes first, in {', '.join(changed)}")
    if project.run("var", "GIT_COMMITTER_IDENT").returncode != 0:
        raise Refusal(
            "git does not know who commits: set user.name and user.email with `git config`"
        )
    if project.run("ls-files", "--error-unmatch", ANSWERS).returncode != 0:
        raise Refusal(f"{ANSWERS} is not committed: commit it")
    found = re.findall(r"\d+", project("--version"))
    if tuple(map(int, found[:2])) < (2, 38):
        raise Refusal(f"git is {'.'.join(found)}, but 2.38 is needed")


def check_untracked(project: Repository, merged: str) -> None:
    """Refuse where a new file would take the place of one that git does not know."""
    new = project(
        "diff", "--name-only", "--diff-filter=A", "--relative", "HEAD", merged
    ).splitlines()
    in_the_way = [path for path in new if Path(project.folder, path).exists()]
    if in_the_way:
        raise Refusal(f"{', '.join(in_the_way)} would be overwritten: commit or move what is there")


def say_conflicts(
    conflicts: Mapping[str, Stages], machinery: str = MACHINERY, top: str = ""
) -> None:
    print("\nConflicts:")
    for path, stages in sorted(conflicts.items()):
        name = shlex.quote(f"{top}{path}")
        if stages == {1, 2}:
            print(f"  {path}: you changed it, and the template has it no longer.")
            print(f"      Take it out with `git rm {name}`, or keep yours with `git add {name}`.")
            continue
        if stages not in ({1, 2, 3}, {2, 3}):
            print(f"  {path}: both renamed it. `git status` says what there is; choose one.")
            continue
        what = "both changed the same lines" if 1 in stages else "both added it, differently"
        print(f"  {path}: {what}. Resolve it between the markers, then `git add {name}`.")
        if path.startswith(machinery):
            print("      The file is the template's. To drop your change:")
            print(f"      `git checkout --theirs {name} && git add {name}`.")
        elif path.endswith(".lock"):
            print("      The next build brings it up to date. To take yours until then:")
            print(f"      `git checkout --ours {name} && git add {name}`.")
        else:
            print(f"      To keep all of yours: `git checkout --ours {name} && git add {name}`.")


def say_changelog(old: str, new: str) -> None:
    """Prints what the template's changelog says in `new` and not in `old`."""
    changes = TEMPLATE("diff", "--unified=0", old, new, "--", "CHANGELOG.md").splitlines()
    news = [line for line in changes if line.startswith("+") and not line.startswith("+++")]
    if news:
        print("\nWhat the template's changelog says:")
        for line in news:
            print(f"  {line[1:]}".rstrip())


def say_news(arguments: argparse.Namespace) -> int:
    """Says what the template has that the project has not taken over."""
    recorded = tomllib.loads(Path(ANSWERS).read_text(encoding="utf-8"))
    old = recorded_version(recorded["template"], arguments.from_, arguments.template)
    new = version(arguments.to) if arguments.to else newest_version(old)
    # What projects are rendered from has a digest. A commit of something else brings nothing.
    if TEMPLATE.text(old, VERSIONS) == TEMPLATE.text(new, VERSIONS):
        print(f"The project has all that the template has at {shown(new)}.")
        return 0
    print(f"The template has {shown(new)}, and this project is from {shown(old)}.")
    old_questions = questions(old)
    for key, question in questions(new).items():
        had = old_questions.get(key, {}).get("choices", [])
        if had and (more := [each for each in question.get("choices", []) if each not in had]):
            print(f"New choices for {key}: {', '.join(more)}.")
    say_changelog(old, new)
    print("\nTo take it over: `uvx nox --session update`. With `-- --dry-run`, it changes nothing.")
    return 0


def step(number: int, what: str) -> None:
    print(f"[{number}/4] {what}", flush=True)


def say_answers(
    old_questions: Mapping[str, Any],
    new_questions: Mapping[str, Any],
    old: Mapping[str, Answer],
    new: Mapping[str, Answer],
) -> None:
    def text(answer: Answer) -> str:
        return answer if isinstance(answer, str) else ",".join(answer)

    for key, question in new_questions.items():
        if key in old and new[key] != old[key]:
            print(f"{key}: {text(old[key])} -> {text(new[key])}")
        elif key not in old and new[key] == question["default"]:
            print(f"A new question, {key}: took its default, {text(new[key]) or 'nothing'}.")
            print(f"    {question['prompt']}. To answer otherwise: -d {key}=…")
    for key in old.keys() & (old_questions.keys() - new_questions.keys()):
        print(f"No longer asked: {key}, which was {text(old[key])}.")


def update(arguments: argparse.Namespace, scratch: Path) -> int:
    project = Repository(Path.cwd())
    check_project(project)
    if arguments.dry_run:
        objects = scratch / "objects"
        objects.mkdir()
        project.env = {
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(
                Path(project.folder, project("rev-parse", "--git-path", "objects"))
            ),
        }
    text = Path(ANSWERS).read_text(encoding="utf-8")
    recorded = tomllib.loads(text)
    old_address = address = recorded["template"].get("repository", "")
    # A folder of this machine is of no use to others.
    if re.fullmatch(r"(https?|ssh|git)://[^\s\"\\{}]+|[\w.-]+@[^\s\"\\{}]+", arguments.template):
        address = arguments.template

    step(1, "Find both versions of the template")
    old = recorded_version(recorded["template"], arguments.from_, arguments.template)
    new = version(arguments.to) if arguments.to else newest_version(old)
    if "adopted" in recorded:
        return update_adopted(project, arguments, text, address, (old, new), scratch)
    old_questions, new_questions = questions(old), questions(new)
    answered = recorded["values"].items()
    values = {key: text_of(value) for key, value in answered if key in old_questions}
    given = defined(arguments.define, new_questions, values)
    kept = {key: value for key, value in values.items() if key in new_questions}
    defaults = {key: question["default"] for key, question in new_questions.items()}
    answers = {**defaults, **kept, **given}
    for key, answer in answers.items():
        check(key, answer, new_questions[key])
    name = project_name(text, recorded["values"])
    nothing = f"Nothing to do: the project has everything that the template has at {shown(new)}."
    if old == new and answers == {**defaults, **values}:
        print(nothing)
        return 0

    step(2, f"Render the template as it was: {shown(old)}")
    before, _ = render(old, name, values, old_address, scratch / "old")
    step(3, f"Render the template as it will be: {shown(new)}")
    after, added = render(new, name, answers, address, scratch / "new")

    step(4, "Merge the difference into the project")
    keep_history(before, after)
    added += add_own_crates(project, before, after)
    keep_line_endings(project, [before, after])
    prefix = project("rev-parse", "--show-prefix")
    message = f"Update from the template: {shown(old)} to {shown(new)}"
    if old == new:
        message = f"Change answers to the template, {shown(new)}"
    if given:
        message += "\n\n" + "\n".join(arguments.define)
    ours, rewritten = project("rev-parse", "HEAD^{tree}"), {}
    if ffi_to_crate.changes_layout(before, after):
        ours, rewritten = with_crate(project, prefix, before, after, name, answers, scratch)
    merged = merge(project, prefix, ours, before, after, scratch)
    merged = merge_lists(project, merged, prefix, scratch)
    print()
    if merged.tree == project("rev-parse", "HEAD^{tree}"):
        print(nothing)
        return 0
    check_untracked(project, merged.tree)

    print(f"{name}: {shown(old)} -> {shown(new)}")
    say_answers(old_questions, new_questions, values, answers)
    for line in added:
        print(line)
    say_changelog(old, new)
    print("\nWhat changes in the project:")
    print(project("diff", "--stat=100", "--stat-count=60", "--relative", "HEAD", merged.tree))
    if merged.stay_deleted:
        print("\nYou have deleted these, which the template changed. They stay deleted:")
        print(f"  {', '.join(merged.stay_deleted)}")
    for path in merged.texts:
        print(f"\n{path}: where you and the template changed the same lines, yours stay.")
        if not arguments.dry_run:
            print(f"  The template's text: `git show {merged.theirs[:12]}:./{shlex.quote(path)}`")
    if merged.conflicts:
        say_conflicts(merged.conflicts)
    say_left(project, prefix, merged, rewritten)
    return finish(project, merged, message, arguments.dry_run)


def finish(project: Repository, merged: Merge, message: str, dry_run: bool) -> int:
    """Commits what was merged, unless this is a dry run, and says what to do next."""
    if dry_run:
        print("\nThis was a dry run: nothing was changed.")
        return 0
    take_over(project, merged, message)
    if merged.conflicts:
        print("\nThen `git cherry-pick --continue` commits the update.")
        print("Or `git cherry-pick --abort` takes it back.")
        print("After that: uv run pytest")
        return 1
    print("\nCommitted: `git show` shows it, `git reset --hard HEAD~1` takes it back.")
    print("Next: uv run pytest")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="uvx nox --session update -- [ADDRESS]",
        description="Take over what is new in the template, or other answers.",
        epilog="ADDRESS is where the template is, if not where the project says: "
        "an address for `git clone`, or the folder of a clone.",
    )
    parser.add_argument("--template", default=str(CLONE), help=argparse.SUPPRESS)
    parser.add_argument(
        "--to",
        metavar="VERSION",
        help="a tag, branch or commit of the template [default: the newest tag]",
    )
    parser.add_argument(
        "--from",
        dest="from_",
        metavar="VERSION",
        help="what the project was rendered from, if it does not say",
    )
    parser.add_argument(
        "-d",
        "--define",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="another answer, such as datafusion=54,55. extension_points=+window_udf adds to the "
        "list, extension_points=-window_udf takes out",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would be done, and change nothing"
    )
    parser.add_argument(
        "--check", action="store_true", help="say whether the template has something newer"
    )
    arguments = parser.parse_args()
    with TemporaryDirectory() as scratch:
        try:
            if arguments.check:
                return say_news(arguments)
            return update(arguments, Path(scratch).resolve())
        except Refusal as refusal:
            print(f"error: {refusal}.", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("Stopped. `git status` shows whether the project is as it was.", file=sys.stderr)
            return 130


if __name__ == "__main__":
    sys.exit(main())
