//! Catalogs and schemas, which DataFusion calls through a guard. Where DataFusion takes no error, a
//! panic means that there is no catalog, schema or table of that name.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_catalog::{
    CatalogProvider, CatalogProviderList, SchemaProvider, Session, TableProvider,
};
use datafusion_common::{DataFusionError, Result, exec_err};
use datafusion_execution::runtime_env::RuntimeEnv;
use datafusion_expr::{Expr, TableType};
use datafusion_ffi::catalog_provider::ForeignCatalogProvider;
use datafusion_ffi::schema_provider::ForeignSchemaProvider;
use datafusion_physical_plan::ExecutionPlan;
use pyo3::prelude::*;

use super::table::guarded_table_in;
use crate::boundary::error::catch;
use crate::boundary::runtime;

/// The catalog that `open` returns, for a constructor in Python. It waits without the GIL, until
/// Ctrl-C. `runtime_env` has the object stores of the tables: those of the host do not cross the FFI.
///
/// # Errors
///
/// `ValueError` for a `Configuration` error, and `RuntimeError` for every other one, and for a panic.
pub fn open_catalog<F>(
    py: Python<'_>,
    runtime_env: fn() -> Result<RuntimeEnv>,
    open: impl FnOnce(Arc<RuntimeEnv>) -> F + Send,
) -> PyResult<Arc<dyn CatalogProvider>>
where
    F: Future<Output = Result<Arc<dyn CatalogProvider>>> + Send,
{
    runtime::block_on(py, async {
        let runtime_env = Arc::new(runtime_env()?);
        let catalog = open(Arc::clone(&runtime_env)).await?;
        Ok(GuardedCatalog::guard(catalog, &runtime_env))
    })
}

/// Any [`CatalogProviderList`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedCatalogList {
    catalogs: Arc<dyn CatalogProviderList>,
    runtime_env: Arc<RuntimeEnv>,
}

impl GuardedCatalogList {
    pub(crate) fn new(catalogs: Arc<dyn CatalogProviderList>) -> Self {
        Self {
            catalogs,
            runtime_env: Arc::default(),
        }
    }

    fn guarded(&self, catalog: Arc<dyn CatalogProvider>) -> Arc<dyn CatalogProvider> {
        GuardedCatalog::guard(catalog, &self.runtime_env)
    }
}

impl CatalogProviderList for GuardedCatalogList {
    fn register_catalog(
        &self,
        name: String,
        catalog: Arc<dyn CatalogProvider>,
    ) -> Option<Arc<dyn CatalogProvider>> {
        let replaced = catch(|| Ok(self.catalogs.register_catalog(name, catalog)));
        replaced.unwrap_or_default().map(|old| self.guarded(old))
    }

    fn catalog_names(&self) -> Vec<String> {
        catch(|| Ok(self.catalogs.catalog_names())).unwrap_or_default()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let catalog = catch(|| Ok(self.catalogs.catalog(name))).unwrap_or_default()?;
        Some(self.guarded(catalog))
    }
}

/// Any [`CatalogProvider`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedCatalog {
    catalog: Arc<dyn CatalogProvider>,
    runtime_env: Arc<RuntimeEnv>,
}

impl GuardedCatalog {
    /// `catalog` in a guard, unless the host registered it, or it has one.
    pub(crate) fn guard(
        catalog: Arc<dyn CatalogProvider>,
        runtime_env: &Arc<RuntimeEnv>,
    ) -> Arc<dyn CatalogProvider> {
        if catalog.is::<ForeignCatalogProvider>() || catalog.is::<Self>() {
            return catalog;
        }
        Arc::new(Self {
            catalog,
            runtime_env: Arc::clone(runtime_env),
        })
    }

    fn guarded(&self, schema: Arc<dyn SchemaProvider>) -> Arc<dyn SchemaProvider> {
        GuardedSchema::guard(schema, &self.runtime_env)
    }
}

impl CatalogProvider for GuardedCatalog {
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

/// Any [`SchemaProvider`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedSchema {
    schema: Arc<dyn SchemaProvider>,
    runtime_env: Arc<RuntimeEnv>,
}

impl GuardedSchema {
    /// `schema` in a guard, unless the host registered it, or it has one.
    pub(crate) fn guard(
        schema: Arc<dyn SchemaProvider>,
        runtime_env: &Arc<RuntimeEnv>,
    ) -> Arc<dyn SchemaProvider> {
        if schema.is::<ForeignSchemaProvider>() || schema.is::<Self>() {
            return schema;
        }
        Arc::new(Self {
            schema,
            runtime_env: Arc::clone(runtime_env),
        })
    }

    fn maybe_guarded(
        &self,
        table: Option<Arc<dyn TableProvider>>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        table
            .map(|table| guarded_table_in(table, &self.runtime_env))
            .transpose()
    }
}

#[async_trait]
impl SchemaProvider for GuardedSchema {
    fn owner_name(&self) -> Option<&str> {
        catch(|| Ok(self.schema.owner_name())).unwrap_or_default()
    }

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
