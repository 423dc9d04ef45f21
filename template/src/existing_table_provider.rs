//! `Rooms()`: a table that another crate implements as a `TableProvider`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion_catalog::{MemTable, TableProvider};
use datafusion_common::Result;
use datafusion_execution::runtime_env::RuntimeEnv;
use pyo3::prelude::*;
use pyo3_datafusion::provider::open_table;
use pyo3_datafusion::table::PyTable;

/// TODO(23): open your table, with the arguments that it needs. You may `.await` timers and I/O here,
/// and Python sees a `Configuration` error, which `config_err!` makes, as a `ValueError`.
async fn provider() -> Result<Arc<dyn TableProvider>> {
    let sensor: ArrayRef = Arc::new(StringArray::from(vec!["attic", "cellar", "garden"]));
    let floor: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(-1), None]));
    let rooms = RecordBatch::try_from_iter([("sensor", sensor), ("floor", floor)])?;
    let table = MemTable::try_new(rooms.schema(), vec![vec![rooms]])?;
    Ok(Arc::new(table))
}

/// The object stores of your table, if it needs any. The object stores of a `SessionContext` do not
/// cross the FFI.
fn runtime_env() -> Result<RuntimeEnv> {
    Ok(RuntimeEnv::default())
}

/// The rooms that have a sensor. Inserted rows are kept in memory.
///
/// Columns: ``sensor`` string, ``floor`` int64 (null outside of the house).
#[pyclass(frozen, extends = PyTable, module = "{{crate_name}}")]
pub struct Rooms;

#[pymethods]
impl Rooms {
    #[new]
    fn new(py: Python<'_>) -> PyResult<PyClassInitializer<Self>> {
        let table = open_table(py, runtime_env, |_| provider())?;
        Ok(PyTable::base(table).add_subclass(Self))
    }
}
