//! {{project-name}}: what Python sees, one line for each class or function.

{% for module in modules -%}
{{module}}
{% endfor %}
use std::ops::RangeInclusive;

{% if codecs -%}
use datafusion_common::Result;
{% endif -%}
use pyo3::prelude::*;
use pyo3_datafusion::Package;
{%- if codecs %}
use pyo3_datafusion::function::Functions;

// What a Rust engine links, such as an executor of Ballista.
{%- for path in rust_exports %}
pub use crate::{{path}};
{%- endfor %}

/// The functions that a plan from another process may name.
pub fn functions() -> Result<Functions> {
    {%- if functions %}
    let mut functions = {% if function_library %}function_library::functions()?{% else %}Functions::default(){% endif %};
    {%- for push in functions_of_codecs %}
    functions.{{push}};
    {%- endfor %}
    Ok(functions)
    {%- else %}
    Ok(Functions::default())
    {%- endif %}
}
{%- endif %}

{% if session_extension -%}
/// What a session gets with the extension of this package, under the names that `register_all` uses.
{%- if across_55 %}
#[cfg(not(feature = "before-55"))]
{%- endif %}
fn components(py: Python<'_>) -> PyResult<pyo3_datafusion::export::SessionComponents<'_>> {
    let mut components = pyo3_datafusion::export::SessionComponents::new(py)?;
    {%- for component in components %}
    components.{{component}}?;
    {%- endfor %}
    Ok(components)
}

{% endif -%}
/// Adds everything to `module`. `majors` are those of `datafusion` that the package is for.
pub fn register(
    module: &Bound<'_, PyModule>,
    version: &'static str,
    majors: RangeInclusive<u64>,
) -> PyResult<()> {
    let package = Package {
        name: "{{project-name}}",
        version,
        options_prefix: "{{crate_name}}",
        majors,
    };
    package.register(module)?;
    {%- for class in module_classes %}
    {{class}}
    {%- endfor %}
    {%- if function_library %}
    let library = wrap_pyfunction!(function_library::function_library, module)?;
    module.add_function(library)?;
    {%- endif %}
    Ok(())
}
{% if older_datafusion == empty %}
#[pymodule(gil_used = false)]
fn _internal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register(module, env!("CARGO_PKG_VERSION"), {{newest_datafusion}}..={{newest_datafusion}})
}
{%- else %}
/// Fills the module with the classes of the build for the installed `datafusion`.
#[cfg(not(feature = "before-{{newest_datafusion}}"))]
#[pymodule(gil_used = false)]
fn _internal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let builds: &[(u64, pyo3_datafusion::Register)] = &[
        {%- for major in older_datafusion %}
        #[cfg(feature = "datafusion-{{major}}")]
        ({{major}}, datafusion_{{major}}::register),
        {%- endfor %}
        ({{newest_datafusion}}, register),
    ];
    pyo3_datafusion::register_for_host(module, env!("CARGO_PKG_VERSION"), builds)
}
{%- endif %}
