//! `CREATE EXTERNAL TABLE … STORED AS READINGS LOCATION … OPTIONS (…)`.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider, TableProviderFactory};
use datafusion_common::{Result, plan_err};
use datafusion_expr::CreateExternalTable;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::compat::locations;
use pyo3_datafusion::export;
use pyo3_datafusion::table::SourceTable;

use crate::source::ReadingsSource;

/// The one place that readings come from.
const LOCATION: &str = "sensors://house";

/// TODO(7): the source that the statement asks for. You may `.await` here, timers and I/O
/// included.
async fn source(statement: &CreateExternalTable) -> Result<ReadingsSource> {
    let locations = locations(statement);
    if locations != [LOCATION] {
        let got = locations.join(", ");
        return plan_err!("LOCATION must be '{LOCATION}', got '{got}'");
    }
    // Without this check, such a clause would be ignored silently.
    for (clause, is_there) in [
        ("columns", !statement.schema.fields().is_empty()),
        ("PARTITIONED BY", !statement.table_partition_cols.is_empty()),
        ("WITH ORDER", !statement.order_exprs.is_empty()),
        ("UNBOUNDED", statement.unbounded),
        ("TEMPORARY", statement.temporary),
    ] {
        if is_there {
            return plan_err!("a table of readings does not take {clause}: leave that out");
        }
    }
    let (mut rows, mut partitions) = (1000, 4);
    for (option, value) in &statement.options {
        // DataFusion puts options without a namespace into this namespace.
        match option.strip_prefix("format.").unwrap_or(option) {
            "rows" => rows = whole_number("rows", value)?,
            "partitions" => partitions = whole_number("partitions", value)?,
            unknown => {
                return plan_err!("there is no option '{unknown}': there are 'rows', 'partitions'");
            }
        }
    }
    ReadingsSource::try_new(rows, partitions)
}

fn whole_number(option: &str, value: &str) -> Result<i64> {
    match value.parse() {
        Ok(number) => Ok(number),
        Err(_) => plan_err!("option '{option}' must be a whole number, got '{value}'"),
    }
}

#[derive(Debug)]
struct ReadingsTableProviderFactory;

#[async_trait]
impl TableProviderFactory for ReadingsTableProviderFactory {
    async fn create(
        &self,
        _session: &dyn Session,
        statement: &CreateExternalTable,
    ) -> Result<Arc<dyn TableProvider>> {
        Ok(SourceTable::try_new(source(statement).await?)?.provider())
    }
}

/// Makes tables of readings for ``CREATE EXTERNAL TABLE … STORED AS READINGS``.
///
/// ``LOCATION`` is ``'sensors://house'``. ``OPTIONS`` are ``'rows'`` and ``'partitions'``, as for
/// :class:`Readings`. Another location, another option, a value that is not a whole number, or
/// columns are an error of the statement.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct ReadingsFactory;

#[pymethods]
impl ReadingsFactory {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the factory to DataFusion, as a `datafusion_table_provider_factory` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_table_provider_factory__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::table_provider_factory(py, Arc::new(ReadingsTableProviderFactory), session)
    }
}
