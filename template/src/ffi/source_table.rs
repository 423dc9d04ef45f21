//! A source as a table of DataFusion, which every way to hand a table over uses.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::Result;
use datafusion_expr::{Expr, SortExpr, TableProviderFilterPushDown, TableType};
use datafusion_physical_plan::ExecutionPlan;
use pyo3::prelude::*;

use crate::ffi::error::{catch, interrupted, to_py_err};
use crate::ffi::host_functions::with_constants;
use crate::ffi::runtime;
use crate::ffi::source::{Scan, Source};
use crate::ffi::source_exec::SourceExec;

/// A [`Source`] as a [`TableProvider`].
#[derive(Debug)]
pub struct SourceTable<S> {
    source: Arc<S>,
    schema: SchemaRef,
    sort_order: Vec<SortExpr>,
}

impl<S: Source> SourceTable<S> {
    pub fn try_new(source: S) -> Result<Self> {
        // These are asked for once and kept: over the FFI, `schema` has no way to report an error.
        let (schema, sort_order) = catch(|| Ok((source.schema(), source.sort_order())))?;
        Ok(Self {
            source: Arc::new(source),
            schema,
            sort_order,
        })
    }

    /// The table of the source that `open` makes, for a constructor in Python. A `Configuration`
    /// error becomes a `ValueError`.
    pub fn open(py: Python<'_>, open: impl FnOnce() -> Result<S> + Send) -> PyResult<Self> {
        runtime::INTERRUPTED.get_or_init(|| interrupted);
        py.detach(|| Self::try_new(catch(open)?)).map_err(to_py_err)
    }

    pub fn source(&self) -> &S {
        &self.source
    }

    pub fn shared_source(&self) -> Arc<S> {
        Arc::clone(&self.source)
    }

    /// The plan that reads what one query needs.
    pub async fn plan(
        &self,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let projection = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let scan = Scan {
            schema: Arc::new(self.schema.project(&projection)?),
            projection,
            filters: filters.to_vec(),
            limit,
        };
        runtime::run(async {
            let partitions = self.source.partitions(&scan).await?;
            let table_schema = Arc::clone(&self.schema);
            let plan = SourceExec::try_new(table_schema, scan, &self.sort_order, partitions)?;
            Ok(Arc::new(plan) as _)
        })
        .await
    }
}

impl<S> Clone for SourceTable<S> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            schema: Arc::clone(&self.schema),
            sort_order: self.sort_order.clone(),
        }
    }
}

#[async_trait]
impl<S: Source> TableProvider for SourceTable<S> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // There is one answer for each filter: DataFusion refuses any other number.
        catch(|| {
            Ok(filters
                .iter()
                .map(|filter| self.source.supports_filter(filter))
                .collect())
        })
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filters = with_constants(filters, &self.schema, session)?;
        self.plan(projection, &filters, limit).await
    }
}
