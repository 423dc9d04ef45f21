//! The Python class of a function.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Error, Result};

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
