//! The source as a table of DataFusion, and the Python class that hands it over.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::datatypes::SchemaRef;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider};
use datafusion_common::Result;
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_ffi::table_provider::FFI_TableProvider;
use datafusion_physical_plan::ExecutionPlan;
use datafusion_physical_plan::empty::EmptyExec;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::arrow_stream::ArrowStream;
use crate::host::{self, Host};
use crate::runtime;
use crate::source::Source;
use crate::source_exec::SourceExec;

/// A [`Source`] as a [`TableProvider`].
#[derive(Debug, Clone)]
pub struct SourceTable {
    source: Arc<Source>,
    schema: SchemaRef,
}

impl SourceTable {
    pub fn try_new(source: Source) -> Result<Self> {
        // Asked for once and kept: over the FFI, `schema` has no way to report an error.
        let schema = runtime::catch(|| Ok(source.schema()))?;
        Ok(Self {
            source: Arc::new(source),
            schema,
        })
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
            Ok(Arc::new(SourceExec::try_new(schema, partitions, filters, limit)?) as _)
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
        // One answer for each filter, or rows go missing.
        runtime::catch(|| {
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
}

// TODO(7): its name and its arguments as Python sees them. They are in `_internal.pyi` and in the
// tests too.
/// A table of temperature readings, one a second.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct Readings(SourceTable);

#[pymethods]
impl Readings {
    #[new]
    #[pyo3(signature = (rows = 1000, partitions = 4))]
    fn new(py: Python<'_>, rows: i64, partitions: i64) -> PyResult<Self> {
        py.detach(|| SourceTable::try_new(runtime::catch(|| Source::try_new(rows, partitions))?))
            .map(Self)
            .map_err(host::exception)
    }

    /// Hands the table to DataFusion, as a `datafusion_table_provider` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let codec = host.logical_codec(session)?;
        // The host runs threads by now. As ours start here too, a fork from here on is noticed.
        let runtime = runtime::handle().map_err(host::exception)?;
        let provider = Arc::new(self.0.clone());
        // `true`: filters are offered to `supports_filters_pushdown`.
        host.export(FFI_TableProvider::new_with_ffi_codec(
            provider,
            true,
            Some(runtime),
            codec,
        ))
    }

    /// The schema, as an `arrow_schema` capsule.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.0.schema.as_ref())
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        host::export_arrow(py, schema)
    }

    /// All rows, as an `arrow_array_stream` capsule.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let requested_schema = requested_schema.map(host::arrow_schema).transpose()?;
        let stream = py
            .detach(|| {
                let plan = runtime::block_on(self.0.plan(None, &[], None))?;
                ArrowStream::try_new(plan, requested_schema)
            })
            .map_err(host::exception)?;
        host::export_arrow(py, FFI_ArrowArrayStream::new(Box::new(stream)))
    }

    /// What the source has done so far, over all queries.
    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.0.source.counters();
        let dict = PyDict::new(py);
        dict.set_item("partitions", counters.partitions.load(Ordering::Relaxed))?;
        dict.set_item("rows", counters.rows.load(Ordering::Relaxed))?;
        dict.set_item("values", counters.values.load(Ordering::Relaxed))?;
        Ok(dict)
    }

    fn __repr__(&self) -> String {
        let source = &self.0.source;
        format!(
            "Readings(rows={}, partitions={})",
            source.rows(),
            source.partitions()
        )
    }
}
