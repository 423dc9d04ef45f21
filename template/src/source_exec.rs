//! The plan of one query over the source.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{Result, Statistics, exec_err};
use datafusion_execution::TaskContext;
use datafusion_expr::Expr;
use datafusion_physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    ReplaceChildrenOptions, SendableRecordBatchStream, StatisticsArgs,
};
use futures::TryStreamExt;

use crate::panic::catch;
use crate::runtime;
use crate::source::Partition;

/// A [`StreamingTableExec`] with what it lacks: statistics, metrics, and a name that tells what
/// was pushed down.
#[derive(Debug)]
pub struct SourceExec {
    name: String,
    partitions: Vec<Partition>,
    streaming: StreamingTableExec,
    metrics: ExecutionPlanMetricsSet,
}

impl SourceExec {
    /// `name` is all that `EXPLAIN` shows of the plan: see [`describe`].
    pub fn try_new(
        name: String,
        schema: SchemaRef,
        partitions: Vec<Partition>,
        limit: Option<usize>,
    ) -> Result<Self> {
        let metrics = ExecutionPlanMetricsSet::new();
        let streams = partitions
            .iter()
            .enumerate()
            .map(|(index, partition)| {
                Arc::new(SourcePartition {
                    partition: partition.clone(),
                    index,
                    schema: Arc::clone(&schema),
                    metrics: metrics.clone(),
                }) as _
            })
            .collect();
        // The source projects by itself, hence no projection here.
        let streaming = StreamingTableExec::try_new(schema, streams, None, [], false, limit)?;
        Ok(Self {
            name,
            partitions,
            streaming,
            metrics,
        })
    }

    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }
}

/// Of a plan, the FFI carries the name but not the display, so what `EXPLAIN` should show has to
/// be in the name.
pub fn describe(
    schema: &SchemaRef,
    partitions: usize,
    filters: &[Expr],
    limit: Option<usize>,
) -> String {
    let columns: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let mut name = format!(
        "SourceExec: partitions={partitions}, projection=[{}]",
        columns.join(", ")
    );
    if !filters.is_empty() {
        let filters: Vec<_> = filters.iter().map(Expr::to_string).collect();
        name += &format!(", filters=[{}]", filters.join(", "));
    }
    if let Some(limit) = limit {
        name += &format!(", limit={limit}");
    }
    name
}

impl DisplayAs for SourceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl ExecutionPlan for SourceExec {
    fn name(&self) -> &str {
        &self.name
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.streaming.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.streaming.execute(partition, context)
    }

    fn fetch(&self) -> Option<usize> {
        self.streaming.limit()
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let partitions = match args.partition() {
            Some(partition) => self.partitions().get(partition..=partition),
            None => Some(self.partitions()),
        };
        catch(|| {
            let statistics = partitions
                .unwrap_or_default()
                .iter()
                .map(Partition::statistics)
                .collect::<Result<Vec<_>>>()?;
            let schema = self.streaming.schema();
            Ok(Arc::new(Statistics::try_merge_iter(&statistics, &schema)?))
        })
    }
}

/// A [`Partition`] as the [`PartitionStream`] of a [`StreamingTableExec`].
#[derive(Debug)]
struct SourcePartition {
    partition: Partition,
    index: usize,
    schema: SchemaRef,
    metrics: ExecutionPlanMetricsSet,
}

/// `batch`, if it has the columns that were asked for.
fn check(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() != schema {
        return exec_err!(
            "the source returned a batch of {:?}, but was asked for {schema:?}",
            batch.schema_ref()
        );
    }
    Ok(batch)
}

impl PartitionStream for SourcePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batch_size = context.session_config().batch_size();
        let metrics = BaselineMetrics::new(&self.metrics, self.index);
        let schema = Arc::clone(&self.schema);
        let batches = runtime::run_stream(|| self.partition.read(batch_size))
            .and_then(move |batch| std::future::ready(check(batch, &schema)))
            .inspect_ok(move |batch| metrics.record_output(batch.num_rows()));
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        ))
    }
}
