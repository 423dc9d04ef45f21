//! Window functions made of a function of one partition.

use std::error::Error;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, exec_err};
use datafusion_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion_expr::{Documentation, PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};

use super::argument::Argument;
use super::returned::{Returned, into_error};
use super::{
    About, Described, Parameter, ResultType, column, described, parameter, result,
    same_name_is_equal, shape,
};

/// What [`window`] makes a function of.
pub struct Window {
    pub about: About,
    pub parameters: Vec<Parameter>,
    pub result: ResultType,
    pub evaluate: fn(Partition) -> Result<ArrayRef>,
}

pub fn window(function: Window) -> WindowUDF {
    WindowUDF::from(SimpleWindowUdf {
        described: Described::new(function.about, function.parameters),
        result: function.result,
        evaluate: function.evaluate,
    })
}

/// The arguments of a partition.
#[derive(Debug, Clone, Copy)]
pub struct Partition<'a>(&'a [ArrayRef]);

impl<'a> Partition<'a> {
    pub fn column(self, at: usize) -> Result<&'a ArrayRef> {
        column(self.0, at)
    }
}

/// A Rust type for an argument of all rows of a partition.
#[diagnostic::on_unimplemented(
    message = "a window function cannot take a `{Self}`",
    note = "it takes a `Vec` for each argument, such as `Vec<Option<f64>>`"
)]
pub trait PartitionColumn<'a>: Sized {
    fn parameter() -> Parameter;

    fn read(column: &'a ArrayRef) -> Result<Self>;
}

impl<'a, T: Argument<'a>> PartitionColumn<'a> for Vec<T> {
    fn parameter() -> Parameter {
        parameter::<T>()
    }

    fn read(column: &'a ArrayRef) -> Result<Self> {
        if T::STRICT && column.null_count() > 0 {
            return exec_err!("an argument is null: take a Vec of Option");
        }
        Ok(T::values(column, shape(std::slice::from_ref(column)))?.collect())
    }
}

/// A Rust type for the results of all rows of a partition.
#[diagnostic::on_unimplemented(
    message = "a window function cannot return a `{Self}`",
    note = "it returns a `Vec` with a result for each row, such as `Vec<Option<f64>>`, or a `Result` with one"
)]
pub trait PartitionResult {
    fn result() -> ResultType;

    fn into_column(self) -> Result<ArrayRef>;
}

impl<T: Returned> PartitionResult for Vec<T> {
    fn result() -> ResultType {
        result::<T>()
    }

    fn into_column(self) -> Result<ArrayRef> {
        Ok(T::collect(self.into_iter())?)
    }
}

impl<T: Returned, E: Into<Box<dyn Error + Send + Sync>>> PartitionResult for Result<Vec<T>, E> {
    fn result() -> ResultType {
        result::<T>()
    }

    fn into_column(self) -> Result<ArrayRef> {
        self.map_err(into_error)?.into_column()
    }
}

#[derive(Debug)]
struct SimpleWindowUdf {
    described: Described,
    result: ResultType,
    evaluate: fn(Partition) -> Result<ArrayRef>,
}

same_name_is_equal!(SimpleWindowUdf);

impl WindowUDFImpl for SimpleWindowUdf {
    described!();

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let data_type = self.result.data_type.clone();
        Ok(Arc::new(Field::new(args.name(), data_type, true)))
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(SimpleEvaluator {
            name: self.described.about.name,
            evaluate: self.evaluate,
        }))
    }
}

#[derive(Debug)]
struct SimpleEvaluator {
    name: &'static str,
    evaluate: fn(Partition) -> Result<ArrayRef>,
}

impl PartitionEvaluator for SimpleEvaluator {
    fn evaluate_all(&mut self, values: &[ArrayRef], num_rows: usize) -> Result<ArrayRef> {
        let results = (self.evaluate)(Partition(values))?;
        if results.len() != num_rows {
            let (name, got) = (self.name, results.len());
            return exec_err!("{name} returned {got} values for a partition of {num_rows} rows");
        }
        Ok(results)
    }
}
