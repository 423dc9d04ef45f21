//! Optimizer rules, which DataFusion calls through a guard.

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_common::config::ConfigOptions;
use datafusion_physical_plan::ExecutionPlan;

use crate::boundary::error::catch;
use crate::compat::{PhysicalOptimizerRule, since_55};

/// Any [`PhysicalOptimizerRule`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedRule {
    // These are read once, as DataFusion takes no error when it asks for them.
    name: String,
    schema_check: bool,
    rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
}

impl GuardedRule {
    pub(crate) fn try_new(rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>) -> Result<Self> {
        let (name, schema_check) = catch(|| Ok((rule.name().to_owned(), rule.schema_check())))?;
        Ok(Self {
            name,
            schema_check,
            rule,
        })
    }
}

impl PhysicalOptimizerRule for GuardedRule {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        catch(|| self.rule.optimize(plan, config))
    }

    since_55! {
        fn optimize_with_context(
            &self,
            plan: Arc<dyn ExecutionPlan>,
            context: &dyn crate::compat::PhysicalOptimizerContext,
        ) -> Result<Arc<dyn ExecutionPlan>> {
            catch(|| self.rule.optimize_with_context(plan, context))
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn schema_check(&self) -> bool {
        self.schema_check
    }
}
