//! A catalog of another crate, whose tables DataFusion calls through the guard of
//! [`provider_table`](crate::ffi::provider_table).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_catalog::{CatalogProvider, SchemaProvider, Session, TableProvider};
use datafusion_common::{DataFusionError, Result, exec_err};
use datafusion_execution::runtime_env::RuntimeEnv;
use datafusion_expr::{Expr, TableType};
use datafusion_ffi::catalog_provider::FFI_CatalogProvider;
use datafusion_ffi::schema_provider::ForeignSchemaProvider;
use datafusion_ffi::table_provider::ForeignTableProvider;
use datafusion_physical_plan::ExecutionPlan;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::capsule::from_session;
use crate::ffi::error::{catch, to_py_err};
use crate::ffi::host::Host;
use crate::ffi::provider_table::{ProviderTable, opened};
use crate::ffi::runtime;

/// Any [`CatalogProvider`], safe to hand over.
///
/// Where DataFusion takes no error, a panic means that there is no schema or table of that name.
#[derive(Debug, Clone)]
pub struct ProviderCatalog {
    catalog: Arc<dyn CatalogProvider>,
    runtime_env: Arc<RuntimeEnv>,
}

impl ProviderCatalog {
    /// The catalog that `open` finds, for a constructor in Python.
    pub fn open<F>(
        py: Python<'_>,
        runtime_env: fn() -> Result<RuntimeEnv>,
        open: impl FnOnce(Arc<RuntimeEnv>) -> F + Send,
    ) -> PyResult<Self>
    where
        F: Future<Output = Result<Arc<dyn CatalogProvider>>> + Send,
    {
        let (catalog, runtime_env) = opened(py, runtime_env, open)?;
        Ok(Self {
            catalog,
            runtime_env,
        })
    }

    /// Hands the catalog to DataFusion, as a `datafusion_catalog_provider` capsule.
    ///
    /// # Errors
    ///
    /// Those of [`export_table`](crate::ffi::capsule::export_table).
    pub fn export<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let codec = from_session(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        let catalog = Arc::new(self.clone());
        host.export(FFI_CatalogProvider::new_with_ffi_codec(
            catalog,
            Some(runtime),
            codec,
        ))
    }

    fn guarded(&self, schema: Arc<dyn SchemaProvider>) -> Arc<dyn SchemaProvider> {
        // A provider that the host itself registered is handed back as it is.
        if schema.is::<ForeignSchemaProvider>() {
            return schema;
        }
        Arc::new(ProviderSchema {
            schema,
            runtime_env: Arc::clone(&self.runtime_env),
        })
    }
}

impl CatalogProvider for ProviderCatalog {
    fn schema_names(&self) -> Vec<String> {
        catch(|| Ok(self.catalog.schema_names())).unwrap_or_default()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let schema = catch(|| Ok(self.catalog.schema(name))).unwrap_or_default()?;
        Some(self.guarded(schema))
    }

    fn register_schema(
        &self,
        name: &str,
        schema: Arc<dyn SchemaProvider>,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        let replaced = catch(|| self.catalog.register_schema(name, schema))?;
        Ok(replaced.map(|schema| self.guarded(schema)))
    }

    fn deregister_schema(
        &self,
        name: &str,
        cascade: bool,
    ) -> Result<Option<Arc<dyn SchemaProvider>>> {
        let dropped = catch(|| self.catalog.deregister_schema(name, cascade))?;
        Ok(dropped.map(|schema| self.guarded(schema)))
    }
}

#[derive(Debug)]
struct ProviderSchema {
    schema: Arc<dyn SchemaProvider>,
    runtime_env: Arc<RuntimeEnv>,
}

impl ProviderSchema {
    fn guarded(&self, table: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
        // A provider that the host itself registered is handed back as it is.
        if table.is::<ForeignTableProvider>() {
            return Ok(table);
        }
        Ok(Arc::new(ProviderTable::try_new(table, &self.runtime_env)?))
    }

    fn maybe_guarded(
        &self,
        table: Option<Arc<dyn TableProvider>>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        table.map(|table| self.guarded(table)).transpose()
    }
}

#[async_trait]
impl SchemaProvider for ProviderSchema {
    fn table_names(&self) -> Vec<String> {
        catch(|| Ok(self.schema.table_names())).unwrap_or_default()
    }

    /// An error waits until the table is queried. It would take `information_schema` and `SHOW
    /// TABLES` from all other tables of the session, as these ask for each table.
    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let found = runtime::run(async { self.maybe_guarded(self.schema.table(name).await?) });
        let broken = |error| Some(Arc::new(BrokenTable::new(error)) as _);
        Ok(found.await.unwrap_or_else(broken))
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.maybe_guarded(catch(|| self.schema.register_table(name, table))?)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.maybe_guarded(catch(|| self.schema.deregister_table(name))?)
    }

    fn table_exist(&self, name: &str) -> bool {
        catch(|| Ok(self.schema.table_exist(name))).unwrap_or_default()
    }
}

/// A table that cannot be opened. Its one column has the error for a name, so that a query for any
/// other column shows the error.
#[derive(Debug)]
struct BrokenTable {
    error: String,
    schema: SchemaRef,
}

impl BrokenTable {
    fn new(error: DataFusionError) -> Self {
        let error = error.strip_backtrace().replace('\0', "\u{fffd}");
        let column = Field::new(&error, DataType::Null, true);
        let schema = Arc::new(Schema::new(vec![column]));
        Self { error, schema }
    }
}

#[async_trait]
impl TableProvider for BrokenTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        exec_err!("{}", self.error)
    }
}
