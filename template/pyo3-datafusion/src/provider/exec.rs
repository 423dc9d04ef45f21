//! A plan of another crate, run on this package's runtime and with its object stores.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, Statistics, exec_datafusion_err};
use datafusion_execution::TaskContext;
use datafusion_execution::runtime_env::RuntimeEnv;
use datafusion_physical_plan::execution_plan::reset_plan_states;
use datafusion_physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet, SplitMetrics};
use datafusion_physical_plan::stream::{BatchSplitStream, RecordBatchStreamAdapter};
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
    displayable,
};
use futures::stream::StreamExt;

use super::session::with_runtime_env;
use crate::boundary::arrow_stream::describe_columns;
use crate::boundary::error::catch;
use crate::boundary::protobuf::portable;
use crate::boundary::run::RunContext;
use crate::boundary::runtime;
use crate::compat::{statistics_of_plan, without_expressions};

/// To the host it has no children. A node's input requirements, such as an order of the rows, do not
/// cross the FFI, so the host could insert a node that breaks them.
#[derive(Debug)]
pub struct ProviderExec {
    name: String,
    plan: Arc<dyn ExecutionPlan>,
    runs: Arc<Mutex<Runs>>,
    properties: Arc<PlanProperties>,
    runtime_env: Arc<RuntimeEnv>,
    pub(crate) run: RunContext,
}

/// For each partition, the plans on which it is still to be executed, the oldest first.
type Runs = Vec<VecDeque<Arc<dyn ExecutionPlan>>>;

impl ProviderExec {
    pub fn try_new(plan: Arc<dyn ExecutionPlan>, runtime_env: Arc<RuntimeEnv>) -> Result<Self> {
        // These are read once, as DataFusion takes no error when it asks for them.
        let (name, properties) = catch(|| Ok((describe(&plan), Arc::clone(plan.properties()))))?;
        let partitions = properties.partitioning.partition_count();
        let runs = vec![VecDeque::from([Arc::clone(&plan)]); partitions];
        Ok(Self {
            name,
            plan,
            runs: Arc::new(Mutex::new(runs)),
            properties,
            runtime_env,
            run: RunContext::default(),
        })
    }
}

/// The plan for one more execution of `partition`. The partitions of a plan may share state, such as
/// a queue of files to read, which serves each of them once: a recursive query and some joins execute
/// them again. The host cannot call `reset_state` over the FFI, so a new run resets the states here.
fn plan_of_run(
    plan: &Arc<dyn ExecutionPlan>,
    runs: &Mutex<Runs>,
    partition: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
    if runs.get(partition).is_some_and(VecDeque::is_empty) {
        let plan = reset_plan_states(Arc::clone(plan))?;
        for plans in runs.iter_mut() {
            plans.push_back(Arc::clone(&plan));
        }
    }
    let next = runs.get_mut(partition).and_then(VecDeque::pop_front);
    Ok(next.unwrap_or_else(|| Arc::clone(plan)))
}

/// The FFI carries the name of a plan but not its display, so what `EXPLAIN` should show has to be
/// in the name: all nodes of the plan, the one that the rows come from last.
fn describe(plan: &Arc<dyn ExecutionPlan>) -> String {
    let nodes = displayable(plan.as_ref()).indent(false).to_string();
    let nodes: Vec<_> = nodes.lines().map(str::trim).collect();
    nodes.join(" / ")
}

impl DisplayAs for ProviderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl ExecutionPlan for ProviderExec {
    fn name(&self) -> &str {
        &self.name
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    without_expressions!();

    fn repartitioned(
        &self,
        target_partitions: usize,
        config: &ConfigOptions,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        match catch(|| self.plan.repartitioned(target_partitions, config))? {
            Some(plan) => {
                let plan = Self::try_new(plan, Arc::clone(&self.runtime_env))?;
                Ok(Some(Arc::new(plan)))
            }
            None => Ok(None),
        }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (plan, schema) = (Arc::clone(&self.plan), self.schema());
        let runs = Arc::clone(&self.runs);
        let context = Arc::new(with_runtime_env(&context, &self.runtime_env));
        let batch_size = context.session_config().batch_size();
        let batches = runtime::run_stream(move || {
            let plan = plan_of_run(&plan, &runs, partition)?;
            let promised = plan.schema();
            let batches = plan.execute(partition, context)?;
            Ok(batches
                .map(move |batch| as_promised(batch?, &promised))
                .boxed())
        });
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, batches));
        let metrics = SplitMetrics::new(&ExecutionPlanMetricsSet::new(), partition);
        Ok(Box::pin(BatchSplitStream::new(rows, batch_size, metrics)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        catch(|| Ok(self.plan.metrics())).unwrap_or_default()
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let statistics = catch(|| statistics_of_plan(self.plan.as_ref(), partition))?;
        Ok(Arc::new(portable(Arc::unwrap_or_clone(statistics))))
    }
}

/// `batch`, if it has the columns of the plan. Others could not be read on the other side.
fn as_promised(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let promised = Arc::clone(schema);
    let columns = match schema.fields().is_empty() {
        true => vec![],
        false => batch.columns().to_vec(),
    };
    RecordBatch::try_new_with_options(promised, columns, &options).map_err(|_| {
        exec_datafusion_err!(
            "the plan of the table promised the columns {}, but returned {}",
            describe_columns(schema),
            describe_columns(batch.schema_ref())
        )
    })
}
