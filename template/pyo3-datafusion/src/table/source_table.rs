//! A source as a table of DataFusion, which every way to hand a table over uses.

use std::any::Any;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::{Result, Statistics, not_impl_err};
use datafusion_execution::config::SessionConfig;
use datafusion_expr::dml::InsertOp;
use datafusion_expr::{Expr, SortExpr, TableProviderFilterPushDown, TableType};
use datafusion_physical_plan::ExecutionPlan;
use pyo3::prelude::*;

use super::host_functions::{plan_any_call, plan_call, with_constants};
use super::insert::{Insert, SourceSink};
use super::insert_exec::{InsertExec, RowSink};
use super::source::{Scan, Source};
use super::source_exec::SourceExec;
use crate::boundary::error::{catch, to_py_err};
use crate::boundary::protobuf::may_differ;
use crate::boundary::raw::scan::Scanned;
use crate::boundary::runtime;

/// A [`Source`] of a known type as a [`TableProvider`], for a class of Python.
#[derive(Debug)]
pub struct SourceTable<S> {
    source: Arc<S>,
    provider: Arc<SourceProvider>,
}

impl<S: Source> SourceTable<S> {
    pub fn try_new(source: S) -> Result<Self> {
        Self::from_source(Arc::new(source), None)
    }

    fn from_source(source: Arc<S>, sink: Option<Arc<dyn RowSink>>) -> Result<Self> {
        // These are asked for once and kept: over the FFI, `schema` has no way to report an error.
        let (schema, sort_order, infinite) =
            catch(|| Ok((source.schema(), source.sort_order(), source.is_infinite())))?;
        let provider = SourceProvider {
            source: Arc::clone(&source) as _,
            sink,
            schema,
            sort_order,
            infinite,
        };
        Ok(Self {
            source,
            provider: Arc::new(provider),
        })
    }

    /// The table of the source that `open` makes, for a constructor in Python.
    ///
    /// # Errors
    ///
    /// `ValueError` for a `Configuration` error, and `RuntimeError` for every other one, and for a
    /// panic.
    pub fn open(py: Python<'_>, open: impl FnOnce() -> Result<S> + Send) -> PyResult<Self> {
        py.detach(|| Self::try_new(catch(open)?)).map_err(to_py_err)
    }

    /// [`open`](Self::open) for a table that rows can be inserted into.
    pub fn open_insert(py: Python<'_>, open: impl FnOnce() -> Result<S> + Send) -> PyResult<Self>
    where
        S: Insert,
    {
        let open = || {
            let source = Arc::new(catch(open)?);
            let sink = Arc::new(SourceSink(Arc::clone(&source)));
            Self::from_source(source, Some(sink))
        };
        py.detach(open).map_err(to_py_err)
    }

    pub fn source(&self) -> &S {
        &self.source
    }

    /// What [`export`](crate::export) and DataFusion take.
    pub fn provider(&self) -> Arc<dyn TableProvider> {
        Arc::clone(&self.provider) as _
    }
}

impl<S> Clone for SourceTable<S> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            provider: Arc::clone(&self.provider),
        }
    }
}

/// A [`Source`] as a [`TableProvider`].
#[derive(Debug)]
pub struct SourceProvider {
    source: Arc<dyn Source>,
    sink: Option<Arc<dyn RowSink>>,
    schema: SchemaRef,
    sort_order: Vec<SortExpr>,
    infinite: bool,
}

impl SourceProvider {
    /// The source, if it is an `S`.
    pub fn source<S: Source>(&self) -> Option<&S> {
        (self.any_source() as &dyn Any).downcast_ref()
    }

    pub fn any_source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// The plan that reads what one query needs.
    async fn plan(
        &self,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
        config: &SessionConfig,
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
            config: Arc::clone(config.options()),
        };
        runtime::run(async {
            let partitions = self.source.partitions(&scan).await?;
            let table_schema = Arc::clone(&self.schema);
            let (order, infinite) = (&self.sort_order, self.infinite);
            let statistics = self.source.statistics(&scan.schema)?;
            let plan =
                SourceExec::try_new(table_schema, scan, order, partitions, infinite, statistics)?;
            Ok(Arc::new(plan) as _)
        })
        .await
    }
}

impl SourceProvider {
    /// [`scan`](TableProvider::scan) in the session of a host, without a copy of its functions.
    pub(crate) async fn scan_for(
        &self,
        session: &dyn Session,
        (projection, filters, limit): Scanned<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filters = with_constants(filters, &self.schema, &plan_any_call(session))?;
        self.plan(projection, &filters, limit, session.config())
            .await
    }
}

#[async_trait]
impl TableProvider for SourceProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// DataFusion itself does not ask for them, but other engines may.
    fn statistics(&self) -> Option<Statistics> {
        let statistics = catch(|| self.source.statistics(&self.schema)).ok()?;
        Some(statistics.to_inexact())
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // There is one answer for each filter: DataFusion refuses any other number.
        catch(|| {
            Ok(filters
                .iter()
                .map(|filter| match may_differ(filter, &self.schema) {
                    true => TableProviderFilterPushDown::Unsupported,
                    false => self.source.supports_filter(filter),
                })
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
        let filters = with_constants(filters, &self.schema, &plan_call(session))?;
        self.plan(projection, &filters, limit, session.config())
            .await
    }

    async fn insert_into(
        &self,
        _session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        insert_op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(sink) = &self.sink else {
            return not_impl_err!("Insert into not implemented for this table");
        };
        let (sink, schema) = (Arc::clone(sink), self.schema());
        let insert = InsertExec::try_new(sink, insert_op, schema, input)?;
        Ok(Arc::new(insert))
    }
}
