//! Window functions: DataFusion calls yours through a guard, which turns a panic into an error.

use std::ops::Range;

use arrow::array::ArrayRef;
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion_expr::{PartitionEvaluator, Signature, WindowUDF, WindowUDFImpl};

use super::constants::literals;
use crate::boundary::error::{catch, interrupted_throttled};

/// `function`, with its panics turned into errors.
pub fn guarded(function: WindowUDF) -> Result<WindowUDF> {
    catch(|| {
        Ok(WindowUDF::from(GuardedWindowUdf {
            name: function.name().to_owned(),
            aliases: function.aliases().to_vec(),
            signature: function.signature().clone(),
            sort_options: function.sort_options(),
            function,
        }))
    })
}

/// A function whose methods do not panic. It has those that cross the FFI, and no others.
#[derive(Debug, PartialEq, Eq, Hash)]
struct GuardedWindowUdf {
    // These are read once, as DataFusion takes no error when it asks for them.
    name: String,
    aliases: Vec<String>,
    signature: Signature,
    sort_options: Option<SortOptions>,
    function: WindowUDF,
}

impl WindowUDFImpl for GuardedWindowUdf {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn sort_options(&self) -> Option<SortOptions> {
        self.sort_options
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        catch(|| self.function.coerce_types(arg_types))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        catch(|| self.function.field(args))
    }

    fn partition_evaluator(
        &self,
        args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        catch(|| {
            let fields = args.input_fields();
            let exprs = literals(args.input_exprs(), fields);
            let (reversed, ignore_nulls) = (args.is_reversed(), args.ignore_nulls());
            let args = PartitionEvaluatorArgs::new(&exprs, fields, reversed, ignore_nulls);
            let evaluator = self.function.partition_evaluator_factory(args)?;
            Ok(Box::new(GuardedPartitionEvaluator {
                is_causal: evaluator.is_causal(),
                supports_bounded_execution: evaluator.supports_bounded_execution(),
                uses_window_frame: evaluator.uses_window_frame(),
                include_rank: evaluator.include_rank(),
                evaluator,
            }) as _)
        })
    }
}

#[derive(Debug)]
struct GuardedPartitionEvaluator {
    is_causal: bool,
    supports_bounded_execution: bool,
    uses_window_frame: bool,
    include_rank: bool,
    evaluator: Box<dyn PartitionEvaluator>,
}

impl PartitionEvaluator for GuardedPartitionEvaluator {
    fn is_causal(&self) -> bool {
        self.is_causal
    }

    fn supports_bounded_execution(&self) -> bool {
        self.supports_bounded_execution
    }

    fn uses_window_frame(&self) -> bool {
        self.uses_window_frame
    }

    fn include_rank(&self) -> bool {
        self.include_rank
    }

    fn get_range(&self, idx: usize, n_rows: usize) -> Result<Range<usize>> {
        catch(|| self.evaluator.get_range(idx, n_rows))
    }

    fn evaluate_all(&mut self, values: &[ArrayRef], num_rows: usize) -> Result<ArrayRef> {
        catch(|| self.evaluator.evaluate_all(values, num_rows))
    }

    fn evaluate(&mut self, values: &[ArrayRef], range: &Range<usize>) -> Result<ScalarValue> {
        interrupted_throttled()?;
        catch(|| self.evaluator.evaluate(values, range))
    }

    fn evaluate_all_with_rank(
        &self,
        num_rows: usize,
        ranks_in_partition: &[Range<usize>],
    ) -> Result<ArrayRef> {
        catch(|| {
            self.evaluator
                .evaluate_all_with_rank(num_rows, ranks_in_partition)
        })
    }
}
