//! The plan of an `INSERT`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DataFusionError, Result, exec_datafusion_err, exec_err, plan_err};
use datafusion_execution::TaskContext;
use datafusion_expr::dml::InsertOp;
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::channel::mpsc;
use futures::stream::{self, BoxStream, StreamExt};
use futures::{SinkExt, future};

use crate::boundary::arrow_stream::{can_cast, cast, describe_columns};
use crate::boundary::runtime;
use crate::compat::without_expressions;

/// What takes the rows of an `INSERT`.
#[async_trait]
pub trait RowSink: fmt::Debug + Send + Sync {
    /// Takes all rows, and returns how many there were.
    async fn insert(
        &self,
        insert_op: InsertOp,
        rows: BoxStream<'static, Result<RecordBatch>>,
        context: &TaskContext,
    ) -> Result<u64>;

    /// Errors name this as their origin.
    fn name(&self, insert_op: InsertOp) -> &str;

    /// Whether an answer of `inserted` can be true of `given` rows.
    fn check_count(&self, _insert_op: InsertOp, _given: u64, _inserted: u64) -> Result<()> {
        Ok(())
    }
}

/// Takes the rows of its child to a [`RowSink`], and returns how many they were.
///
/// Unlike DataFusion's `DataSinkExec`, this plan reads all partitions of its child. What a plan
/// requires of its child does not cross the FFI, so it could not ask for a single partition, and
/// the rows of all others would be lost. Nor could it ask for an order: see [`ordered`].
#[derive(Debug)]
pub struct InsertExec {
    name: String,
    insert: Rows,
    streaming: StreamingTableExec,
}

impl InsertExec {
    /// # Errors
    ///
    /// `rows` does not have the columns of `table_schema`, or their types cannot be cast.
    pub fn try_new(
        sink: Arc<dyn RowSink>,
        insert_op: InsertOp,
        table_schema: SchemaRef,
        rows: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let (order, below) = ordered(&rows).unwrap_or((vec![], Arc::clone(&rows)));
        if !can_cast(&rows.schema(), &table_schema) {
            return plan_err!(
                "the rows to insert have the columns {}, but the table has {}",
                describe_columns(&rows.schema()),
                describe_columns(&table_schema)
            );
        }
        let count = Field::new("count", DataType::UInt64, false);
        let schema = Arc::new(Schema::new(vec![count]));
        Self::of(Rows {
            sink,
            insert_op,
            table_schema,
            order,
            rows: below,
            schema,
        })
    }

    fn of(insert: Rows) -> Result<Self> {
        let names = insert.order.iter().map(|node| node.name());
        let names: Vec<_> = ["InsertExec"].into_iter().chain(names).collect();
        let name = names.join(" / ");
        let (schema, partition) = (Arc::clone(&insert.schema), Arc::new(insert.clone()));
        let streaming =
            StreamingTableExec::try_new(schema, vec![partition], None, [], false, None)?;
        Ok(Self {
            name,
            insert,
            streaming,
        })
    }
}

/// Nodes above one another, the topmost first.
type Nodes = Vec<Arc<dyn ExecutionPlan>>;

/// The nodes of `rows` that make its order, from the top to the sort of an `ORDER BY`, and the plan
/// below. None if nothing sorts the rows.
///
/// These nodes are kept from the optimizer of the host, which removes a sort or scatters its rows below
/// a node that asks for no order. It optimizes the plan below.
fn ordered(rows: &Arc<dyn ExecutionPlan>) -> Option<(Nodes, Arc<dyn ExecutionPlan>)> {
    /// These keep the order of their rows, and need no other order or partitions.
    const KEEP_ORDER: [&str; 7] = [
        "CoalesceBatchesExec",
        "CoalescePartitionsExec",
        "FilterExec",
        "GlobalLimitExec",
        "LocalLimitExec",
        "ProjectionExec",
        "SortPreservingMergeExec",
    ];
    let [child] = rows.children()[..] else {
        return None;
    };
    let (mut nodes, below) = if rows.name().starts_with("SortExec") {
        (vec![], Arc::clone(child))
    } else if KEEP_ORDER.contains(&rows.name()) {
        ordered(child)?
    } else {
        return None;
    };
    nodes.insert(0, Arc::clone(rows));
    Some((nodes, below))
}

impl DisplayAs for InsertExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ExecutionPlan for InsertExec {
    fn name(&self) -> &str {
        &self.name
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.streaming.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.insert.rows]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(rows), true) => {
                let insert = self.insert.clone();
                Ok(Arc::new(Self::of(Rows { rows, ..insert })?))
            }
            _ => exec_err!("InsertExec has one child"),
        }
    }

    without_expressions!();

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.streaming.execute(partition, context)
    }
}

#[derive(Debug, Clone)]
struct Rows {
    sink: Arc<dyn RowSink>,
    insert_op: InsertOp,
    table_schema: SchemaRef,
    /// The nodes that put the rows into their order.
    order: Nodes,
    rows: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
}

impl Rows {
    async fn run(self, context: Arc<TaskContext>) -> Result<RecordBatch> {
        let partitions = 0..self.rows.properties().partitioning.partition_count();
        let partitions = partitions
            .map(|partition| self.rows.execute(partition, Arc::clone(&context)))
            .collect::<Result<Vec<_>>>()?;
        let mut rows = stream::select_all(partitions).boxed();
        if !self.order.is_empty() {
            let mut plan = rows_as_plan(rows, &self.rows.schema())?;
            for node in self.order.iter().rev() {
                let below = |_| Ok(Transformed::yes(Arc::clone(&plan)));
                plan = Arc::clone(node).map_children(below)?.data;
            }
            rows = plan.execute(0, Arc::clone(&context))?;
        }
        // The sink may read its rows in a thread of our runtime, where plans of the host cannot
        // run. So the plans run here, in a thread of the host, and hand over a batch at a time.
        let (mut sender, receiver) = mpsc::channel(0);
        let send = async move {
            let mut sent = 0;
            while let Some(batch) = rows.next().await {
                let batch = batch.and_then(|batch| cast(batch, &self.table_schema));
                let failed = batch.as_ref().err().map(DataFusionError::strip_backtrace);
                let rows = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
                if sender.send(batch).await.is_err() {
                    return Err("did not read all rows".to_owned());
                }
                if let Some(failed) = failed {
                    return Err(format!("passed over the error of its rows: {failed}"));
                }
                sent += rows;
            }
            Ok(sent)
        };
        let insert_op = self.insert_op;
        let insert = self.sink.insert(insert_op, receiver.boxed(), &context);
        let (sent, count) = future::join(send, insert).await;
        // An error of the sink says which rows the sink has kept, so this error goes before all
        // others.
        let count = count?;
        match sent {
            Ok(sent) => self.sink.check_count(insert_op, sent, count)?,
            Err(problem) => {
                let name = self.sink.name(insert_op);
                return exec_err!("{name} returned {count}, but it {problem}");
            }
        }
        let count = Arc::new(UInt64Array::from_value(count, 1));
        Ok(RecordBatch::try_new(self.schema, vec![count])?)
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let inserted = stream::once(runtime::run(self.clone().run(context)));
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            inserted,
        ))
    }
}

/// `rows` as a plan, which can be executed once.
pub fn rows_as_plan(
    rows: BoxStream<'static, Result<RecordBatch>>,
    schema: &SchemaRef,
) -> Result<Arc<dyn ExecutionPlan>> {
    let rows: SendableRecordBatchStream =
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(schema), rows));
    let partition = Arc::new(OnePartition {
        schema: Arc::clone(schema),
        rows: Mutex::new(Some(rows)),
    });
    let schema = Arc::clone(schema);
    let plan = StreamingTableExec::try_new(schema, vec![partition], None, [], false, None)?;
    Ok(Arc::new(plan))
}

struct OnePartition {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for OnePartition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("OnePartition")
    }
}

impl PartitionStream for OnePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.take().unwrap_or_else(|| {
            let error = exec_datafusion_err!("the rows to insert were read already");
            let error = stream::iter([Err(error)]);
            Box::pin(RecordBatchStreamAdapter::new(
                Arc::clone(&self.schema),
                error,
            ))
        })
    }
}
