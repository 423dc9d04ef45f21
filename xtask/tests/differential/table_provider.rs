//! `Readings(path)`: the table as Python sees it.

use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::table::SourceTable;

use crate::source::ReadingsSource;

#[pyclass(frozen, module = "differential_ext")]
pub struct Readings(SourceTable<ReadingsSource>);

#[pymethods]
impl Readings {
    #[new]
    fn new(py: Python<'_>, path: &str) -> PyResult<Self> {
        SourceTable::open_insert(py, || ReadingsSource::try_new(path)).map(Self)
    }

    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::table_provider(py, self.0.provider(), session)
    }
}
