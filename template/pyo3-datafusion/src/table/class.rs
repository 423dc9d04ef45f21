//! The base class of tables in Python.

use std::sync::Arc;

use datafusion_catalog::TableProvider;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::export;

/// A table, for DataFusion and for whoever reads Arrow.
///
/// The class of a table extends it, `#[pyclass(frozen, extends = PyTable)]`, and so has its hooks. The
/// constructor returns `PyTable::base(table).add_subclass(…)`.
#[pyclass(frozen, subclass, name = "Table", module = "pyo3_datafusion")]
pub struct PyTable(Arc<dyn TableProvider>);

impl PyTable {
    pub fn base(table: Arc<dyn TableProvider>) -> PyClassInitializer<Self> {
        Self(table).into()
    }
}

#[pymethods]
impl PyTable {
    /// Hands the table to DataFusion, as a `datafusion_table_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::table_provider(py, Arc::clone(&self.0), session)
    }

    /// The schema, as an `arrow_schema` capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        export::arrow_schema(py, Arc::clone(&self.0))
    }

    /// All rows, as an `arrow_array_stream` capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::arrow_stream(py, Arc::clone(&self.0), requested_schema)
    }
}
