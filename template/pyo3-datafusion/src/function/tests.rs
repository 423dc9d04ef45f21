//! Constants by themselves: what a function gets for one. And lists of functions.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, FixedSizeListArray, Int32Array, LargeListArray, ListArray, MapBuilder,
    StringBuilder, StructArray,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use datafusion_common::ScalarValue;
use datafusion_expr::registry::{FunctionRegistry, MemoryFunctionRegistry};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, Volatility, create_udf};

use super::constants::with_scalars;
use super::list::Functions;

const ROWS: usize = 4;

/// The same list in each row.
fn lists() -> [ArrayRef; 3] {
    let list = || Some(vec![Some(1), None, Some(3)]);
    let lists = || (0..ROWS).map(|_| list());
    [
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(lists())),
        Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(
            lists(),
        )),
        Arc::new(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
            lists(),
            3,
        )),
    ]
}

fn maps() -> ArrayRef {
    let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for _ in 0..ROWS {
        maps.keys().append_value("sensor");
        maps.values().append_value("attic");
        maps.append(true).unwrap();
    }
    Arc::new(maps.finish())
}

fn structs(columns: &[ArrayRef]) -> ArrayRef {
    let columns = columns.iter().enumerate().map(|(i, column)| {
        let field = Field::new(format!("c{i}"), column.data_type().clone(), true);
        (Arc::new(field), Arc::clone(column))
    });
    Arc::new(StructArray::from(columns.collect::<Vec<_>>()))
}

/// The scalar that a function gets, if each row has the value of `array`.
fn scalar(array: &ArrayRef) -> ScalarValue {
    let rows = array.len();
    let none = Arc::new(Field::new("none", DataType::Null, true));
    let args = ScalarFunctionArgs {
        args: vec![
            ColumnarValue::Array(Arc::clone(array)),
            ColumnarValue::Array(Arc::new(Int32Array::from_iter_values(0..rows as i32))),
        ],
        arg_fields: vec![
            Arc::new(Field::new("lit", array.data_type().clone(), true)),
            Arc::new(Field::new("id", DataType::Int32, true)),
        ],
        number_rows: rows,
        return_field: none,
        config_options: Arc::default(),
    };
    let mut got = None;
    let invoked = with_scalars(args, |args| {
        got = args.args.first().cloned();
        Ok(ColumnarValue::Scalar(ScalarValue::Null))
    });
    invoked.unwrap();
    match got {
        Some(ColumnarValue::Scalar(scalar)) => scalar,
        other => panic!("{} is no scalar: {other:?}", array.data_type()),
    }
}

/// How many values `array` has in all, below its rows.
fn values(array: &dyn Array) -> usize {
    let data = array.to_data();
    let children = data.child_data().iter().cloned();
    let children = children.map(|child| values(&arrow::array::make_array(child)));
    data.offset() + data.len() + children.sum::<usize>()
}

#[test]
fn a_nested_constant_has_the_values_of_its_row_only() {
    let lists = lists();
    let nested = [maps(), structs(&lists), structs(&[structs(&lists), maps()])];
    for array in lists.iter().chain(&nested) {
        for array in [Arc::clone(array), array.slice(1, ROWS - 1)] {
            let scalar = scalar(&array).to_array().unwrap();
            let kind = array.data_type();
            assert_eq!(scalar.as_ref(), array.slice(0, 1).as_ref(), "{kind}");
            assert!(values(&scalar) * 3 <= values(&array), "{kind}: {scalar:?}");
        }
    }
}

#[test]
fn a_list_has_what_is_in_a_registry() {
    let mut registry = MemoryFunctionRegistry::new();
    for name in ["second", "first"] {
        let itself = Arc::new(|arguments: &[ColumnarValue]| Ok(arguments[0].clone()));
        let number = DataType::Int32;
        let arguments = vec![number.clone()];
        let function = create_udf(name, arguments, number, Volatility::Immutable, itself);
        registry.register_udf(Arc::new(function)).unwrap();
    }
    let functions = Functions::from_registry(&registry).unwrap();
    let names: Vec<_> = functions.scalar.iter().map(|f| f.name()).collect();
    assert_eq!(names, ["first", "second"]);
    assert!(functions.aggregate.is_empty() && functions.window.is_empty());
}
