//! {{project-name}}: what Python sees, one line for each class or function.

{% if aggregate_udf -%}
mod aggregate_udf;
{% endif -%}
{% if catalog_provider -%}
mod catalog_provider;
{% endif -%}
{% if catalog_provider_list -%}
mod catalog_provider_list;
{% endif -%}
{% if existing_catalog_provider -%}
mod existing_catalog_provider;
{% endif -%}
{% if existing_table_provider -%}
mod existing_table_provider;
{% endif -%}
{% if extension_options -%}
mod extension_options;
{% endif -%}
pub mod ffi;
{% if function_library -%}
mod function_library;
{% endif -%}
{% if insert -%}
mod insert;
{% endif -%}
{% if listing_table -%}
mod listing_table;
{% endif -%}
{% if logical_extension_codec -%}
mod logical_extension_codec;
{% endif -%}
{% if physical_extension_codec -%}
mod physical_extension_codec;
{% endif -%}
{% if physical_optimizer_rule -%}
mod physical_optimizer_rule;
{% endif -%}
{% if query_planner -%}
{%- if across_55 %}
#[cfg(not(feature = "before-55"))]
{%- endif %}
mod query_planner;
{% endif -%}
{% if table_provider -%}
mod readings;
{% endif -%}
{% if scalar_udf -%}
mod scalar_udf;
{% endif -%}
{% if schema_provider -%}
mod schema_provider;
{% endif -%}
{% if session_extension -%}
{%- if across_55 %}
#[cfg(not(feature = "before-55"))]
{%- endif %}
mod session_extension;
{% endif -%}
{% if table_provider -%}
mod source;
{% endif -%}
{% if table_function -%}
mod table_function;
{% endif -%}
{% if table_provider -%}
mod table_provider;
{% endif -%}
{% if table_provider_factory -%}
mod table_provider_factory;
{% endif -%}
{% if window_udf -%}
mod window_udf;
{% endif %}
{% if logical_extension_codec or physical_extension_codec -%}
use datafusion_common::Result;
{% endif -%}
use pyo3::prelude::*;
{%- if logical_extension_codec or physical_extension_codec %}

use crate::ffi::functions::Functions;

// What a Rust engine links, such as an executor of Ballista.
{%- if logical_extension_codec %}
pub use crate::logical_extension_codec::ReadingsLogicalCodec;
{%- endif %}
{%- if physical_extension_codec %}
pub use crate::physical_extension_codec::ReadingsPhysicalCodec;
{%- endif %}
pub use crate::source::ReadingsSource;
{%- endif %}

{% if logical_extension_codec or physical_extension_codec -%}
/// The functions that a plan from another process may name.
pub fn functions() -> Result<Functions> {
    {%- if functions %}
    let mut functions = {% if function_library %}function_library::functions()?{% else %}Functions::default(){% endif %};
    {%- if scalar_udf %}
    functions.scalar.push(scalar_udf::function());
    {%- endif %}
    {%- if extension_options %}
    functions.scalar.push(extension_options::function());
    {%- endif %}
    {%- if aggregate_udf %}
    functions.aggregate.push(aggregate_udf::function());
    {%- endif %}
    {%- if window_udf %}
    functions.window.push(window_udf::function());
    {%- endif %}
    Ok(functions)
    {%- else %}
    Ok(Functions::default())
    {%- endif %}
}

{% endif -%}
/// Adds everything to `module`.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    ffi::host::register(module)?;
    {%- if table_provider %}
    module.add_class::<table_provider::Readings>()?;
    {%- endif %}
    {%- if insert %}
    module.add_class::<insert::Journal>()?;
    {%- endif %}
    {%- if table_provider_factory %}
    module.add_class::<table_provider_factory::ReadingsFactory>()?;
    {%- endif %}
    {%- if table_function %}
    module.add_class::<table_function::ReadingsFunction>()?;
    {%- endif %}
    {%- if scalar_udf %}
    module.add_class::<scalar_udf::Fahrenheit>()?;
    {%- endif %}
    {%- if aggregate_udf %}
    module.add_class::<aggregate_udf::RootMeanSquare>()?;
    {%- endif %}
    {%- if window_udf %}
    module.add_class::<window_udf::Change>()?;
    {%- endif %}
    {%- if schema_provider %}
    module.add_class::<schema_provider::ReadingsSchema>()?;
    {%- endif %}
    {%- if catalog_provider %}
    module.add_class::<catalog_provider::ReadingsCatalog>()?;
    {%- endif %}
    {%- if catalog_provider_list %}
    module.add_class::<catalog_provider_list::ReadingsCatalogList>()?;
    {%- endif %}
    {%- if extension_options %}
    module.add_class::<extension_options::Options>()?;
    module.add_class::<extension_options::ShowCelsius>()?;
    {%- endif %}
    {%- if physical_optimizer_rule %}
    module.add_class::<physical_optimizer_rule::TrustSourceRule>()?;
    {%- endif %}
    {%- if logical_extension_codec %}
    module.add_class::<logical_extension_codec::LogicalCodec>()?;
    {%- endif %}
    {%- if physical_extension_codec %}
    module.add_class::<physical_extension_codec::PhysicalCodec>()?;
    {%- endif %}
    {%- if query_planner %}
    {%- if across_55 %}
    #[cfg(not(feature = "before-55"))]
    {%- endif %}
    module.add_class::<query_planner::OffsetPlanner>()?;
    {%- endif %}
    {%- if session_extension %}
    {%- if across_55 %}
    #[cfg(not(feature = "before-55"))]
    {%- endif %}
    module.add_class::<session_extension::SessionExtension>()?;
    {%- endif %}
    {%- if existing_table_provider %}
    module.add_class::<existing_table_provider::Rooms>()?;
    {%- endif %}
    {%- if existing_catalog_provider %}
    module.add_class::<existing_catalog_provider::BuildingCatalog>()?;
    {%- endif %}
    {%- if listing_table %}
    module.add_class::<listing_table::ReadingsFiles>()?;
    {%- endif %}
    {%- if function_library %}
    let library = wrap_pyfunction!(function_library::function_library, module)?;
    module.add_function(library)?;
    {%- endif %}
    Ok(())
}
{%- if older_datafusion == empty %}

#[pymodule(gil_used = false)]
fn _internal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    register(module)
}
{%- endif %}
