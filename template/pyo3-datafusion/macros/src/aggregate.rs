//! Aggregate functions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Ident, ImplItem, ImplItemFn, ItemImpl, Result, Type};

use crate::arguments::{Arguments, snake_case};
use crate::class;
use crate::signature::{elided, numbered, parameters, result, tuple, with_lifetime, zipped};

pub fn expand(arguments: &Arguments, item: &ItemImpl) -> Result<TokenStream> {
    if item.trait_.is_some() {
        let message = "write the methods in an `impl` of the type, and of no trait";
        return Err(Error::new_spanned(item, message));
    }
    let state = &item.self_ty;
    let state_name = type_name(state)?;
    let method = |name: &str| {
        item.items.iter().find_map(|item| match item {
            ImplItem::Fn(method) if method.sig.ident == name => Some(method),
            _ => None,
        })
    };
    let required = |name: &str, signature: &str| {
        method(name).ok_or_else(|| {
            let message = format!("an aggregate function has a method `{signature}`");
            Error::new_spanned(state, message)
        })
    };
    let update: &ImplItemFn = required("update", "fn update(&mut self, x: f64)")?;
    required("merge", "fn merge(&mut self, later: &Self)")?;
    let finish = required("finish", "fn finish(&self) -> f64")?;
    let result = result(&finish.sig, "`finish` returns nothing")?;
    let (names, types) = parameters(&update.sig)?;
    if names.is_empty() {
        return Err(Error::new_spanned(
            &update.sig,
            "`update` takes no argument",
        ));
    }
    let about = arguments.about(&state_name, &names, &item.attrs)?;
    let columns = numbered(types.len());
    let at = 0..types.len();
    let (zipped, items) = zipped(&columns);
    let elided = elided(&types);
    let of_rows: Vec<_> = types.iter().map(row_type).collect();
    let input = tuple(&of_rows);
    let retract = method("retract").map(|_| {
        quote! {
            const RETRACTS: bool = true;

            fn retract(&mut self, (#(#columns,)*): Self::Input<'_>) -> simple::Result<()> {
                simple::Outcome::outcome(Self::retract(self, #(#columns),*))
            }
        }
    });
    let made = format_ident!("{}_udaf", snake_case(&state_name));
    let doc = format!("The aggregate function of [`{state_name}`] for DataFusion.");
    let class = class::expand(arguments, "aggregate_udf", &made, &item.attrs)?;
    Ok(quote! {
        #item

        const _: () = {
            use ::pyo3_datafusion::function::simple::{self, Argument, Returned};

            impl ::pyo3_datafusion::function::AggregateState for #state {
                type Input<'a> = #input;

                fn inputs(
                    arguments: &[simple::ArrayRef],
                ) -> simple::Result<impl Iterator<Item = Option<Self::Input<'_>>>> {
                    let shape = simple::shape(arguments);
                    #(let #columns = <#elided as Argument>::values(
                        simple::column(arguments, #at)?,
                        shape,
                    )?;)*
                    let rows = #zipped.map(|#items| (#(#columns,)*));
                    Ok(simple::strict(rows, &[#(<#elided as Argument>::STRICT),*], arguments))
                }

                fn update(&mut self, (#(#columns,)*): Self::Input<'_>) -> simple::Result<()> {
                    simple::Outcome::outcome(Self::update(self, #(#columns),*))
                }

                fn merge(&mut self, later: &Self) -> simple::Result<()> {
                    simple::Outcome::outcome(Self::merge(self, later))
                }

                fn results(states: &[Self]) -> simple::Result<simple::ArrayRef> {
                    Ok(<#result as Returned>::collect(states.iter().map(|state| state.finish()))?)
                }

                #retract
            }
        };

        #[doc = #doc]
        pub fn #made() -> ::pyo3_datafusion::function::simple::AggregateUDF {
            use ::pyo3_datafusion::function::simple;

            simple::aggregate::<#state>(
                #about,
                vec![#(simple::parameter::<#elided>()),*],
                simple::result::<#result>(),
            )
        }

        #class
    })
}

/// A type of a parameter, with the lifetime `'a` for its references.
fn row_type(r#type: &Type) -> TokenStream {
    match r#type {
        Type::Reference(reference) => {
            let inner = row_type(&reference.elem);
            quote!(&'a #inner)
        }
        other => {
            // `Option<&str>`, `Vec<&str>`: each `&` gets a lifetime.
            let mut with = vec![];
            let mut tokens = with_lifetime(other, "a").into_iter().peekable();
            add_lifetimes(&mut tokens, &mut with);
            with.into_iter().collect()
        }
    }
}

fn add_lifetimes(
    tokens: &mut std::iter::Peekable<proc_macro2::token_stream::IntoIter>,
    with: &mut Vec<proc_macro2::TokenTree>,
) {
    use proc_macro2::TokenTree;

    while let Some(token) = tokens.next() {
        let is = |token: &TokenTree, c| matches!(token, TokenTree::Punct(p) if p.as_char() == c);
        let is_reference = is(&token, '&');
        with.push(token);
        if is_reference && !tokens.peek().is_some_and(|next| is(next, '\'')) {
            with.extend(quote!('a));
        }
    }
}

fn type_name(r#type: &Type) -> Result<Ident> {
    match r#type {
        Type::Path(path) if path.qself.is_none() => match path.path.segments.last() {
            Some(last) if last.arguments.is_empty() => Ok(last.ident.clone()),
            _ => Err(Error::new_spanned(r#type, "the state cannot be generic")),
        },
        _ => Err(Error::new_spanned(r#type, "the state is a struct of yours")),
    }
}
