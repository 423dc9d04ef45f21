//! `BuildingCatalog()`: a catalog that another crate implements as a `CatalogProvider`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion_catalog::{
    CatalogProvider, MemTable, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
};
use datafusion_common::Result;
use datafusion_execution::runtime_env::RuntimeEnv;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::provider::open_catalog;

/// TODO(24): open your catalog, with the arguments that it needs. You may `.await` timers and I/O
/// here. If a table cannot be opened, a query over it is an error. All other tables can still be
/// queried.
async fn catalog() -> Result<Arc<dyn CatalogProvider>> {
    let sensor: ArrayRef = Arc::new(StringArray::from(vec!["attic", "cellar", "garden"]));
    let floor: ArrayRef = Arc::new(Int64Array::from(vec![Some(2), Some(-1), None]));
    let rooms = RecordBatch::try_from_iter([("sensor", sensor), ("floor", floor)])?;
    let rooms = MemTable::try_new(rooms.schema(), vec![vec![rooms]])?;
    let schema = MemorySchemaProvider::new();
    schema.register_table("rooms".to_owned(), Arc::new(rooms))?;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("ground", Arc::new(schema))?;
    Ok(Arc::new(catalog))
}

/// The object stores of the tables, if they need any. The object stores of a `SessionContext` do not
/// cross the FFI.
fn runtime_env() -> Result<RuntimeEnv> {
    Ok(RuntimeEnv::default())
}

/// A catalog with the schema ``ground``, which has the table ``rooms``.
///
/// The table has the columns ``sensor`` string and ``floor`` int64. Schemas and tables can be added
/// and dropped.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct BuildingCatalog(Arc<dyn CatalogProvider>);

#[pymethods]
impl BuildingCatalog {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        open_catalog(py, runtime_env, |_| catalog()).map(Self)
    }

    /// Hands the catalog to DataFusion, as a `datafusion_catalog_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_catalog_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::catalog_provider(py, Arc::clone(&self.0), session)
    }
}
