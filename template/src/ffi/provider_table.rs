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
use datafusion_physical_expr::conjunction;
use datafusion_physical_optimizer::PhysicalOptimizerRule;
use datafusion_physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion_physical_plan::filter::FilterExec;
use datafusion_physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion_physical_plan::{ExecutionPlan, execute_stream};
use futures::stream::{BoxStream, TryStreamExt};
use pyo3::prelude::*;

use crate::ffi::error::{catch, interrupted, to_py_err};
use crate::ffi::host_functions::with_constants;
use crate::ffi::insert_exec::{InsertExec, RowSink, rows_as_plan};
use crate::ffi::provider_exec::ProviderExec;
use crate::ffi::provider_session::{ProviderSession, with_runtime_env};
use crate::ffi::runtime;

/// Any [`TableProvider`], safe to hand over.
#[derive(Debug, Clone)]
pub struct ProviderTable {
    provider: Arc<dyn TableProvider>,
    // These are read once, as DataFusion takes no error when it asks for them.
    schema: SchemaRef,
    table_type: TableType,
    runtime_env: Arc<RuntimeEnv>,
}

impl ProviderTable {
    /// `runtime_env` has the object stores of the provider: those of the host do not cross the FFI.
    pub fn try_new(
        provider: Arc<dyn TableProvider>,
        runtime_env: &Arc<RuntimeEnv>,
    ) -> Result<Self> {
        let (schema, table_type) = catch(|| Ok((provider.schema(), provider.table_type())))?;
        Ok(Self {
            provider,
            schema,
            table_type,
            runtime_env: Arc::clone(runtime_env),
        })
    }

    /// The table of the provider that `open` finds, for a constructor in Python.
    pub fn open<F>(
        py: Python<'_>,
        runtime_env: fn() -> Result<RuntimeEnv>,
        open: impl FnOnce(Arc<RuntimeEnv>) -> F + Send,
    ) -> PyResult<Self>
    where
        F: Future<Output = Result<Arc<dyn TableProvider>>> + Send,
    {
        let (provider, runtime_env) = opened(py, runtime_env, open)?;
        Self::try_new(provider, &runtime_env).map_err(to_py_err)
    }

    /// The plan that reads all rows, where there is no session.
    pub async fn plan(&self) -> Result<Arc<dyn ExecutionPlan>> {
        let context = TaskContext::default().with_runtime(Arc::clone(&self.runtime_env));
        self.scan_in(&ProviderSession::new(context), None, &[], None)
            .await
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

/// What `open` finds, with the object stores that it is in, for a constructor in Python. It waits
/// without the GIL, and looks for Ctrl-C ten times in a second.
///
/// # Errors
///
/// `ValueError` for a `Configuration` error, and `RuntimeError` for every other one, and for a panic.
pub fn opened<T: Send, F: Future<Output = Result<T>> + Send>(
    py: Python<'_>,
    runtime_env: fn() -> Result<RuntimeEnv>,
    open: impl FnOnce(Arc<RuntimeEnv>) -> F + Send,
) -> PyResult<(T, Arc<RuntimeEnv>)> {
    runtime::INTERRUPTED.get_or_init(|| interrupted);
    let open = async {
        let runtime_env = Arc::new(runtime_env()?);
        Ok((open(Arc::clone(&runtime_env)).await?, runtime_env))
    };
    py.detach(|| runtime::block_on(open)).map_err(to_py_err)
}

/// What DataFusion's rule does with a filter above `plan`: it tells the nodes that can use it, such
/// as those that read files. The rule of the host does not get here.
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
impl TableProvider for ProviderTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        self.table_type
    }

    fn statistics(&self) -> Option<Statistics> {
        catch(|| Ok(self.provider.statistics())).unwrap_or_default()
    }

    /// Filters that the provider does not want are for the nodes of its plan: see [`push_down`].
    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let answers = self
            .answers(filters)?
            .into_iter()
            .map(|answer| match answer {
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
        let filters = with_constants(filters, &self.schema, session)?;
        let session = ProviderSession::of_host(session, &self.runtime_env);
        self.scan_in(&session, projection, &filters, limit).await
    }

    async fn insert_into(
        &self,
        _session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        insert_op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let sink = Arc::new(ProviderSink {
            table: self.clone(),
            insert_op,
        });
        Ok(Arc::new(InsertExec::try_new(sink, self.schema(), input)?))
    }
}

/// The node for an `INSERT INTO`. The provider plans it when the rows arrive, because the host has
/// to plan their query first.
#[derive(Debug)]
struct ProviderSink {
    table: ProviderTable,
    insert_op: InsertOp,
}

#[async_trait]
impl RowSink for ProviderSink {
    async fn insert(
        &self,
        rows: BoxStream<'static, Result<RecordBatch>>,
        context: &TaskContext,
    ) -> Result<u64> {
        let ProviderTable {
            provider,
            schema,
            runtime_env,
            ..
        } = &self.table;
        let session = ProviderSession::new(with_runtime_env(context, runtime_env));
        let rows = rows_as_plan(rows, schema)?;
        let plan = provider.insert_into(&session, rows, self.insert_op).await?;
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

    fn name(&self) -> &str {
        "TableProvider::insert_into"
    }
}
