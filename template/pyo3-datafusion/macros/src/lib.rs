//! The attributes of `pyo3-datafusion`, which describes them.

mod aggregate;
mod arguments;
mod class;
mod scalar;
mod signature;
mod state;
mod window;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, ItemImpl, parse_macro_input};

use crate::arguments::Arguments;

/// Makes a scalar function of a Rust function that computes the value of one row.
///
/// ```ignore
/// /// A temperature in degrees Fahrenheit.
/// #[scalar_udf(class = "my_ext.Fahrenheit")]
/// fn fahrenheit(celsius: f64) -> f64 {
///     celsius * 1.8 + 32.0
/// }
/// ```
///
/// This adds `fahrenheit_udf()`, which returns the `ScalarUDF`, and with `class` the Python class
/// `my_ext.Fahrenheit`, which has its hook. Both have the doc comment.
///
/// - An argument is a number, `bool`, `&str`, `&[u8]`, a type of `chrono` for dates and timestamps,
///   `Decimal<PRECISION, SCALE>` or a `Vec` of these.
/// - If an argument is null, the result is null, unless the type is an `Option`.
/// - The result is of one of these types, or a `String`, or an `Option` for null, or a `Result`.
///
/// `name = "…"` and `aliases = ["…"]` set the names in SQL. `volatility` is `"immutable"` if it is not
/// set, or else `"stable"` or `"volatile"`. With `options`, the first parameter is a reference to the
/// options of the session.
#[proc_macro_attribute]
pub fn scalar_udf(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    tokens(scalar::expand(&arguments, &function))
}

/// Makes an aggregate function of a type with the methods `update`, `merge` and `finish`.
///
/// ```ignore
/// #[derive(Debug, Default, Clone, State)]
/// struct Total { sum: f64 }
///
/// /// The sum of all values.
/// #[aggregate_udf(class = "my_ext.Total")]
/// impl Total {
///     /// Adds one row. Takes what a scalar function takes, and skips nulls in the same way.
///     fn update(&mut self, x: f64) {
///         self.sum += x;
///     }
///
///     /// Adds the rows of another state.
///     fn merge(&mut self, later: &Self) {
///         self.sum += later.sum;
///     }
///
///     fn finish(&self) -> f64 {
///         self.sum
///     }
/// }
/// ```
///
/// This adds `total_udaf()`, and takes the arguments of [`macro@scalar_udf`]. With a method `retract`,
/// which takes what `update` takes, a sliding window removes the rows that leave it. Without one, it
/// merges the states of its rows.
#[proc_macro_attribute]
pub fn aggregate_udf(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let methods = parse_macro_input!(item as ItemImpl);
    tokens(aggregate::expand(&arguments, &methods))
}

/// Makes a window function of a Rust function that computes the values of one partition.
///
/// ```ignore
/// /// The number of the row.
/// #[window_udf(class = "my_ext.Number")]
/// fn number(x: Vec<Option<f64>>) -> Vec<u64> {
///     (1..).take(x.len()).collect()
/// }
/// ```
///
/// This adds `number_udwf()`, and takes the arguments of [`macro@scalar_udf`]. The rows are in the
/// order of the window, and there is one result for each.
#[proc_macro_attribute]
pub fn window_udf(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let function = parse_macro_input!(item as ItemFn);
    tokens(window::expand(&arguments, &function))
}

/// Lets the state of an aggregate function travel: each field is a column. A field has a type that a
/// scalar function can take and return.
#[proc_macro_derive(State)]
pub fn state(item: TokenStream) -> TokenStream {
    tokens(state::expand(&parse_macro_input!(item as DeriveInput)))
}

fn tokens(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
