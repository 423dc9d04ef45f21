//! Scalar functions: DataFusion calls yours through a guard, which turns a panic into an error.

use arrow::datatypes::{DataType, FieldRef};
use datafusion_common::Result;
use datafusion_common::config::ConfigOptions;
use datafusion_expr::sort_properties::ExprProperties;
use datafusion_expr::{
    ColumnarValue, ExpressionPlacement, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};

use super::constants::with_scalars;
use crate::boundary::error::catch;

/// `function`, with its panics turned into errors.
pub fn guarded(function: ScalarUDF) -> Result<ScalarUDF> {
    GuardedScalarUdf::try_new(function).map(ScalarUDF::from)
}

/// Whether `function` is one of this package.
#[cfg(feature = "plans")]
pub fn is_guarded(function: &ScalarUDF) -> bool {
    function.inner().is::<GuardedScalarUdf>()
}

/// A function whose methods do not panic. It has those that cross the FFI, and no others.
#[derive(Debug, PartialEq, Eq, Hash)]
struct GuardedScalarUdf {
    // These are read once, as DataFusion takes no error when it asks for them.
    name: String,
    aliases: Vec<String>,
    signature: Signature,
    short_circuits: bool,
    function: ScalarUDF,
}

impl GuardedScalarUdf {
    fn try_new(function: ScalarUDF) -> Result<Self> {
        catch(|| {
            Ok(Self {
                name: function.name().to_owned(),
                aliases: function.aliases().to_vec(),
                signature: function.signature().clone(),
                short_circuits: function.short_circuits(),
                function,
            })
        })
    }
}

impl ScalarUDFImpl for GuardedScalarUdf {
    fn name(&self) -> &str {
        &self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn short_circuits(&self) -> bool {
        self.short_circuits
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        catch(|| self.function.coerce_types(arg_types))
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        catch(|| self.function.return_type(arg_types))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        catch(|| self.function.return_field_from_args(args))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        catch(|| with_scalars(args, |args| self.function.invoke_with_args(args)))
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        catch(|| self.function.preserves_lex_ordering(inputs))
    }

    /// After a panic, the call stays where the query has it, which is always right.
    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        catch(|| Ok(self.function.placement(args))).unwrap_or(ExpressionPlacement::KeepInPlace)
    }

    /// After a panic, the function goes on with the options that it has.
    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        let updated = catch(|| Ok(self.function.inner().with_updated_config(config)));
        let guarded = Self::try_new(updated.ok()??).ok()?;
        Some(ScalarUDF::from(guarded))
    }
}
