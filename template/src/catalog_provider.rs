//! A catalog: schemas that are found by name.

use std::sync::Arc;

use datafusion_catalog::{CatalogProvider, SchemaProvider};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;

use crate::schema_provider::ReadingsSchemaProvider;

/// The names of the schemas, and how many threads read their tables.
const SCHEMAS: [(&str, i64); 2] = [("parallel", 4), ("serial", 1)];

/// A catalog whose schemas are made when a query names them.
#[derive(Debug)]
pub struct ReadingsCatalogProvider;

impl CatalogProvider for ReadingsCatalogProvider {
    /// TODO(14): the names of the schemas.
    fn schema_names(&self) -> Vec<String> {
        SCHEMAS.map(|(name, _)| name.to_owned()).to_vec()
    }

    /// TODO(15): one schema, or `None` if no schema has that name.
    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let (_, partitions) = SCHEMAS.iter().find(|(schema, _)| *schema == name)?;
        Some(Arc::new(ReadingsSchemaProvider::new(*partitions)))
    }
}

/// A catalog with the schemas ``parallel`` (4 partitions) and ``serial`` (1 partition).
///
/// Each of them has the tables of :class:`ReadingsSchema`. Other names are not found.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct ReadingsCatalog;

#[pymethods]
impl ReadingsCatalog {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the catalog to DataFusion, as a `datafusion_catalog_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_catalog_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::catalog_provider(py, Arc::new(ReadingsCatalogProvider), session)
    }
}
