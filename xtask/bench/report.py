"""Turn what was measured into tables, a chart, and a JSON file without the single runs."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

Row = dict[str, Any]
RUST = ["native", "extension", "exported MemTable", "host's MemTable"]
PYTHON = ["extension", "pyarrow.dataset", "generator", "Arrow stream"]
# Of a full scan: see measure.py.
BATCHES = 4096
# The most that a query over 1,000 rows may take more than over a table of the host, in milliseconds, for
# each number of partitions.
SMALL_BARS = {
    "all rows": {1: 0.5, 8: 0.6, 64: 1.2},
    "one row": {1: 0.4, 64: 0.1},
    "one row by a function": {64: 1.5},
}
OPERATORS = ["group by", "join", "window", "sort", "LIMIT 10, not pushed down"]
QUERIES = ["full scan", "one column", "filter 0.1 %", "LIMIT 10", "count(*)", "group by"]


class Scan:
    """The times of the scanning part."""

    def __init__(self, measured: Row) -> None:
        self.measured = measured
        self.rows: list[Row] = measured["times"]

    def ns(self, case: str, query: str, way: str, **table: object) -> list[int]:
        """The times of the first table that has these properties."""
        wanted = {"case": case, "query": query, "way": way, **table}
        for row in self.rows:
            if wanted.items() <= row.items():
                found: list[int] = row["ns"]
                return found
        raise KeyError(wanted)

    def ms(self, case: str, query: str, way: str, **table: object) -> float:
        return median(self.ns(case, query, way, **table)) / 1e6

    def time(self, case: str, query: str, way: str, over: str, **table: object) -> float:
        """How many times as long as `over`: the median of the rounds, each with its own ratio."""
        return ratio(self.ns(case, query, way, **table), self.ns(case, query, over, **table))

    def more(self, case: str, query: str, way: str, over: str, **table: object) -> float:
        """How many milliseconds more than `over`."""
        ns, others = (self.ns(case, query, name, **table) for name in (way, over))
        return median(a - b for a, b in zip(ns, others, strict=True)) / 1e6

    def per_batch(self, way: str, over: str, **table: object) -> float:
        """The microseconds that a batch costs more than by `over`, in a full scan."""
        ns, others = (self.ns("batches", "full scan", name, **table) for name in (way, over))
        return median(a - b for a, b in zip(ns, others, strict=True)) / BATCHES / 1000

    def tables(self, case: str) -> list[Row]:
        """The tables of a case, without how many rows they have."""
        keys = "batch_rows", "columns", "partitions"
        found = {tuple(row[key] for key in keys) for row in self.rows if row["case"] == case}
        return [dict(zip(keys, values, strict=True)) for values in sorted(found)]


def ratio(numerator: list[int], denominator: list[int]) -> float:
    return median(a / b for a, b in zip(numerator, denominator, strict=True))


def spread(ns: list[int]) -> str:
    """Median and quartiles, in milliseconds."""
    low, middle, high = (value / 1e6 for value in quantiles(ns, n=4, method="inclusive"))
    digits = 2 if middle < 10 else 1 if middle < 100 else 0
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def table(header: Iterable[str], rows: Iterable[Iterable[str]], text: int = 1) -> str:
    """In Markdown; the first `text` columns are aligned to the left."""
    header = list(header)
    marks = ["---" if index < text else "---:" for index in range(len(header))]
    lines = ["| " + " | ".join(row) + " |" for row in [header, *map(list, rows)]]
    return "\n".join([lines[0], "|" + "|".join(marks) + "|", *lines[1:]])


def shape(of: Row) -> str:
    return f"{of['batch_rows']:,} × {of['columns']}, {of['partitions']}"


def batches_table(scan: Scan, query: str) -> str:
    rows = []
    for of in scan.tables("batches"):
        times = [spread(scan.ns("batches", query, way, **of)) for way in RUST[:2]]
        ratios = [f"{scan.time('batches', query, way, 'native', **of):.2f}" for way in RUST[1:]]
        rows.append([shape(of), *times, *ratios])
    header = ["rows × columns, partitions", "native, ms", "extension, ms"]
    return table([*header, *(f"{way} ÷ native" for way in RUST[1:])], rows)


def native_table(scan: Scan, case: str, queries: list[str]) -> str:
    """Only native and through the extension."""
    rows = []
    for of in scan.tables(case):
        for query in queries:
            times = [spread(scan.ns(case, query, way, **of)) for way in RUST[:2]]
            times_native = scan.time(case, query, "extension", "native", **of)
            name = f"{of['batch_rows']:,}, {of['partitions']}"
            rows.append([name, query, *times, f"{times_native:.2f}"])
    header = ["rows of a batch, partitions", "query", "native, ms", "extension, ms"]
    return table([*header, "extension ÷ native"], rows, text=2)


def python_table(scan: Scan) -> str:
    rows = []
    for query in QUERIES:
        cells = [spread(scan.ns("python", query, "extension"))]
        for way in PYTHON[1:]:
            took = scan.time("python", query, way, "extension")
            cells.append(f"{scan.ms('python', query, way):,.1f} ({took:,.1f} ×)")
        rows.append([query, *cells])
    return table(["query", "extension, ms", *(f"{way}, ms" for way in PYTHON[1:])], rows)


def iterate_table(scan: Scan) -> str:
    rows = []
    for name, columns in [("batches", 8), ("stub", 0)]:
        ways = [
            row["way"]
            for row in scan.rows
            if row["case"] == "iterate" and row["columns"] == columns
        ]
        for way in ways:
            ns = scan.ns("iterate", "iterate", way, columns=columns)
            times_native = scan.time("iterate", "iterate", way, "native", columns=columns)
            rows.append([name, way, spread(ns), f"{times_native:.2f}"])
    return table(["rows", "way", "ms", "÷ native"], rows, text=2)


def fixed_table(scan: Scan) -> str:
    rows = []
    tables: list[tuple[str, Row]] = [
        ("1 partition", {"partitions": 1, "functions": True}),
        ("1 partition, no functions in the session", {"functions": False}),
        ("8 partitions", {"partitions": 8}),
    ]
    for name, of in tables:
        times = [spread(scan.ns("fixed", "10 rows", way, **of)) for way in RUST]
        ns, of_host = (scan.ns("fixed", "10 rows", way, **of) for way in (RUST[1], RUST[3]))
        more = median(a - b for a, b in zip(ns, of_host, strict=True)) / 1e6
        rows.append([name, *times, f"{more:.2f}"])
    header = ["10 rows in", *(f"{way}, ms" for way in RUST)]
    return table([*header, "extension over the host's MemTable, ms"], rows)


def small_table(scan: Scan) -> str:
    """What a query over 1,000 rows takes more than over a table of the host."""
    rows = []
    for of in scan.tables("small"):
        for query in SMALL_BARS:
            times = [spread(scan.ns("small", query, way, **of)) for way in (RUST[1], RUST[3])]
            more = scan.more("small", query, RUST[1], RUST[3], **of)
            rows.append([str(of["partitions"]), query, *times, f"{more:.2f}"])
    header = ["partitions", "query", "extension, ms", "host's MemTable, ms", "more, ms"]
    return table(header, rows, text=2)


def operators_table(scan: Scan) -> str:
    return native_table(scan, "operators", OPERATORS)


def parts_table(scan: Scan) -> str:
    parts = scan.measured["boundary"]
    columns = sorted({part["columns"] for part in parts})
    rows = [
        [name, *(f"{part['ns'] / 1000:.2f}" for part in parts if part["part"] == name)]
        for name in dict.fromkeys(part["part"] for part in parts)
    ]
    return table(["part", *(f"columns: {count}, µs" for count in columns)], rows)


def boundary_table(scan: Scan) -> str:
    rows = []
    for of in scan.tables("batches"):
        if of["partitions"] == 1:
            costs = [
                scan.per_batch("extension", "native", **of),
                scan.per_batch("exported MemTable", "host's MemTable", **of),
                scan.per_batch("extension", "exported MemTable", **of),
            ]
            rows.append([f"{of['batch_rows']:,} × {of['columns']}", *(f"{c:.2f}" for c in costs)])
    header = [
        "rows × columns",
        "extension over native, µs a batch",
        "exported MemTable over the host's, µs a batch",
        "extension over exported MemTable, µs a batch",
    ]
    return table(header, rows)


class Bars:
    def __init__(self) -> None:
        self.rows: list[list[str]] = []

    def add(self, what: str, wanted: str, measured: str, met: bool) -> None:
        self.rows.append([what, wanted, measured, "yes" if met else "**no**"])

    def table(self) -> str:
        return table(["bar", "wanted", "measured", "met"], self.rows, text=4)


def build_bars_table(build: Row) -> str:
    """The bars of the building part, as far as they were measured."""
    bars = Bars()
    cold, upstream = (
        build.get(f"{whose}, cold", {}).get("seconds")
        for whose in ("generated", "upstream's dependencies")
    )
    if cold and upstream:
        measured = f"{cold / upstream:.2f} ({cold:.0f} s against {upstream:.0f} s)"
        what = "cold development build ÷ that with upstream's dependencies"
        bars.add(what, "<= 0.40", measured, cold / upstream <= 0.40)
    if rebuild := build.get("generated, one line changed, to a passing pytest"):
        seconds = rebuild["seconds"]
        what = "from one line changed to a passing pytest"
        bars.add(what, "< 10 s", f"{seconds:.1f} s", seconds < 10)
    return bars.table()


def bars_table(scan: Scan) -> str:
    """The bars of the scanning part, and what was measured against each."""
    stub = {"columns": 0, "partitions": 1}
    bars = Bars()
    bar = bars.add

    for batch_rows, most in [(8192, 1.11), (65_536, 1.03)]:
        for case, name, of in [
            ("stub", "generated stub", stub | {"batch_rows": batch_rows}),
            ("copied", "8 columns, written anew", {"batch_rows": batch_rows}),
        ]:
            if not any(of.items() <= table.items() for table in scan.tables(case)):
                continue
            took = scan.time(case, "full scan", "extension", "native", **of)
            what = f"full scan through the FFI ÷ native, {batch_rows:,}-row batches, {name}"
            bar(what, f"<= {most:.2f}", f"{took:.2f}", took <= most)

    for query, most_of in SMALL_BARS.items():
        for partitions, most in most_of.items():
            more = scan.more("small", query, RUST[1], RUST[3], partitions=partitions)
            what = f"{query} of 1,000, {partitions} partitions, over the host's `MemTable`"
            bar(what, f"<= {most:.1f} ms", f"{more:.2f} ms", more <= most)
    for query in ("LIMIT 10", "filter 0.1 %"):
        took = scan.time("stub", query, "extension", "native", **stub, batch_rows=8192)
        bar(f"{query} ÷ native, generated stub", "<= 2", f"{took:.2f}", took <= 2)
    for query in OPERATORS[:4]:
        took = scan.time("operators", query, "extension", "native")
        bar(f"{query} ÷ native", "<= 1.03", f"{took:.2f}", took <= 1.03)

    extension, host = (scan.ms("fixed", "10 rows", way) for way in ("extension", "host's MemTable"))
    fixed = extension - host
    what = "fixed cost of a query over the same in the host"
    bar(what, "<= 1 ms", f"{fixed:.2f} ms ({extension:.2f} against {host:.2f})", fixed <= 1)

    for columns, name in [(0, "generated stub"), (8, "batches")]:
        limit, empty = (
            scan.ms("billion", query, "extension", columns=columns)
            for query in ("LIMIT 10", "empty query")
        )
        more = limit - empty
        what = f"`LIMIT 10` over a billion rows, over an empty query, {name}"
        bar(what, "< 5 ms", f"{more:.2f} ms", more < 5)

    read = scan.measured["rows_read_by_count"]
    bar("rows read by `count(*)`", "0", str(read), read == 0)

    not_pushed, pushed = (
        scan.ns("stub", query, "extension", **stub)
        for query in ("filter 0.1 %, not pushed down", "filter 0.1 %")
    )
    took = ratio(pushed, not_pushed)
    bar("selective filter ÷ the same without pushdown", "<= 0.05", f"{took:.3f}", took <= 0.05)

    for query in QUERIES:
        took = scan.time("python", query, "extension", "pyarrow.dataset")
        bar(f"{query} ÷ `pyarrow.dataset`", "<= 0.20", f"{took:.3f}", took <= 0.2)

    took = scan.time("iterate", "iterate", "Arrow stream", "native", columns=0)
    bar("Arrow stream ÷ native iteration, generated stub", "<= 1.05", f"{took:.2f}", took <= 1.05)

    memory = {int(gigabytes): peak for gigabytes, peak in scan.measured["peak_memory"].items()}
    largest = max(memory)
    over = (memory[largest] - memory[0]) / 1e6
    what = f"memory of a full scan of {largest} GB, over that of no rows"
    bar(what, "< 200 MB", f"{over:.0f} MB", over < 200)
    return bars.table()


def memory_table(scan: Scan) -> str:
    memory = scan.measured["peak_memory"].items()
    rows = [[f"{gigabytes} GB", f"{peak / 1e6:.0f} MB"] for gigabytes, peak in memory]
    return table(["scanned", "most memory of the process"], rows)


def cell(figures: Row, key: str, unit: float, digits: int) -> str:
    return f"{figures[key] / unit:,.{digits}f}" if key in figures else ""


def majors_table(build: Row) -> str:
    """A project for one major of DataFusion beside one for all."""
    lines = [
        ("cold development build, CPU seconds", "cold", "cpu_seconds", 1, 0),
        ("one line changed, s", "one line changed", "seconds", 1, 1),
        (
            "one line changed, to a passing pytest, s",
            "one line changed, to a passing pytest",
            "seconds",
            1,
            1,
        ),
        ("development library, MB", "cold", "library", 1e6, 0),
        ("release build, CPU seconds", "release", "cpu_seconds", 1, 0),
        ("release wheel, MB", "release", "wheel", 1e6, 1),
        ("scan, ms", "release", "scan", 1e-3, 1),
        ("copied, ms", "release", "copied", 1e-3, 0),
        ("import after the host, ms", "release", "import, ms", 1, 1),
        ("import after the host, MB", "release", "import, MB", 1, 1),
    ]
    rows = []
    for title, what, key, unit, digits in lines:
        sides = [build.get(f"{whose}, {what}", {}) for whose in ("one major", "all majors")]
        if all(key in side for side in sides):
            one, several = (side[key] for side in sides)
            cells = [cell(side, key, unit, digits) for side in sides]
            rows.append([title, *cells, f"{several / one:.2f}"])
    return table(["", "one major", "all majors", "ratio"], rows)


def build_tables(build: Row) -> dict[str, str]:
    columns = [
        ("seconds", 1, 1),
        ("crates", 1, 0),
        ("library", 1e6, 1),
        ("wheel", 1e6, 1),
        ("scan", 1e-3, 1),
        ("copied", 1e-3, 0),
    ]
    # Whose they are comes first, then other profiles.
    whose = "generated", "upstream's dependencies"
    others = {what: row for what, row in build.items() if " major" not in what}
    order = sorted(others.items(), key=lambda item: not item[0].startswith(whose))
    rows = [[what, *(cell(figures, *column) for column in columns)] for what, figures in order]
    header = ["what", "s", "crates compiled", "library, MB", "wheel, MB", "scan, ms", "copied, ms"]
    return {
        "build bars": build_bars_table(build),
        "build": table(header, rows),
        "majors": majors_table(build),
    }


def scan_tables(scan: Scan) -> dict[str, str]:
    stub_queries = [*QUERIES[:3], "filter 0.1 %, not pushed down", *QUERIES[3:]]
    return {
        "bars": bars_table(scan),
        "stub": native_table(scan, "stub", stub_queries),
        "copied": native_table(scan, "copied", QUERIES[:2]),
        "boundary": boundary_table(scan),
        "parts": parts_table(scan),
        "fixed": fixed_table(scan),
        "small": small_table(scan),
        "operators": operators_table(scan),
        "python": python_table(scan),
        "iterate": iterate_table(scan),
        "memory": memory_table(scan),
        **{query: batches_table(scan, query) for query in QUERIES},
    }


# What is the same with the boundary and without it.
BOUNDARY: dict[str, Row] = {
    "the example, which computes its rows": {"case": "stub", "partitions": 1, "batch_rows": 8192},
    "8 columns, each value written anew": {"case": "copied", "batch_rows": 8192},
    "8 columns that are in memory already": {
        "case": "batches",
        "partitions": 1,
        "batch_rows": 8192,
        "columns": 8,
    },
}
NOW = {
    "extension": "extension",
    "pyarrow.dataset": "`pyarrow.dataset`",
    "generator": "Python generator",
}


class Published:
    """The medians of benchmarks.json."""

    def __init__(self, figures: Row) -> None:
        self.times: list[Row] = figures["times"]
        self.builds: Row = figures.get("builds", {})

    def ms(self, query: str, way: str, **of: object) -> float:
        """Of the first table that has these properties."""
        wanted = {"query": query, "way": way, **of}
        found = next(row["median_ms"] for row in self.times if wanted.items() <= row.items())
        return float(found)

    def has(self, **of: object) -> bool:
        return any(of.items() <= row.items() for row in self.times)


def now_table(published: Published) -> str:
    """A query through the extension beside what people do without Rust."""
    rows = []
    for query in QUERIES:
        times = {way: published.ms(query, way, case="python") for way in NOW}
        cells = [f"{times[way] / times['extension']:.1f} times as long" for way in list(NOW)[1:]]
        rows.append([query, f"{times['extension']:.1f} ms", *cells])
    return table(["query", *NOW.values()], rows)


def cost_table(published: Published) -> str:
    rows = []
    for name, of in BOUNDARY.items():
        if published.has(**of):
            native, extension = (published.ms("full scan", way, **of) for way in RUST[:2])
            more = f"{extension / native:.2f}"
            rows.append([name, f"{native:.0f} ms", f"{extension:.0f} ms", more])
    return table(["full scan of", "without the boundary", "extension", "ratio"], rows)


def wait_table(published: Published) -> str:
    rows = []
    for name, what in [
        ("first development build", "cold"),
        ("build after one line changed", "one line changed"),
        ("the same, to a passing pytest", "one line changed, to a passing pytest"),
        ("release wheel", "release"),
    ]:
        seconds = (
            published.builds.get(f"{whose}, {what}", {}).get("seconds")
            for whose in ("generated", "upstream's dependencies")
        )
        rows.append([name, *(f"{s:.0f} s" if s else "" for s in seconds)])
    return table(["", "generated project", "crates of upstream's example"], rows)


def bars_beside(axes: Any, names: list[str], ways: dict[str, list[float]], title: str) -> None:
    """Times in groups: the shorter a bar, the faster."""
    height = 0.8 / len(ways)
    for index, (way, times) in enumerate(ways.items()):
        places = [place + index * height for place in range(len(names))]
        drawn = axes.barh(places, times, height, label=way)
        axes.bar_label(drawn, fmt="%.0f", padding=2, fontsize=7)
    middle = 0.8 / 2 - height / 2
    axes.set_yticks([place + middle for place in range(len(names))], names)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("ms: shorter is faster")
    axes.set_title(title)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=len(ways))


def chart(published: Published, path: Path) -> None:
    """What a reader asks: how fast, beside what is done now, and what the boundary costs."""
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "font.size": 9})
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    now = {
        way.replace("`", ""): [published.ms(query, key, case="python") for query in QUERIES]
        for key, way in NOW.items()
    }
    bars_beside(left, QUERIES, now, "Queries over 8.4 million rows in memory")
    of = {name: of for name, of in BOUNDARY.items() if published.has(**of)}
    sides = {
        name: [published.ms("full scan", way, **table) for table in of.values()]
        for way, name in [("extension", "extension"), ("native", "without the boundary")]
    }
    names = [name.replace(", ", ",\n").replace(" that ", "\nthat ") for name in of]
    bars_beside(right, names, sides, "What the boundary costs a full scan")
    figure.savefig(path, metadata={"Date": None})


def published_tables(published: Published) -> dict[str, str]:
    return {
        "now": now_table(published),
        "cost": cost_table(published),
        "wait": wait_table(published),
    }


def summary(scan: Scan) -> list[Row]:
    """Medians and quartiles in place of the single runs."""
    rows = []
    for row in scan.rows:
        low, middle, high = quantiles(row["ns"], n=4, method="inclusive")
        times = {"median_ms": middle, "low_ms": low, "high_ms": high}
        figures = {key: round(value / 1e6, 3) for key, value in times.items()}
        rows.append({**{key: row[key] for key in row if key != "ns"}, **figures})
    return rows


def fill(page: Path, tables: dict[str, str]) -> None:
    """Puts each table between its two marks in the page."""
    text = page.read_text()
    for name, lines in tables.items():
        marks = f"<!-- table: {name} -->", "<!-- end of table -->"
        pattern = re.escape(marks[0]) + ".*?" + re.escape(marks[1])
        new = "\n\n".join([marks[0], lines, marks[1]])
        # A backslash in it would mean something.
        text = re.sub(pattern, new.replace("\\", r"\\"), text, flags=re.DOTALL)
    page.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        help="where scan.json and build.json are; without it, benchmarks.json is read again, "
        "and only what needs no single runs is written",
    )
    parser.add_argument("--out", type=Path, required=True, help="where benchmarks.* go")
    args = parser.parse_args()

    tables: dict[str, str] = {}
    published = args.out / "benchmarks.json"
    if args.folder:
        tables |= measured(args.folder, published)
    figures = json.loads(published.read_text())
    if "times" in figures:
        tables |= published_tables(Published(figures))
        chart(Published(figures), args.out / "benchmarks.svg")
    for name, lines in tables.items():
        print(f"\n{name}\n\n{lines}")
    for name in ("benchmarks.md", "benchmark-tables.md"):
        if (page := args.out / name).exists():
            fill(page, tables)


def measured(folder: Path, published: Path) -> dict[str, str]:
    """The tables of what was measured, whose figures go into `published`."""
    tables: dict[str, str] = {}
    figures: Row = {}
    if (path := folder / "scan.json").exists():
        scan = Scan(json.loads(path.read_text()))
        tables |= scan_tables(scan)
        figures = {**scan.measured, "times": summary(scan)}
    if (path := folder / "build.json").exists():
        figures["builds"] = json.loads(path.read_text())
        tables |= build_tables(figures["builds"])
    rows = [json.dumps(row) for row in figures.pop("times", [])]
    if rows:
        figures["times"] = ["ROWS"]
    text = json.dumps(figures, indent=2)
    rows_of_file = ",\n    ".join(rows)
    published.write_text(text.replace('"ROWS"', rows_of_file) + "\n")
    return tables


if __name__ == "__main__":
    main()
