//! Aggregate functions made of a state.

use std::error::Error;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::Result;
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, Signature,
};

use super::returned::into_error;
use super::{About, Described, Parameter, ResultType, described, nulls_of, same_name_is_equal};
use crate::function::distinct;
use crate::function::state::{
    AggregateState, accumulator, groups_accumulator, sliding_accumulator,
};

pub fn aggregate<S: AggregateState>(
    about: About,
    parameters: Vec<Parameter>,
    result: ResultType,
) -> AggregateUDF {
    AggregateUDF::from(SimpleAggregateUdf {
        described: Described::new(about, parameters),
        result,
        state: PhantomData::<fn() -> S>,
    })
}

/// What a method of a state may return: nothing, or a `Result` of nothing.
pub trait Outcome {
    fn outcome(self) -> Result<()>;
}

impl Outcome for () {
    fn outcome(self) -> Result<()> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> Outcome for Result<(), E> {
    fn outcome(self) -> Result<()> {
        self.map_err(into_error)
    }
}

/// The rows, with `None` for those in which a strict argument is null.
pub fn strict<R>(
    rows: impl Iterator<Item = R>,
    strict: &[bool],
    arguments: &[ArrayRef],
) -> impl Iterator<Item = Option<R>> {
    let columns = arguments.iter().zip(strict);
    let nulls = nulls_of(columns.filter_map(|(column, strict)| strict.then_some(column)));
    rows.enumerate().map(move |(at, row)| {
        let valid = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at));
        valid.then_some(row)
    })
}

#[derive(Debug)]
struct SimpleAggregateUdf<S> {
    described: Described,
    result: ResultType,
    state: PhantomData<fn() -> S>,
}

same_name_is_equal!(SimpleAggregateUdf<S>);

impl<S: AggregateState> AggregateUDFImpl for SimpleAggregateUdf<S> {
    described!();

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.result.data_type.clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |name: &str, data_type| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, data_type, true))
        };
        if args.is_distinct {
            // The columns of an `ORDER BY` come after the arguments.
            let inputs = args
                .input_fields
                .iter()
                .take(self.described.parameters.len());
            let types = distinct::state_types(inputs.map(|input| input.data_type()));
            let names = self.described.about.parameters.iter();
            return Ok(names
                .zip(types)
                .map(|(name, r#type)| field(name, r#type))
                .collect());
        }
        let fields = S::fields().into_iter();
        Ok(fields.map(|(name, r#type)| field(name, r#type)).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return Ok(distinct::accumulator::<S>(self.argument_types(&args)));
        }
        Ok(accumulator::<S>())
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return Ok(distinct::accumulator::<S>(self.argument_types(&args)));
        }
        Ok(sliding_accumulator::<S>())
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(groups_accumulator::<S>())
    }

    /// States are merged in any order.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

impl<S> SimpleAggregateUdf<S> {
    fn argument_types(&self, args: &AccumulatorArgs) -> Vec<DataType> {
        let fields = args
            .expr_fields
            .iter()
            .take(self.described.parameters.len());
        fields.map(|field| field.data_type().clone()).collect()
    }
}
