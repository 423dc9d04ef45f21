//! Aggregate functions: DataFusion calls yours through a guard, which turns a panic into an error.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature,
};

use super::constants::literals;
use crate::boundary::error::{catch, interrupted_throttled};
use crate::compat::{merge, merge_batch, supports_convert_to_state};

/// `function`, with its panics turned into errors.
pub fn guarded(function: AggregateUDF) -> Result<AggregateUDF> {
    GuardedAggregateUdf::try_new(function).map(AggregateUDF::from)
}

/// A function whose methods do not panic. It has those that cross the FFI, and no others.
#[derive(Debug, PartialEq, Eq, Hash)]
struct GuardedAggregateUdf {
    // These are read once, as DataFusion takes no error when it asks for them.
    name: String,
    aliases: Vec<String>,
    signature: Signature,
    is_nullable: bool,
    supports_null_handling_clause: bool,
    function: AggregateUDF,
}

impl GuardedAggregateUdf {
    fn try_new(function: AggregateUDF) -> Result<Self> {
        catch(|| {
            Ok(Self {
                name: function.name().to_owned(),
                aliases: function.aliases().to_vec(),
                signature: function.signature().clone(),
                is_nullable: function.is_nullable(),
                supports_null_handling_clause: function.supports_null_handling_clause(),
                function,
            })
        })
    }
}

impl AggregateUDFImpl for GuardedAggregateUdf {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn is_nullable(&self) -> bool {
        self.is_nullable
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.supports_null_handling_clause
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        catch(|| self.function.coerce_types(arg_types))
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        catch(|| self.function.return_type(arg_types))
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        catch(|| self.function.return_field(arg_fields))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        catch(|| self.function.state_fields(args))
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        GuardedAccumulator::boxed(|| with_literals(args, |args| self.function.accumulator(args)))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        GuardedAccumulator::boxed(|| {
            with_literals(args, |args| self.function.create_sliding_accumulator(args))
        })
    }

    /// After a panic, each group gets an accumulator of its own, which gives the same results.
    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        let supported = |args: AccumulatorArgs| self.function.groups_accumulator_supported(args);
        catch(|| Ok(with_literals(args, supported))).unwrap_or(false)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let create = |args: AccumulatorArgs| self.function.create_groups_accumulator(args);
        let accumulator = catch(|| with_literals(args, create))?;
        Ok(Box::new(GuardedGroupsAccumulator(accumulator)))
    }

    /// After a panic, the order of the rows counts, as it does unless a function says otherwise.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        catch(|| Ok(self.function.order_sensitivity()))
            .unwrap_or(AggregateOrderSensitivity::HardRequirement)
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        beneficial_ordering: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        let function = self.function.clone();
        match catch(|| function.with_beneficial_ordering(beneficial_ordering))? {
            Some(function) => Ok(Some(Arc::new(Self::try_new(function)?))),
            None => Ok(None),
        }
    }
}

/// Calls `f` with the host's literals replaced by ours.
fn with_literals<T>(args: AccumulatorArgs, f: impl FnOnce(AccumulatorArgs) -> T) -> T {
    let exprs = &literals(args.exprs, args.expr_fields);
    f(AccumulatorArgs { exprs, ..args })
}

#[derive(Debug)]
struct GuardedAccumulator {
    supports_retract_batch: bool,
    accumulator: Box<dyn Accumulator>,
}

impl GuardedAccumulator {
    fn boxed(
        create: impl FnOnce() -> Result<Box<dyn Accumulator>>,
    ) -> Result<Box<dyn Accumulator>> {
        catch(|| {
            let accumulator = create()?;
            Ok(Box::new(Self {
                supports_retract_batch: accumulator.supports_retract_batch(),
                accumulator,
            }) as _)
        })
    }
}

impl Accumulator for GuardedAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        catch(|| self.accumulator.update_batch(values))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        catch(|| self.accumulator.merge_batch(states))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        catch(|| self.accumulator.retract_batch(values))
    }

    fn supports_retract_batch(&self) -> bool {
        self.supports_retract_batch
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        catch(|| self.accumulator.state())
    }

    /// A sliding window evaluates each row.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        interrupted_throttled()?;
        catch(|| self.accumulator.evaluate())
    }

    /// The size is an estimate, and no result depends on it.
    fn size(&self) -> usize {
        catch(|| Ok(self.accumulator.size())).unwrap_or(0)
    }
}

struct GuardedGroupsAccumulator(Box<dyn GroupsAccumulator>);

impl GuardedGroupsAccumulator {
    fn merge(
        &mut self,
        states: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        let accumulator = self.0.as_mut();
        catch(|| merge(accumulator, states, group_indices, total_num_groups))
    }
}

impl GroupsAccumulator for GuardedGroupsAccumulator {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        catch(|| {
            self.0
                .update_batch(values, group_indices, opt_filter, total_num_groups)
        })
    }

    merge_batch!(Self::merge);

    supports_convert_to_state!(self => {
        catch(|| Ok(self.0.supports_convert_to_state())).unwrap_or_default()
    });

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        catch(|| self.0.convert_to_state(values, opt_filter))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        catch(|| self.0.state(emit_to))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        catch(|| self.0.evaluate(emit_to))
    }

    /// The size is an estimate, and no result depends on it.
    fn size(&self) -> usize {
        catch(|| Ok(self.0.size())).unwrap_or(0)
    }
}
