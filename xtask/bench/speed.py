"""Print how long scans take through the wheels in each subfolder, taking turns, as JSON."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from pathlib import Path
from statistics import median

# Memory lies differently in each process, so there are some for every folder.
ROUNDS = 7
SCANS = 9


def scan(folder: Path, case: str) -> float:
    """Return the median of some scans in this process, in seconds."""
    sys.path.insert(0, str(folder))
    import bench_ext
    import stub_ext
    from datafusion import SessionConfig, SessionContext

    table, query = {
        "scan": (stub_ext.Readings(1 << 22, 1), "SELECT * FROM t WHERE celsius < 0"),
        # Of 8 columns, in batches of 8,192 rows, written anew: see source.rs.
        "copied": (
            bench_ext.Readings(1 << 25, 1, 8, 8192, True),
            "SELECT * FROM t WHERE id IS NULL",
        ),
    }[case]
    session = SessionContext(SessionConfig().with_target_partitions(1))
    session.register_table("t", table)
    seconds = []
    for _ in range(SCANS):
        started = time.perf_counter()
        session.sql(query).collect()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def main() -> None:
    folders = sorted(Path(sys.argv[1]).iterdir())
    seconds: dict[str, dict[str, list[float]]] = {
        folder.name: {"scan": [], "copied": []} for folder in folders
    }
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for _ in range(ROUNDS):
            for folder in folders:
                for case, runs in seconds[folder.name].items():
                    runs.append(pool.apply(scan, (folder, case)))
    medians = {
        name: {case: median(runs) for case, runs in cases.items()}
        for name, cases in seconds.items()
    }
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
