//! What stands between DataFusion and your code: the version check, capsules, panics, and, for
//! tables, the runtime, the plans and Arrow streams.
//!
//! You need not change anything in here. The files in `ffi/` are the same in every project that
//! has them, so a later version of the template can replace them. What differs between the majors
//! of DataFusion is in this file.

{% if aggregate_udf or function_library or logical_extension_codec or physical_extension_codec -%}
pub mod aggregate_udf;
{% endif -%}
{% if tables -%}
pub mod arrow_stream;
#[expect(unsafe_code, reason = "capsules hold raw pointers")]
pub mod capsule;
{% endif -%}
{% if table_provider -%}
pub mod claims;
{% endif -%}
{% if functions or logical_extension_codec or physical_extension_codec -%}
pub mod constants;
{% endif -%}
pub mod error;
{% if logical_extension_codec or physical_extension_codec -%}
pub mod function_codec;
{% endif -%}
{% if function_library -%}
pub mod function_library;
{% endif -%}
{% if function_library or logical_extension_codec or physical_extension_codec -%}
pub mod functions;
{% endif -%}
pub mod host;
{% if insert -%}
pub mod insert;
{% endif -%}
{% if insert or providers -%}
pub mod insert_exec;
{% endif -%}
{% if extension_options or logical_extension_codec or physical_extension_codec -%}
pub mod options;
{% endif -%}
{% if existing_catalog_provider -%}
pub mod provider_catalog;
{% endif -%}
{% if providers -%}
pub mod provider_exec;
pub mod provider_session;
pub mod provider_table;
{% endif -%}
{% if tables -%}
pub mod runtime;
{% endif -%}
{% if scalar_udf or extension_options or function_library or logical_extension_codec or physical_extension_codec -%}
pub mod scalar_udf;
{% endif -%}
{% if table_provider -%}
pub mod source;
pub mod source_exec;
pub mod source_table;
{% endif -%}
#[expect(unsafe_code, reason = "functions of FFI structs are replaced")]
pub mod unknown_options;
{% if window_udf or function_library or logical_extension_codec or physical_extension_codec -%}
pub mod window_udf;
{% endif -%}
{% if logical_extension_codec or physical_extension_codec %}
use pyo3::prelude::*;
{% elsif older_datafusion != empty %}
#[cfg(not(feature = "before-{{newest_datafusion}}"))]
use pyo3::prelude::*;
{% endif -%}

/// A field that `datafusion-ffi` has since 55.
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub type Since55<T> = [T; 0];
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}

/// A field that `datafusion-ffi` has since 55.
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub type Since55<T> = [T; 1];
{%- endif %}

/// An item or a statement for what `datafusion-ffi` has since 55.
macro_rules! since_55 {
    {%- if since_55 %}
    ($($one:tt)*) => {
        {%- if across_55 %}
        #[cfg(not(feature = "before-55"))]
        {%- endif %}
        $($one)*
    };
    {%- else %}
    ($($one:tt)*) => {};
    {%- endif %}
}
pub(crate) use since_55;
{% if tables %}
/// What an `ExecutionPlan` without expressions says about them.
macro_rules! without_expressions {
    {%- if since_55 %}
    () => {
        {%- if across_55 %}
        #[cfg(not(feature = "before-55"))]
        {%- endif %}
        fn apply_expressions(
            &self,
            _: &mut dyn FnMut(
                &Arc<dyn datafusion_physical_plan::PhysicalExpr>,
            ) -> Result<datafusion_common::tree_node::TreeNodeRecursion>,
        ) -> Result<datafusion_common::tree_node::TreeNodeRecursion> {
            Ok(datafusion_common::tree_node::TreeNodeRecursion::Continue)
        }
    };
    {%- else %}
    () => {};
    {%- endif %}
}
pub(crate) use without_expressions;
{% endif -%}
{% if providers %}
/// The catalogs of a `Session`: those of the host, where there is one.
macro_rules! catalogs_of_session {
    {%- if since_55 %}
    () => {
        {%- if across_55 %}
        #[cfg(not(feature = "before-55"))]
        {%- endif %}
        fn catalog_list(&self) -> Arc<dyn datafusion_catalog::CatalogProviderList> {
            match self.host {
                Some(host) => host.catalog_list(),
                None => Arc::new(datafusion_catalog::MemoryCatalogProviderList::new()),
            }
        }
    };
    {%- else %}
    () => {};
    {%- endif %}
}
pub(crate) use catalogs_of_session;

/// The physical expression for `expr`, over the columns of `schema`.
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub fn physical_expr(
    expr: &datafusion_expr::Expr,
    schema: &datafusion_common::DFSchema,
    props: &datafusion_expr::execution_props::ExecutionProps,
) -> datafusion_common::Result<std::sync::Arc<dyn datafusion_physical_plan::PhysicalExpr>> {
    datafusion_physical_expr::create_physical_expr(expr, schema, props)
}
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}

/// The physical expression for `expr`, over the columns of `schema`.
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub fn physical_expr(
    expr: &datafusion_expr::Expr,
    schema: &datafusion_common::DFSchema,
    props: &datafusion_expr::execution_props::ExecutionProps,
) -> datafusion_common::Result<std::sync::Arc<dyn datafusion_physical_plan::PhysicalExpr>> {
    datafusion_physical_expr::create_physical_expr(expr, schema, props, &Default::default())
}
{%- endif %}

/// The statistics of `plan` and of what is below it.
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub fn statistics_of_plan(
    plan: &dyn datafusion_physical_plan::ExecutionPlan,
    partition: Option<usize>,
) -> datafusion_common::Result<std::sync::Arc<datafusion_common::Statistics>> {
    plan.partition_statistics(partition)
}
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}

/// The statistics of `plan` and of what is below it.
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub fn statistics_of_plan(
    plan: &dyn datafusion_physical_plan::ExecutionPlan,
    partition: Option<usize>,
) -> datafusion_common::Result<std::sync::Arc<datafusion_common::Statistics>> {
    let args = datafusion_physical_plan::StatisticsArgs::new().with_partition(partition);
    datafusion_physical_plan::StatisticsContext::new().compute(plan, &args)
}
{%- endif %}
{% endif -%}
{% if listing_table %}
/// How files of `format` are listed and read.
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub fn listing_options(
    format: std::sync::Arc<dyn datafusion_datasource::file_format::FileFormat>,
) -> datafusion_catalog_listing::ListingOptions {
    let config = datafusion_execution::config::SessionConfig::new();
    datafusion_catalog_listing::ListingOptions::new(format).with_session_config_options(&config)
}
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}

/// How files of `format` are listed and read.
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub fn listing_options(
    format: std::sync::Arc<dyn datafusion_datasource::file_format::FileFormat>,
) -> datafusion_catalog_listing::ListingOptions {
    datafusion_catalog_listing::ListingOptions::new(format)
}
{%- endif %}
{% endif -%}
{% if aggregate_udf or function_library or logical_extension_codec or physical_extension_codec %}
/// The method `merge_batch` of a `GroupsAccumulator`, which calls `$merge`.
macro_rules! merge_batch {
    ($merge:path) => {
        {%- if before_55 %}
        {%- if across_55 %}
        #[cfg(feature = "before-55")]
        {%- endif %}
        $crate::ffi::merge_batch!($merge, Option<&arrow::array::BooleanArray>);
        {%- endif %}
        {%- if since_55 %}
        {%- if across_55 %}
        #[cfg(not(feature = "before-55"))]
        {%- endif %}
        $crate::ffi::merge_batch!($merge,);
        {%- endif %}
    };
    ($merge:path, $($filter:ty)?) => {
        fn merge_batch(
            &mut self,
            states: &[ArrayRef],
            group_indices: &[usize],
            $(_: $filter,)?
            total_num_groups: usize,
        ) -> Result<()> {
            $merge(self, states, group_indices, total_num_groups)
        }
    };
}
pub(crate) use merge_batch;

/// Calls the method `merge_batch` of `accumulator`.
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub fn merge(
    accumulator: &mut dyn datafusion_expr::GroupsAccumulator,
    states: &[arrow::array::ArrayRef],
    group_indices: &[usize],
    total_num_groups: usize,
) -> datafusion_common::Result<()> {
    accumulator.merge_batch(states, group_indices, None, total_num_groups)
}
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}

/// Calls the method `merge_batch` of `accumulator`.
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub fn merge(
    accumulator: &mut dyn datafusion_expr::GroupsAccumulator,
    states: &[arrow::array::ArrayRef],
    group_indices: &[usize],
    total_num_groups: usize,
) -> datafusion_common::Result<()> {
    accumulator.merge_batch(states, group_indices, total_num_groups)
}
{%- endif %}
{% endif -%}
{% if table_provider_factory %}
/// Where a `CREATE EXTERNAL TABLE` says that its rows are.
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub fn locations(statement: &datafusion_expr::CreateExternalTable) -> &[String] {
    std::slice::from_ref(&statement.location)
}
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}

/// Where a `CREATE EXTERNAL TABLE` says that its rows are.
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub fn locations(statement: &datafusion_expr::CreateExternalTable) -> &[String] {
    &statement.locations
}
{%- endif %}
{% endif -%}
{% if physical_optimizer_rule %}
{%- if before_55 %}
{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
pub use datafusion_physical_optimizer::PhysicalOptimizerRule;
{%- endif %}
{%- if since_55 %}
{%- if across_55 %}
#[cfg(not(feature = "before-55"))]
{%- endif %}
pub use datafusion_session::PhysicalOptimizerRule;
{%- endif %}
{% endif -%}
{% if logical_extension_codec or physical_extension_codec %}
/// The session that a codec is for.
{%- if before_55 %} `datafusion` 54 does not say which one that is: it is one
/// with the default options there.
{%- endif %}
pub fn session_of_codec(
    host: host::Host<'_>,
    session: Option<&Bound<'_, PyAny>>,
) -> PyResult<datafusion_ffi::execution::FFI_TaskContextProvider> {
    {%- if before_55 %}
    {%- if across_55 %}
    #[cfg(feature = "before-55")]
    {%- endif %}
    if session.is_none() {
        let session: std::sync::Arc<dyn datafusion_execution::TaskContextProvider> =
            defaults::SESSION.clone();
        return Ok((&session).into());
    }
    {%- endif %}
    capsule::from_session(host, session)
}
{%- if before_55 %}

{%- if across_55 %}
#[cfg(feature = "before-55")]
{%- endif %}
mod defaults {
    use std::sync::{Arc, LazyLock};

    use datafusion_execution::{TaskContext, TaskContextProvider};

    #[derive(Default)]
    pub struct Defaults(Arc<TaskContext>);

    impl TaskContextProvider for Defaults {
        fn task_ctx(&self) -> Arc<TaskContext> {
            Arc::clone(&self.0)
        }
    }

    /// It lives as long as the process, as capsules refer to it weakly.
    pub static SESSION: LazyLock<Arc<Defaults>> = LazyLock::new(Arc::default);
}
{%- endif %}
{% endif -%}
{% if physical_extension_codec %}
/// The methods of a `PhysicalExtensionCodec` that make bytes of plans, and plans of bytes.
macro_rules! plans_as_bytes {
    ($encode:path, $decode:path) => {
        {%- if before_55 %}
        {%- if across_55 %}
        #[cfg(feature = "before-55")]
        {%- endif %}
        $crate::ffi::plans_as_bytes!($encode, $decode,);
        {%- endif %}
        {%- if since_55 %}
        {%- if across_55 %}
        #[cfg(not(feature = "before-55"))]
        {%- endif %}
        $crate::ffi::plans_as_bytes!(
            $encode,
            $decode,
            datafusion_proto::physical_plan::PhysicalProtoConverterExtension
        );
        {%- endif %}
    };
    ($encode:path, $decode:path, $($converter:path)?) => {
        fn try_encode(
            &self,
            plan: Arc<dyn ExecutionPlan>,
            buffer: &mut Vec<u8>,
            $(_: &dyn $converter,)?
        ) -> Result<()> {
            catch(|| {
                buffer.extend($encode(plan.as_ref())?);
                Ok(())
            })
        }

        fn try_decode(
            &self,
            bytes: &[u8],
            _: &[Arc<dyn ExecutionPlan>],
            _: &datafusion_execution::TaskContext,
            $(_: &dyn $converter,)?
        ) -> Result<Arc<dyn ExecutionPlan>> {
            catch(|| $decode(bytes))
        }
    };
}
pub(crate) use plans_as_bytes;
{% endif -%}
{% if query_planner and since_55 %}
{%- if across_55 %}
#[cfg(not(feature = "before-55"))]
{%- endif %}
impl host::Capsule for datafusion_ffi::query_planner::FFI_QueryPlanner {
    const NAME: &'static std::ffi::CStr = c"datafusion_query_planner";
}
{% endif -%}
{% if older_datafusion != empty %}
/// Fills the module with the classes of the crate for the installed `datafusion`. If no crate fits,
/// the newest crate is used, and its methods say what to install.
#[cfg(not(feature = "before-{{newest_datafusion}}"))]
#[pymodule(gil_used = false)]
fn _internal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    type Register = fn(&Bound<'_, PyModule>) -> PyResult<()>;
    type Crate = (u64, &'static std::sync::OnceLock<host::Package>, Register);

    let newest: Crate = (host::major(), &host::PACKAGE, crate::register);
    let older: &[Crate] = &[
        {%- for major in older_datafusion %}
        #[cfg(feature = "datafusion-{{major}}")]
        {
            use datafusion_{{major}}::{ffi::host, register};
            (host::major(), &host::PACKAGE, register)
        },
        {%- endfor %}
    ];
    let first = older.first().unwrap_or(&newest).0;
    let installed = host::installed_version(module.py());
    let installed = installed.ok().and_then(|version| host::major_of(&version));
    let chosen = older.iter().find(|(major, ..)| installed == Some(*major));
    let (_, package, register) = chosen.unwrap_or(&newest);
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    package.get_or_init(|| (name, version, first, newest.0));
    register(module)
}
{% endif -%}
