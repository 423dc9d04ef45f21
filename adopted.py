"""Packages that have folders of the template and nothing else of it, by `cargo xtask adopt`.

`update.py` replaces the folders with the functions here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

MACHINERY = "template/pyo3-datafusion"
DEPENDENCY = "pyo3-datafusion"


def folders(recorded: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Where the package has each folder of the template, from the top of its repository on."""
    return {source: inside(prefix, path) for source, path in recorded["adopted"].items()}


def inside(prefix: str, path: str) -> str:
    parts: list[str] = []
    for part in PurePosixPath(prefix, path).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def with_state(text: str, versions: str, address: str) -> str:
    """The record of a package, once it has the state that `versions` says."""

    def said(key: str) -> str:
        return next(iter(re.findall(rf'\b{key}: "(.*?)"', versions)), "")

    new = {"version": said("template"), "digest": said("template_digest"), "repository": address}
    for key, value in new.items():
        text = re.sub(rf'(?m)^{key} = ".*"$', lambda _, k=key, v=value: f'{k} = "{v}"', text)
    return text


def manifests(machinery: Path) -> dict[int, str]:
    """The folder of the manifest for each major of DataFusion, from the machinery's folder on."""
    found = {}
    for manifest in [machinery / "Cargo.toml", *machinery.glob("majors/*/Cargo.toml")]:
        version = tomllib.loads(manifest.read_text("utf-8"))["package"]["version"]
        folder = manifest.parent.relative_to(machinery).as_posix()
        found[int(version.split(".")[0])] = "" if folder == "." else folder
    return found


def used_manifest(top: Path, package: Path, machinery: str) -> str | None:
    """The folder of the manifest that the package depends on, from the machinery's folder on."""
    for folder in [package, *package.parents]:
        manifest = folder / "Cargo.toml"
        if manifest.is_file():
            table = tomllib.loads(manifest.read_text("utf-8"))
            for dependencies in (table, table.get("workspace", {})):
                used = dependencies.get("dependencies", {}).get(DEPENDENCY, {})
                if isinstance(used, dict) and "path" in used:
                    path = inside(folder.relative_to(top).as_posix(), used["path"])
                    if PurePosixPath(path).is_relative_to(machinery):
                        found = PurePosixPath(path).relative_to(machinery).as_posix()
                        return "" if found == "." else found
        if folder == top:
            break
    return None
