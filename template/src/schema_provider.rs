//! A schema: tables that are found by name.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion_catalog::{SchemaProvider, TableProvider};
use datafusion_common::Result;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::table::SourceTable;

use crate::source::ReadingsSource;

/// The names of the tables, and how many rows they have, at one reading a second.
const TABLES: [(&str, i64); 3] = [("day", 86_400), ("hour", 3_600), ("minute", 60)];

/// A schema whose tables are made when a query names them.
#[derive(Debug)]
pub struct ReadingsSchemaProvider {
    partitions: i64,
}

impl ReadingsSchemaProvider {
    pub fn new(partitions: i64) -> Self {
        Self { partitions }
    }
}

#[async_trait]
impl SchemaProvider for ReadingsSchemaProvider {
    /// TODO(12): the names of the tables.
    fn table_names(&self) -> Vec<String> {
        TABLES.map(|(name, _)| name.to_owned()).to_vec()
    }

    /// TODO(13): one table, or `None` if no table has that name. You may `.await` timers and I/O here.
    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some((_, rows)) = TABLES.iter().find(|(table, _)| *table == name) else {
            return Ok(None);
        };
        let source = ReadingsSource::try_new(*rows, self.partitions)?;
        Ok(Some(SourceTable::try_new(source)?.provider()))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|table| table == name)
    }
}

/// A schema with the tables ``day``, ``hour`` and ``minute``: that many readings each.
///
/// Their columns are those of :class:`Readings`. Other names are not found.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct ReadingsSchema;

#[pymethods]
impl ReadingsSchema {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the schema to DataFusion, as a `datafusion_schema_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_schema_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::schema_provider(py, Arc::new(ReadingsSchemaProvider::new(4)), session)
    }
}
