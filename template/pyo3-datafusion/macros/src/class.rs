//! The Python class of a function, and what all functions have in common.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, FnArg, Pat, Result, Signature, Token, Type};

use crate::arguments::{Arguments, is_doc};

/// The class, if `class` asks for one. `function` returns what its hook exports.
pub fn expand(
    arguments: &Arguments,
    kind: &str,
    function: &Ident,
    attributes: &[Attribute],
) -> Result<TokenStream> {
    let Some(path) = &arguments.class else {
        return Ok(TokenStream::new());
    };
    let value = path.value();
    let Some((module, class)) = value.rsplit_once('.') else {
        let example = "name the module too, as in class = \"my_package.MyClass\"";
        return Err(Error::new(path.span(), example));
    };
    let class: Ident = syn::parse_str(class)
        .map_err(|_| Error::new(path.span(), "a class has a name such as MyClass"))?;
    let class = Ident::new(&class.to_string(), path.span());
    let docs = attributes.iter().filter(|attribute| is_doc(attribute));
    let hook = format_ident!("__datafusion_{kind}__");
    let export = format_ident!("{kind}");
    let hook_doc = format!("Hands the function to DataFusion, as a `datafusion_{kind}` capsule.");
    Ok(quote! {
        #(#docs)*
        #[::pyo3::pyclass(frozen, module = #module)]
        pub struct #class;

        #[::pyo3::pymethods]
        impl #class {
            #[new]
            fn new() -> Self {
                Self
            }

            #[doc = #hook_doc]
            fn #hook<'py>(
                &self,
                py: ::pyo3::Python<'py>,
            ) -> ::pyo3::PyResult<::pyo3::Bound<'py, ::pyo3::types::PyCapsule>> {
                ::pyo3_datafusion::export::#export(py, #function)
            }
        }
    })
}

/// The names and types of parameters, without `self`.
pub fn parameters(signature: &Signature) -> Result<(Vec<Ident>, Vec<Type>)> {
    let mut names = vec![];
    let mut types = vec![];
    for input in &signature.inputs {
        match input {
            FnArg::Receiver(_) => {}
            FnArg::Typed(parameter) => match parameter.pat.as_ref() {
                Pat::Ident(name) => {
                    names.push(name.ident.clone());
                    types.push((*parameter.ty).clone());
                }
                _ => return Err(Error::new_spanned(&parameter.pat, "give it a name")),
            },
        }
    }
    Ok((names, types))
}

/// `item` with `'_` or another lifetime for all of its lifetimes.
pub fn with_lifetime(item: &impl ToTokens, lifetime: &str) -> TokenStream {
    fn replace(tokens: TokenStream, lifetime: &str) -> TokenStream {
        let mut replaced = vec![];
        let mut after_quote = false;
        for token in tokens {
            replaced.push(match token {
                TokenTree::Ident(name) if after_quote => {
                    TokenTree::Ident(Ident::new(lifetime, name.span()))
                }
                TokenTree::Group(group) => {
                    let inner = replace(group.stream(), lifetime);
                    let mut new = proc_macro2::Group::new(group.delimiter(), inner);
                    new.set_span(group.span());
                    TokenTree::Group(new)
                }
                other => other,
            });
            after_quote =
                matches!(replaced.last(), Some(TokenTree::Punct(p)) if p.as_char() == '\'');
        }
        replaced.into_iter().collect()
    }
    replace(item.to_token_stream(), lifetime)
}

/// The iterators `names`, as one, and the pattern of its items.
pub fn zipped(names: &[Ident]) -> (TokenStream, TokenStream) {
    let mut names = names.iter();
    let Some(first) = names.next() else {
        let none = quote!(::std::iter::repeat_n((), rows));
        return (none, quote!(()));
    };
    names.fold((quote!(#first), quote!(#first)), |(zipped, items), name| {
        (quote!(#zipped.zip(#name)), quote!((#items, #name)))
    })
}

/// Names that no parameter has.
pub fn numbered(count: usize) -> Vec<Ident> {
    (0..count)
        .map(|at| format_ident!("argument_{at}"))
        .collect()
}

pub fn no_generics(signature: &Signature) -> Result<()> {
    let generics = &signature.generics;
    if generics.type_params().next().is_some() || generics.const_params().next().is_some() {
        let message = "a function of SQL cannot be generic: write one for each type";
        return Err(Error::new_spanned(generics, message));
    }
    Ok(())
}

pub fn tuple(types: &[TokenStream]) -> TokenStream {
    let types: Punctuated<_, Token![,]> = types.iter().collect();
    quote!((#types,))
}
