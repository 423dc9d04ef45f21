//! Query planners, which DataFusion calls through a guard.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion_common::Result;
use datafusion_expr::LogicalPlan;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_session::{QueryPlanner, Session};

use crate::boundary::runtime;

/// Any [`QueryPlanner`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedPlanner(pub Arc<dyn QueryPlanner + Send + Sync>);

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
