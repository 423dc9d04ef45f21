//! `Rooms()`: a table that another crate implements as a `TableProvider`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion_catalog::{MemTable, TableProvider};
use datafusion_common::Result;
use datafusion_execution::runtime_env::RuntimeEnv;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::provider::open_table;

/// TODO(23): open your table, with the arguments that it needs. You may `.await` timers and I/O here,
/// and Python sees a `Configuration` error, which `config_err!` makes, as a `ValueError`.
pub async fn provider() -> Result<Arc<dyn TableProvider>> {
    let sensor: ArrayRef = Arc::new(StringArray::from(vec!["attic", "cellar", "garden"]));
    let floor: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(-1), None]));
    let rooms = RecordBatch::try_from_iter([("sensor", sensor), ("floor", floor)])?;
    let table = MemTable::try_new(rooms.schema(), vec![vec![rooms]])?;
    Ok(Arc::new(table))
}

/// The object stores of your table, if it needs any. The object stores of a `SessionContext` do not
/// cross the FFI.
pub fn runtime_env() -> Result<RuntimeEnv> {
    Ok(RuntimeEnv::default())
}

/// The rooms that have a sensor. Inserted rows are kept in memory.
///
/// Columns: ``sensor`` string, ``floor`` int64 (null outside of the house).
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct Rooms(Arc<dyn TableProvider>);

#[pymethods]
impl Rooms {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        open_table(py, runtime_env, |_| provider()).map(Self)
    }

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
