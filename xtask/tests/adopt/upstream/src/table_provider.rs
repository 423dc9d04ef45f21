use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion_catalog::{MemTable, Session, TableProvider};
use datafusion_common::error::{DataFusionError, Result as DataFusionResult};
use datafusion_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion_ffi::table_provider::FFI_TableProvider;
use datafusion_physical_plan::ExecutionPlan;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::utils::ffi_logical_codec_from_pycapsule;

/// The version that was tested last.
static TESTED_VERSION: OnceLock<String> = OnceLock::new();

/// A table that counts the filters of its last scan.
#[pyclass(
    name = "Numbers",
    module = "numbers_ext",
    subclass,
    skip_from_py_object
)]
#[derive(Clone)]
pub(crate) struct Numbers {
    num_rows: i64,
    filters: Arc<AtomicUsize>,
}

/// Warns of a version – one that was not tested.
fn warn_of_untested_version(py: Python<'_>) -> PyResult<()> {
    let tested = TESTED_VERSION.get_or_init(|| "55.0.0".to_owned());
    let found: String = py
        .import("importlib.metadata")?
        .call_method1("version", ("datafusion",))?
        .extract()?;
    if found != *tested {
        eprintln!("not tested: {found}");
    }
    Ok(())
}

impl Numbers {
    fn create_table(&self) -> DataFusionResult<Scanned> {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..self.num_rows));
        let batch = RecordBatch::try_from_iter([("n", numbers)])?;
        Ok(Scanned {
            table: MemTable::try_new(batch.schema(), vec![vec![batch]])?,
            filters: Arc::clone(&self.filters),
        })
    }
}

#[pymethods]
impl Numbers {
    #[new]
    pub fn new(num_rows: i64) -> Self {
        Self {
            num_rows,
            filters: Arc::default(),
        }
    }

    /// How many filters the last scan got.
    #[getter]
    pub fn filters(&self) -> usize {
        self.filters.load(Ordering::Relaxed)
    }

    pub fn __datafusion_table_provider__<'py>(
        &self,
        py: Python<'py>,
        session: Bound<PyAny>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let name = cr"datafusion_table_provider".into();
        warn_of_untested_version(py)?;

        // The rows are made anew for each context.
        let provider = self
            .create_table()
            .map_err(|e: DataFusionError| PyRuntimeError::new_err(e.to_string()))?;

        let codec = ffi_logical_codec_from_pycapsule(session)?;
        let provider =
            FFI_TableProvider::new_with_ffi_codec(Arc::new(provider), false, None, codec);

        PyCapsule::new(py, provider, Some(name))
    }
}

#[derive(Debug)]
struct Scanned {
    table: MemTable,
    filters: Arc<AtomicUsize>,
}

#[async_trait]
impl TableProvider for Scanned {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        self.filters.store(filters.len(), Ordering::Relaxed);
        self.table.scan(session, projection, &[], limit).await
    }
}
