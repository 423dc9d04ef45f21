//! Filters and statistics cross as Protocol Buffers, which turn some values into others: a Float16
//! arrives as a Float32. Natively such a value has the type of its column, so these are left out.

use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::stats::Precision;
use datafusion_common::tree_node::TreeNode;
use datafusion_common::{Column, ScalarValue, Statistics};
use datafusion_expr::Expr;
use datafusion_proto::protobuf;

/// `statistics` without the values that the host would not get as they are.
pub fn portable(mut statistics: Statistics) -> Statistics {
    for column in &mut statistics.column_statistics {
        for value in [
            &mut column.min_value,
            &mut column.max_value,
            &mut column.sum_value,
        ] {
            if value.get_value().is_some_and(|value| !is_portable(value)) {
                *value = Precision::Absent;
            }
        }
    }
    statistics
}

fn is_portable(value: &ScalarValue) -> bool {
    let Ok(encoded) = protobuf::ScalarValue::try_from(value) else {
        return false;
    };
    ScalarValue::try_from(&encoded).is_ok_and(|decoded| decoded == *value)
}

/// Whether the host may have another `filter`: a literal of it may have been a Float16, as one of its
/// columns is.
pub fn may_differ(filter: &Expr, schema: &Schema) -> bool {
    let is_half = |column: &&Column| {
        let field = schema.field_with_name(&column.name);
        field.is_ok_and(|field| contains(field, &DataType::Float16))
    };
    let is_float = |expr: &Expr| match expr {
        Expr::Literal(value, _) => {
            let field = Field::new("literal", value.data_type(), true);
            Ok(contains(&field, &DataType::Float32))
        }
        _ => Ok(false),
    };
    filter.column_refs().iter().any(is_half) && filter.exists(is_float).unwrap_or(true)
}

/// Whether `data_type` is that of `field`, or of a field within it.
fn contains(field: &Field, data_type: &DataType) -> bool {
    let schema = Schema::new(vec![field.clone()]);
    let mut fields = schema.flattened_fields().into_iter();
    fields.any(|field| field.data_type() == data_type)
}
