//! `Readings(path)`: the table as Python sees it.

use pyo3::prelude::*;
use pyo3_datafusion::table::{PyTable, SourceTable};

use crate::source::ReadingsSource;

#[pyclass(frozen, extends = PyTable, module = "differential_ext")]
pub struct Readings;

#[pymethods]
impl Readings {
    #[new]
    fn new(py: Python<'_>, path: &str) -> PyResult<PyClassInitializer<Self>> {
        let table = SourceTable::open_insert(py, || ReadingsSource::try_new(path))?;
        Ok(PyTable::base(table.provider()).add_subclass(Self))
    }
}
