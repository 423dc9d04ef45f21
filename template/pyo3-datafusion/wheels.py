"""Complete a release wheel, and check wheels. The sessions `build` and `check_dist` run this.

Usage: python pyo3-datafusion/wheels.py licenses FOLDER
       python pyo3-datafusion/wheels.py complete FOLDER DIST
       python pyo3-datafusion/wheels.py check BYTES WHEEL...

`licenses` writes the licenses and notices of the crates into a folder, or names a crate whose license
Cargo.toml does not allow. It needs cargo-about. `complete` adds them to the wheel in that folder, removes the
path of the project from the wheel's list of crates, and puts the wheel into DIST. It needs the package
`wheel`. `check` fails if a wheel lacks a part or the license of a crate, or has more bytes.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# A wheel has a list of the crates that it contains, and the licenses of these crates.
NOTICES = "THIRD-PARTY.txt"
SBOM, LICENSES = "/sboms/", f"/licenses/{NOTICES}"
PARTS = [SBOM, LICENSES, "/licenses/LICENSE", "/_internal.pyi", "/py.typed"]
REFUSED = "do without, or allow the license in Cargo.toml, under package.metadata.deny.licenses"


def allowed() -> dict[str, Any]:
    """The table package.metadata.deny.licenses of Cargo.toml, which cargo-deny reads as well."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    manifest = Path("Cargo.toml").resolve()
    packages = json.loads(said)["packages"]
    (package,) = (each for each in packages if Path(each["manifest_path"]) == manifest)
    table: dict[str, Any] = package["metadata"]["deny"]["licenses"]
    return table


def used() -> list[dict[str, Any]]:
    """What cargo-about finds: each text, with the crates that it is for."""
    table = allowed()
    about = f"private.ignore = true\nmax-depth = 1\naccepted = {json.dumps(table['allow'])}\n"
    for crate in table.get("exceptions", []):
        about += f"[{crate['crate']}]\naccepted = {json.dumps(crate['allow'])}\n"
    with TemporaryDirectory() as folder:
        config, output = Path(folder, "about.toml"), Path(folder, "about.json")
        config.write_text(about, "utf-8")
        command = ["cargo", "about", "generate", "--fail", "--format=json", f"--config={config}"]
        done = subprocess.run(
            [*command, f"--output-file={output}"],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if not output.exists():
            refused = sorted(set(re.findall(r"([^/\\]+)[/\\]Cargo\.toml:", done.stdout)))
            sentence = f"\n{', '.join(refused)}: {REFUSED}" if refused else ""
            sys.exit(f"{done.stdout}{sentence}")
        found: list[dict[str, Any]] = json.loads(output.read_text("utf-8"))["licenses"]
        return found


def licenses(folder: str) -> None:
    # Crates with the same text are listed together.
    crates: dict[str, set[str]] = {}
    for license, crate in ((each, user["crate"]) for each in used() for user in each["used_by"]):
        # A crate without the text of its license may have a file that names the owners.
        complete = license["source_path"] or license["id"] == "Apache-2.0"
        files = Path(crate["manifest_path"]).parent.glob("NOTICE*" if complete else "[LN][IO][CT]*")
        notices = [each.read_text("utf-8", "replace") for each in files]
        for text in [f"{license['name']}\n\n{license['text']}", *notices]:
            crates.setdefault(text, set()).add(f"- {crate['name']} {crate['version']}\n")
    parts = [f"{''.join(sorted(crates[text]))}\n{text}" for text in crates]
    text = f"\n{'=' * 80}\n".join(["This package contains the following crates.", *parts])
    Path(folder, NOTICES).write_text(text, "utf-8")


def complete(folder: str, dist: str) -> None:
    (wheel,) = Path(folder).glob("*.whl")
    tool = [sys.executable, "-m", "wheel"]
    subprocess.run([*tool, "unpack", f"--dest={folder}", str(wheel)], check=True)
    (sbom,) = Path(folder).glob("*/*.dist-info/sboms/*.json")
    listed = sbom.read_text("utf-8").replace(Path.cwd().as_uri(), "file:///")
    sbom.write_text(listed, "utf-8")
    info = sbom.parents[1]
    shutil.copy(Path(folder, NOTICES), info / "licenses")
    metadata = (info / "METADATA").read_text("utf-8")
    metadata = metadata.replace("License-File:", f"License-File: {NOTICES}\nLicense-File:", 1)
    (info / "METADATA").write_text(metadata, "utf-8", newline="\n")
    Path(dist).mkdir(exist_ok=True)
    subprocess.run([*tool, "pack", f"--dest-dir={dist}", str(info.parent)], check=True)


def check(largest: int, *wheels: str) -> None:
    for wheel in wheels:
        archive = zipfile.ZipFile(wheel)
        inside = {part: name for part in PARTS for name in archive.namelist() if part in name}
        for part in PARTS:
            if part not in inside:
                sys.exit(f"{wheel} has no {part}")
        notices = archive.read(inside[LICENSES]).decode().splitlines()
        for crate in json.loads(archive.read(inside[SBOM]))["components"]:
            ours = "download_url=file:" in crate["purl"]
            if not ours and f"- {crate['name']} {crate['version']}" not in notices:
                sys.exit(f"{wheel} has no license of {crate['name']} {crate['version']}")
        size = Path(wheel).stat().st_size
        print(f"{wheel}: {size / 1e6:.1f} MB")
        if size > largest:
            sys.exit(f"{wheel} is larger than {largest / 1e6:.0f} MB")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["licenses", folder]:
            licenses(folder)
        case ["complete", folder, dist]:
            complete(folder, dist)
        case ["check", largest, *wheels]:
            check(int(largest), *wheels)
        case _:
            sys.exit(__doc__)
