"""Print how long an import of the wheel in each subfolder takes, and its memory, as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

ROUNDS = 15
# After the host, which every user has imported already.
IMPORT = """
import sys, time
import datafusion
sys.path.insert(0, sys.argv[1])

def resident_memory():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

before, started = resident_memory(), time.perf_counter()
import stub_ext
print((time.perf_counter() - started) * 1e3, (resident_memory() - before) / 1e6)
"""


def main() -> None:
    folders = sorted(Path(sys.argv[1]).iterdir())
    runs: dict[str, list[list[float]]] = {folder.name: [] for folder in folders}
    for _ in range(ROUNDS):
        for folder in folders:
            command = [sys.executable, "-c", IMPORT, str(folder)]
            printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            runs[folder.name].append([float(figure) for figure in printed.split()])
    figures = {}
    for name, pairs in runs.items():
        milliseconds, megabytes = (median(column) for column in zip(*pairs, strict=True))
        figures[name] = {"import, ms": milliseconds, "import, MB": megabytes}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
