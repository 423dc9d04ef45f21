//! States of aggregate functions.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::signature::{numbered, zipped};

pub fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let fields = match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => &fields.named,
            _ => return Err(Error::new_spanned(item, "a state has fields with names")),
        },
        _ => return Err(Error::new_spanned(item, "a state is a struct")),
    };
    let state = &item.ident;
    let names: Vec<_> = fields
        .iter()
        .filter_map(|field| field.ident.as_ref())
        .collect();
    let texts = names.iter().map(|name| name.to_string());
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let columns = numbered(types.len());
    let at = 0..types.len();
    let (zipped, items) = zipped(&columns);
    Ok(quote! {
        impl ::pyo3_datafusion::function::State for #state {
            fn fields() -> Vec<(&'static str, ::pyo3_datafusion::function::simple::DataType)> {
                use ::pyo3_datafusion::function::simple::Returned;
                vec![#((#texts, <#types as Returned>::data_type())),*]
            }

            fn to_columns(
                states: &[Self],
            ) -> ::pyo3_datafusion::function::simple::Result<
                Vec<::pyo3_datafusion::function::simple::ArrayRef>,
            > {
                use ::pyo3_datafusion::function::simple::Returned;
                Ok(vec![
                    #(<#types as Returned>::collect(
                        states.iter().map(|state| state.#names.clone()),
                    )?),*
                ])
            }

            fn from_columns(
                columns: &[::pyo3_datafusion::function::simple::ArrayRef],
            ) -> ::pyo3_datafusion::function::simple::Result<impl Iterator<Item = Self>> {
                use ::pyo3_datafusion::function::simple::{Argument, column, shape};
                #(let #columns = <#types as Argument>::values(column(columns, #at)?, shape(columns))?;)*
                Ok(#zipped.map(|#items| Self { #(#names: #columns),* }))
            }
        }
    })
}
