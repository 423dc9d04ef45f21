//! A catalog: schemas that are found by name.

use std::sync::Arc;

use datafusion_catalog::{CatalogProvider, SchemaProvider};
use datafusion_ffi::catalog_provider::FFI_CatalogProvider;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::capsule::from_session;
use crate::ffi::error::{catch, to_py_err};
use crate::ffi::host::Host;
use crate::ffi::runtime;
use crate::schema_provider::ReadingsSchemaProvider;

/// The names of the schemas, and how many threads read their tables.
const SCHEMAS: [(&str, i64); 2] = [("parallel", 4), ("serial", 1)];

/// A catalog whose schemas are made when a query names them.
#[derive(Debug)]
pub struct ReadingsCatalogProvider;

impl ReadingsCatalogProvider {
    /// TODO(14): the names of the schemas.
    fn names(&self) -> Vec<String> {
        SCHEMAS.map(|(name, _)| name.to_owned()).to_vec()
    }

    /// TODO(15): one schema, or nothing if no schema has that name.
    fn find(&self, name: &str) -> Option<ReadingsSchemaProvider> {
        SCHEMAS
            .iter()
            .find(|(schema, _)| *schema == name)
            .map(|(_, partitions)| ReadingsSchemaProvider::new(*partitions))
    }
}

/// An error or a panic cannot be reported here. The schema is then not found.
impl CatalogProvider for ReadingsCatalogProvider {
    fn schema_names(&self) -> Vec<String> {
        catch(|| Ok(self.names())).unwrap_or_default()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let schema = catch(|| Ok(self.find(name))).unwrap_or_default()?;
        Some(Arc::new(schema))
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
        let host = Host::check(py)?;
        let codec = from_session(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        host.export(FFI_CatalogProvider::new_with_ffi_codec(
            Arc::new(ReadingsCatalogProvider),
            Some(runtime),
            codec,
        ))
    }
}
