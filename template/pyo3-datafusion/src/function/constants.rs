//! Constants among the arguments of a function. They cross the FFI as arrays, or as expressions of
//! the host. Here, they become scalars and literals again.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, RecordBatchOptions, UInt32Array, new_empty_array};
use arrow::compute::take;
use arrow::datatypes::{FieldRef, Schema};
use datafusion_common::metadata::FieldMetadata;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs};
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::Literal;

/// DataFusion gives this name to the field of a literal. A column may have the same name.
const LITERAL: &str = "lit";

/// Calls `invoke` with constants as scalars.
pub fn with_scalars(
    mut args: ScalarFunctionArgs,
    invoke: impl FnOnce(ScalarFunctionArgs) -> Result<ColumnarValue>,
) -> Result<ColumnarValue> {
    let number_rows = args.number_rows;
    let mut all_scalars = !args.args.is_empty();
    for (arg, field) in args.args.iter_mut().zip(&args.arg_fields) {
        match arg {
            // The constant is lost, but it does not matter: no rows have no results.
            ColumnarValue::Array(_) if number_rows == 0 && field.name() == LITERAL => {
                let none = new_empty_array(args.return_field.data_type());
                return Ok(ColumnarValue::Array(none));
            }
            ColumnarValue::Array(array) if field.name() == LITERAL => match constant(array) {
                Some(scalar) => *arg = ColumnarValue::Scalar(scalar),
                None => all_scalars = false,
            },
            ColumnarValue::Array(_) => all_scalars = false,
            ColumnarValue::Scalar(_) => {}
        }
    }
    match invoke(args)? {
        // From scalars alone, a function may make an array of one value, which stands for all rows.
        ColumnarValue::Array(array) if all_scalars && array.len() == 1 && number_rows != 1 => {
            ScalarValue::try_from_array(&array, 0).map(ColumnarValue::Scalar)
        }
        value => Ok(value),
    }
}

/// The value of each row, if it is the same in all of them.
fn constant(array: &dyn Array) -> Option<ScalarValue> {
    let others = array.len().checked_sub(1)?;
    // A column with another value in its last row, as most have, is not read any further.
    let same = array.slice(0, 1) == array.slice(others, 1)
        && array.slice(0, others) == array.slice(1, others);
    if !same {
        return None;
    }
    // A slice of a nested array still has the values of all rows, which not every function expects.
    let value = take(array, &UInt32Array::from(vec![0]), None).ok()?;
    let scalar = ScalarValue::try_from_array(&value, 0).ok()?;
    (scalar.data_type() == *array.data_type()).then_some(scalar)
}

/// `expressions` of the host, with the host's literals replaced by ours, whose values a function can
/// read.
pub fn literals(
    expressions: &[Arc<dyn PhysicalExpr>],
    fields: &[FieldRef],
) -> Vec<Arc<dyn PhysicalExpr>> {
    let pairs = expressions.iter().zip(fields);
    pairs
        .map(|(expression, field)| literal(expression, field).unwrap_or_else(|| expression.clone()))
        .collect()
}

fn literal(expression: &Arc<dyn PhysicalExpr>, field: &FieldRef) -> Option<Arc<dyn PhysicalExpr>> {
    if field.name() != LITERAL {
        return None;
    }
    // This batch has no columns. So an expression that is a column of that name fails here.
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &one_row);
    match expression.evaluate(&batch.ok()?).ok()? {
        ColumnarValue::Scalar(value) => {
            let metadata = FieldMetadata::new_from_field(field);
            let literal = Literal::new_with_metadata(value, Some(metadata));
            Some(Arc::new(literal))
        }
        ColumnarValue::Array(_) => None,
    }
}
