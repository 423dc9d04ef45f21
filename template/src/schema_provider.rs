//! A schema: tables that are found by name.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion_catalog::{SchemaProvider, TableProvider};
use datafusion_common::Result;
use datafusion_ffi::schema_provider::FFI_SchemaProvider;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::capsule::from_session;
use crate::ffi::error::{catch, to_py_err};
use crate::ffi::host::Host;
use crate::ffi::runtime;
use crate::ffi::source_table::SourceTable;
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

    /// TODO(12): the names of the tables.
    fn names(&self) -> Vec<String> {
        TABLES.map(|(name, _)| name.to_owned()).to_vec()
    }

    /// TODO(13): the source of one table, or nothing if no table has that name. You may
    /// `.await` here, timers and I/O included.
    async fn source(&self, name: &str) -> Result<Option<ReadingsSource>> {
        TABLES
            .iter()
            .find(|(table, _)| *table == name)
            .map(|(_, rows)| ReadingsSource::try_new(*rows, self.partitions))
            .transpose()
    }
}

#[async_trait]
impl SchemaProvider for ReadingsSchemaProvider {
    fn table_names(&self) -> Vec<String> {
        // There is no way to report an error here.
        catch(|| Ok(self.names())).unwrap_or_default()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        runtime::run(async {
            match self.source(name).await? {
                Some(source) => Ok(Some(Arc::new(SourceTable::try_new(source)?) as _)),
                None => Ok(None),
            }
        })
        .await
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
        let host = Host::check(py)?;
        let codec = from_session(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        host.export(FFI_SchemaProvider::new_with_ffi_codec(
            Arc::new(ReadingsSchemaProvider::new(4)),
            Some(runtime),
            codec,
        ))
    }
}
