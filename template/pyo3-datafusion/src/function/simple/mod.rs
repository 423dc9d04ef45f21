//! Functions of DataFusion made of plain Rust functions. The attributes of `pyo3-datafusion-macros`
//! write the calls; an owner's code names nothing of this but [`Decimal`].

mod aggregate;
mod argument;
mod returned;
mod scalar;
#[cfg(test)]
mod tests;
mod window;

use arrow::array::Array;
pub use arrow::array::ArrayRef;
use arrow::buffer::NullBuffer;
pub use arrow::datatypes::DataType;
pub use datafusion_common::Result;
pub use datafusion_common::config::ConfigExtension;
use datafusion_common::{exec_err, plan_err};
pub use datafusion_expr::{AggregateUDF, ScalarUDF, Volatility, WindowUDF};
use datafusion_expr::{DocSection, Documentation, Signature};

pub use aggregate::{Outcome, aggregate, strict};
pub use argument::{Argument, Decimal, Shape};
pub use returned::{Collected, Failed, Returned};
pub use scalar::{Batch, Limit, Scalar, scalar};
pub use window::{Partition, PartitionColumn, PartitionResult, Window, window};

/// What a function says of itself.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub volatility: Volatility,
    pub parameters: &'static [&'static str],
    pub description: &'static str,
}

/// The type of a parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    data_type: DataType,
    coerce: fn(&DataType) -> Option<DataType>,
    strict: bool,
    is_number: bool,
    is_text: bool,
}

pub fn parameter<'a, T: Argument<'a>>() -> Parameter {
    Parameter {
        data_type: T::data_type(),
        coerce: T::coerce,
        strict: T::STRICT,
        is_number: T::IS_NUMBER,
        is_text: T::IS_TEXT,
    }
}

/// The type of a result.
#[derive(Debug, Clone)]
pub struct ResultType {
    data_type: DataType,
    is_number: bool,
}

pub fn result<T: Returned>() -> ResultType {
    ResultType {
        data_type: T::data_type(),
        is_number: T::IS_NUMBER,
    }
}

/// What DataFusion asks every kind of function.
#[derive(Debug, Clone)]
struct Described {
    about: About,
    aliases: Vec<String>,
    signature: Signature,
    documentation: Documentation,
    parameters: Vec<Parameter>,
}

impl Described {
    fn new(about: About, parameters: Vec<Parameter>) -> Self {
        let signature = Signature::user_defined(about.volatility);
        let names = about.parameters.to_vec();
        let with_names = signature.clone().with_parameter_names(names);
        let syntax = format!("{}({})", about.name, about.parameters.join(", "));
        let documentation =
            Documentation::builder(DocSection::default(), about.description, syntax);
        Self {
            aliases: about
                .aliases
                .iter()
                .map(|&alias| alias.to_owned())
                .collect(),
            // Two parameters of one name cannot be: Rust refuses them.
            signature: with_names.unwrap_or(signature),
            documentation: documentation.build(),
            about,
            parameters,
        }
    }

    /// The types that DataFusion casts the arguments to.
    fn coerce(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let same_count = given.len() == self.parameters.len();
        let coerced = self.parameters.iter().zip(given);
        let coerced: Option<Vec<_>> = coerced
            .map(|(parameter, given)| (parameter.coerce)(given))
            .collect();
        match coerced {
            Some(coerced) if same_count => Ok(coerced),
            _ => {
                let parameters = self.about.parameters.iter().zip(&self.parameters);
                let parameters: Vec<_> = parameters
                    .map(|(name, parameter)| format!("{name}: {}", parameter.data_type))
                    .collect();
                let given: Vec<_> = given.iter().map(ToString::to_string).collect();
                plan_err!(
                    "{}({}) cannot be called with ({})",
                    self.about.name,
                    parameters.join(", "),
                    given.join(", ")
                )
            }
        }
    }
}

/// A function has one name, and one meaning.
macro_rules! same_name_is_equal {
    ($function:ident $(<$state:ident>)? $(, $other:ident)?) => {
        impl$(<$state>)? PartialEq for $function$(<$state>)? {
            fn eq(&self, other: &Self) -> bool {
                self.described.about.name == other.described.about.name
                    $(&& self.$other == other.$other)?
            }
        }

        impl$(<$state>)? Eq for $function$(<$state>)? {}

        impl$(<$state>)? std::hash::Hash for $function$(<$state>)? {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.described.about.name.hash(state);
                $(self.$other.hash(state);)?
            }
        }
    };
}
use same_name_is_equal;

/// The methods that DataFusion's three traits for functions have in common, and no common parent has.
macro_rules! described {
    () => {
        fn name(&self) -> &str {
            self.described.about.name
        }

        fn aliases(&self) -> &[String] {
            &self.described.aliases
        }

        fn signature(&self) -> &Signature {
            &self.described.signature
        }

        fn documentation(&self) -> Option<&Documentation> {
            Some(&self.described.documentation)
        }

        fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
            self.described.coerce(arg_types)
        }
    };
}
use described;

/// The column of an argument.
pub fn column(columns: &[ArrayRef], at: usize) -> Result<&ArrayRef> {
    match columns.get(at) {
        Some(column) => Ok(column),
        None => exec_err!("argument {} is missing", at + 1),
    }
}

/// How columns without constants are read.
pub fn shape(columns: &[ArrayRef]) -> Shape {
    Shape {
        rows: columns.first().map_or(0, |column| column.len()),
        mask: usize::MAX,
    }
}

/// The rows in which one of the `columns` is null.
fn nulls_of<'a>(columns: impl Iterator<Item = &'a ArrayRef>) -> Option<NullBuffer> {
    let nulls = columns.fold(None, |nulls, column| {
        NullBuffer::union(nulls.as_ref(), column.nulls())
    });
    nulls.filter(|nulls| nulls.null_count() > 0)
}
