//! `BuildingCatalog()`: a catalog that another crate implements as a `CatalogProvider`.

use std::sync::Arc;

use datafusion_catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider,
};
use datafusion_common::Result;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::provider::open_catalog;

use crate::existing_table_provider::{provider, runtime_env};

/// TODO(24): open your catalog, with the arguments that it needs. You may `.await` timers and I/O
/// here. If a table cannot be opened, a query over it is an error. All other tables can still be
/// queried.
async fn catalog() -> Result<Arc<dyn CatalogProvider>> {
    let schema = MemorySchemaProvider::new();
    schema.register_table("rooms".to_owned(), provider().await?)?;
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema("ground", Arc::new(schema))?;
    Ok(Arc::new(catalog))
}

/// A catalog with the schema ``ground``, which has the table ``rooms``.
///
/// The table has the columns of :class:`Rooms`. Schemas and tables can be added and dropped.
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
