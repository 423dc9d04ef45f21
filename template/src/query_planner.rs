//! A planner that plans some queries by itself, and leaves the others to the session's own.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion_catalog::default_table_source::source_as_provider;
use datafusion_common::Result;
use datafusion_expr::{FetchType, LogicalPlan, SkipType, col, lit};
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion_physical_plan::limit::GlobalLimitExec;
use datafusion_session::{QueryPlanner, Session};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::table::SourceProvider;

use crate::source::ReadingsSource;

/// TODO(21): the plan of a query that this package plans better, or nothing. You may `.await`
/// here, timers and I/O included.
///
/// DataFusion reads the rows that an `OFFSET` skips, and drops them. Readings are numbered, so this
/// planner does not even compute these rows.
async fn plan(
    query: &LogicalPlan,
    session: &dyn Session,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let LogicalPlan::Limit(limit) = query else {
        return Ok(None);
    };
    let LogicalPlan::TableScan(scan) = limit.input.as_ref() else {
        return Ok(None);
    };
    let provider = source_as_provider(&scan.source)?;
    let Some(table) = provider.downcast_ref::<SourceProvider>() else {
        return Ok(None);
    };
    if table.source::<ReadingsSource>().is_none() {
        return Ok(None);
    }
    let (SkipType::Literal(skip @ 1..), FetchType::Literal(fetch)) =
        (limit.get_skip_type()?, limit.get_fetch_type()?)
    else {
        return Ok(None);
    };
    if !scan.filters.is_empty() {
        return Ok(None);
    }
    let not_skipped = col("id").gt_eq(lit(skip as i64));
    let projection = scan.projection.as_ref();
    let rows = provider
        .scan(session, projection, &[not_skipped], fetch)
        .await?;
    // A source may return more than its limit, and does so in several partitions.
    let rows = Arc::new(CoalescePartitionsExec::new(rows));
    Ok(Some(Arc::new(GlobalLimitExec::new(rows, 0, fetch))))
}

#[derive(Debug)]
struct OffsetQueryPlanner {
    fallback: Arc<dyn QueryPlanner + Send + Sync>,
}

#[async_trait]
impl QueryPlanner for OffsetQueryPlanner {
    async fn create_physical_plan(
        &self,
        query: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match plan(query, session).await? {
            Some(plan) => Ok(plan),
            None => self.fallback.create_physical_plan(query, session).await,
        }
    }
}

/// A planner that does not read the rows that an ``OFFSET`` skips.
///
/// Every query passes through the planner as bytes. So the codecs of this package must be
/// installed, and the codecs of all packages whose tables are queried.
///
/// Args:
///     fallback: the planner for all other queries: a ``datafusion.SessionContext``, or its
///         ``datafusion_query_planner`` capsule, taken before this planner is installed there.
///
/// Raises:
///     ImportError: the installed ``datafusion`` is of another major version.
///     TypeError: ``fallback`` is neither of these.
///     ValueError: ``fallback`` is a capsule of another name.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct OffsetPlanner {
    fallback: Arc<dyn QueryPlanner + Send + Sync>,
}

#[pymethods]
impl OffsetPlanner {
    /// `fallback` is a `SessionContext` or its `datafusion_query_planner` capsule, taken before
    /// this planner is installed there.
    #[new]
    pub fn new(fallback: &Bound<'_, PyAny>) -> PyResult<Self> {
        let fallback = export::planner_of_session(fallback)?;
        Ok(Self { fallback })
    }

    /// Hands the planner to DataFusion, as a `datafusion_query_planner` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_query_planner__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let planner = OffsetQueryPlanner {
            fallback: Arc::clone(&self.fallback),
        };
        export::query_planner(py, Arc::new(planner), session)
    }
}
