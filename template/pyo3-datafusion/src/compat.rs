//! What differs between the majors of DataFusion. `before-55` is on where this crate is built for an
//! older major than 55.

#[cfg(feature = "tables")]
use std::sync::Arc;

use datafusion_common::Result;
#[cfg(feature = "functions")]
use {arrow::array::ArrayRef, datafusion_expr::GroupsAccumulator};

/// A field that `datafusion-ffi` has since 55.
pub(crate) type Since55<T> = [T; cfg!(not(feature = "before-55")) as usize];

/// An item or a statement for what `datafusion-ffi` has since 55.
macro_rules! since_55 {
    ($($one:tt)*) => {
        #[cfg(not(feature = "before-55"))]
        $($one)*
    };
}
pub(crate) use since_55;

/// A rule that rewrites physical plans.
#[cfg(all(feature = "plans", feature = "before-55"))]
pub use datafusion_physical_optimizer::PhysicalOptimizerRule;
#[cfg(all(feature = "plans", not(feature = "before-55")))]
pub use datafusion_session::{PhysicalOptimizerContext, PhysicalOptimizerRule};

/// The locations that a `CREATE EXTERNAL TABLE` names.
#[cfg(all(feature = "tables", feature = "before-55"))]
pub fn locations(statement: &datafusion_expr::CreateExternalTable) -> &[String] {
    std::slice::from_ref(&statement.location)
}

/// The locations that a `CREATE EXTERNAL TABLE` names.
#[cfg(all(feature = "tables", not(feature = "before-55")))]
pub fn locations(statement: &datafusion_expr::CreateExternalTable) -> &[String] {
    &statement.locations
}

/// How files of `format` are listed and read.
#[cfg(feature = "files")]
pub fn listing_options(
    format: Arc<dyn datafusion_datasource::file_format::FileFormat>,
) -> datafusion_catalog_listing::ListingOptions {
    let options = datafusion_catalog_listing::ListingOptions::new(format);
    #[cfg(feature = "before-55")]
    let options = options.with_session_config_options(&Default::default());
    options
}

/// The method of an `ExecutionPlan` that 55 requires, for a plan without expressions.
#[cfg(feature = "tables")]
macro_rules! without_expressions {
    () => {
        #[cfg(not(feature = "before-55"))]
        fn apply_expressions(
            &self,
            _: &mut dyn FnMut(
                &Arc<dyn datafusion_physical_plan::PhysicalExpr>,
            ) -> Result<datafusion_common::tree_node::TreeNodeRecursion>,
        ) -> Result<datafusion_common::tree_node::TreeNodeRecursion> {
            Ok(datafusion_common::tree_node::TreeNodeRecursion::Continue)
        }
    };
}
#[cfg(feature = "tables")]
pub(crate) use without_expressions;

/// The method of a `Session` that 55 requires.
#[cfg(feature = "tables")]
macro_rules! catalogs_of_session {
    () => {
        #[cfg(not(feature = "before-55"))]
        fn catalog_list(&self) -> Arc<dyn datafusion_catalog::CatalogProviderList> {
            match self.host {
                Some(host) => host.catalog_list(),
                None => Arc::new(datafusion_catalog::MemoryCatalogProviderList::new()),
            }
        }
    };
}
#[cfg(feature = "tables")]
pub(crate) use catalogs_of_session;

/// The physical expression for `expr`, over the columns of `schema`.
#[cfg(feature = "tables")]
pub(crate) fn physical_expr(
    expr: &datafusion_expr::Expr,
    schema: &datafusion_common::DFSchema,
    props: &datafusion_expr::execution_props::ExecutionProps,
) -> Result<Arc<dyn datafusion_physical_plan::PhysicalExpr>> {
    datafusion_physical_expr::create_physical_expr(
        expr,
        schema,
        props,
        #[cfg(not(feature = "before-55"))]
        &Default::default(),
    )
}

/// The statistics of `plan` and of what is below it.
#[cfg(all(feature = "tables", feature = "before-55"))]
pub(crate) fn statistics_of_plan(
    plan: &dyn datafusion_physical_plan::ExecutionPlan,
    partition: Option<usize>,
) -> Result<Arc<datafusion_common::Statistics>> {
    plan.partition_statistics(partition)
}

/// The statistics of `plan` and of what is below it.
#[cfg(all(feature = "tables", not(feature = "before-55")))]
pub(crate) fn statistics_of_plan(
    plan: &dyn datafusion_physical_plan::ExecutionPlan,
    partition: Option<usize>,
) -> Result<Arc<datafusion_common::Statistics>> {
    let args = datafusion_physical_plan::StatisticsArgs::new().with_partition(partition);
    datafusion_physical_plan::StatisticsContext::new().compute(plan, &args)
}

/// The method `merge_batch` of a `GroupsAccumulator`, which calls `$merge`. Before 55 it takes a
/// filter, which DataFusion never gives it.
#[cfg(feature = "functions")]
macro_rules! merge_batch {
    ($merge:path) => {
        fn merge_batch(
            &mut self,
            states: &[ArrayRef],
            group_indices: &[usize],
            #[cfg(feature = "before-55")] _: Option<&arrow::array::BooleanArray>,
            total_num_groups: usize,
        ) -> Result<()> {
            $merge(self, states, group_indices, total_num_groups)
        }
    };
}
#[cfg(feature = "functions")]
pub(crate) use merge_batch;

/// Before 55, DataFusion calls `convert_to_state` of a `GroupsAccumulator` only if this method allows it.
#[cfg(feature = "functions")]
macro_rules! supports_convert_to_state {
    ($self:ident => $supported:expr) => {
        #[cfg(feature = "before-55")]
        fn supports_convert_to_state(&$self) -> bool {
            $supported
        }
    };
}
#[cfg(feature = "functions")]
pub(crate) use supports_convert_to_state;

/// Calls the method `merge_batch` of `accumulator`.
#[cfg(feature = "functions")]
pub(crate) fn merge(
    accumulator: &mut dyn GroupsAccumulator,
    states: &[ArrayRef],
    group_indices: &[usize],
    total_num_groups: usize,
) -> Result<()> {
    accumulator.merge_batch(
        states,
        group_indices,
        #[cfg(feature = "before-55")]
        None,
        total_num_groups,
    )
}

/// The session of a codec, where the host does not say which one that is.
#[cfg(all(feature = "plans", not(feature = "before-55")))]
pub(crate) fn default_session() -> Option<datafusion_ffi::execution::FFI_TaskContextProvider> {
    None
}

/// The session of a codec, where the host does not say which one that is: one with the default
/// options, which lives as long as the process. Capsules refer to it weakly.
#[cfg(all(feature = "plans", feature = "before-55"))]
pub(crate) fn default_session() -> Option<datafusion_ffi::execution::FFI_TaskContextProvider> {
    use std::sync::LazyLock;

    use datafusion_execution::{TaskContext, TaskContextProvider};

    #[derive(Default)]
    struct Defaults(Arc<TaskContext>);

    impl TaskContextProvider for Defaults {
        fn task_ctx(&self) -> Arc<TaskContext> {
            Arc::clone(&self.0)
        }
    }

    static SESSION: LazyLock<Arc<Defaults>> = LazyLock::new(Arc::default);

    let session: Arc<dyn TaskContextProvider> = Arc::clone(&*SESSION) as _;
    Some((&session).into())
}

/// How a codec reaches the codecs of the expressions in a plan. Before 55 there is no such thing.
#[cfg(all(feature = "plans", feature = "before-55"))]
pub(crate) type Converter<'a> = &'a ();
#[cfg(all(feature = "plans", not(feature = "before-55")))]
pub(crate) type Converter<'a> =
    &'a dyn datafusion_proto::physical_plan::PhysicalProtoConverterExtension;

/// The methods of a `PhysicalExtensionCodec` for plans, which call `$encode` and `$decode`.
#[cfg(feature = "plans")]
macro_rules! plans_as_bytes {
    ($encode:path, $decode:path) => {
        fn try_encode(
            &self,
            plan: Arc<dyn ExecutionPlan>,
            buffer: &mut Vec<u8>,
            #[cfg(not(feature = "before-55"))] converter: Converter<'_>,
        ) -> Result<()> {
            #[cfg(feature = "before-55")]
            let converter = &();
            $encode(self, plan, buffer, converter)
        }

        fn try_decode(
            &self,
            bytes: &[u8],
            inputs: &[Arc<dyn ExecutionPlan>],
            context: &TaskContext,
            #[cfg(not(feature = "before-55"))] converter: Converter<'_>,
        ) -> Result<Arc<dyn ExecutionPlan>> {
            #[cfg(feature = "before-55")]
            let converter = &();
            $decode(self, bytes, inputs, context, converter)
        }
    };
}
#[cfg(feature = "plans")]
pub(crate) use plans_as_bytes;

/// Calls the method `try_encode` of `codec`.
#[cfg(feature = "plans")]
pub(crate) fn encode_plan(
    codec: &dyn datafusion_proto::physical_plan::PhysicalExtensionCodec,
    plan: Arc<dyn datafusion_physical_plan::ExecutionPlan>,
    buffer: &mut Vec<u8>,
    _converter: Converter<'_>,
) -> Result<()> {
    codec.try_encode(
        plan,
        buffer,
        #[cfg(not(feature = "before-55"))]
        _converter,
    )
}

/// Calls the method `try_decode` of `codec`.
#[cfg(feature = "plans")]
pub(crate) fn decode_plan(
    codec: &dyn datafusion_proto::physical_plan::PhysicalExtensionCodec,
    bytes: &[u8],
    inputs: &[Arc<dyn datafusion_physical_plan::ExecutionPlan>],
    context: &datafusion_execution::TaskContext,
    _converter: Converter<'_>,
) -> Result<Arc<dyn datafusion_physical_plan::ExecutionPlan>> {
    codec.try_decode(
        bytes,
        inputs,
        context,
        #[cfg(not(feature = "before-55"))]
        _converter,
    )
}
