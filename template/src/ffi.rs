//! What stands between DataFusion and your code: the version check, capsules, panics, and, for
//! tables, the runtime, the plans and Arrow streams.
//!
//! You need not change anything in here. The files in `ffi/` are the same in every project that
//! has them, so a later version of the template can replace them.

{% if aggregate_udf or logical_extension_codec or physical_extension_codec -%}
pub mod aggregate_udf;
{% endif -%}
{% if table_provider -%}
pub mod arrow_stream;
#[expect(unsafe_code, reason = "capsules hold raw pointers")]
pub mod capsule;
pub mod claims;
{% endif -%}
pub mod error;
{% if logical_extension_codec or physical_extension_codec -%}
pub mod functions;
{% endif -%}
pub mod host;
{% if insert -%}
pub mod insert;
{% endif -%}
{% if extension_options or logical_extension_codec or physical_extension_codec -%}
pub mod options;
{% endif -%}
{% if table_provider -%}
pub mod runtime;
{% endif -%}
{% if scalar_udf or extension_options or logical_extension_codec or physical_extension_codec -%}
pub mod scalar_udf;
{% endif -%}
{% if table_provider -%}
pub mod source;
pub mod source_exec;
pub mod source_table;
{% endif -%}
{% if window_udf or logical_extension_codec or physical_extension_codec -%}
pub mod window_udf;
{% endif -%}
