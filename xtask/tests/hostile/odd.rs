//! Tables of another crate that do what DataFusion allows, and few tables do. Each has the ids 0 to 9,
//! in a batch each, or in one.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::Result;
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_execution::TaskContext;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_physical_expr::EquivalenceProperties;
use datafusion_physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion_physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
    SendableRecordBatchStream,
};
use futures::stream;

/// The table `name`, if it is one of these.
pub fn table(name: &str) -> Option<Arc<dyn TableProvider>> {
    let name = ["as_text", "asks", "no_columns", "one_batch", "queue"].into_iter().find(|odd| *odd == name)?;
    Some(Arc::new(OddTable(name)))
}

#[derive(Debug)]
struct OddTable(&'static str);

#[async_trait]
impl TableProvider for OddTable {
    fn schema(&self) -> SchemaRef {
        Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]))
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let answer = match self.0 {
            "as_text" => TableProviderFilterPushDown::Exact,
            _ => TableProviderFilterPushDown::Unsupported,
        };
        Ok(vec![answer; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if self.0 == "asks" {
            // As many functions are there when the plan runs.
            let (functions, batch_size) =
                (session.scalar_functions(), session.config().batch_size());
            let asked = session.task_ctx().scalar_functions().len();
            assert_eq!(functions.len(), asked);
            ASKED.store(asked, Ordering::Relaxed);
            assert_eq!(batch_size, 7);
            assert!(functions.contains_key("registered_later"));
        }
        let no_columns = self.0 == "no_columns" && projection.is_some_and(Vec::is_empty);
        let ids = (0..10).map(|id| {
            if no_columns {
                let options = RecordBatchOptions::new().with_row_count(Some(1));
                let schema = Arc::new(Schema::empty());
                return RecordBatch::try_new_with_options(schema, vec![], &options);
            }
            let ids: ArrayRef = Arc::new(Int64Array::from(vec![id]));
            let batch = RecordBatch::try_new(self.schema(), vec![ids])?;
            projection.map_or(Ok(batch.clone()), |columns| batch.project(columns))
        });
        let mut rows = ids.collect::<Result<Vec<_>, _>>()?;
        if self.0 == "one_batch" {
            rows = vec![concat_batches(&rows[0].schema(), &rows)?];
        }
        // It promises all columns where none are asked for.
        let schema = match (projection, no_columns) {
            (Some(columns), false) => Arc::new(self.schema().project(columns)?),
            _ => self.schema(),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(2),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(OddExec {
            asks: self.0 == "asks",
            filters: filters.iter().map(Expr::to_string).collect(),
            queue: Arc::new(Mutex::new(rows.clone())),
            rows,
            properties: Arc::new(properties),
        }))
    }
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Its partitions share a queue of batches, and its filters are a text.
#[derive(Debug, Clone)]
struct OddExec {
    asks: bool,
    filters: Vec<String>,
    queue: Arc<Mutex<Vec<RecordBatch>>>,
    rows: Vec<RecordBatch>,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for OddExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "OddExec: WHERE {}", self.filters.join(" AND "))
    }
}

impl ExecutionPlan for OddExec {
    fn name(&self) -> &str {
        "OddExec"
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

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        let queue = Arc::new(Mutex::new(self.rows.clone()));
        Ok(Arc::new(Self {
            queue,
            ..self.as_ref().clone()
        }))
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        pushed: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let mut node = self.clone();
        let filters = pushed.parent_filters.iter();
        node.filters.extend(filters.map(|pushed| pushed.filter.to_string()));
        let supported = vec![PushedDown::No; pushed.parent_filters.len()];
        let answer = FilterPushdownPropagation::with_parent_pushdown_result(supported);
        Ok(answer.with_updated_node(Arc::new(node)))
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        if self.asks {
            let functions = context.scalar_functions();
            assert_eq!(functions.len(), ASKED.load(Ordering::Relaxed));
            assert!(functions.contains_key("registered_later"));
            assert_eq!(context.session_config().batch_size(), 7);
        }
        let queue = Arc::clone(&self.queue);
        let rows = stream::iter(std::iter::from_fn(move || {
            let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.pop().map(Ok)
        }));
        let schema = self.schema();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
