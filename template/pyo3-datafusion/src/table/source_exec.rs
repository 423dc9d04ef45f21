//! The plan of one query over a source.

use std::fmt::{self, Debug};
use std::iter;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion_common::stats::Precision;
use datafusion_common::{Result, Statistics, exec_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{Expr, SortExpr};
use datafusion_physical_expr::{LexOrdering, create_ordering};
use datafusion_physical_plan::empty::EmptyExec;
use datafusion_physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, SplitMetrics,
};
use datafusion_physical_plan::stream::{BatchSplitStream, RecordBatchStreamAdapter};
use datafusion_physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion_physical_plan::union::UnionExec;
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, SendableRecordBatchStream,
};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::claims::Claims;
use super::source::{Partition, Scan};
use crate::boundary::arrow_stream::describe_columns;
use crate::boundary::error::catch;
use crate::boundary::protobuf::portable;
use crate::boundary::run::RunContext;
use crate::boundary::runtime;
use crate::compat::without_expressions;

/// A [`StreamingTableExec`] with what it lacks: statistics, metrics, and a name that tells what
/// was pushed down.
#[derive(Debug)]
pub struct SourceExec {
    name: String,
    scan: Arc<TableScan>,
    partitions: Vec<Arc<SourcePartition>>,
    plan: Arc<dyn ExecutionPlan>,
    metrics: ExecutionPlanMetricsSet,
    pub(crate) run: RunContext,
}

/// A scan, and the table it reads.
#[derive(Debug)]
struct TableScan {
    table_schema: SchemaRef,
    scan: Scan,
    sort_order: Option<LexOrdering>,
    /// What is known of all rows of the table.
    statistics: Statistics,
}

impl SourceExec {
    /// The plan for `scan` of a table with the columns of `table_schema`, whose partitions are
    /// sorted by `sort_order`, and whose rows never end if it is `infinite`. `statistics` are of all rows of
    /// the table.
    pub fn try_new(
        table_schema: SchemaRef,
        scan: Scan,
        sort_order: &[SortExpr],
        partitions: Vec<Box<dyn Partition>>,
        infinite: bool,
        statistics: Statistics,
    ) -> Result<Self> {
        same_columns("Source::statistics", &scan.schema, &statistics)?;
        let metrics = ExecutionPlanMetricsSet::new();
        let orders = create_ordering(&scan.schema, &[sort_order.to_vec()])?;
        let scan = Arc::new(TableScan {
            table_schema,
            scan,
            sort_order: orders.first().cloned(),
            statistics: statistics.to_inexact(),
        });
        let partitions = partitions
            .into_iter()
            .enumerate()
            .map(|(index, partition)| {
                Arc::new(SourcePartition {
                    partition: Arc::from(partition),
                    statistics: OnceLock::new(),
                    rows: Arc::default(),
                    index,
                    scan: Arc::clone(&scan),
                    metrics: metrics.clone(),
                })
            })
            .collect();
        Self::of_partitions(scan, partitions, infinite, metrics)
    }

    fn of_partitions(
        scan: Arc<TableScan>,
        partitions: Vec<Arc<SourcePartition>>,
        infinite: bool,
        metrics: ExecutionPlanMetricsSet,
    ) -> Result<Self> {
        let streams: Vec<_> = partitions.iter().map(|p| Arc::clone(p) as _).collect();
        let schema = Arc::clone(&scan.scan.schema);
        let plan: Arc<dyn ExecutionPlan> = if streams.is_empty() {
            // A plan has one partition at least.
            Arc::new(EmptyExec::new(schema))
        } else {
            let orders = scan.sort_order.clone();
            let limit = scan.scan.limit;
            // The source projects by itself, so there is no projection here.
            let plan = StreamingTableExec::try_new(schema, streams, None, orders, infinite, limit);
            Arc::new(plan?)
        };
        Ok(Self {
            name: describe(&scan.scan, partitions.len()),
            scan,
            partitions,
            plan,
            metrics,
            run: RunContext::default(),
        })
    }

    /// Divides the partitions among `count` plans, for an engine that gives each worker one of them.
    /// Engines expect plans with the same number of partitions, so empty ones are added.
    pub fn split(&self, count: usize) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let infinite = self.properties().boundedness.is_unbounded();
        let parts = (0..count).map(|part| {
            let partitions = self.partitions.iter().skip(part).step_by(count);
            let partitions = partitions.map(Arc::clone).collect();
            let scan = Arc::clone(&self.scan);
            Self::of_partitions(scan, partitions, infinite, self.metrics.clone())
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let partitions = |part: &Self| part.properties().partitioning.partition_count();
        let most = parts.iter().map(partitions).max().unwrap_or_default();
        let padded = parts.into_iter().map(|part| {
            let missing = most - partitions(&part);
            let empty: Arc<dyn ExecutionPlan> = Arc::new(EmptyExec::new(part.schema()));
            let part: Arc<dyn ExecutionPlan> = Arc::new(part);
            let inputs = iter::once(part).chain(iter::repeat_n(empty, missing));
            UnionExec::try_new(inputs.collect())
        });
        padded.collect()
    }

    /// The same plan under another name, which is all that `EXPLAIN` shows of it.
    pub fn with_name(mut self, name: String) -> Self {
        self.name = name;
        self
    }

    pub fn table_schema(&self) -> &SchemaRef {
        &self.scan.table_schema
    }

    pub fn scan(&self) -> &Scan {
        &self.scan.scan
    }

    pub fn partitions(&self) -> impl Iterator<Item = &dyn Partition> {
        self.partitions.iter().map(|p| p.partition.as_ref())
    }
}

fn same_columns(method: &str, schema: &SchemaRef, statistics: &Statistics) -> Result<()> {
    let (columns, claimed) = (schema.fields().len(), statistics.column_statistics.len());
    if columns != claimed {
        return exec_err!("{method} was asked about {columns} columns, but returned {claimed}");
    }
    Ok(())
}

/// The FFI carries the name of a plan but not its display, so what `EXPLAIN` should show has to be
/// in the name.
fn describe(scan: &Scan, partitions: usize) -> String {
    let columns: Vec<_> = scan
        .schema
        .fields()
        .iter()
        .map(|f| f.name().as_str())
        .collect();
    let columns = columns.join(", ");
    let mut name = format!("SourceExec: partitions={partitions}, projection=[{columns}]");
    if !scan.filters.is_empty() {
        let filters: Vec<_> = scan.filters.iter().map(Expr::to_string).collect();
        name += &format!(", filters=[{}]", filters.join(", "));
    }
    if let Some(limit) = scan.limit {
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
        self.plan.properties()
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

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.plan.execute(partition, context)
    }

    fn fetch(&self) -> Option<usize> {
        self.plan.fetch()
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn partition_statistics(&self, partition: Option<usize>) -> Result<Arc<Statistics>> {
        let partitions = match partition {
            Some(partition) => self.partitions.get(partition..=partition),
            None => Some(self.partitions.as_slice()),
        };
        let statistics = partitions
            .unwrap_or_default()
            .iter()
            .map(|partition| Ok(partition.statistics()?.as_ref()))
            .collect::<Result<Vec<_>>>()?;
        let schema = self.plan.schema();
        let mut merged = Statistics::try_merge_iter(statistics, &schema)?;
        if partition.is_none() && !self.partitions.is_empty() {
            self.scan.add_statistics(&mut merged);
        }
        Ok(Arc::new(portable(merged)))
    }
}

/// A [`Partition`] as the [`PartitionStream`] of a [`StreamingTableExec`].
#[derive(Debug)]
struct SourcePartition {
    partition: Arc<dyn Partition>,
    /// They are asked for once, as they are needed when a query is planned and when it runs.
    statistics: OnceLock<Arc<Statistics>>,
    /// The row count of the first read that went to its end.
    rows: Arc<OnceLock<usize>>,
    index: usize,
    scan: Arc<TableScan>,
    metrics: ExecutionPlanMetricsSet,
}

impl SourcePartition {
    fn statistics(&self) -> Result<&Arc<Statistics>> {
        if let Some(statistics) = self.statistics.get() {
            return Ok(statistics);
        }
        let schema = &self.scan.scan.schema;
        let statistics = catch(|| self.partition.statistics(schema))?;
        same_columns("Partition::statistics", schema, &statistics)?;
        Ok(self.statistics.get_or_init(|| Arc::new(statistics)))
    }

    /// Reads the rows. If they are not as the source claimed, the stream ends with an error.
    fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let (scan, statistics) = (Arc::clone(&self.scan), Arc::clone(self.statistics()?));
        let schema = &scan.scan.schema;
        let claims = Claims::new(
            statistics,
            &scan.statistics,
            schema,
            scan.sort_order.as_ref(),
        );
        let first = Arc::clone(&self.rows);
        let state = (self.partition.read(batch_size)?, scan, claims, first);
        let rows = stream::try_unfold(state, async |(mut batches, scan, mut claims, first)| {
            let Some(batch) = batches.try_next().await? else {
                let rows = claims.rows();
                scan.same_rows(*first.get_or_init(|| rows), rows)?;
                claims.finish()?;
                return Ok(None);
            };
            let batch = scan.project(batch)?;
            claims.see(&batch)?;
            Ok(Some((batch, (batches, scan, claims, first))))
        });
        Ok(rows.boxed())
    }
}

impl TableScan {
    /// Fills in what the partitions leave open. A scan that leaves rows out has fewer of them, but none
    /// beyond the table's minimum and maximum.
    fn add_statistics(&self, of_partitions: &mut Statistics) {
        let all_rows = self.scan.filters.is_empty() && self.scan.limit.is_none();
        let of_columns = of_partitions.column_statistics.iter_mut();
        for (column, of_table) in of_columns.zip(&self.statistics.column_statistics) {
            fill(&mut column.min_value, &of_table.min_value);
            fill(&mut column.max_value, &of_table.max_value);
            if all_rows {
                fill(&mut column.null_count, &of_table.null_count);
                fill(&mut column.sum_value, &of_table.sum_value);
                fill(&mut column.distinct_count, &of_table.distinct_count);
                fill(&mut column.byte_size, &of_table.byte_size);
            }
        }
        if all_rows {
            fill(&mut of_partitions.num_rows, &self.statistics.num_rows);
            fill(
                &mut of_partitions.total_byte_size,
                &self.statistics.total_byte_size,
            );
        }
    }

    /// A recursive query and some joins read a partition several times. Where there is a limit, any
    /// rows will do.
    fn same_rows(&self, first: usize, again: usize) -> Result<()> {
        if first != again && self.scan.limit.is_none() {
            return exec_err!(
                "Partition::read returned {first} rows at first, but {again} rows when the query read \
                 the partition again: it must return the same rows each time"
            );
        }
        Ok(())
    }

    /// `batch` with the columns that were asked for.
    fn project(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let asked_for = &self.scan.schema;
        if batch.schema_ref() == asked_for {
            return Ok(batch);
        }
        if batch.schema_ref() == &self.table_schema {
            return Ok(batch.project(&self.scan.projection)?);
        }
        exec_err!(
            "Partition::read was asked for the columns {}, or all that Source::schema has, but \
             returned {}",
            describe_columns(asked_for),
            describe_columns(batch.schema_ref())
        )
    }
}

impl PartitionStream for SourcePartition {
    fn schema(&self) -> &SchemaRef {
        &self.scan.scan.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batch_size = context.session_config().batch_size();
        let schema = Arc::clone(PartitionStream::schema(self));
        let metrics = BaselineMetrics::new(&self.metrics, self.index);
        let batches = runtime::run_stream(|| self.read(batch_size))
            .inspect_ok(move |batch| metrics.record_output(batch.num_rows()));
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, batches));
        let metrics = SplitMetrics::new(&self.metrics, self.index);
        Box::pin(BatchSplitStream::new(rows, batch_size, metrics))
    }
}

fn fill<T: Debug + Clone + PartialEq + Eq + PartialOrd>(
    known: &mut Precision<T>,
    of_table: &Precision<T>,
) {
    if *known == Precision::Absent {
        *known = of_table.clone();
    }
}
