//! The parameters and the result of a Rust function.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{Error, FnArg, Pat, Result, ReturnType, Signature, Token, Type};

/// The type of the result. `nothing` is the error if there is none.
pub fn result(signature: &Signature, nothing: &str) -> Result<TokenStream> {
    match &signature.output {
        ReturnType::Type(_, result) => Ok(with_lifetime(result, "_")),
        ReturnType::Default => Err(Error::new_spanned(signature, nothing)),
    }
}

/// `types` with `'_` for their lifetimes.
pub fn elided(types: &[Type]) -> Vec<TokenStream> {
    let types = types.iter();
    types.map(|each| with_lifetime(each, "_")).collect()
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
