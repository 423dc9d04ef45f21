//! Window functions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, ItemFn, Result};

use crate::arguments::{Arguments, snake_case};
use crate::class;
use crate::signature::{elided, no_generics, numbered, parameters, result};

pub fn expand(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let signature = &function.sig;
    no_generics(signature)?;
    let result = result(signature, "the function returns nothing")?;
    let (names, types) = parameters(signature)?;
    if names.is_empty() {
        let message = "take one column at least: the number of its rows is that of the results";
        return Err(Error::new_spanned(signature, message));
    }
    let rust_name = &signature.ident;
    let about = arguments.about(rust_name, &names, &function.attrs)?;
    let types = elided(&types);
    let columns = numbered(types.len());
    let at = 0..types.len();
    let made = format_ident!("{}_udwf", snake_case(rust_name));
    let doc = format!("The window function [`{rust_name}`] for DataFusion.");
    let class = class::expand(arguments, "window_udf", &made, &function.attrs)?;
    Ok(quote! {
        #function

        #[doc = #doc]
        pub fn #made() -> ::pyo3_datafusion::function::simple::WindowUDF {
            use ::pyo3_datafusion::function::simple::{self, PartitionColumn, PartitionResult};

            simple::window(simple::Window {
                about: #about,
                parameters: vec![#(<#types as PartitionColumn>::parameter()),*],
                result: <#result as PartitionResult>::result(),
                evaluate: |partition| {
                    #(let #columns = <#types as PartitionColumn>::read(partition.column(#at)?)?;)*
                    #rust_name(#(#columns),*).into_column()
                },
            })
        }

        #class
    })
}
