"""From the layout with the machinery in `src/ffi/` to that with the crate `pyo3-datafusion`.

`update.py` applies this to the template as it was and to the project alike. So git sees what the
owner changed, and not the new names. This file can go when no project has the old layout.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OLD, NEW = "src/ffi/", "pyo3-datafusion/"
# Paths below `crate::ffi`, and the same below `pyo3_datafusion`.
PATHS = {
    "PhysicalOptimizerRule": "compat::PhysicalOptimizerRule",
    "aggregate_udf::export": "export::aggregate_udf",
    "aggregate_udf::guarded": "function::guarded_aggregate",
    "arrow_stream::export": "export::arrow_stream",
    "arrow_stream::export_schema": "export::arrow_schema",
    "capsule::export_table": "export::table_provider",
    "error::exception": "to_py_err",
    "error::to_py_err": "to_py_err",
    "function_library::Library": "function::Library",
    "function_library::export": "function::library",
    "functions::Functions": "function::Functions",
    "host::check_host": "check_host",
    "insert::*": "table::*",
    "insert::Insert": "table::Insert",
    "listing_options": "compat::listing_options",
    "locations": "compat::locations",
    "options": "options",
    "options::from_config": "options::from_config",
    "options::of_session": "options::from_config",
    "provider_session::ProviderSession": "provider::ProviderSession",
    "runtime::block_on": "block_on",
    "scalar_udf::export": "export::scalar_udf",
    "scalar_udf::guarded": "function::guarded_scalar",
    "source::*": "table::*",
    "source::Partition": "table::Partition",
    "source::Scan": "table::Scan",
    "source::Source": "table::Source",
    "source::comparison": "table::comparison",
    "source_exec::SourceExec": "table::SourceExec",
    "source_table::*": "table::*",
    "source_table::SourceTable": "table::SourceTable",
    "window_udf::export": "export::window_udf",
    "window_udf::guarded": "function::guarded_window",
}
# Calls that the changes below write, and what they import.
WRITTEN = {
    "block_on(": "block_on",
    "check_host(": "check_host",
    "export::": "export",
    "library(": "function::library",
    "open_catalog(": "provider::open_catalog",
    "open_table(": "provider::open_table",
}
# Constructors of `datafusion_ffi`, and the function that calls them.
CONSTRUCTORS = {
    "FFI_CatalogProvider": "catalog_provider",
    "FFI_CatalogProviderList": "catalog_provider_list",
    "FFI_SchemaProvider": "schema_provider",
    "FFI_TableFunction": "table_function",
    "FFI_TableProvider": "table_provider",
    "FFI_TableProviderFactory": "table_provider_factory",
}
# What has no plain counterpart, and what to write instead.
ADVICE = {
    r"\bInsertTable\b": "open the table with `SourceTable::open_insert`, and pass on `provider()`",
    r"\bProvider(Table|Catalog)\b": "write `open_table` or `open_catalog` of "
    "`pyo3_datafusion::provider`, which return DataFusion's own trait",
    r"\bcatch\(": "write what is in the closure: the crate turns panics into exceptions",
    r"\bHost::check\b|\bhost\.export\(": "write one call of `pyo3_datafusion::export`, which "
    "checks the host, or `pyo3_datafusion::check_host(py)?` alone",
    r"\b(from|of)_session\(": "pass `session` to the function of `pyo3_datafusion::export`",
    r"\bruntime::run\(": "await the future itself: the crate runs it on its runtime",
    r"\bruntime::\w+": "leave it out: the crate has the runtime. `pyo3_datafusion::block_on` waits",
    r"\bexport_table\(": "write `export::table_provider(py, table, session)`",
    r"\barrow_stream::export\w*\(|\bArrowStream\b": "write `export::arrow_stream` or "
    "`export::arrow_schema`, with an `Arc<dyn TableProvider>`",
    r"\bmerge_batch!": "write the method, or implement `pyo3_datafusion::function::AggregateState`",
    r"\b(session_of_codec|encode_options)\b|\bplans_as_bytes!": "implement `SourceCodec` or "
    "`PartitionCodec` of `pyo3_datafusion::codec`, and pass it to `export`",
    r"<SourceTable<": "write `SourceProvider`, whose `source::<S>()` is the source",
    r"\.plan\(None\b": "write `provider()`: a `SourceTable` itself is no table of DataFusion",
    r"\boptions::config\(": "write `options::to_config(options, PREFIX)`",
}


@dataclass(frozen=True)
class Project:
    """What the changes need to know of a project."""

    name: str
    majors: list[int]
    # The new src/lib.rs, as the template renders it.
    lib: str


def changes_layout(before: Path, after: Path) -> bool:
    """Whether the template has the old layout in `before`, and the new one in `after`."""
    return Path(before, "src/ffi.rs").exists() and Path(after, NEW, "Cargo.toml").exists()


def manifests(after: Path) -> list[str]:
    majors = [path.relative_to(after).as_posix() for path in after.glob("majors/*/Cargo.toml")]
    return ["Cargo.toml", *majors]


def rewrite(path: str, text: str, project: Project) -> str:
    """The text of one of the owner's Rust files with the new names."""
    if path == "src/lib.rs":
        text = entry_point(text, project)
    if not re.search(r"\bffi::", text):
        return text
    before, names, own = text, imported(text), imported(text, at_the_top=True)
    text = without_imports(text)
    for change in (library, tables, providers, hooks, guards, functions):
        text = change(text, names, project)
    text = paths_in_code(text, names)
    wanted = {name: PATHS[path] for name, path in own.items() if path in PATHS}
    uses = [
        path if path.rpartition("::")[2] == name else f"{path} as {name}"
        for name, path in wanted.items()
        if uses_of(rf"{name}\b", text)
    ]
    uses += [
        path
        for call, path in WRITTEN.items()
        if uses_of(re.escape(call), text) and not uses_of(re.escape(call), before)
    ]
    return without_unused(before, with_uses(text, sorted(set(uses))))


def leftovers(before: str, after: str) -> Iterator[tuple[int, str]]:
    """Lines of a file that was rewritten which do not compile, and what to write instead."""
    if not re.search(r"\bffi::", before):
        return
    # A name of today may be that of an old module.
    known = {
        re.split("::| as ", leaf)[-1] for use in USE.finditer(after) for leaf in leaves(use[3])
    }
    gone = {
        name: path
        for name, path in imported(before).items()
        if path not in PATHS
        and name not in known
        and not any(name in pattern for pattern in ADVICE)
    }
    for number, line in enumerate(after.splitlines(), 1):
        code = line.partition("//")[0]
        advice = next((text for pattern, text in ADVICE.items() if re.search(pattern, code)), None)
        path = re.search(r"\b(?:crate|super|self)::ffi::([\w:]+)", code)
        names = [gone[name] for name in re.findall(r"(?<![\w.:])\w+", code) if name in gone]
        if advice:
            yield number, advice
        elif path or (names and not code.lstrip().startswith("use ")):
            name = path[1] if path else names[0]
            yield number, f"`ffi::{name}` has no counterpart in {NEW}README.md: write your own"


# Imports.

# At the start of a line, or in a module or a function.
USE = re.compile(r"^([ \t]*)((?:pub(?:\([^)]*\))? )?)use ([^;]+);\n", re.MULTILINE)


def leaves(tree: str) -> list[str]:
    """The paths of a `use`, each with all its segments."""
    prefix, brace, rest = tree.strip().partition("{")
    if not brace:
        return [tree.strip()] if tree.strip() else []
    parts, depth, start = [], 0, 0
    inner = rest[: rest.rindex("}")]
    for at, letter in enumerate(inner + ","):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            parts.append(inner[start:at])
            start = at + 1
    found = [f"{prefix.strip()}{leaf}" for part in parts for leaf in leaves(part)]
    return [leaf.removesuffix("::self") for leaf in found]


def of_ffi(leaf: str) -> str | None:
    path = re.match(r"(?:crate::|super::|self::)?ffi::(.+)", leaf)
    return path[1] if path else None


def imported(text: str, at_the_top: bool = False) -> dict[str, str]:
    """The names that a file imports from `crate::ffi`, and their paths there; for itself only, or
    also in its modules and functions, and for others."""
    names = {}
    for use in USE.finditer(text):
        for leaf in leaves(use[3]):
            path = of_ffi(leaf)
            if path and not path.endswith("*") and not (at_the_top and (use[1] or use[2])):
                path, _, alias = path.partition(" as ")
                names[alias or path.rpartition("::")[2]] = path
    return names


def without_imports(text: str) -> str:
    """Takes out what a file imports from `crate::ffi` for itself, and renames it elsewhere."""

    def rest(use: re.Match[str]) -> str:
        found = leaves(use[3])
        kept = []
        for leaf in found:
            path, _, alias = (of_ffi(leaf) or "").partition(" as ")
            in_place = use[1] or use[2] or path.endswith("*")
            if not path or (in_place and path not in PATHS):
                kept.append(leaf)
            elif in_place:
                kept.append(f"pyo3_datafusion::{PATHS[path]}{alias and f' as {alias}'}")
        if kept == found:
            return use[0]
        return "".join(f"{use[1]}{use[2]}{line}\n" for line in grouped(kept))

    return USE.sub(rest, text)


def without_uses(text: str) -> str:
    return USE.sub("", re.sub(r"//.*", "", text))


def uses_of(pattern: str, text: str) -> bool:
    return re.search(rf"(?<![\w.:]){pattern}", without_uses(text)) is not None


def grouped(paths: list[str]) -> list[str]:
    """One `use` for each module, as rustfmt has it."""
    modules: dict[str, list[str]] = {}
    for path in paths:
        head, _, alias = path.partition(" as ")
        module, _, name = head.rpartition("::")
        modules.setdefault(module, []).append(f"{name} as {alias}" if alias else name)
    uses = []
    for module, names in modules.items():
        prefix = f"{module}::" if module else ""
        if len(names) == 1:
            uses.append(f"use {prefix}{names[0]};")
            continue
        line = f"use {prefix}{{{', '.join(sorted(names))}}};"
        if len(line) > 100:
            body = textwrap.fill(", ".join(sorted(names)) + ",", 96)
            line = f"use {prefix}{{\n{textwrap.indent(body, '    ')}\n}};"
        uses.append(line)
    return sorted(uses, key=order)


def order(use: str) -> list[str]:
    path = re.sub(r"^(pub(\([^)]*\))? )?use |;$", "", use.split("\n")[0])
    return path.replace("{", "\x7f").split("::")


OWN = r"(pub(\([^)]*\))? )?use (crate|super|self)\b"


def with_uses(text: str, paths: list[str]) -> str:
    """Adds imports of `pyo3_datafusion` to those of other crates."""
    for line in grouped([f"pyo3_datafusion::{path}" for path in paths]):
        text = with_use(text, line, lambda use: not re.match(rf"{OWN}|use (std|core)\b", use))
    return text


def with_use(text: str, line: str, belongs: Callable[[str], bool]) -> str:
    """Adds a line of `use` to the group of lines that it belongs to."""
    groups = [
        (found.start(), [use[0].rstrip("\n") for use in USE.finditer(found[0])])
        for found in re.finditer(r"(?:^(?:pub(?:\([^)]*\))? )?use [^;]+;\n)+", text, re.MULTILINE)
    ]
    own = [(start, uses) for start, uses in groups if any(map(belongs, uses))]
    if own:
        at, uses = own[-1]
        for use in uses:
            if (belongs(use) and order(use) > order(line)) or re.match(OWN, use):
                break
            at += len(use) + 1
        return f"{text[:at]}{line}\n{text[at:]}"
    # Behind those of `std`, or in front of all.
    if groups and re.match("use std", groups[0][1][0]) and not line.startswith("use std"):
        at = groups[0][0] + sum(len(use) + 1 for use in groups[0][1])
        return f"{text[:at]}\n{line}\n{text[at:]}"
    head = re.match(r"(?://!.*\n|#!\[.*\n)*\n?", text)
    at = groups[0][0] if groups else head.end() if head else 0
    return f"{text[:at]}{line}\n\n{text[at:]}"


def without_unused(before: str, after: str) -> str:
    """Leaves out the imports of names that only what was rewritten has used."""
    code = without_uses(after)

    def gone(leaf: str) -> bool:
        name = re.split("::| as ", leaf)[-1]
        return (
            name.isidentifier()
            and bool(re.search(rf"\b{name}\b", without_uses(before)))
            and not re.search(rf"\b{name}\b", code)
        )

    def rest(use: re.Match[str]) -> str:
        found = leaves(use[3])
        kept = [leaf for leaf in found if not gone(leaf)]
        if len(kept) == len(found):
            return use[0]
        return "".join(f"{use[1]}{use[2]}{line}\n" for line in grouped(kept))

    after = USE.sub(rest, after)
    # A group of imports that is empty now.
    if "\n\n\n" not in before:
        after = re.sub(r"\n{3,}", "\n\n", after)
    return after if before.startswith("\n") else after.lstrip("\n")


def paths_in_code(text: str, names: Mapping[str, str]) -> str:
    """Paths that are written out, and those below an imported module."""

    def new(path: str, found: re.Match[str]) -> str:
        return f"pyo3_datafusion::{PATHS[path]}" if path in PATHS else found[0]

    full = r"(?:\b(?:crate|super|self)::|(?<![\w:]))ffi::(\w+(?:::\w+)?)"
    text = re.sub(full, lambda found: new(found[1], found), text)
    for name, module in names.items():
        if module not in PATHS:
            text = re.sub(
                rf"(?<![\w:.]){name}::(\w+)",
                lambda found, module=module: new(f"{module}::{found[1]}", found),
                text,
            )
    return text


# Calls.


def closing(text: str, at: int) -> int:
    """The place of the bracket that closes the one at `at`."""
    depth = 0
    for token in re.finditer(
        r'"(?:\\.|[^"\\])*"|//[^\n]*|\'(?:\\.|[^\'\\])\'|[()\[\]{}]', text[at:]
    ):
        depth += (token[0] in "([{") - (token[0] in ")]}")
        if depth == 0:
            return at + token.start()
    return -1


def end_of_block(text: str, at: int) -> int:
    """Where the block ends that `at` is in."""
    while found := re.compile(r"[{}]").search(text, at):
        if found[0] == "}" or (end := closing(text, found.start())) < 0:
            return found.start()
        at = end + 1
    return len(text)


def arguments(text: str) -> list[str]:
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] in "([{" and (end := closing(text, at)) > 0:
            at = end
        elif text[at] == ",":
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [part for part in [*parts, text[start:].strip()] if part]


def calls(text: str, name: str, change: Callable[[list[str], str], str | None]) -> str:
    """Writes something else for the calls of `name`, a pattern; `None` leaves a call as it is.
    `change` gets the arguments, and the text behind the call."""
    at = 0
    while found := re.compile(rf"(?<![\w.:]){name}\(").search(text, at):
        end = closing(text, found.end() - 1)
        new = change(arguments(text[found.end() : end]), text[end + 1 :]) if end > 0 else None
        if new is None:
            at = found.end()
        else:
            text = f"{text[: found.start()]}{new}{text[end + 1 :]}"
            at = found.start() + 1
    return text


def library(text: str, names: Mapping[str, str], project: Project) -> str:
    if names.get("export") == "function_library::export":
        text = calls(text, "export", lambda given, _: f"library({', '.join(given)})")
    return text


def tables(text: str, names: Mapping[str, str], project: Project) -> str:
    """Tables from a `Source`."""
    if "SourceTable" not in names or "ProviderTable" in names:
        return text
    exported = len(re.findall(r"\bexport_table\(", text))
    inserted = len(re.findall(r"\bexport_table\(\s*py,\s*Arc::new\(InsertTable\(", text))
    if inserted == exported:
        text = re.sub(r"Arc::new\(InsertTable\(([\w.]+)\.clone\(\)\)\)", r"\1.provider()", text)
        if inserted:
            text = text.replace("SourceTable::open(", "SourceTable::open_insert(")
    text = re.sub(
        r"(\bexport_table\(\s*py,\s*)Arc::new\(([\w.]+)\.clone\(\)\)", r"\1\2.provider()", text
    )
    text = re.sub(r"(\barrow_stream::export_schema\(\s*py,\s*)&([\w.]+)", r"\1\2.provider()", text)
    text = re.sub(
        r"(\barrow_stream::export\(\s*py,\s*)([\w.]+)\.plan\(None, &\[\], None\)",
        r"\1\2.provider()",
        text,
    )
    made = r"SourceTable::try_new\((?:[^()]|\([^()]*\))*\)\?"
    text = re.sub(rf"Arc::new\(({made})\)(?: as _)?", r"\1.provider()", text)
    for name in set(re.findall(rf"let (\w+) = {made};", text)):
        text = re.sub(rf"Arc::new\({name}\)(?: as _)?", f"{name}.provider()", text)
    return text.replace(".shared_source()", ".source()")


def providers(text: str, names: Mapping[str, str], project: Project) -> str:
    """Tables and catalogs of other crates."""
    for name, opened, trait in [
        ("ProviderTable", "open_table", "TableProvider"),
        ("ProviderCatalog", "open_catalog", "CatalogProvider"),
    ]:
        if name not in names or "SourceTable" in names:
            continue
        text = text.replace(f"{name}::open(", f"{opened}(")
        known = re.search(rf"^use datafusion_catalog::[^;]*\b{trait}\b", text, re.MULTILINE)
        path = trait if known else f"datafusion_catalog::{trait}"
        arc = "Arc" if "use std::sync::Arc;" in text else "std::sync::Arc"
        text = re.sub(rf"(?<![\w:]){name}\b(?!::)", f"{arc}<dyn {path}>", text)
        shared = rf"\1{arc}::clone(&\2)"
        text = re.sub(r"(\bexport_table\(\s*py,\s*)Arc::new\(([\w.]+)\.clone\(\)\)", shared, text)
        text = re.sub(r"(\barrow_stream::export_schema\(\s*py,\s*)&([\w.]+)", shared, text)
        text = re.sub(r"(\barrow_stream::export\(\s*py,\s*)([\w.]+)\.plan\(\)", shared, text)
        if name == "ProviderCatalog":
            new = rf"export::catalog_provider(py, {arc}::clone(&\1), session)"
            text = re.sub(r"\b(self[\w.]*)\.export\(py, session\)", new, text)
    return text


def closure(expression: str) -> str:
    """`expression` as a function of no arguments."""
    name = re.fullmatch(r"([\w:]+)\(\)", expression)
    return name[1] if name else f"|| {expression}"


def hooks(text: str, names: Mapping[str, str], project: Project) -> str:
    """The methods that hand something over: one call of `export`."""
    if names.get("arrow_stream") == "arrow_stream":
        text = re.sub(r"\barrow_stream::export_schema\(", "export::arrow_schema(", text)
        text = re.sub(
            r"\barrow_stream::export\((?=\s*py,\s*[\w.]*(\.provider\(\)|Arc::clone))",
            "export::arrow_stream(",
            text,
        )
    if "export_table" in names:
        text = re.sub(r"(?<![\w.:])export_table\(", "export::table_provider(", text)
    for module in ("scalar_udf", "aggregate_udf", "window_udf"):

        def function(given: list[str], _: str, module: str = module) -> str | None:
            return f"export::{module}(py, {closure(given[1])})" if len(given) == 2 else None

        if names.get(module) == module:
            text = calls(text, rf"{module}::export", function)

    def call(given: list[str], _: str) -> str | None:
        made = re.fullmatch(r"(FFI_\w+)::new(?:_with_ffi_codec)?\((.*)\)", given[0], re.DOTALL)
        inner = arguments(made[2]) if made else []
        # Whether a table is asked about filters.
        pushdown = ["true"] if made and made[1] == "FFI_TableProvider" else []
        rest = [*pushdown, "Some(runtime)", "codec"]
        if made and inner[1:] == rest and made[1] == "FFI_CatalogProviderList":
            return f"export::catalog_provider_list(py, {closure(inner[0])}, session)"
        if made and inner[1:] == rest and made[1] in CONSTRUCTORS:
            return f"export::{CONSTRUCTORS[made[1]]}(py, {inner[0]}, session)"
        if made and made[1] == "FFI_PhysicalOptimizerRule" and inner[1:] == ["Some(runtime)"]:
            return f"export::physical_optimizer_rule(py, {inner[0]})"
        return None

    text = calls(text, r"host\.export", call)
    host = r"let host = Host::check\(py\)\?;\s*"
    codec = r"(?:let codec(?:: \w+)? = (?:from|of)_session\(host, session\)\?;\s*)?"
    runtime = r"let runtime = runtime::handle\(\)\.map_err\(\w+\)\?;\s*"

    def unused(found: re.Match[str]) -> str:
        used = re.search(
            r"\b(host|codec|runtime)\b", text[found.end() : end_of_block(text, found.end())]
        )
        return found[0] if used else ""

    text = re.sub(host + codec + runtime, unused, text)
    return re.sub(
        host + r"let mut options = FFI_ExtensionOptions::default\(\);\s*"
        r"catch\(\|\| options\.add_config\(([^()]+)\)\)\.map_err\(\w+\)\?;\s*"
        r"host\.export\(options\)",
        r"export::extension_options(py, \1)",
        text,
    )


def guards(text: str, names: Mapping[str, str], project: Project) -> str:
    """Panics and the runtime, which are the crate's now."""
    if "Host" in names:
        text = re.sub(
            r"^(\s*)Host::check\((\w+)\)\?;", r"\1check_host(\2)?;", text, flags=re.MULTILINE
        )
    text = re.sub(r"(?<![\w:.])runtime::block_on\(", "block_on(", text)
    if names.get("catch") == "error::catch":
        simple = r"((?:[^()|?{}]|\((?:[^()|?{}]|\([^()|?{}]*\))*\))+)"
        text = re.sub(
            rf"\bcatch\(\|\| Ok\({simple}\)\)(?:\.unwrap_or_default\(\)|\.map_err\(\w+\)\?)",
            r"\1",
            text,
        )
        text = re.sub(rf"\bcatch\(\|\| (?!Ok\(){simple}\)", r"\1", text)
    if names.get("runtime") == "runtime":

        def awaited(given: list[str], rest: str) -> str | None:
            # Where a `?` follows, the compiler cannot tell the type of the block's error.
            if len(given) != 1 or not re.match(r"\s*\.await\b(?!\s*\?)", rest):
                return None
            return given[0] if re.match(r"async\b|[\w.]+\(", given[0]) else f"({given[0]})"

        text = calls(text, "runtime::run", awaited)
    return text


def functions(text: str, names: Mapping[str, str], project: Project) -> str:
    prefix = f'"{project.name.replace("-", "_")}"'
    if names.get("options") == "options":
        text = re.sub(r"(?<![\w:.])options::of_session\(", "options::from_config(", text)
        text = calls(
            text,
            "options::from_config",
            lambda given, _: (
                f"options::from_config({given[0]}, {prefix})" if len(given) == 1 else None
            ),
        )
    if "merge_batch" in names:
        before = [major for major in project.majors if major < 55]
        option = "_: Option<&arrow::array::BooleanArray>,\n        "
        if len(before) < len(project.majors):
            option = f'#[cfg(feature = "before-55")] {option}' if before else ""
        text = re.sub(
            r"\bmerge_batch!\(([\w:]+)\);",
            "fn merge_batch(\n"
            "        &mut self,\n"
            "        states: &[ArrayRef],\n"
            "        group_indices: &[usize],\n"
            f"        {option}total_num_groups: usize,\n"
            "    ) -> Result<()> {\n"
            r"        \1(self, states, group_indices, total_num_groups)"
            "\n    }",
            text,
        )
    return text


# Other files.


def entry_point(text: str, project: Project) -> str:
    """What src/lib.rs has besides the owner's lines."""
    text = re.sub(r"^(pub )?mod ffi;\n", "", text, flags=re.MULTILINE)
    new = re.search(
        r"/// Adds everything to `module`.*?package\.register\(module\)\?;\n",
        project.lib,
        re.DOTALL,
    )
    old = re.compile(
        r"(?:/// Adds everything to `module`\.\n)?"
        r"pub fn register\(module: &Bound<'_, PyModule>\) -> PyResult<\(\)> \{\n"
        r"    ffi::host::register\(module\)\?;\n"
    )
    if new is None or not old.search(text):
        return text
    text = old.sub(lambda _: new[0], text, count=1)
    text = with_use(text, "use std::ops::RangeInclusive;", lambda use: use.startswith("use std::"))
    text = with_use(text, "use pyo3_datafusion::Package;", lambda use: use.startswith("use pyo3"))
    if call := re.search(r"^    register\(module, .*\)\n", project.lib, re.MULTILINE):
        return re.sub(r"^    register\(module\)\n", lambda _: call[0], text, flags=re.MULTILINE)
    tail = re.search(r"\n/// Fills the module with .*", project.lib, re.DOTALL)
    return text + tail[0] if tail else text


DEPENDENCIES = re.compile(r"^\[dependencies\]\n(?:(?!\[|\n).*\n)*", re.MULTILINE)


def entries(manifest: str) -> dict[str, str]:
    """The lines of each dependency, with the comment above."""
    section = DEPENDENCIES.search(manifest)
    found, lines = {}, ""
    for line in section[0].splitlines(keepends=True)[1:] if section else []:
        lines += line
        open_ = lines.count("[") + lines.count("{") > lines.count("]") + lines.count("}")
        if not line.startswith("#") and not open_:
            last = next(each for each in lines.splitlines() if not each.startswith("#"))
            found[last.partition("=")[0].strip().partition(".")[0]] = lines
            lines = ""
    return found


def dependencies(own: str, old: str, new: str, code: str) -> tuple[str, str]:
    """The template's old manifest and the owner's, both with the template's dependencies of today.
    The owner's keeps what the owner has added or changed, and what the owner's `code` uses."""

    def used(name: str) -> bool:
        return re.search(rf"\b{name.replace('-', '_')}::", code) is not None

    before, mine, after = entries(old), entries(own), entries(new)
    base, kept = dict(after), {}
    for name, lines in mine.items():
        if name in after and name in before and lines != before[name]:
            kept[name] = lines
            if version(before[name]) != version(after[name]):
                # Both changed it: git says so.
                base[name] = before[name]
        elif name not in before or (name not in after and (lines != before[name] or used(name))):
            kept[name] = lines
        elif name in after:
            kept[name] = after[name]
    kept |= {name: lines for name, lines in after.items() if name not in before | mine}

    def with_lines(manifest: str, lines: Mapping[str, str]) -> str:
        text = "".join(lines[name] for name in sorted(lines))
        return DEPENDENCIES.sub(lambda _: f"[dependencies]\n{text}", manifest, count=1)

    return with_lines(old, base), with_lines(own, kept)


def version(dependency: str) -> str | None:
    found = re.search(r'"(\d[^"]*)"', dependency)
    return found and found[1]
