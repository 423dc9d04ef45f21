//! The list of all catalogs of a session.

use std::sync::Arc;

use datafusion_catalog::{CatalogProviderList, MemoryCatalogProviderList};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;

use crate::catalog_provider::ReadingsCatalogProvider;

/// TODO(16): the catalogs. If they come and go, implement `CatalogProviderList` yourself.
///
/// A session has one list. This list takes further catalogs, so that the catalogs which the session
/// had can be put back.
fn catalogs() -> Arc<dyn CatalogProviderList> {
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog("house".to_owned(), Arc::new(ReadingsCatalogProvider));
    Arc::new(catalogs)
}

/// A list of catalogs, with the catalog ``house``, a :class:`ReadingsCatalog`.
///
/// A session has one list, so this replaces the list that it had, and all catalogs in it. Other
/// catalogs can be registered in this list.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct ReadingsCatalogList;

#[pymethods]
impl ReadingsCatalogList {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the list to DataFusion, as a `datafusion_catalog_provider_list` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_catalog_provider_list__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::catalog_provider_list(py, catalogs, session)
    }
}
