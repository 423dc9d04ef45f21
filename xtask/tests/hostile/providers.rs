//! A table and a catalog of another crate that go wrong on demand, in each method that is called.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int8Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_catalog::{CatalogProvider, SchemaProvider, Session, TableProvider};
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::TreeNodeRecursion;
use datafusion_common::{Result, Statistics};
use datafusion_execution::TaskContext;
use datafusion_expr::dml::InsertOp;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_physical_plan::metrics::MetricsSet;
use datafusion_physical_plan::stream::RecordBatchStreamAdapter;
use datafusion_physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    SendableRecordBatchStream, StatisticsArgs, StatisticsContext,
};
use futures::StreamExt;

use crate::fault;

/// `place`, with what it may do there: `panic`, `error`, `wait`, `wrong`.
pub const PLACES: &[(&str, &str)] = &[
    ("TableProvider::schema", "panic"),
    ("TableProvider::table_type", "panic"),
    ("TableProvider::statistics", "panic"),
    ("TableProvider::supports_filters_pushdown", "panic error"),
    ("TableProvider::scan", "panic error wait"),
    ("TableProvider::insert_into", "panic error wait"),
    ("DisplayAs::fmt_as", "panic"),
    ("ExecutionPlan::properties", "panic"),
    ("ExecutionPlan::repartitioned", "panic error"),
    ("ExecutionPlan::execute", "panic error"),
    ("ExecutionPlan::stream", "panic error wait wrong"),
    ("ExecutionPlan::metrics", "panic"),
    ("ExecutionPlan::statistics_from_inputs", "panic error"),
    ("CatalogProvider::schema_names", "panic"),
    ("CatalogProvider::schema", "panic"),
    ("SchemaProvider::owner_name", "panic"),
    ("SchemaProvider::table_names", "panic"),
    ("SchemaProvider::table", "panic error wait"),
    ("SchemaProvider::table_exist", "panic"),
    ("SchemaProvider::register_table", "panic error"),
    ("SchemaProvider::deregister_table", "panic error"),
];

#[derive(Debug)]
pub struct HostileTable(pub Arc<dyn TableProvider>);

#[async_trait]
impl TableProvider for HostileTable {
    fn schema(&self) -> SchemaRef {
        fault::panic("TableProvider::schema");
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        fault::panic("TableProvider::table_type");
        self.0.table_type()
    }

    fn statistics(&self) -> Option<Statistics> {
        fault::panic("TableProvider::statistics");
        self.0.statistics()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        fault::fail("TableProvider::supports_filters_pushdown")?;
        self.0.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        fault::wait("TableProvider::scan").await?;
        fault::fail("TableProvider::scan")?;
        let plan = self.0.scan(session, projection, filters, limit).await?;
        Ok(Arc::new(HostileExec(plan)))
    }

    async fn insert_into(
        &self,
        session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        insert_op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        fault::wait("TableProvider::insert_into").await?;
        fault::fail("TableProvider::insert_into")?;
        self.0.insert_into(session, input, insert_op).await
    }
}

#[derive(Debug)]
struct HostileExec(Arc<dyn ExecutionPlan>);

impl DisplayAs for HostileExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        fault::panic("DisplayAs::fmt_as");
        self.0.fmt_as(format, f)
    }
}

impl ExecutionPlan for HostileExec {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        fault::panic("ExecutionPlan::properties");
        self.0.properties()
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

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn repartitioned(
        &self,
        partitions: usize,
        config: &ConfigOptions,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        fault::fail("ExecutionPlan::repartitioned")?;
        let plan = self.0.repartitioned(partitions, config)?;
        Ok(plan.map(|plan| Arc::new(Self(plan)) as _))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        const STREAM: &str = "ExecutionPlan::stream";
        fault::fail("ExecutionPlan::execute")?;
        let rows = self.0.execute(partition, context)?;
        let schema = rows.schema();
        let rows = rows.then(|batch| async {
            fault::wait(STREAM).await?;
            fault::fail(STREAM)?;
            if fault::wanted("wrong", STREAM) {
                let other: ArrayRef = Arc::new(Int8Array::from(vec![1]));
                return Ok(RecordBatch::try_from_iter([("other", other)])?);
            }
            batch
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        fault::panic("ExecutionPlan::metrics");
        self.0.metrics()
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        fault::fail("ExecutionPlan::statistics_from_inputs")?;
        let args = StatisticsArgs::new().with_partition(args.partition());
        StatisticsContext::new().compute(self.0.as_ref(), &args)
    }
}

#[derive(Debug)]
pub struct HostileCatalog(pub Arc<dyn CatalogProvider>);

impl CatalogProvider for HostileCatalog {
    fn schema_names(&self) -> Vec<String> {
        fault::panic("CatalogProvider::schema_names");
        self.0.schema_names()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        fault::panic("CatalogProvider::schema");
        Some(Arc::new(HostileSchema(self.0.schema(name)?)))
    }
}

#[derive(Debug)]
struct HostileSchema(Arc<dyn SchemaProvider>);

#[async_trait]
impl SchemaProvider for HostileSchema {
    fn owner_name(&self) -> Option<&str> {
        fault::panic("SchemaProvider::owner_name");
        Some("nobody")
    }

    fn table_names(&self) -> Vec<String> {
        fault::panic("SchemaProvider::table_names");
        self.0.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        fault::wait("SchemaProvider::table").await?;
        fault::fail("SchemaProvider::table")?;
        if let Some(table) = crate::odd::table(name) {
            return Ok(Some(table));
        }
        self.0.table(name).await
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        fault::fail("SchemaProvider::register_table")?;
        self.0.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        fault::fail("SchemaProvider::deregister_table")?;
        self.0.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        fault::panic("SchemaProvider::table_exist");
        self.0.table_exist(name)
    }
}
