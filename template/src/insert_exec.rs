//! The plan of an `INSERT INTO` the source.

use std::fmt;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{DataFusionError, Result, exec_err};
use datafusion_execution::TaskContext;
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion_physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr,
    PlanProperties, ReplaceChildrenOptions, SendableRecordBatchStream,
};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::runtime;
use crate::source_table::SourceTable;

/// Takes the rows of its child to the source, and returns how many they were.
///
/// Unlike DataFusion's `DataSinkExec`, it takes them from however many partitions there are: that a
/// plan wants a single one does not cross the FFI, and the rows of the others would be lost.
#[derive(Debug)]
pub struct InsertExec {
    insert: Insert,
    streaming: StreamingTableExec,
}

impl InsertExec {
    pub fn try_new(table: SourceTable, rows: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let count = Field::new("count", DataType::UInt64, false);
        let schema = Arc::new(Schema::new(vec![count]));
        let insert = Insert {
            table,
            rows,
            schema: Arc::clone(&schema),
        };
        let partition = Arc::new(insert.clone());
        let streaming =
            StreamingTableExec::try_new(schema, vec![partition], None, [], false, None)?;
        Ok(Self { insert, streaming })
    }
}

impl DisplayAs for InsertExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ExecutionPlan for InsertExec {
    fn name(&self) -> &str {
        "InsertExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.streaming.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.insert.rows]
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(rows), true) => Ok(Arc::new(Self::try_new(self.insert.table.clone(), rows)?)),
            _ => exec_err!("InsertExec has one child"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
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
}

#[derive(Debug, Clone)]
struct Insert {
    table: SourceTable,
    rows: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
}

impl Insert {
    async fn run(self, context: Arc<TaskContext>) -> Result<RecordBatch> {
        let partitions = 0..self.rows.properties().partitioning.partition_count();
        let partitions = partitions
            .map(|partition| self.rows.execute(partition, Arc::clone(&context)))
            .collect::<Result<Vec<_>>>()?;
        let columns = self.table.columns();
        // They are polled here, in a thread of the host, for in those of our runtime the host's
        // plans cannot run. A null where the table has none is refused.
        let batches: Vec<_> = stream::select_all(partitions)
            .map(|batch| {
                let batch = batch?.columns().to_vec();
                Ok::<_, DataFusionError>(RecordBatch::try_new(Arc::clone(columns), batch)?)
            })
            .try_collect()
            .await?;
        let count = batches.iter().map(RecordBatch::num_rows).sum::<usize>();
        self.table.source().insert(batches).await?;
        let count = Arc::new(UInt64Array::from_value(count as u64, 1));
        Ok(RecordBatch::try_new(self.schema, vec![count])?)
    }
}

impl PartitionStream for Insert {
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
