//! The source as a table of DataFusion, which every way to hand one over uses.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::{Result, not_impl_err};
use datafusion_expr::dml::InsertOp;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::empty::EmptyExec;

use crate::insert_exec::InsertExec;
use crate::panic::catch;
use crate::runtime;
use crate::source::Source;
use crate::source_exec::{SourceExec, describe};

/// A [`Source`] as a [`TableProvider`].
#[derive(Debug, Clone)]
pub struct SourceTable {
    source: Arc<Source>,
    schema: SchemaRef,
}

impl SourceTable {
    pub fn try_new(source: Source) -> Result<Self> {
        // Asked for once and kept: over the FFI, `schema` has no way to report an error.
        let schema = catch(|| Ok(source.schema()))?;
        Ok(Self {
            source: Arc::new(source),
            schema,
        })
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    pub fn columns(&self) -> &SchemaRef {
        &self.schema
    }

    /// The plan that reads what one query needs.
    pub async fn plan(
        &self,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        runtime::run(async {
            let partitions = self.source.plan(&schema, filters, limit).await?;
            if partitions.is_empty() {
                return Ok(Arc::new(EmptyExec::new(schema)) as _);
            }
            let name = describe(&schema, partitions.len(), filters, limit);
            let plan = SourceExec::try_new(name, schema, partitions, limit)?;
            Ok(Arc::new(plan) as _)
        })
        .await
    }
}

#[async_trait]
impl TableProvider for SourceTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        // One answer for each filter: DataFusion refuses any other number.
        catch(|| {
            Ok(filters
                .iter()
                .map(|filter| self.source.supports_filter(filter))
                .collect())
        })
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.plan(projection, filters, limit).await
    }

    async fn insert_into(
        &self,
        _session: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        insert_op: InsertOp,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if insert_op != InsertOp::Append {
            return not_impl_err!("{insert_op} into this table: only INSERT INTO is possible");
        }
        Ok(Arc::new(InsertExec::try_new(self.clone(), input)?))
    }
}
