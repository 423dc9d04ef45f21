//! The session in which tables of other crates are planned.
//!
//! The session that crosses from the host lacks its object stores, and its expressions are opaque to
//! a file format. So this session has both of its own, and asks the host for the rest.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion_catalog::Session;
use datafusion_common::config::TableOptions;
use datafusion_common::{DFSchema, Result, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_execution::runtime_env::RuntimeEnv;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::registry::{ExtensionTypeRegistryRef, MemoryExtensionTypeRegistry};
use datafusion_expr::{AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion_physical_plan::{ExecutionPlan, PhysicalExpr};

use crate::boundary::raw::scan::HostSession;
use crate::compat::{catalogs_of_session, physical_expr};

/// A session with the object stores of this package.
pub struct ProviderSession<'a> {
    host: Option<&'a dyn Session>,
    config: SessionConfig,
    /// Made when it is asked for, if the host's functions have to be copied for it.
    context: OnceLock<Arc<TaskContext>>,
    functions: Option<Arc<HostSession>>,
    runtime_env: Arc<RuntimeEnv>,
    execution_props: ExecutionProps,
    table_options: TableOptions,
    extension_types: ExtensionTypeRegistryRef,
}

impl<'a> ProviderSession<'a> {
    /// The session of a query in `host`.
    pub fn of_host(host: &'a dyn Session, runtime_env: &Arc<RuntimeEnv>) -> Self {
        let context = TaskContext::from(host).with_runtime(Arc::clone(runtime_env));
        Self {
            host: Some(host),
            execution_props: host.execution_props().clone(),
            table_options: host.table_options().clone(),
            ..Self::new(context)
        }
    }

    /// A session without a host, such as that in which a constructor looks at its files.
    pub fn new(context: TaskContext) -> Self {
        Self {
            host: None,
            config: context.session_config().clone(),
            functions: None,
            runtime_env: context.runtime_env(),
            execution_props: ExecutionProps::new(),
            table_options: TableOptions::new(),
            extension_types: Arc::new(MemoryExtensionTypeRegistry::default()),
            context: OnceLock::from(Arc::new(context)),
        }
    }

    /// The same session, with the functions of `host`.
    pub(crate) fn with_functions_of(mut self, host: &Arc<HostSession>) -> Self {
        self.functions = Some(Arc::clone(host));
        self.context = OnceLock::new();
        self
    }

    fn context(&self) -> &Arc<TaskContext> {
        self.context.get_or_init(|| {
            let copy = self.functions.as_ref().map(|host| host.task_ctx());
            let copy = copy.unwrap_or_default();
            let copy = with_runtime_env(&copy, &self.runtime_env);
            Arc::new(copy.with_session_config(self.config.clone()))
        })
    }
}

/// `context` with another runtime environment, and so with other object stores.
pub fn with_runtime_env(context: &TaskContext, runtime_env: &Arc<RuntimeEnv>) -> TaskContext {
    TaskContext::new(
        context.task_id(),
        context.session_id(),
        context.session_config().clone(),
        context.scalar_functions().clone(),
        context.higher_order_functions().clone(),
        context.aggregate_functions().clone(),
        context.window_functions().clone(),
        Arc::clone(runtime_env),
    )
}

#[async_trait]
impl Session for ProviderSession<'_> {
    fn session_id(&self) -> &str {
        self.host.map_or("DEFAULT", |host| host.session_id())
    }

    fn config(&self) -> &SessionConfig {
        &self.config
    }

    catalogs_of_session!();

    async fn create_physical_plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        match self.host {
            Some(host) => host.create_physical_plan(plan).await,
            None => not_impl_err!("planning a query without a datafusion.SessionContext"),
        }
    }

    /// The types of `expr` must fit, as those of filters do: nothing is cast here.
    fn create_physical_expr(&self, expr: Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
        physical_expr(&expr, schema, &self.execution_props)
    }

    fn scalar_functions(&self) -> &HashMap<String, Arc<ScalarUDF>> {
        self.context().scalar_functions()
    }

    fn higher_order_functions(&self) -> &HashMap<String, Arc<HigherOrderUDF>> {
        self.context().higher_order_functions()
    }

    fn aggregate_functions(&self) -> &HashMap<String, Arc<AggregateUDF>> {
        self.context().aggregate_functions()
    }

    fn window_functions(&self) -> &HashMap<String, Arc<WindowUDF>> {
        self.context().window_functions()
    }

    fn extension_type_registry(&self) -> &ExtensionTypeRegistryRef {
        &self.extension_types
    }

    fn runtime_env(&self) -> &Arc<RuntimeEnv> {
        &self.runtime_env
    }

    fn execution_props(&self) -> &ExecutionProps {
        &self.execution_props
    }

    fn as_any(&self) -> &dyn Any {
        self.host.map_or(&(), |host| host.as_any())
    }

    fn table_options(&self) -> &TableOptions {
        &self.table_options
    }

    fn table_options_mut(&mut self) -> &mut TableOptions {
        &mut self.table_options
    }

    fn task_ctx(&self) -> Arc<TaskContext> {
        Arc::clone(self.context())
    }
}
