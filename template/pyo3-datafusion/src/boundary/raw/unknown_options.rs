//! Lets a host have options that this crate does not know, as a later minor release of DataFusion may.
//!
//! A host sends all options of its session as text. `datafusion-ffi` fails on one that it does not
//! know, or falls back to the defaults of all options. So each struct that goes out through a capsule
//! gets functions of this file instead of those that read options. They drop the options that this
//! crate cannot read, and then call the functions that they replace. What a function returns gets the
//! same treatment, as does a copy of the struct.
//!
//! A host whose release is older has the same fault when this crate calls one of its functions. So the
//! functions of a session get no options that the session does not have.
//!
//! The same places call the functions of `scan.rs` and `run.rs`, which copy less of the session.
//!
//! The fields of some structs are private. Here such a struct has a mirror, a struct with the same
//! fields in the same order. The ABI of a major is fixed, so a mirror fits each release of it.

use std::ffi::c_void;
use std::mem::{self, ManuallyDrop, offset_of};
use std::sync::{LazyLock, OnceLock};

use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use async_ffi::{FfiFuture, FutureExt};
use datafusion_common::config::ConfigOptions;
use datafusion_ffi::arrow_wrappers::{WrappedArray, WrappedSchema};
use datafusion_ffi::catalog_provider::FFI_CatalogProvider;
use datafusion_ffi::catalog_provider_list::FFI_CatalogProviderList;
use datafusion_ffi::config::FFI_ConfigOptions;
use datafusion_ffi::config::extension_options::FFI_ExtensionOptions;
use datafusion_ffi::execution::{FFI_TaskContext, FFI_TaskContextProvider};
use datafusion_ffi::execution_plan::FFI_ExecutionPlan;
use datafusion_ffi::expr::columnar_value::FFI_ColumnarValue;
use datafusion_ffi::ffi_option::{FFI_Option, FFI_Result};
use datafusion_ffi::get_library_marker_id;
use datafusion_ffi::insert_op::FFI_InsertOp;
use datafusion_ffi::physical_optimizer::FFI_PhysicalOptimizerRule;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use datafusion_ffi::proto::physical_extension_codec::FFI_PhysicalExtensionCodec;
use datafusion_ffi::record_batch_stream::FFI_RecordBatchStream;
use datafusion_ffi::schema_provider::FFI_SchemaProvider;
use datafusion_ffi::session::config::FFI_SessionConfig;
use datafusion_ffi::table_provider::FFI_TableProvider;
use datafusion_ffi::table_provider_factory::FFI_TableProviderFactory;
use datafusion_ffi::table_source::FFI_TableProviderFilterPushDown;
use datafusion_ffi::udaf::FFI_AggregateUDF;
use datafusion_ffi::udf::FFI_ScalarUDF;
use datafusion_ffi::udtf::FFI_TableFunction;
use datafusion_ffi::udwf::FFI_WindowUDF;
use stabby::slice::Slice;
use stabby::str::Str;
use stabby::string::String as SString;
use stabby::vec::Vec as SVec;

use crate::boundary::error::crossed;
use crate::compat::{Since55, since_55};

/// What crosses the FFI.
pub trait Lenient: Sized {
    /// The same, but it accepts options that this crate does not know.
    fn lenient(self) -> Self {
        self
    }
}

// No options cross in these.
impl Lenient for FFI_AggregateUDF {}
impl Lenient for FFI_ArrowArrayStream {}
impl Lenient for FFI_ArrowSchema {}
impl Lenient for FFI_ExtensionOptions {}
impl Lenient for FFI_RecordBatchStream {}
impl Lenient for FFI_WindowUDF {}

impl<T: Lenient> Lenient for FFI_Option<T> {
    fn lenient(self) -> Self {
        self.map(T::lenient)
    }
}

impl<T: Lenient> Lenient for FFI_Result<T> {
    fn lenient(self) -> Self {
        match self {
            Self::Ok(value) => Self::Ok(value.lenient()),
            Self::Err(message) => Self::Err(crossed(&message).into()),
        }
    }
}

impl<T: Lenient> Lenient for SVec<T> {
    fn lenient(self) -> Self {
        self.into_iter().map(T::lenient).collect()
    }
}

impl<T: Lenient + Send + 'static> Lenient for FfiFuture<T> {
    fn lenient(self) -> Self {
        async move { self.await.lenient() }.into_ffi()
    }
}

/// Drops the options that `library` does not know, or whose values it cannot read.
fn readable_by(library: usize, mut options: FFI_ConfigOptions) -> FFI_ConfigOptions {
    if ours(library) {
        drop_unknown(&mut options);
    } else if let Some(names) = SENT.get(library) {
        let (mut theirs, mut ours) = (Search::new(names), Search::new(&DEFAULTS.0));
        retain(&mut options, |key, value| {
            // An option that is not set is not sent, but then it has no default here either.
            let is_default = |at| DEFAULTS.1.get(at) == Some(&Some(value.to_owned()));
            theirs.find(key).is_some() || !ours.find(key).is_some_and(is_default)
        });
    }
    options
}

/// Drops the options that this crate does not know, and the values that it cannot read. Defaults are
/// dropped too, as a reader starts from them: reading an option takes much longer than comparing it.
fn drop_unknown(options: &mut FFI_ConfigOptions) {
    let mut search = Search::new(&DEFAULTS.0);
    let mut config = None;
    retain(options, |key, value| {
        let Some(at) = search.find(key) else {
            return false;
        };
        let default = DEFAULTS.1.get(at).and_then(Option::as_deref);
        if default == Some(value) {
            return false;
        }
        let config: &mut ConfigOptions = config.get_or_insert_default();
        config.set(key, value).is_ok()
    });
}

/// Drops the options of DataFusion for which `is_known` is false. Those of packages go another way,
/// and none of them is an error.
fn retain(options: &mut FFI_ConfigOptions, mut is_known: impl FnMut(&str, &str) -> bool) {
    let options = &mut Options::of(options).base_options;
    let known: Vec<_> = options
        .iter()
        .map(|(key, value)| !key.starts_with("datafusion.") || is_known(key, value))
        .collect();
    if known.contains(&false) {
        let pairs = mem::take(options).into_iter().zip(known);
        let pairs = pairs.filter_map(|(pair, known)| known.then_some(pair));
        *options = pairs.collect();
    }
}

/// The names and the defaults of all options that this crate knows.
static DEFAULTS: LazyLock<(Vec<String>, Vec<Option<String>>)> = LazyLock::new(|| {
    let entries = ConfigOptions::default().entries().into_iter();
    entries.map(|entry| (entry.key, entry.value)).unzip()
});

/// The names of the options that each other library sent with its first session.
static SENT: PerLibrary<Vec<String>> = PerLibrary::new();

/// Finds names in a list. All options arrive with each batch of a function, so this must be quick:
/// names are asked for nearly in the order of the list.
struct Search<'a> {
    names: &'a [String],
    next: usize,
}

impl<'a> Search<'a> {
    fn new(names: &'a [String]) -> Self {
        Self { names, next: 0 }
    }

    fn find(&mut self, name: &str) -> Option<usize> {
        let is_next = self.names.get(self.next).is_some_and(|next| next == name);
        if !is_next {
            self.next = self.names.iter().position(|known| known == name)?;
        }
        self.next += 1;
        Some(self.next - 1)
    }
}

/// A value for each library. Libraries are told apart by their `library_marker_id`. This is a list
/// without locks, as a lock may be held when the process is forked.
struct PerLibrary<T> {
    first: OnceLock<(usize, T)>,
    others: OnceLock<Box<PerLibrary<T>>>,
}

impl<T> PerLibrary<T> {
    const fn new() -> Self {
        Self {
            first: OnceLock::new(),
            others: OnceLock::new(),
        }
    }

    /// Keeps what `value` returns, unless there is a value already.
    fn keep(&self, library: usize, value: impl Fn() -> T) {
        let (first, _) = self.first.get_or_init(|| (library, value()));
        if *first != library {
            let others = self.others.get_or_init(|| Box::new(Self::new()));
            others.keep(library, value);
        }
    }

    fn get(&self, library: usize) -> Option<&T> {
        match self.first.get()? {
            (first, value) if *first == library => Some(value),
            _ => self.others.get()?.get(library),
        }
    }
}

/// Whether a struct was made by this crate, so that its functions read options here.
fn ours(library: usize) -> bool {
    library == get_library_marker_id()
}

/// Whether a struct was made by another library, so that its functions return options.
fn theirs(library: usize) -> bool {
    !ours(library)
}

/// For structs whose functions do the same on both sides.
fn any(_: usize) -> bool {
    true
}

/// Defines a function that replaces functions of a struct. In the body of a new function, its name is
/// that of the function that it replaces.
macro_rules! replace {
    (
        $whose:ident: fn $replace:ident($this:ident: $Struct:ty);
        $(fn $function:ident($($argument:ident: $type:ty),*) -> $returned:ty $body:block)*
    ) => {
        fn $replace($this: &mut $Struct) {
            let library = ($this.library_marker_id)();
            if $whose(library) {
                $({
                    type Function = unsafe extern "C" fn(&$Struct, $($type),*) -> $returned;
                    static REPLACED: PerLibrary<Function> = PerLibrary::new();

                    unsafe extern "C" fn $function(
                        $this: &$Struct,
                        $($argument: $type),*
                    ) -> $returned {
                        let Some(&$function) = REPLACED.get(($this.library_marker_id)()) else {
                            // Never runs: a function is kept before it is replaced. A panic must
                            // not cross the FFI.
                            std::process::abort();
                        };
                        // SAFETY: the function is from a struct of the same library, and so fits
                        // this one. It gets the arguments that its caller has for it.
                        unsafe { $body }
                    }

                    // A struct may come here twice: the first function is the one that is kept.
                    REPLACED.keep(library, || $this.$function);
                    $this.$function = $function;
                })*
            }
        }
    };
}

/// Replaces the functions of structs whose fields are public.
macro_rules! lenient {
    ($($Struct:ty: $replace:ident;)*) => {
        $(impl Lenient for $Struct {
            fn lenient(mut self) -> Self {
                $replace(&mut self);
                self
            }
        })*
    };
}

/// Replaces the functions of structs through their mirrors. What can be seen of a struct from outside
/// must be the same: its size, its alignment, and where its public fields are.
macro_rules! mirrors {
    ($($Mirror:ident of $Struct:ty $(, with $replace:ident)?: $($field:ident)*;)*) => {
        $(
            const _: () = {
                assert!(size_of::<$Mirror>() == size_of::<$Struct>());
                assert!(align_of::<$Mirror>() == align_of::<$Struct>());
                $(assert!(offset_of!($Mirror, $field) == offset_of!($Struct, $field));)*
            };

            impl $Mirror {
                pub(super) fn of(mirrored: &mut $Struct) -> &mut Self {
                    // SAFETY: both are `repr(C)` and have the same fields in the same order, which
                    // the template compares with the sources of each release. What can be compared
                    // here is compared above. The reference lives as long as that to the struct.
                    unsafe { &mut *(&raw mut *mirrored).cast() }
                }
            }

            $(impl Lenient for $Struct {
                fn lenient(mut self) -> Self {
                    $replace($Mirror::of(&mut self));
                    self
                }
            })?
        )*
    };
}

/// A field that nothing here uses, often a function.
type Pointer = *const c_void;

/// The mirror of `FFI_ConfigOptions`.
#[repr(C)]
struct Options {
    base_options: SVec<(SString, SString)>,
    extensions: ManuallyDrop<FFI_ExtensionOptions>,
}

/// The mirror of `FFI_SessionRef`, which is private as a whole. Dropping it does nothing: each one is
/// handed on.
#[repr(C)]
pub(super) struct SessionRef {
    session_id: Pointer,
    config: unsafe extern "C" fn(&SessionRef) -> FFI_SessionConfig,
    catalog_list: Since55<Pointer>,
    query_planner: Since55<Pointer>,
    optimize: Since55<Pointer>,
    create_physical_plan: Pointer,
    create_physical_expr: Pointer,
    pub(super) scalar_functions:
        unsafe extern "C" fn(&SessionRef) -> SVec<(SString, FFI_ScalarUDF)>,
    pub(super) aggregate_functions:
        unsafe extern "C" fn(&SessionRef) -> SVec<(SString, FFI_AggregateUDF)>,
    pub(super) window_functions:
        unsafe extern "C" fn(&SessionRef) -> SVec<(SString, FFI_WindowUDF)>,
    pub(super) table_options: unsafe extern "C" fn(&SessionRef) -> SVec<(SString, SString)>,
    default_table_options: Pointer,
    pub(super) task_ctx: unsafe extern "C" fn(&SessionRef) -> FFI_TaskContext,
    physical_optimizers: Since55<Pointer>,
    pub(super) logical_codec: ManuallyDrop<FFI_LogicalExtensionCodec>,
    pub(super) physical_codec: Since55<ManuallyDrop<FFI_PhysicalExtensionCodec>>,
    pub(super) clone: unsafe extern "C" fn(&SessionRef) -> SessionRef,
    pub(super) release: unsafe extern "C" fn(&mut SessionRef),
    version: Pointer,
    private_data: Pointer,
    library_marker_id: extern "C" fn() -> usize,
}

/// The mirror of `FFI_TableProvider`.
#[repr(C)]
pub(super) struct TableProvider {
    schema: Pointer,
    pub(super) scan: unsafe extern "C" fn(
        &TableProvider,
        SessionRef,
        FFI_Option<SVec<usize>>,
        SVec<u8>,
        FFI_Option<usize>,
    ) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>>,
    table_type: Pointer,
    pub(super) supports_filters_pushdown: Option<
        unsafe extern "C" fn(
            &TableProvider,
            SVec<u8>,
        ) -> FFI_Result<SVec<FFI_TableProviderFilterPushDown>>,
    >,
    insert_into: unsafe extern "C" fn(
        &TableProvider,
        SessionRef,
        &FFI_ExecutionPlan,
        FFI_InsertOp,
    ) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>>,
    statistics: Pointer,
    pub(super) logical_codec: ManuallyDrop<FFI_LogicalExtensionCodec>,
    clone: unsafe extern "C" fn(&TableProvider) -> FFI_TableProvider,
    release: Pointer,
    version: Pointer,
    private_data: Pointer,
    library_marker_id: extern "C" fn() -> usize,
}

/// The mirror of `FFI_TableFunction`.
#[repr(C)]
struct TableFunction {
    call: unsafe extern "C" fn(&TableFunction, SVec<u8>) -> FFI_Result<FFI_TableProvider>,
    call_with_args:
        unsafe extern "C" fn(&TableFunction, SVec<u8>, SessionRef) -> FFI_Result<FFI_TableProvider>,
    logical_codec: ManuallyDrop<FFI_LogicalExtensionCodec>,
    clone: unsafe extern "C" fn(&TableFunction) -> FFI_TableFunction,
    release: Pointer,
    private_data: Pointer,
    library_marker_id: extern "C" fn() -> usize,
}

/// The mirror of `FFI_TableProviderFactory`.
#[repr(C)]
struct TableProviderFactory {
    create: unsafe extern "C" fn(
        &TableProviderFactory,
        SessionRef,
        SVec<u8>,
    ) -> FfiFuture<FFI_Result<FFI_TableProvider>>,
    logical_codec: ManuallyDrop<FFI_LogicalExtensionCodec>,
    clone: unsafe extern "C" fn(&TableProviderFactory) -> FFI_TableProviderFactory,
    release: Pointer,
    version: Pointer,
    private_data: Pointer,
    library_marker_id: extern "C" fn() -> usize,
}

/// The mirror of `FFI_LogicalExtensionCodec`.
#[repr(C)]
pub(super) struct LogicalExtensionCodec {
    try_decode_table_provider: unsafe extern "C" fn(
        &LogicalExtensionCodec,
        Slice<u8>,
        Str,
        WrappedSchema,
    ) -> FFI_Result<FFI_TableProvider>,
    try_encode_table_provider: Pointer,
    try_decode_udf:
        unsafe extern "C" fn(&LogicalExtensionCodec, Str, Slice<u8>) -> FFI_Result<FFI_ScalarUDF>,
    try_encode_udf: Pointer,
    try_decode_udaf: Pointer,
    try_encode_udaf: Pointer,
    try_decode_udwf: Pointer,
    try_encode_udwf: Pointer,
    pub(super) task_ctx_provider: ManuallyDrop<FFI_TaskContextProvider>,
    clone: unsafe extern "C" fn(&LogicalExtensionCodec) -> FFI_LogicalExtensionCodec,
    release: Pointer,
    version: Pointer,
    private_data: Pointer,
    library_marker_id: extern "C" fn() -> usize,
}

/// The mirror of `FFI_PhysicalExtensionCodec`.
#[repr(C)]
struct PhysicalExtensionCodec {
    try_decode: unsafe extern "C" fn(
        &PhysicalExtensionCodec,
        Slice<u8>,
        SVec<FFI_ExecutionPlan>,
    ) -> FFI_Result<FFI_ExecutionPlan>,
    try_encode: Pointer,
    try_decode_udf:
        unsafe extern "C" fn(&PhysicalExtensionCodec, Str, Slice<u8>) -> FFI_Result<FFI_ScalarUDF>,
    try_encode_udf: Pointer,
    try_decode_udaf: Pointer,
    try_encode_udaf: Pointer,
    try_decode_udwf: Pointer,
    try_encode_udwf: Pointer,
    task_ctx_provider: ManuallyDrop<FFI_TaskContextProvider>,
    clone: unsafe extern "C" fn(&PhysicalExtensionCodec) -> FFI_PhysicalExtensionCodec,
    release: Pointer,
    version: Pointer,
    private_data: Pointer,
    library_marker_id: extern "C" fn() -> usize,
}

mirrors! {
    Options of FFI_ConfigOptions:;
    TableProvider of FFI_TableProvider, with replace_in_exported_table:
        statistics logical_codec version library_marker_id;
    TableFunction of FFI_TableFunction, with replace_in_table_function:
        logical_codec clone release private_data library_marker_id;
    TableProviderFactory of FFI_TableProviderFactory, with replace_in_table_provider_factory:;
    LogicalExtensionCodec of FFI_LogicalExtensionCodec, with replace_in_logical_codec:
        clone release version private_data library_marker_id;
    PhysicalExtensionCodec of FFI_PhysicalExtensionCodec, with replace_in_physical_codec:
        clone release version private_data library_marker_id;
}

lenient! {
    SessionRef: replace_in_session;
    FFI_TaskContext: replace_in_task_context;
    FFI_TaskContextProvider: replace_in_task_context_provider;
    FFI_CatalogProvider: replace_in_catalog_provider;
    FFI_CatalogProviderList: replace_in_catalog_provider_list;
    FFI_ExecutionPlan: replace_in_execution_plan;
    FFI_SchemaProvider: replace_in_schema_provider;
}

// The session, where options come from.

fn without_unknown(mut config: FFI_SessionConfig) -> FFI_SessionConfig {
    let options = &Options::of(&mut config.config_options).base_options;
    SENT.keep((config.library_marker_id)(), || {
        options.iter().map(|(key, _)| key.to_string()).collect()
    });
    drop_unknown(&mut config.config_options);
    config
}

fn lenient_functions(functions: SVec<(SString, FFI_ScalarUDF)>) -> SVec<(SString, FFI_ScalarUDF)> {
    let functions = functions.into_iter();
    functions
        .map(|(name, function)| (name, function.lenient()))
        .collect()
}

replace! {
    theirs: fn replace_in_session(session: SessionRef);

    fn config() -> FFI_SessionConfig {
        without_unknown(config(session))
    }

    fn scalar_functions() -> SVec<(SString, FFI_ScalarUDF)> {
        lenient_functions(scalar_functions(session))
    }

    fn task_ctx() -> FFI_TaskContext {
        task_ctx(session).lenient()
    }

    fn clone() -> SessionRef {
        clone(session).lenient()
    }
}

replace! {
    theirs: fn replace_in_task_context(context: FFI_TaskContext);

    fn session_config() -> FFI_SessionConfig {
        without_unknown(session_config(context))
    }

    fn scalar_functions() -> SVec<(SString, FFI_ScalarUDF)> {
        lenient_functions(scalar_functions(context))
    }
}

replace! {
    theirs: fn replace_in_task_context_provider(provider: FFI_TaskContextProvider);

    fn task_ctx() -> FFI_Result<FFI_TaskContext> {
        task_ctx(provider).lenient()
    }

    fn clone() -> FFI_TaskContextProvider {
        clone(provider).lenient()
    }
}

// What this package exports, where options go.

fn replace_in_exported_table(table: &mut TableProvider) {
    replace_in_table_provider(table);
    #[cfg(feature = "tables")]
    if ours((table.library_marker_id)()) && table.supports_filters_pushdown.is_some() {
        table.supports_filters_pushdown = Some(super::scan::supports_filters_pushdown);
    }
}

replace! {
    ours: fn replace_in_table_provider(table: TableProvider);

    fn scan(
        session: SessionRef,
        projection: FFI_Option<SVec<usize>>,
        filters: SVec<u8>,
        limit: FFI_Option<usize>
    ) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>> {
        let session = session.lenient();
        #[cfg(feature = "tables")]
        if super::scan::is_own(table) {
            return super::scan::scan(table, session, projection, filters, limit);
        }
        scan(table, session, projection, filters, limit).lenient()
    }

    fn insert_into(
        session: SessionRef,
        input: &FFI_ExecutionPlan,
        insert_op: FFI_InsertOp
    ) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>> {
        let session = session.lenient();
        #[cfg(feature = "tables")]
        if super::scan::is_own(table) {
            return super::scan::insert_into(table, session, input, insert_op);
        }
        insert_into(table, session, input, insert_op).lenient()
    }

    fn clone() -> FFI_TableProvider {
        clone(table).lenient()
    }
}

replace! {
    ours: fn replace_in_execution_plan(plan: FFI_ExecutionPlan);

    fn children() -> SVec<FFI_ExecutionPlan> {
        children(plan).lenient()
    }

    fn with_new_children(children: SVec<FFI_ExecutionPlan>) -> FFI_Result<FFI_ExecutionPlan> {
        with_new_children(plan, children).lenient()
    }

    fn execute(
        partition: usize,
        context: FFI_TaskContext
    ) -> FFI_Result<FFI_RecordBatchStream> {
        let context = context.lenient();
        #[cfg(feature = "tables")]
        let context = super::run::context(plan, partition, context);
        execute(plan, partition, context).lenient()
    }

    fn repartitioned(
        target_partitions: usize,
        config: FFI_ConfigOptions
    ) -> FFI_Result<FFI_Option<FFI_ExecutionPlan>> {
        let config = readable_by((plan.library_marker_id)(), config);
        repartitioned(plan, target_partitions, config).lenient()
    }

    fn clone() -> FFI_ExecutionPlan {
        clone(plan).lenient()
    }
}

replace! {
    any: fn replace_in_scalar_udf(function: FFI_ScalarUDF);

    fn invoke_with_args(
        args: SVec<WrappedArray>,
        arg_fields: SVec<WrappedSchema>,
        num_rows: usize,
        return_field: WrappedSchema,
        config_options: FFI_ConfigOptions
    ) -> FFI_Result<FFI_ColumnarValue> {
        let config_options = readable_by((function.library_marker_id)(), config_options);
        invoke_with_args(function, args, arg_fields, num_rows, return_field, config_options)
    }

    fn clone() -> FFI_ScalarUDF {
        clone(function).lenient()
    }
}

since_55! {
    replace! {
        any: fn replace_in_scalar_udf_since_55(function: FFI_ScalarUDF);

        fn with_updated_config(config: FFI_ConfigOptions) -> FFI_Result<FFI_Option<FFI_ScalarUDF>> {
            let config = readable_by((function.library_marker_id)(), config);
            with_updated_config(function, config).lenient()
        }
    }
}

impl Lenient for FFI_ScalarUDF {
    fn lenient(mut self) -> Self {
        replace_in_scalar_udf(&mut self);
        since_55! {
            replace_in_scalar_udf_since_55(&mut self);
        }
        self
    }
}

replace! {
    ours: fn replace_in_table_function(function: TableFunction);

    fn call(args: SVec<u8>) -> FFI_Result<FFI_TableProvider> {
        call(function, args).lenient()
    }

    fn call_with_args(args: SVec<u8>, session: SessionRef) -> FFI_Result<FFI_TableProvider> {
        call_with_args(function, args, session.lenient()).lenient()
    }

    fn clone() -> FFI_TableFunction {
        clone(function).lenient()
    }
}

replace! {
    ours: fn replace_in_table_provider_factory(factory: TableProviderFactory);

    fn create(
        session: SessionRef,
        statement: SVec<u8>
    ) -> FfiFuture<FFI_Result<FFI_TableProvider>> {
        create(factory, session.lenient(), statement).lenient()
    }

    fn clone() -> FFI_TableProviderFactory {
        clone(factory).lenient()
    }
}

replace! {
    ours: fn replace_in_schema_provider(schema: FFI_SchemaProvider);

    fn table(name: SString) -> FfiFuture<FFI_Result<FFI_Option<FFI_TableProvider>>> {
        table(schema, name).lenient()
    }

    fn register_table(
        name: SString,
        table: FFI_TableProvider
    ) -> FFI_Result<FFI_Option<FFI_TableProvider>> {
        register_table(schema, name, table).lenient()
    }

    fn deregister_table(name: SString) -> FFI_Result<FFI_Option<FFI_TableProvider>> {
        deregister_table(schema, name).lenient()
    }

    fn clone() -> FFI_SchemaProvider {
        clone(schema).lenient()
    }
}

replace! {
    ours: fn replace_in_catalog_provider(catalog: FFI_CatalogProvider);

    fn schema(name: SString) -> FFI_Option<FFI_SchemaProvider> {
        schema(catalog, name).lenient()
    }

    fn register_schema(
        name: SString,
        schema: &FFI_SchemaProvider
    ) -> FFI_Result<FFI_Option<FFI_SchemaProvider>> {
        register_schema(catalog, name, schema).lenient()
    }

    fn deregister_schema(
        name: SString,
        cascade: bool
    ) -> FFI_Result<FFI_Option<FFI_SchemaProvider>> {
        deregister_schema(catalog, name, cascade).lenient()
    }

    fn clone() -> FFI_CatalogProvider {
        clone(catalog).lenient()
    }
}

replace! {
    ours: fn replace_in_catalog_provider_list(list: FFI_CatalogProviderList);

    fn catalog(name: SString) -> FFI_Option<FFI_CatalogProvider> {
        catalog(list, name).lenient()
    }

    fn register_catalog(
        name: SString,
        catalog: &FFI_CatalogProvider
    ) -> FFI_Option<FFI_CatalogProvider> {
        register_catalog(list, name, catalog).lenient()
    }

    fn clone() -> FFI_CatalogProviderList {
        clone(list).lenient()
    }
}

fn replace_in_logical_codec(codec: &mut LogicalExtensionCodec) {
    replace_in_logical_extension_codec(codec);
    replace_in_task_context_provider(&mut codec.task_ctx_provider);
}

replace! {
    any: fn replace_in_logical_extension_codec(codec: LogicalExtensionCodec);

    fn try_decode_table_provider(
        bytes: Slice<u8>,
        name: Str,
        schema: WrappedSchema
    ) -> FFI_Result<FFI_TableProvider> {
        try_decode_table_provider(codec, bytes, name, schema).lenient()
    }

    fn try_decode_udf(name: Str, bytes: Slice<u8>) -> FFI_Result<FFI_ScalarUDF> {
        try_decode_udf(codec, name, bytes).lenient()
    }

    fn clone() -> FFI_LogicalExtensionCodec {
        clone(codec).lenient()
    }
}

fn replace_in_physical_codec(codec: &mut PhysicalExtensionCodec) {
    replace_in_physical_extension_codec(codec);
    replace_in_task_context_provider(&mut codec.task_ctx_provider);
}

replace! {
    any: fn replace_in_physical_extension_codec(codec: PhysicalExtensionCodec);

    fn try_decode(
        bytes: Slice<u8>,
        inputs: SVec<FFI_ExecutionPlan>
    ) -> FFI_Result<FFI_ExecutionPlan> {
        try_decode(codec, bytes, inputs).lenient()
    }

    fn try_decode_udf(name: Str, bytes: Slice<u8>) -> FFI_Result<FFI_ScalarUDF> {
        try_decode_udf(codec, name, bytes).lenient()
    }

    fn clone() -> FFI_PhysicalExtensionCodec {
        clone(codec).lenient()
    }
}

replace! {
    ours: fn replace_in_physical_optimizer_rule(rule: FFI_PhysicalOptimizerRule);

    fn optimize(
        plan: &FFI_ExecutionPlan,
        config: FFI_ConfigOptions
    ) -> FFI_Result<FFI_ExecutionPlan> {
        let config = readable_by((rule.library_marker_id)(), config);
        optimize(rule, plan, config).lenient()
    }

    fn clone() -> FFI_PhysicalOptimizerRule {
        clone(rule).lenient()
    }
}

impl Lenient for FFI_PhysicalOptimizerRule {
    fn lenient(mut self) -> Self {
        replace_in_physical_optimizer_rule(&mut self);
        since_55! {
            optimizer_context::replace_in_rule(&mut self);
        }
        self
    }
}

since_55! {
    mod optimizer_context {
        use datafusion_ffi::physical_optimizer::FFI_PhysicalOptimizerContext;

        use super::*;

        replace! {
            ours: fn replace(rule: FFI_PhysicalOptimizerRule);

            fn optimize_with_context(
                plan: &FFI_ExecutionPlan,
                context: &FFI_PhysicalOptimizerContext
            ) -> FFI_Result<FFI_ExecutionPlan> {
                let context = FFI_PhysicalOptimizerContext {
                    config_options,
                    release,
                    private_data: (&raw const *context).cast(),
                };
                optimize_with_context(rule, plan, &context).lenient()
            }
        }

        pub fn replace_in_rule(rule: &mut FFI_PhysicalOptimizerRule) {
            replace(rule);
        }

        unsafe extern "C" fn config_options(
            context: &FFI_PhysicalOptimizerContext,
        ) -> FFI_ConfigOptions {
            // SAFETY: the data of this context is the context of the host, which outlives the call of
            // `optimize_with_context` that made this one.
            unsafe {
                let context = &*context.private_data.cast::<FFI_PhysicalOptimizerContext>();
                readable_by(get_library_marker_id(), (context.config_options)(context))
            }
        }

        /// The context of the host is borrowed.
        unsafe extern "C" fn release(_: &mut FFI_PhysicalOptimizerContext) {}
    }
}

since_55! {
    mod query_planner {
        use datafusion_ffi::query_planner::FFI_QueryPlanner;

        use super::*;

        /// The mirror of `FFI_QueryPlanner`.
        #[repr(C)]
        struct QueryPlanner {
            create_physical_plan: unsafe extern "C" fn(
                &QueryPlanner,
                SVec<u8>,
                SessionRef,
            ) -> FfiFuture<FFI_Result<SVec<u8>>>,
            logical_codec: ManuallyDrop<FFI_LogicalExtensionCodec>,
            physical_codec: ManuallyDrop<FFI_PhysicalExtensionCodec>,
            clone: unsafe extern "C" fn(&QueryPlanner) -> FFI_QueryPlanner,
            release: Pointer,
            version: Pointer,
            private_data: Pointer,
            library_marker_id: extern "C" fn() -> usize,
        }

        mirrors! {
            QueryPlanner of FFI_QueryPlanner, with replace: version library_marker_id;
        }

        replace! {
            ours: fn replace(planner: QueryPlanner);

            fn create_physical_plan(
                query: SVec<u8>,
                session: SessionRef
            ) -> FfiFuture<FFI_Result<SVec<u8>>> {
                create_physical_plan(planner, query, session.lenient())
            }

            fn clone() -> FFI_QueryPlanner {
                clone(planner).lenient()
            }
        }
    }
}
