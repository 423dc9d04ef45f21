//! What is written in the parentheses of an attribute.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, Result, Token, bracketed};

#[derive(Default)]
pub struct Arguments {
    pub class: Option<LitStr>,
    pub name: Option<LitStr>,
    pub aliases: Vec<LitStr>,
    pub volatility: Option<LitStr>,
    pub options: bool,
    pub concurrency: Option<syn::LitInt>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            if key == "options" {
                arguments.options = true;
            } else {
                input.parse::<Token![=]>()?;
                match key.to_string().as_str() {
                    "class" => arguments.class = Some(input.parse()?),
                    "name" => arguments.name = Some(input.parse()?),
                    "volatility" => arguments.volatility = Some(input.parse()?),
                    "concurrency" => arguments.concurrency = Some(input.parse()?),
                    "aliases" => {
                        let list;
                        bracketed!(list in input);
                        let list = Punctuated::<LitStr, Token![,]>::parse_terminated(&list)?;
                        arguments.aliases = list.into_iter().collect();
                    }
                    _ => {
                        let keys = "class, name, aliases, volatility, options or concurrency";
                        return Err(Error::new(key.span(), format!("write one of {keys}")));
                    }
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    /// The function's name in SQL.
    pub fn sql_name(&self, default: &Ident) -> LitStr {
        let default = || LitStr::new(&snake_case(default), default.span());
        self.name.clone().unwrap_or_else(default)
    }

    /// The value `About { … }`.
    pub fn about(
        &self,
        name: &Ident,
        parameters: &[Ident],
        attributes: &[Attribute],
    ) -> Result<TokenStream> {
        let name = self.sql_name(name);
        let aliases = &self.aliases;
        let volatility = match &self.volatility {
            None => format_ident!("Immutable"),
            Some(volatility) => match volatility.value().as_str() {
                "immutable" => format_ident!("Immutable"),
                "stable" => format_ident!("Stable"),
                "volatile" => format_ident!("Volatile"),
                _ => {
                    let allowed = "write \"immutable\", \"stable\" or \"volatile\"";
                    return Err(Error::new(volatility.span(), allowed));
                }
            },
        };
        let parameters = parameters.iter().map(parameter_name);
        let description = doc_text(attributes);
        Ok(quote! {
            ::pyo3_datafusion::function::simple::About {
                name: #name,
                aliases: &[#(#aliases),*],
                volatility: ::pyo3_datafusion::function::simple::Volatility::#volatility,
                parameters: &[#(#parameters),*],
                description: #description,
            }
        })
    }
}

fn parameter_name(parameter: &Ident) -> String {
    let name = parameter.to_string();
    name.trim_start_matches("r#")
        .trim_start_matches('_')
        .to_owned()
}

/// `RootMeanSquare` is `root_mean_square`.
pub fn snake_case(name: &Ident) -> String {
    let mut snake = String::new();
    for (at, letter) in name.to_string().trim_start_matches("r#").char_indices() {
        if letter.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

pub fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// The text of a doc comment.
fn doc_text(attributes: &[Attribute]) -> LitStr {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(doc) if is_doc(attribute) => match &doc.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    let lines: Vec<_> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect();
    LitStr::new(lines.join("\n").trim(), Span::call_site())
}
