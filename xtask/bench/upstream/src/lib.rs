//! A `MemTable`, exported as the example in datafusion-python does it.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use datafusion_catalog::MemTable;
use datafusion_common::Result;
use datafusion_ffi::table_provider::FFI_TableProvider;
use datafusion_python_util::ffi_logical_codec_from_pycapsule;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

#[pyclass(frozen)]
struct Table;

#[pymethods]
impl Table {
    #[new]
    fn new() -> Self {
        Self
    }

    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let table = table().map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        let codec = ffi_logical_codec_from_pycapsule(session, None)?;
        let provider = FFI_TableProvider::new_with_ffi_codec(Arc::new(table), false, None, codec);
        PyCapsule::new_with_value(py, provider, c"datafusion_table_provider")
    }
}

fn table() -> Result<MemTable> {
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
    let ids = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![ids])?;
    MemTable::try_new(schema, vec![vec![batch]])
}

#[pymodule]
fn upstream(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Table>()
}
