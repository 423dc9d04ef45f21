//! A rule that rewrites physical plans.

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion_physical_plan::ExecutionPlan;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::compat::PhysicalOptimizerRule;
use pyo3_datafusion::export;
use pyo3_datafusion::table::SourceExec;

/// TODO(18): rewrites one node, whose children are rewritten already.
///
/// Nodes of this package have their own types here. All other nodes are foreign, also those of
/// DataFusion: they have a name, children and properties, but no type to look into.
///
/// The host puts a `CooperativeExec` above a foreign source, so that the source gives way to other
/// tasks. The sources of this package give way by themselves, so the node can go.
fn rewrite(plan: Arc<dyn ExecutionPlan>) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    if plan.name() == "CooperativeExec"
        && let [child] = plan.children().as_slice()
        && child.is::<SourceExec>()
    {
        return Ok(Transformed::yes(Arc::clone(child)));
    }
    Ok(Transformed::no(plan))
}

#[derive(Debug)]
struct TrustSource;

impl PhysicalOptimizerRule for TrustSource {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(rewrite).data()
    }

    fn name(&self) -> &str {
        "{{crate_name}}::TrustSource"
    }

    fn schema_check(&self) -> bool {
        // The rewritten plan has the same columns, so DataFusion can check them.
        true
    }
}

/// A rule that takes ``CooperativeExec`` away from above the tables of this package.
///
/// DataFusion puts it there so that foreign sources yield to other tasks. These tables yield by
/// themselves.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct TrustSourceRule;

#[pymethods]
impl TrustSourceRule {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the rule to DataFusion, as a `datafusion_physical_optimizer_rule` capsule.
    fn __datafusion_physical_optimizer_rule__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::physical_optimizer_rule(py, Arc::new(TrustSource))
    }
}
