//! A table of another crate, which DataFusion calls through a guard.
//!
//! The guard runs the provider on this package's runtime, turns a panic into an error, and offers
//! the provider every filter that DataFusion's own optimizer would.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{SchemaRef, UInt64Type};
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::{DFSchema, Result, Statistics, exec_err};
use datafusion_execution::TaskContext;
use datafusion_execution::runtime_env::RuntimeEnv;
use datafusion_expr::dml::InsertOp;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_ffi::table_provider::ForeignTableProvider;
use datafusion_physical_expr::conjunction;
use datafusion_physical_optimizer::PhysicalOptimizerRule;
use datafusion_physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion_physical_plan::filter::FilterExec;
use datafusion_physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion_physical_plan::{ExecutionPlan, execute_stream};
use futures::stream::{BoxStream, TryStreamExt};
use pyo3::prelude::*;

use super::exec::ProviderExec;
use super::session::{ProviderSession, with_runtime_env};
use crate::boundary::error::catch;
use crate::boundary::protobuf::{may_differ, portable};
use crate::boundary::raw::scan::{HostSession, Scanned};
use crate::boundary::runtime;
use crate::table::{
    InsertExec, RowSink, SourceProvider, plan_any_call, plan_call, rows_as_plan, with_constants,
};

/// `table` in a guard, unless the machinery or the host has made it.
pub(crate) fn guarded_table(table: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
    guarded_table_in(table, &Arc::default())
}

/// [`guarded_table`], where `runtime_env` has the object stores of the table: those of the host do
/// not cross the FFI.
pub(crate) fn guarded_table_in(
    table: Arc<dyn TableProvider>,
    runtime_env: &Arc<RuntimeEnv>,
) -> Result<Arc<dyn TableProvider>> {
    if table.is::<SourceProvider>()
        || table.is::<GuardedTable>()
        || table.is::<ForeignTableProvider>()
    {
        return Ok(table);
    }
    Ok(Arc::new(GuardedTable::try_new(table, runtime_env)?))
}

/// The table that `open` returns, for a constructor in Python. It waits without the GIL, until
/// Ctrl-C. `runtime_env` has the object stores of the table: those of the host do not cross the FFI.
///
/// # Errors
///
/// `ValueError` for a `Configuration` error, and `RuntimeError` for every other one, and for a panic.
pub fn open_table<F>(
    py: Python<'_>,
    runtime_env: fn() -> Result<RuntimeEnv>,
    open: impl FnOnce(Arc<RuntimeEnv>) -> F + Send,
) -> PyResult<Arc<dyn TableProvider>>
where
    F: Future<Output = Result<Arc<dyn TableProvider>>> + Send,
{
    runtime::block_on(py, async {
        let runtime_env = Arc::new(runtime_env()?);
        let table = open(Arc::clone(&runtime_env)).await?;
        guarded_table_in(table, &runtime_env)
    })
}

/// Any [`TableProvider`], safe to hand over.
#[derive(Debug, Clone)]
pub(crate) struct GuardedTable {
    provider: Arc<dyn TableProvider>,
    // These are read once, as DataFusion takes no error when it asks for them.
    schema: SchemaRef,
    table_type: TableType,
    runtime_env: Arc<RuntimeEnv>,
}

impl GuardedTable {
    fn try_new(provider: Arc<dyn TableProvider>, runtime_env: &Arc<RuntimeEnv>) -> Result<Self> {
        let (schema, table_type) = catch(|| Ok((provider.schema(), provider.table_type())))?;
        Ok(Self {
            provider,
            schema,
            table_type,
            runtime_env: Arc::clone(runtime_env),
        })
    }

    /// [`scan`](TableProvider::scan) in the session of a host, of which functions are copied only when the
    /// table asks for them.
    pub(crate) async fn scan_for(
        &self,
        session: &dyn Session,
        host: &Arc<HostSession>,
        (projection, filters, limit): Scanned<'_>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filters = with_constants(filters, &self.schema, &plan_any_call(session))?;
        let session = ProviderSession::of_host(session, &self.runtime_env);
        let session = session.with_functions_of(host);
        self.scan_in(&session, projection, &filters, limit).await
    }

    async fn scan_in(
        &self,
        session: &ProviderSession<'_>,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let scan = async {
            let answers = self.answers(&filters.iter().collect::<Vec<_>>())?;
            let all_but = |other: TableProviderFilterPushDown| {
                let pairs = filters.iter().zip(&answers);
                let pairs = pairs.filter(move |(_, answer)| **answer != other);
                pairs.map(|(filter, _)| filter.clone()).collect::<Vec<_>>()
            };
            let taken = all_but(TableProviderFilterPushDown::Unsupported);
            let provider = &self.provider;
            let plan = provider.scan(session, projection, &taken, limit).await?;
            // An `Exact` filter has been applied, and its plan must not apply it again.
            let left = all_but(TableProviderFilterPushDown::Exact);
            let plan = push_down(plan, &left, session)?;
            let plan = match projection.is_some_and(Vec::is_empty) {
                true => without_columns(plan)?,
                false => plan,
            };
            let plan = ProviderExec::try_new(plan, Arc::clone(&self.runtime_env))?;
            Ok(Arc::new(plan) as _)
        };
        runtime::run(scan).await
    }

    fn answers(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let answers = catch(|| self.provider.supports_filters_pushdown(filters))?;
        if answers.len() != filters.len() {
            return exec_err!(
                "supports_filters_pushdown was asked about {} filters, but answered about {}",
                filters.len(),
                answers.len()
            );
        }
        Ok(answers)
    }
}

/// What DataFusion's rule does with a filter above `plan`: it tells the nodes that can use it, such
/// as those that read files. The host's rule never runs on this plan.
fn push_down(
    plan: Arc<dyn ExecutionPlan>,
    filters: &[Expr],
    session: &ProviderSession<'_>,
) -> Result<Arc<dyn ExecutionPlan>> {
    if filters.is_empty() {
        return Ok(plan);
    }
    let schema = DFSchema::try_from(plan.schema())?;
    // The provider may have used up a filter, whose columns the query need not read then.
    let left = filters.iter().filter(|filter| {
        let columns = filter.column_refs();
        columns.iter().all(|column| schema.has_column(column))
    });
    // Only the host can compute some filters, such as a subquery.
    let left = left.filter_map(|filter| session.create_physical_expr(filter.clone(), &schema).ok());
    let left: Vec<_> = left.collect();
    if left.is_empty() {
        return Ok(plan);
    }
    let filter = Arc::new(FilterExec::try_new(conjunction(left), plan)?);
    let plan = FilterPushdown::new().optimize(filter, session.config_options())?;
    // The host filters again, wherever the answer was not `Exact`.
    match plan.downcast_ref::<FilterExec>() {
        Some(filter) => Ok(Arc::clone(filter.input())),
        None => Ok(plan),
    }
}

/// `plan`, of which only the number of rows matters. It may promise columns, and then return none.
fn without_columns(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if plan.schema().fields().is_empty() {
        return Ok(plan);
    }
    let none: [ProjectionExpr; 0] = [];
    Ok(Arc::new(ProjectionExec::try_new(none, plan)?))
}

#[async_trait]
impl TableProvider for GuardedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        self.table_type
    }

    fn statistics(&self) -> Option<Statistics> {
        let statistics = catch(|| Ok(self.provider.statistics()));
        statistics.unwrap_or_default().map(portable)
    }

    /// Filters that the provider does not want are for the nodes of its plan: see [`push_down`].
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let answers = self.answers(filters)?.into_iter().zip(filters);
        let answers = answers.map(|(answer, filter)| match answer {
            _ if may_differ(filter, &self.schema) => TableProviderFilterPushDown::Unsupported,
            TableProviderFilterPushDown::Unsupported => TableProviderFilterPushDown::Inexact,
            answer => answer,
        });
        Ok(answers.collect())
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let filters = with_constants(filters, &self.schema, &plan_call(session))?;
        let session = ProviderSession::of_host(session, &self.runtime_env);
        self.scan_in(&session, projection, &filters, limit).await
    }

    async fn insert_into(
        &self,
        _session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        insert_op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let sink = Arc::new(ProviderSink(self.clone()));
        let insert = InsertExec::try_new(sink, insert_op, self.schema(), input)?;
        Ok(Arc::new(insert))
    }
}

/// The node for an `INSERT`. The provider plans it when the rows arrive, because the host has to plan
/// their query first.
#[derive(Debug)]
struct ProviderSink(GuardedTable);

#[async_trait]
impl RowSink for ProviderSink {
    async fn insert(
        &self,
        insert_op: InsertOp,
        rows: BoxStream<'static, Result<RecordBatch>>,
        context: &TaskContext,
    ) -> Result<u64> {
        let GuardedTable {
            provider,
            schema,
            runtime_env,
            ..
        } = &self.0;
        let session = ProviderSession::new(with_runtime_env(context, runtime_env));
        let rows = rows_as_plan(rows, schema)?;
        let plan = provider.insert_into(&session, rows, insert_op).await?;
        let mut counts = execute_stream(plan, session.task_ctx())?;
        let mut inserted = 0;
        while let Some(counted) = counts.try_next().await? {
            let count = counted.columns().first();
            match count.and_then(|count| count.as_primitive_opt::<UInt64Type>()) {
                Some(count) => inserted += count.values().iter().sum::<u64>(),
                None => return exec_err!("the table did not say how many rows it took"),
            }
        }
        Ok(inserted)
    }

    fn name(&self, _insert_op: InsertOp) -> &str {
        "TableProvider::insert_into"
    }
}
