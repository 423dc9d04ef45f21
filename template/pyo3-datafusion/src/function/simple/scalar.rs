//! Scalar functions made of a function of one row.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, PrimitiveArray, new_null_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ArrowPrimitiveType, DataType};
use arrow::downcast_primitive_array;
use datafusion_common::config::{ConfigOptions, ExtensionOptions};
use datafusion_common::{DataFusionError, Result, ScalarValue, exec_datafusion_err, exec_err};
use datafusion_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use futures::{StreamExt, stream};
use tokio::sync::Semaphore;

use super::argument::Shape;
use super::returned::{Collected, Failed, Returned};
use super::{
    About, Described, Parameter, ResultType, column, described, nulls_of, same_name_is_equal,
};
use crate::boundary::error::interrupted;
use crate::boundary::runtime;
use crate::session::options;

/// What [`scalar`] makes a function of.
pub struct Scalar {
    pub about: About,
    pub parameters: Vec<Parameter>,
    pub result: ResultType,
    pub options_prefix: Option<&'static str>,
    pub evaluate: fn(&Batch) -> Collected,
}

pub fn scalar(function: Scalar) -> ScalarUDF {
    ScalarUDF::from(SimpleScalarUdf {
        described: Described::new(function.about, function.parameters),
        result: function.result,
        options_prefix: function.options_prefix,
        options: None,
        evaluate: function.evaluate,
    })
}

/// How many calls of a function wait at a time, in all queries together.
pub struct Limit {
    calls: usize,
    free: Semaphore,
}

impl Limit {
    pub const fn new(calls: usize) -> Self {
        assert!(calls > 0, "the concurrency is at least 1");
        Self {
            calls,
            free: Semaphore::const_new(calls),
        }
    }
}

/// The arguments of many rows.
pub struct Batch {
    columns: Vec<ArrayRef>,
    /// Whether a column has one value, which stands for all rows.
    constant: Vec<bool>,
    rows: usize,
    nulls: Option<NullBuffer>,
    options: BTreeMap<String, String>,
}

impl Batch {
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn column(&self, at: usize) -> Result<&ArrayRef> {
        column(&self.columns, at)
    }

    pub fn shape(&self, at: usize) -> Shape {
        let constant = self.constant.get(at).is_some_and(|constant| *constant);
        Shape {
            rows: self.rows,
            mask: if constant { 0 } else { usize::MAX },
        }
    }

    pub fn options<O: ExtensionOptions + Default>(&self) -> Result<O> {
        options::parse(&self.options)
    }

    /// Calls `function` for each row that has no null among its strict arguments.
    pub fn evaluate<A, R: Returned>(
        &self,
        arguments: impl Iterator<Item = A>,
        function: impl Fn(A) -> R,
    ) -> Collected {
        match &self.nulls {
            None => R::collect(arguments.map(function)),
            Some(nulls) => {
                let rows = arguments.zip(nulls.iter());
                R::collect_nullable(rows.map(|(row, valid)| valid.then(|| function(row))))
            }
        }
    }

    /// Awaits `function` for each row that has no null among its strict arguments, many at a time.
    /// The first error ends the other calls.
    ///
    /// DataFusion asks for the results of a batch, and its `AsyncScalarUDF` does not cross. So the
    /// thread that asks is held until the batch is done.
    pub fn wait<A, R: Returned, F: Future<Output = R>>(
        &self,
        limit: &Limit,
        arguments: impl Iterator<Item = A>,
        function: impl Fn(A) -> F,
    ) -> Collected {
        let is_valid = |row| self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let calls = arguments.enumerate().filter(|(row, _)| is_valid(*row));
        let calls = stream::iter(calls).map(|(row, arguments)| {
            let call = function(arguments);
            async move {
                let _call = limit.free.acquire().await;
                (row, call.await)
            }
        });
        let mut results: Vec<Option<R>> = (0..self.rows).map(|_| None).collect();
        let all = async {
            let mut done = calls.buffer_unordered(limit.calls);
            while let Some((row, result)) = done.next().await {
                let is_error = result.is_error();
                results[row] = Some(result);
                if is_error {
                    break;
                }
            }
            Ok(())
        };
        runtime::block_on_until(interrupted, all)?;
        R::collect_nullable(results.into_iter())
    }

    /// Replaces nulls by the values of the first row without one, so that the function is called with
    /// no other arguments than those of a row, and no branch is needed for each row.
    fn fill(&mut self, nulls: &NullBuffer) {
        let Some(from) = nulls.valid_indices().next() else {
            return;
        };
        for column in &mut self.columns {
            let array = column.as_ref();
            *column = downcast_primitive_array! {
                array => filled(array, nulls, from),
                _ => return,
            };
        }
        self.nulls = None;
    }
}

/// A function whose [`evaluate`](Scalar::evaluate) reads one row after the other.
#[derive(Debug, Clone)]
struct SimpleScalarUdf {
    described: Described,
    result: ResultType,
    options_prefix: Option<&'static str>,
    /// The options that came from another process, if there are any. If not, the options of the
    /// session are used.
    options: Option<BTreeMap<String, String>>,
    evaluate: fn(&Batch) -> Collected,
}

same_name_is_equal!(SimpleScalarUdf, options);

impl ScalarUDFImpl for SimpleScalarUdf {
    described!();

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.result.data_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let parameters = &self.described.parameters;
        if args.args.len() != parameters.len() {
            return exec_err!("{} takes {} arguments", self.name(), parameters.len());
        }
        let is_scalar = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let once = !args.args.is_empty()
            && args.args.iter().all(is_scalar)
            && self.described.about.volatility != Volatility::Volatile;
        let rows = if once { 1 } else { args.number_rows };

        let (mut columns, mut constant) = (vec![], vec![]);
        for (arg, parameter) in args.args.iter().zip(parameters) {
            match arg {
                ColumnarValue::Scalar(scalar) if scalar.is_null() && parameter.strict => {
                    let null = ScalarValue::try_new_null(&self.result.data_type)?;
                    return Ok(ColumnarValue::Scalar(null));
                }
                ColumnarValue::Scalar(scalar) => {
                    let length = if parameter.is_text { 1 } else { rows };
                    columns.push(scalar.to_array_of_size(length)?);
                    constant.push(parameter.is_text);
                }
                ColumnarValue::Array(array) => {
                    columns.push(ArrayRef::clone(array));
                    constant.push(false);
                }
            }
        }
        // A strict constant is not null.
        let strict = columns.iter().zip(&constant).zip(parameters);
        let strict = strict.filter(|((_, constant), parameter)| parameter.strict && !**constant);
        let nulls = nulls_of(strict.map(|((column, _), _)| column));
        let batch = Batch {
            columns,
            constant,
            rows,
            nulls,
            options: match (&self.options, self.options_prefix) {
                (Some(options), _) => options.clone(),
                (None, Some(prefix)) => options::from_config(&args.config_options, prefix),
                (None, None) => BTreeMap::new(),
            },
        };
        let results = self.results(batch)?;
        if once {
            return ScalarValue::try_from_array(&results, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(results))
    }

    /// A function that does this travels with the options, when a plan is sent as bytes.
    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let prefix = self.options_prefix?;
        Some(ScalarUDF::from(Self {
            options: Some(options::from_config(config, prefix)),
            ..self.clone()
        }))
    }
}

impl SimpleScalarUdf {
    fn results(&self, mut batch: Batch) -> Result<ArrayRef> {
        let nulls = batch.nulls.clone();
        match &nulls {
            Some(nulls) if nulls.null_count() == batch.rows => {
                return Ok(new_null_array(&self.result.data_type, batch.rows));
            }
            Some(nulls) if self.fills(nulls) => batch.fill(nulls),
            _ => {}
        }
        let filled = nulls.is_some() && batch.nulls.is_none();
        let results = match (self.evaluate)(&batch) {
            Ok(results) => results,
            Err(failed) => return Err(self.failed(&batch, failed)),
        };
        if results.len() != batch.rows {
            let (got, rows) = (results.len(), batch.rows);
            return exec_err!("{} returned {got} values for {rows} rows", self.name());
        }
        if filled {
            let numbers = results.as_ref();
            return Ok(downcast_primitive_array! {
                numbers => with_nulls(numbers, nulls),
                _ => ArrayRef::clone(&results),
            });
        }
        Ok(results)
    }

    /// Whether computing a number for each null is quicker than leaving it out.
    fn fills(&self, nulls: &NullBuffer) -> bool {
        let are_numbers = |parameter: &Parameter| parameter.is_number;
        self.result.is_number
            && self.described.about.volatility != Volatility::Volatile
            && self.described.parameters.iter().all(are_numbers)
            && nulls.null_count() * 2 <= nulls.len()
    }

    /// The error with the arguments that led to it.
    fn failed(&self, batch: &Batch, failed: Failed) -> DataFusionError {
        let Some(row) = failed.row else {
            return failed.error;
        };
        let arguments = batch.columns.iter().zip(&batch.constant);
        let arguments: Vec<_> = arguments
            .map(|(column, constant)| {
                let row = if *constant { 0 } else { row };
                let value = ScalarValue::try_from_array(column, row);
                value.map_or_else(|_| "?".to_owned(), |value| shown(&value))
            })
            .collect();
        let call = format!("{}({})", self.name(), arguments.join(", "));
        exec_datafusion_err!("{call}: {}", failed.error.strip_backtrace())
    }
}

/// An argument, as it is written in SQL, but not all of a long one.
fn shown(value: &ScalarValue) -> String {
    const LENGTH: usize = 60;

    let text = match value {
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    };
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn filled<T: ArrowPrimitiveType>(
    array: &PrimitiveArray<T>,
    nulls: &NullBuffer,
    from: usize,
) -> ArrayRef {
    let mut values = array.values().to_vec();
    let value = values[from];
    let valid = nulls.inner().bit_chunks();
    for (values, valid) in values.chunks_mut(64).zip(valid.iter_padded()) {
        // Bits past the end stand for no value, as 64 does, which follows the last null.
        let mut null = !valid;
        while let Some(null_value) = values.get_mut(null.trailing_zeros() as usize) {
            *null_value = value;
            null &= null - 1;
        }
    }
    Arc::new(PrimitiveArray::<T>::new(values.into(), None))
}

fn with_nulls<T: ArrowPrimitiveType>(
    numbers: &PrimitiveArray<T>,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(numbers.values().clone(), nulls))
}
