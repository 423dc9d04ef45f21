//! Query planners, which DataFusion calls through a guard.
#![cfg(not(feature = "before-55"))]

use std::ffi::CStr;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion_common::Result;
use datafusion_expr::LogicalPlan;
use datafusion_ffi::query_planner::FFI_QueryPlanner;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_session::{QueryPlanner, Session};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::boundary::host::{Capsule, Host};
use crate::boundary::raw::capsule::from_session;
use crate::boundary::runtime;

impl Capsule for FFI_QueryPlanner {
    const NAME: &'static CStr = c"datafusion_query_planner";
}

/// Any [`QueryPlanner`], safe to hand over.
#[derive(Debug)]
struct GuardedPlanner(Arc<dyn QueryPlanner + Send + Sync>);

#[async_trait]
impl QueryPlanner for GuardedPlanner {
    async fn create_physical_plan(
        &self,
        query: &LogicalPlan,
        session: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        runtime::run(self.0.create_physical_plan(query, session)).await
    }
}

/// The planner of `session`, for the queries that a planner leaves to others. `session` is a
/// `SessionContext`, or its `datafusion_query_planner` capsule.
pub fn planner_of_session(
    session: &Bound<'_, PyAny>,
) -> PyResult<Arc<dyn QueryPlanner + Send + Sync>> {
    let planner: FFI_QueryPlanner = from_session(Host::check(session.py())?, Some(session))?;
    Ok((&planner).into())
}

/// Queries and their plans pass the planner as bytes, through the codecs of `session`.
pub fn query_planner<'py>(
    py: Python<'py>,
    planner: Arc<dyn QueryPlanner + Send + Sync>,
    session: Option<&Bound<'_, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let host = Host::check(py)?;
    let logical_codec = from_session(host, session)?;
    let physical_codec = from_session(host, session)?;
    let planner = Arc::new(GuardedPlanner(planner));
    let exported = FFI_QueryPlanner::new_with_ffi_codecs(planner, logical_codec, physical_codec);
    host.export(exported)
}
