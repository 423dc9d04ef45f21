//! Scalar functions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, ItemFn, Result, Type};

use crate::arguments::{Arguments, snake_case};
use crate::class;
use crate::signature::{elided, no_generics, numbered, parameters, result, zipped};

pub fn expand(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let signature = &function.sig;
    no_generics(signature)?;
    let result = result(signature, "the function returns nothing")?;
    let (mut names, mut types) = parameters(signature)?;
    let options = if arguments.options {
        let Some(Type::Reference(options)) = types.first() else {
            let message = "with `options`, the first parameter is a reference to the options";
            return Err(Error::new_spanned(signature, message));
        };
        let options = options.elem.clone();
        names.remove(0);
        types.remove(0);
        Some(options)
    } else {
        None
    };
    let rust_name = &signature.ident;
    let about = arguments.about(rust_name, &names, &function.attrs)?;
    let types = elided(&types);
    let columns = numbered(types.len());
    let at = 0..types.len();
    let (zipped, items) = zipped(&columns);
    let (read_options, option, prefix) = match &options {
        None => (quote!(), quote!(), quote!(None)),
        Some(options) => (
            quote!(let options = batch.options::<#options>()?;),
            quote!(&options,),
            quote!(Some(<#options as ::pyo3_datafusion::function::simple::ConfigExtension>::PREFIX)),
        ),
    };
    let waits = signature.asyncness.is_some();
    let made = format_ident!("{}_udf", snake_case(rust_name));
    let doc = format!("The scalar function [`{rust_name}`] for DataFusion.");
    let evaluate = if waits {
        let limit = match &arguments.concurrency {
            Some(limit) => quote!(#limit),
            None => quote!(16),
        };
        quote! {
            static LIMIT: simple::Limit = simple::Limit::new(#limit);
            batch.wait(&LIMIT, #zipped, |#items| #rust_name(#option #(#columns),*))
        }
    } else {
        if let Some(concurrency) = &arguments.concurrency {
            let message = "only an `async fn` has a concurrency";
            return Err(Error::new(concurrency.span(), message));
        }
        quote!(batch.evaluate(#zipped, |#items| #rust_name(#option #(#columns),*)))
    };
    // Two loops call the function, with and without nulls, and the compiler inlines it only with a hint.
    let has_hint = |attribute: &syn::Attribute| attribute.path().is_ident("inline");
    let inline = (!function.attrs.iter().any(has_hint)).then(|| quote!(#[inline]));
    let class = class::expand(arguments, "scalar_udf", &made, &function.attrs)?;
    Ok(quote! {
        #inline
        #function

        #[doc = #doc]
        pub fn #made() -> ::pyo3_datafusion::function::simple::ScalarUDF {
            use ::pyo3_datafusion::function::simple::{self, Argument, Returned};

            simple::scalar(simple::Scalar {
                about: #about,
                parameters: vec![#(simple::parameter::<#types>()),*],
                result: simple::result::<#result>(),
                options_prefix: #prefix,
                evaluate: |batch| {
                    #[allow(unused_variables)]
                    let rows = batch.rows();
                    #read_options
                    #(let #columns = <#types as Argument>::values(batch.column(#at)?, batch.shape(#at))?;)*
                    #evaluate
                },
            })
        }

        #class
    })
}
