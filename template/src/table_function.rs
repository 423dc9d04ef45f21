//! `SELECT * FROM readings(rows, partitions)`: a function that returns a table.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion_common::{Result, ScalarValue, plan_err};
use datafusion_expr::Expr;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::export;
use pyo3_datafusion::table::SourceTable;

use crate::source::ReadingsSource;

const USAGE: &str = "readings(rows, partitions), both whole numbers, the second may be left out";

/// TODO(8): the source that the arguments of one call ask for.
fn source(arguments: &[Expr]) -> Result<ReadingsSource> {
    let (rows, partitions) = match arguments {
        [rows] => (whole_number("rows", rows)?, 4),
        [rows, partitions] => (
            whole_number("rows", rows)?,
            whole_number("partitions", partitions)?,
        ),
        _ => return plan_err!("expected {USAGE}, got {} arguments", arguments.len()),
    };
    ReadingsSource::try_new(rows, partitions)
}

/// DataFusion has computed what can be computed: `10 * 100` arrives as a literal, and so does
/// `CAST(5 AS SMALLINT)`, in its own type.
fn whole_number(name: &str, argument: &Expr) -> Result<i64> {
    if let Expr::Literal(value, _) = argument
        && value.data_type().is_integer()
        && let ScalarValue::Int64(Some(number)) = value.cast_to(&DataType::Int64)?
    {
        return Ok(number);
    }
    plan_err!("expected {USAGE}, got {argument} for {name}")
}

#[derive(Debug)]
struct ReadingsTableFunction;

impl TableFunctionImpl for ReadingsTableFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        Ok(SourceTable::try_new(source(args.exprs())?)?.provider())
    }
}

/// The table function ``readings(rows, partitions)``.
///
/// Both are whole numbers, as for :class:`Readings`; ``partitions`` is 4 unless it is given.
/// Anything else is an error of the query.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct ReadingsFunction;

#[pymethods]
impl ReadingsFunction {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the function to DataFusion, as a `datafusion_table_function` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_table_function__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::table_function(py, Arc::new(ReadingsTableFunction), session)
    }
}
