//! What people copy today: a `MemTable` that is exported as the example of `datafusion-python` does
//! it, without pushdown. It holds the batches of the benchmark's source.

#[allow(dead_code)]
#[path = "../../bench-ext/src/source.rs"]
mod source;

use std::sync::Arc;

use datafusion_catalog::MemTable;
use datafusion_common::Result;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use datafusion_ffi::table_provider::FFI_TableProvider;
use futures::TryStreamExt;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::table::{Scan, Source};
use pyo3_datafusion::to_py_err;
use tokio::runtime::Runtime;

use crate::source::ReadingsSource;

#[pyclass(frozen)]
struct Readings(Arc<MemTable>);

#[pymethods]
impl Readings {
    #[new]
    fn new(
        rows: i64,
        partitions: i64,
        columns: i64,
        batch_rows: i64,
        copy: bool,
    ) -> PyResult<Self> {
        let source = ReadingsSource::try_new(rows, partitions, columns, batch_rows, copy);
        let table = source.and_then(|source| Runtime::new()?.block_on(read(source)));
        Ok(Self(Arc::new(table.map_err(to_py_err)?)))
    }

    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let codec = session.call_method0("__datafusion_logical_extension_codec__")?;
        let codec = codec.cast::<PyCapsule>()?;
        let codec = codec.pointer_checked(Some(c"datafusion_logical_extension_codec"))?;
        // SAFETY: the name says what it points to.
        let codec = unsafe { codec.cast::<FFI_LogicalExtensionCodec>().as_ref() }.clone();
        let table = Arc::clone(&self.0) as _;
        let provider = FFI_TableProvider::new_with_ffi_codec(table, false, None, codec);
        PyCapsule::new_with_value(py, provider, c"datafusion_table_provider")
    }
}

async fn read(source: ReadingsSource) -> Result<MemTable> {
    let schema = source.schema();
    let all = Scan {
        config: Arc::default(),
        projection: (0..schema.fields().len()).collect(),
        schema: Arc::clone(&schema),
        filters: vec![],
        limit: None,
    };
    let mut partitions = vec![];
    for partition in source.partitions(&all).await? {
        partitions.push(partition.read(0)?.try_collect().await?);
    }
    MemTable::try_new(schema, partitions)
}

#[pymodule(gil_used = false)]
fn memtable_ext(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Readings>()
}
