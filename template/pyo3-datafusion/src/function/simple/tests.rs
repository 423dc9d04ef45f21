//! Simple functions by themselves: what each type of an argument and a result becomes.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, ListArray, StringArray, StringViewArray, TimestampSecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int8Type, Int64Type};
use chrono::{Datelike, NaiveDateTime};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};
use pyo3_datafusion_macros::{State, aggregate_udf, scalar_udf};

use super::Decimal;
use crate::function::distinct;
use crate::function::state::sliding_accumulator;

/// What `function` gives for `args`, after the casts that DataFusion adds.
fn call(function: &ScalarUDF, args: Vec<ColumnarValue>, rows: usize) -> Result<ColumnarValue> {
    let types: Vec<_> = args.iter().map(ColumnarValue::data_type).collect();
    let coerced = function.coerce_types(&types)?;
    let args = args.into_iter().zip(&coerced);
    let args: Result<Vec<_>> = args.map(|(arg, to)| arg.cast_to(to, None)).collect();
    let fields = coerced
        .iter()
        .map(|to| Arc::new(Field::new("a", to.clone(), true)));
    let result = function.return_type(&coerced)?;
    function.invoke_with_args(ScalarFunctionArgs {
        args: args?,
        arg_fields: fields.collect(),
        number_rows: rows,
        return_field: Arc::new(Field::new("result", result, true)),
        config_options: Arc::default(),
    })
}

fn column(array: impl Array + 'static) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(array))
}

/// What `function` gives for a column.
fn results(function: &ScalarUDF, array: ArrayRef) -> ArrayRef {
    let rows = array.len();
    match call(function, vec![ColumnarValue::Array(array)], rows).unwrap() {
        ColumnarValue::Array(results) => results,
        ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(rows).unwrap(),
    }
}

/// 100 divided by `x`.
#[scalar_udf]
fn hundredth(x: i64) -> i64 {
    100 / x
}

#[test]
fn a_function_sees_no_value_that_is_below_a_null() {
    // The value below the null is 0, and would panic.
    let xs = Int64Array::from(vec![None, Some(5), None, Some(10), Some(20)]);
    let expected = Int64Array::from(vec![None, Some(20), None, Some(10), Some(5)]);
    assert_eq!(
        results(&hundredth_udf(), Arc::new(xs)).as_ref(),
        &expected as &dyn Array
    );
    let nulls = Int64Array::new_null(3);
    let expected = Int64Array::new_null(3);
    assert_eq!(
        results(&hundredth_udf(), Arc::new(nulls)).as_ref(),
        &expected as &dyn Array
    );
}

#[scalar_udf(name = "repeat_text", aliases = ["rt"], volatility = "stable")]
fn repeated(text: &str, times: u8) -> String {
    text.repeat(times.into())
}

#[test]
fn every_kind_of_string_and_integer_is_accepted() {
    let texts = || vec![Some("a"), None, Some(""), Some("longer than twelve bytes")];
    let dictionary: DictionaryArray<Int8Type> = texts().into_iter().collect();
    let kinds: [ArrayRef; 4] = [
        Arc::new(StringArray::from(texts())),
        Arc::new(LargeStringArray::from(texts())),
        Arc::new(StringViewArray::from(texts())),
        Arc::new(dictionary),
    ];
    let expected = StringArray::from(vec![
        Some("aa".to_owned()),
        None,
        Some(String::new()),
        Some("longer than twelve bytes".repeat(2)),
    ]);
    for texts in kinds {
        let kind = texts.data_type().clone();
        for times in [ScalarValue::from(2_i64), ScalarValue::from(2_u16)] {
            let args = vec![ColumnarValue::Array(Arc::clone(&texts)), times.into()];
            let got = call(&repeated_udf(), args, 4).unwrap().to_array(4).unwrap();
            assert_eq!(got.as_ref(), &expected as &dyn Array, "{kind}");
        }
    }
    assert_eq!(repeated_udf().name(), "repeat_text");
    assert_eq!(repeated_udf().aliases(), ["rt"]);
}

#[test]
fn constants_give_a_constant() {
    let text = || ColumnarValue::from(ScalarValue::from("ab"));
    let two = ScalarValue::from(2_i64).into();
    match call(&repeated_udf(), vec![text(), two], 1_000).unwrap() {
        ColumnarValue::Scalar(scalar) => assert_eq!(scalar, ScalarValue::from("abab")),
        ColumnarValue::Array(array) => panic!("{} values", array.len()),
    }
    let times = column(Int64Array::from(vec![Some(0), None, Some(1)]));
    let got = call(&repeated_udf(), vec![text(), times], 3).unwrap();
    let expected = StringArray::from(vec![Some(""), None, Some("ab")]);
    assert_eq!(got.to_array(3).unwrap().as_ref(), &expected as &dyn Array);
    let null = ColumnarValue::from(ScalarValue::Utf8(None));
    let times = column(Int64Array::from(vec![1, 2]));
    let got = call(&repeated_udf(), vec![null, times], 2).unwrap();
    assert_eq!(got.to_array(2).unwrap().null_count(), 2);
}

#[test]
fn an_argument_of_another_type_is_refused() {
    let args = || vec![column(BooleanArray::from(vec![true]))];
    let refused = call(&hundredth_udf(), args(), 1).unwrap_err().to_string();
    assert!(
        refused.contains("hundredth(x: Int64) cannot be called with (Boolean)"),
        "{refused}"
    );
    let twice = [args(), args()].concat();
    assert!(call(&hundredth_udf(), twice, 1).is_err());
    assert!(call(&hundredth_udf(), vec![], 1).is_err());
    let big = column(Int64Array::from(vec![300]));
    let text = ScalarValue::from("x").into();
    let refused = call(&repeated_udf(), vec![text, big], 1)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("300"), "{refused}");
}

#[scalar_udf]
fn roots(celsius: Option<f64>, names: Vec<Option<&str>>) -> Result<Option<Vec<f64>>, String> {
    match celsius {
        Some(celsius) if celsius < 0.0 => Err(format!("{celsius} has no root")),
        Some(celsius) => Ok(Some(vec![celsius.sqrt(), names.len() as f64])),
        None => Ok(None),
    }
}

#[test]
fn lists_options_and_errors() {
    let lists = |rows: usize| -> ArrayRef {
        let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
        for row in 0..rows {
            (0..row).for_each(|_| builder.values().append_option(None::<&str>));
            builder.append(true);
        }
        Arc::new(builder.finish())
    };
    let xs = column(Float64Array::from(vec![Some(9.0), None, Some(16.0)]));
    let args = vec![xs, ColumnarValue::Array(lists(4).slice(1, 3))];
    let got = call(&roots_udf(), args, 3).unwrap().to_array(3).unwrap();
    let expected = ListArray::from_iter_primitive::<arrow::datatypes::Float64Type, _, _>([
        Some(vec![Some(3.0), Some(1.0)]),
        None,
        Some(vec![Some(4.0), Some(3.0)]),
    ]);
    assert_eq!(got.as_ref(), &expected as &dyn Array);

    let xs = column(Float64Array::from(vec![1.0, 4.0, -2.5]));
    let args = vec![xs, ColumnarValue::Array(lists(3))];
    let error = call(&roots_udf(), args, 3).unwrap_err().to_string();
    assert!(error.contains("roots(-2.5, "), "{error}");
    assert!(error.contains("-2.5 has no root"), "{error}");
}

#[scalar_udf]
fn sum(items: Vec<i64>) -> i64 {
    items.iter().sum()
}

#[test]
fn a_null_in_a_list_is_an_error_unless_it_is_an_option() {
    let lists =
        |items| Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(items)) as ArrayRef;
    let some = lists(vec![Some(vec![Some(1), Some(2)]), None, Some(vec![])]);
    let expected = Int64Array::from(vec![Some(3), None, Some(0)]);
    assert_eq!(results(&sum_udf(), some).as_ref(), &expected as &dyn Array);
    let null = ColumnarValue::Array(lists(vec![Some(vec![Some(1), None])]));
    assert!(call(&sum_udf(), vec![null], 1).is_err());
}

#[scalar_udf]
fn year_of(time: NaiveDateTime) -> i32 {
    time.year()
}

#[scalar_udf]
fn with_tax(price: Decimal<10, 2>) -> Decimal<12, 3> {
    Decimal(price.0 * 11)
}

#[scalar_udf]
fn same_bytes(bytes: &[u8]) -> &[u8] {
    bytes
}

#[scalar_udf]
fn not(x: bool) -> bool {
    !x
}

#[test]
fn times_decimals_bytes_and_booleans() {
    let times = TimestampSecondArray::from(vec![Some(0), None, Some(1_800_000_000)]);
    let years = results(&year_of_udf(), Arc::new(times));
    assert_eq!(
        years.as_ref(),
        &arrow::array::Int32Array::from(vec![Some(1970), None, Some(2027)]) as &dyn Array
    );
    let prices = Decimal128Array::from(vec![Some(100), None]);
    let prices = prices.with_precision_and_scale(10, 2).unwrap();
    let taxed = results(&with_tax_udf(), Arc::new(prices));
    let price = ScalarValue::try_from_array(&taxed, 0).unwrap();
    assert_eq!(price, ScalarValue::Decimal128(Some(1100), 12, 3));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None]));
    let bytes = cast(&texts, &DataType::Binary).unwrap();
    assert_eq!(&results(&same_bytes_udf(), Arc::clone(&bytes)), &bytes);
    let no = results(
        &not_udf(),
        Arc::new(BooleanArray::from(vec![Some(true), None])),
    );
    assert_eq!(
        no.as_ref(),
        &BooleanArray::from(vec![Some(false), None]) as &dyn Array
    );
}

#[derive(Debug, Default, Clone, State)]
struct Longest {
    letters: u64,
    texts: Vec<String>,
}

#[aggregate_udf]
impl Longest {
    fn update(&mut self, text: &str, times: u64) {
        self.letters += text.len() as u64 * times;
        self.texts.push(text.to_owned());
    }

    fn merge(&mut self, later: &Self) {
        self.letters += later.letters;
        self.texts.extend(later.texts.iter().cloned());
    }

    fn retract(&mut self, text: &str, times: u64) -> Result<(), String> {
        self.letters -= text.len() as u64 * times;
        let first = self.texts.remove(0);
        (first == text).then_some(()).ok_or(first)
    }

    fn finish(&self) -> String {
        format!("{} {}", self.letters, self.texts.concat())
    }
}

/// Two columns of arguments.
fn rows(texts: &[Option<&str>]) -> Vec<ArrayRef> {
    let times = UInt64Array::from_iter_values(texts.iter().map(|_| 2));
    let texts = StringArray::from(texts.to_vec());
    vec![Arc::new(texts), Arc::new(times)]
}

#[test]
fn a_window_retracts_the_rows_that_leave_it() {
    let mut window = sliding_accumulator::<Longest>();
    window
        .update_batch(&rows(&[Some("a"), None, Some("bcd")]))
        .unwrap();
    assert_eq!(window.evaluate().unwrap(), ScalarValue::from("8 abcd"));
    window.retract_batch(&rows(&[Some("a"), None])).unwrap();
    assert_eq!(window.evaluate().unwrap(), ScalarValue::from("6 bcd"));
    assert!(window.retract_batch(&rows(&[Some("x")])).is_err());
}

#[test]
fn a_state_travels_in_the_columns_of_its_fields() {
    assert_eq!(longest_udaf().name(), "longest");
    let mut one = crate::function::accumulator::<Longest>();
    one.update_batch(&rows(&[Some("ab"), Some("c")])).unwrap();
    let state = one.state().unwrap();
    let columns: Vec<_> = state
        .iter()
        .map(|value| value.to_array().unwrap())
        .collect();
    let mut other = crate::function::accumulator::<Longest>();
    other.update_batch(&rows(&[Some("z")])).unwrap();
    other.merge_batch(&columns).unwrap();
    assert_eq!(other.evaluate().unwrap(), ScalarValue::from("8 zabc"));
}

#[test]
fn a_distinct_row_counts_until_the_last_like_it_leaves() {
    let types = vec![DataType::Utf8, DataType::UInt64];
    let mut window = distinct::accumulator::<Longest>(types);
    window
        .update_batch(&rows(&[Some("a"), Some("a"), None]))
        .unwrap();
    assert_eq!(window.evaluate().unwrap(), ScalarValue::from("2 a"));
    window.retract_batch(&rows(&[Some("a")])).unwrap();
    assert_eq!(window.evaluate().unwrap(), ScalarValue::from("2 a"));
    window.retract_batch(&rows(&[Some("a")])).unwrap();
    assert_eq!(window.evaluate().unwrap(), ScalarValue::from("0 "));
}
