"""Projects with the machinery in `src/ffi/`, from before the crate `pyo3-datafusion`."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from conftest import Template, git, project_of, update_in
from test_update import EVERY_EDIT, check_parses, files, replace, run_commands

import ffi_to_crate

# An own source in the place of the template's.
SOURCE = """\
//! What is counted.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::{Result, config_err};
use futures::stream::{self, BoxStream, StreamExt};

use crate::ffi::source::{Partition, Scan, Source};

/// Numbers, from zero.
#[derive(Debug)]
pub struct CountSource {
    pub rows: i64,
}

impl CountSource {
    pub fn try_new(rows: i64) -> Result<Self> {
        if rows < 0 {
            return config_err!("rows must not be negative, got {rows}");
        }
        Ok(Self { rows })
    }
}

#[async_trait]
impl Source for CountSource {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
    }

    async fn partitions(&self, _scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        Ok(vec![Box::new(Numbers {
            rows: self.rows,
            schema: self.schema(),
        })])
    }
}

#[derive(Debug)]
struct Numbers {
    rows: i64,
    schema: SchemaRef,
}

impl Partition for Numbers {
    fn read(&self, _batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let column = Arc::new(Int64Array::from_iter_values(0..self.rows));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), vec![column])?;
        Ok(stream::iter([Ok(batch)]).boxed())
    }
}
"""
TABLE = """\
//! `Counts(rows)`: the table as Python sees it.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::arrow_stream;
use crate::ffi::capsule::export_table;
use crate::ffi::source_table::SourceTable;
use crate::source::CountSource;

/// Numbers, from zero.
#[pyclass(frozen, module = "my_ext")]
pub struct Counts(SourceTable<CountSource>);

#[pymethods]
impl Counts {
    #[new]
    fn new(py: Python<'_>, rows: i64) -> PyResult<Self> {
        SourceTable::open(py, || CountSource::try_new(rows)).map(Self)
    }

    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_table(py, Arc::new(self.0.clone()), session)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        arrow_stream::export_schema(py, &self.0)
    }

    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        arrow_stream::export(py, self.0.plan(None, &[], None), requested_schema)
    }
}
"""
# A second table, in which rows are inserted.
SECOND = """\
//! `Second()`: a table that takes rows, and drops them.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::Result;
use datafusion_physical_plan::ExecutionPlan;
use futures::stream::{BoxStream, StreamExt};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::{
    ffi::{
        capsule::export_table,
        insert::{Insert, InsertTable},
        runtime,
        source::{Partition, Scan, Source},
        source_table::SourceTable,
    },
    source::CountSource,
};

#[derive(Debug, Default)]
pub struct SecondSource;

#[async_trait]
impl Source for SecondSource {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]))
    }

    async fn partitions(&self, scan: &Scan) -> Result<Vec<Box<dyn Partition>>> {
        CountSource::try_new(0)?.partitions(scan).await
    }
}

#[async_trait]
impl Insert for SecondSource {
    async fn insert(&self, rows: BoxStream<'static, Result<RecordBatch>>) -> Result<u64> {
        Ok(rows.count().await as u64)
    }
}

#[pyclass(frozen, module = "my_ext")]
pub struct Second(SourceTable<SecondSource>);

#[pymethods]
impl Second {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        runtime::block_on(py, async { Ok(()) })?;
        SourceTable::open(py, || Ok(SecondSource)).map(Self)
    }

    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export_table(py, Arc::new(InsertTable(self.0.clone())), session)
    }
}

/// The names of the nodes of a plan.
#[allow(dead_code)]
pub fn names(plan: &dyn ExecutionPlan) -> Vec<String> {
    let children = plan.children();
    let below = children.iter().flat_map(|child| names(child.as_ref()));
    let own = std::iter::once(plan.name().to_owned());
    own.chain(below).collect()
}
"""
ANSWERS = "extension_points=insert,scalar_udf,aggregate_udf"


HISTORY = ["log", "--format=%H", "--full-history"]


def before(template: Template, path: str) -> str:
    """The last commit without the file."""
    added = git(template.folder, *HISTORY, "--diff-filter=A", "--", path).split()[-1]
    return git(template.folder, "rev-parse", f"{added}^")


def old_layouts(template: Template) -> list[str]:
    """The last commit with the old layout, and two from before."""
    last = before(template, "template/pyo3-datafusion/src/lib.rs")
    commits = git(template.folder, *HISTORY, last, "--", "template/src/ffi").split()
    return [last, commits[4], commits[12]]


def edited(project: Path) -> None:
    """What an owner did: an own source, a second table, dependencies, and a class less."""
    (project / "src/source.rs").write_text(SOURCE)
    (project / "src/table_provider.rs").write_text(TABLE)
    (project / "src/second.rs").write_text(SECOND)
    (project / "src/readings.rs").unlink()
    replace("src/lib.rs", "mod readings;\n", "")(project)
    replace("src/lib.rs", "mod source;", "mod second;\nmod source;")(project)
    line = "module.add_class::<table_provider::Readings>()?;"
    new = (
        "module.add_class::<table_provider::Counts>()?;\n    module.add_class::<second::Second>()?;"
    )
    replace("src/lib.rs", line, new)(project)
    # Beside lines that the template changes.
    replace("Cargo.toml", "pyo3 = {", '# What is mine.\nlog = "0.4"\npyo3 = {')(project)
    replace("src/scalar_udf.rs", "celsius * 1.8", "celsius * 9.0 / 5.0")(project)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Mine")


@pytest.mark.parametrize("state", [0, 1, 2])
def test_layout(template: Template, tmp_path: Path, state: int) -> None:
    commit = old_layouts(template)[state]
    project = project_of(template, commit, tmp_path / "mine", ANSWERS)
    edited(project)
    head = git(project, "rev-parse", "HEAD")
    done = update_in(template, project, "--from", commit, "--to", template.present)
    conflicts = [line.split("\t")[1] for line in git(project, "ls-files", "-u").splitlines()]
    # The template's own source, class and function have changed since.
    changed = {"src/source.rs", "src/table_provider.rs", "src/scalar_udf.rs"}
    assert set(conflicts) <= changed, done.said
    if conflicts:
        run_commands(project, done.said)
    # One commit.
    assert git(project, "rev-parse", "HEAD~1") == head
    assert git(project, "status", "--porcelain") == ""
    fresh = files(project_of(template, template.present, tmp_path / "fresh", ANSWERS), "HEAD")
    now = files(project, "HEAD")
    # The folder comes whole, and the other is gone.
    for path in now.keys() | fresh.keys():
        assert not path.startswith("src/ffi")
        if path.startswith("pyo3-datafusion/"):
            assert now[path] == fresh[path], path
    for path, text in now.items():
        if path.startswith("src/"):
            assert b"ffi::" not in text.replace(b"datafusion_ffi::", b""), text.decode()
    # What the owner has not touched is the template's.
    assert now["src/aggregate_udf.rs"] == fresh["src/aggregate_udf.rs"]
    lib = now["src/lib.rs"].decode()
    wanted = re.sub("mod readings;\n", "", fresh["src/lib.rs"].decode())
    wanted = wanted.replace("mod source;", "mod second;\nmod source;").replace(
        "table_provider::Readings>()?;",
        "table_provider::Counts>()?;\n    module.add_class::<second::Second>()?;",
    )
    assert lib == wanted
    manifest = tomllib.loads(now["Cargo.toml"].decode())
    assert b"# What is mine.\n" in now["Cargo.toml"]
    used = {"log", "datafusion-physical-plan"}
    template_s = tomllib.loads(fresh["Cargo.toml"].decode())["dependencies"].keys()
    assert manifest["dependencies"].keys() == template_s | used
    assert b"celsius * 9.0 / 5.0" in now["src/scalar_udf.rs"]
    assert "What you have to write anew" not in done.said, done.said
    check_parses(project)
    for path in ["src/source.rs", "src/table_provider.rs"]:
        assert b"use pyo3_datafusion::" in now[path]
    rustfmt = ["rustfmt", "--edition=2024", "--check", "src/lib.rs"]
    subprocess.run(rustfmt, cwd=project, check=True)
    again = update_in(template, project, "--to", template.present)
    assert "Nothing to do" in again.said, again.said
    if EVERY_EDIT and state == 0:
        build = ["cargo", "build", "--quiet"]
        built = subprocess.run(build, cwd=project, check=False, capture_output=True)
        assert (built.returncode, built.stderr.decode()) == (0, "")


def test_what_has_no_new_name(template: Template, tmp_path: Path) -> None:
    """It is listed, with file and line, and what to write."""
    commit = old_layouts(template)[0]
    project = project_of(template, commit, tmp_path / "mine", "datafusion=54,55")
    text = """\
use std::path::Path;

use crate::ffi::claims::Claims;
use crate::ffi::error::{catch, to_py_err};
use crate::ffi::host::Host;

pub fn mine(py: Python<'_>) -> PyResult<()> {
    let host = Host::check(py)?;
    let path = catch(|| {
        let path = Path::new("a");
        Ok(path)
    });
    path.map(|_| ()).map_err(to_py_err)
}
"""
    (project / "src/mine.rs").write_text(text, newline="\r\n")
    (project / "src/ffi/own.rs").write_text("//! Mine.\n")
    for manifest in ["Cargo.toml", "majors/54/Cargo.toml"]:
        replace(manifest, "pyo3 = {", 'log = "0.4"\npyo3 = {')(project)
        assert 'log = "0.4"' in (project / manifest).read_text()
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "Mine")
    dry = update_in(template, project, "--to", template.present, "--dry-run")
    done = update_in(template, project, "--to", template.present)
    assert done.code == 0, done.said
    for said in [dry.said, done.said]:
        assert "What you have to write anew:\n" in said, said
        assert "  src/mine.rs:6: write one call of `pyo3_datafusion::export`, which checks" in said
        assert "  src/mine.rs:7: write what is in the closure: the crate turns panics" in said
        assert "  src/ffi/own.rs: the folder is no module any more: move the file to src/." in said
    now = (project / "src/mine.rs").read_bytes().decode()
    assert now.replace("\r\n", "\n").startswith(
        "use std::path::Path;\n\nuse pyo3_datafusion::to_py_err;\n\npub fn mine("
    )
    assert now.count("\n") == now.count("\r\n")
    fresh = project_of(template, template.present, tmp_path / "fresh", "datafusion=54,55")
    for manifest in ["Cargo.toml", "majors/54/Cargo.toml"]:
        expected = (fresh / manifest).read_text().replace("pyo3 = {", 'log = "0.4"\npyo3 = {')
        assert (project / manifest).read_text() == expected


def test_conflicts_of_layout(template: Template, tmp_path: Path) -> None:
    """They show new names only, and the version in between; `ours` is the owner's."""
    commit = old_layouts(template)[0]
    project = project_of(template, commit, tmp_path / "mine", ANSWERS)
    head, before = git(project, "rev-parse", "HEAD"), files(project, "HEAD")
    replace("src/aggregate_udf.rs", "self.count += 1;", "self.count += 2;")(project)
    replace("src/ffi/error.rs", "package().0", "package().0, 1")(project)
    git(project, "commit", "--quiet", "--all", "--message", "Mine")
    mine = git(project, "rev-parse", "HEAD")
    done = update_in(template, project, "--to", template.present)
    assert done.code == 1, done.said
    assert "pyo3-datafusion/src/boundary/error.rs: both changed the same lines." in done.said, (
        done.said
    )
    text = (project / "src/aggregate_udf.rs").read_text()
    assert "<<<<<<< ours" in text and "|||||||" in text and "crate::ffi" not in text
    git(project, "cherry-pick", "--abort")
    assert git(project, "rev-parse", "HEAD") == mine and head != mine
    assert git(project, "status", "--porcelain") == ""
    assert files(project, "HEAD").keys() == before.keys()

    done = update_in(template, project, "--to", template.present)
    run_commands(project, done.said)
    assert git(project, "rev-parse", "HEAD~1") == mine
    assert git(project, "log", "-1", "--format=%s").startswith("Update from the template: ")
    text = (project / "src/aggregate_udf.rs").read_text()
    assert "What you have to write anew" not in done.said
    # The owner's function is whole: the macro of the old layout is the method that it was.
    assert "self.count += 2;" in text and "fn merge_batch(\n" in text and "merge_batch!" not in text
    assert "0, 1" not in (project / "pyo3-datafusion/src/boundary/error.rs").read_text()
    check_parses(project)


def test_only_names(template: Template, tmp_path: Path) -> None:
    """Where only names have changed, a rewritten file is the template's of the new layout."""
    points = "extension_points=insert,window_udf,existing_catalog_provider,function_library"
    commit = old_layouts(template)[0]
    old = project_of(template, commit, tmp_path / "old", points)
    # Since then, the classes of tables have base classes.
    first = before(template, "template/pyo3-datafusion/src/table/class.rs")
    new = project_of(template, first, tmp_path / "new", points)
    context = ffi_to_crate.Project("my-ext", [55], (new / "src/lib.rs").read_text())
    for name in [
        "existing_catalog_provider",
        "existing_table_provider",
        "function_library",
        "insert",
        "lib",
        "table_provider",
        "window_udf",
    ]:
        path = f"src/{name}.rs"
        rewritten = ffi_to_crate.rewrite(path, (old / path).read_text(), context)
        assert rewritten == (new / path).read_text(), path


# Files before and after.
IMPORTS = (
    """\
use crate::ffi::{error::to_py_err, source::Source as S, options};

fn a(o: &ConfigOptions) -> impl S {
    to_py_err(options::from_config(o))
}
""",
    """\
use pyo3_datafusion::table::Source as S;
use pyo3_datafusion::{options, to_py_err};

fn a(o: &ConfigOptions) -> impl S {
    to_py_err(options::from_config(o, "my_ext"))
}
""",
)
# In a module, for others, of all names, and written out.
IN_PLACE = (
    """\
pub use crate::ffi::source::Scan;
use crate::ffi::source::*;

mod a {
    use crate::ffi::source::{Partition, Source};
}
type B = crate::ffi::source_table::SourceTable<ffi::functions::Functions>;
""",
    """\
pub use pyo3_datafusion::table::Scan;
use pyo3_datafusion::table::*;

mod a {
    use pyo3_datafusion::table::{Partition, Source};
}
type B = pyo3_datafusion::table::SourceTable<pyo3_datafusion::function::Functions>;
""",
)
# A provider of the owner's own.
BY_HAND = (
    """\
use std::sync::Arc;

use datafusion_ffi::table_provider::FFI_TableProvider;
use pyo3::prelude::*;

use crate::ffi::capsule::from_session;
use crate::ffi::error::to_py_err;
use crate::ffi::host::Host;
use crate::ffi::runtime;
use crate::mine::Mine;

fn a() -> PyResult<()> {
    let host = Host::check(py)?;
    let codec = from_session(host, session)?;
    let runtime = runtime::handle().map_err(to_py_err)?;
    host.export(FFI_TableProvider::new_with_ffi_codec(
        Arc::new(Mine(a, b)),
        true,
        Some(runtime),
        codec,
    ))
}
""",
    """\
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3_datafusion::export;

use crate::mine::Mine;

fn a() -> PyResult<()> {
    export::table_provider(py, Arc::new(Mine(a, b)), session)
}
""",
)
# Panics and the runtime are the crate's.
GUARDS = (
    """\
use crate::ffi::error::catch;
use crate::ffi::runtime;

async fn a() -> Result<B> {
    let names = catch(|| Ok(self.names())).unwrap_or_default();
    runtime::run(async { b(&names).await }).await
}
""",
    """\
async fn a() -> Result<B> {
    let names = self.names();
    async { b(&names).await }.await
}
""",
)


def rewritten(text: str) -> str:
    context = ffi_to_crate.Project("my-ext", [54, 55], "")
    return ffi_to_crate.rewrite("src/mine.rs", text, context)


@pytest.mark.parametrize(("old", "new"), [IMPORTS, IN_PLACE, BY_HAND, GUARDS])
def test_rewriting(old: str, new: str) -> None:
    assert rewritten(old) == new
    assert list(ffi_to_crate.leftovers(old, new)) == []


def test_leftovers() -> None:
    old = "use crate::ffi::{claims::Claims, without_expressions};\n\nwithout_expressions!();\n"
    sentence = "`ffi::without_expressions` has no counterpart in pyo3-datafusion/README.md"
    assert list(ffi_to_crate.leftovers(old, rewritten(old))) == [(1, f"{sentence}: write your own")]
    old = "fn a(c: crate::ffi::claims::Claims) {}\n"
    assert [number for number, _ in ffi_to_crate.leftovers(old, rewritten(old))] == [1]
