//! `Readings(path)`: the table as Python sees it.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::capsule::export_table;
use crate::ffi::insert::InsertTable;
use crate::ffi::source_table::SourceTable;
use crate::source::ReadingsSource;

#[pyclass(frozen, module = "differential_ext")]
pub struct Readings(SourceTable<ReadingsSource>);

#[pymethods]
impl Readings {
    #[new]
    fn new(py: Python<'_>, path: &str) -> PyResult<Self> {
        SourceTable::open(py, || ReadingsSource::try_new(path)).map(Self)
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
