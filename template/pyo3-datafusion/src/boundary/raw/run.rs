//! Executes the plans of tables without a copy of the session for each partition.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_execution::runtime_env::RuntimeEnv;
use datafusion_ffi::execution::FFI_TaskContext;
use datafusion_ffi::execution_plan::FFI_ExecutionPlan;
use datafusion_physical_plan::ExecutionPlan;

use crate::boundary::runtime;
use crate::provider::ProviderExec;
use crate::table::SourceExec;

/// The context in which `partition` of `plan` runs, where the host sends `sent`.
pub fn context(
    plan: &FFI_ExecutionPlan,
    partition: usize,
    sent: FFI_TaskContext,
) -> FFI_TaskContext {
    let Ok(plan) = <Arc<dyn ExecutionPlan>>::try_from(plan) else {
        return sent;
    };
    // In a forked process, a lock may be held for ever.
    if runtime::handle().is_err() {
        return sent;
    }
    if let Some(plan) = plan.downcast_ref::<SourceExec>() {
        let context = plan.run.of(partition, || without_functions(sent));
        return context.into();
    }
    // The plan of another crate may ask for functions.
    if let Some(plan) = plan.downcast_ref::<ProviderExec>() {
        return plan.run.of(partition, || sent.into()).into();
    }
    sent
}

fn without_functions(sent: FFI_TaskContext) -> Arc<TaskContext> {
    // SAFETY: both functions are those of this context.
    let (session_id, config) = unsafe {
        let session_id: String = (sent.session_id)(&sent).into();
        (session_id, (sent.session_config)(&sent))
    };
    Arc::new(TaskContext::new(
        None,
        session_id,
        SessionConfig::try_from(&config).unwrap_or_default(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        HashMap::new(),
        Arc::new(RuntimeEnv::default()),
    ))
}
