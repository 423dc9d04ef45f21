//! Plans scans without a copy of the session.
//!
//! The functions of `datafusion-ffi` copy all functions of a session for each question about filters,
//! and twice for each scan. Those of this file ask the session for what the table needs.
//!
//! They rest on mirrors of `unknown_options.rs`, and on two things more: a session is borrowed until
//! the future of `scan` ends, and what it lends is dropped as `FFI_SessionRef` drops it.

use std::mem::ManuallyDrop;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use async_ffi::{FfiFuture, FutureExt};
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider as Table};
use datafusion_common::{DFSchema, Result, exec_datafusion_err};
use datafusion_execution::config::SessionConfig;
use datafusion_execution::{TaskContext, TaskContextProvider};
use datafusion_expr::{Expr, ScalarUDF, ScalarUDFImpl, TableProviderFilterPushDown, TableType};
use datafusion_ffi::arrow_wrappers::WrappedSchema;
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_ffi::execution_plan::FFI_ExecutionPlan;
use datafusion_ffi::ffi_option::{FFI_Option, FFI_Result};
use datafusion_ffi::insert_op::FFI_InsertOp;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use datafusion_ffi::table_provider::FFI_TableProvider;
use datafusion_ffi::table_source::FFI_TableProviderFilterPushDown;
use datafusion_ffi::udaf::FFI_AggregateUDF;
use datafusion_ffi::udf::FFI_ScalarUDF;
use datafusion_ffi::udwf::FFI_WindowUDF;
use datafusion_physical_plan::empty::EmptyExec;
use datafusion_physical_plan::{ExecutionPlan, PhysicalExpr};
use datafusion_proto::logical_plan::to_proto::serialize_expr;
use datafusion_proto::logical_plan::{DefaultLogicalExtensionCodec, LogicalExtensionCodec};
use prost::Message;
use stabby::string::String as SString;
use stabby::vec::Vec as SVec;

use super::unknown_options::{
    Lenient, LogicalExtensionCodec as CodecMirror, SessionRef, TableProvider,
};
use crate::boundary::error::catch;
use crate::boundary::filters::{FilterCodec, Registry, decode};
use crate::boundary::runtime;
use crate::provider::{GuardedTable, ProviderSession};
use crate::table::SourceProvider;

/// A codec that keeps the functions of filters, and asks `host` for the rest.
pub fn codec_of_table(mut host: FFI_LogicalExtensionCodec) -> Result<FFI_LogicalExtensionCodec> {
    let runtime = runtime::handle()?;
    let session = FFI_TaskContextProvider::clone(&CodecMirror::of(&mut host).task_ctx_provider);
    let codec = Arc::new(FilterCodec::new((&host).into()));
    Ok(FFI_LogicalExtensionCodec::new(
        codec,
        Some(runtime),
        session,
    ))
}

/// The session of the host, for as long as a scan is planned.
pub struct HostSession(SessionRef);

// SAFETY: `FFI_SessionRef` may be sent and shared, and has the same fields.
unsafe impl Send for HostSession {}
// SAFETY: as above.
unsafe impl Sync for HostSession {}

impl std::fmt::Debug for HostSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HostSession").finish()
    }
}

impl Drop for HostSession {
    fn drop(&mut self) {
        // SAFETY: this is the owner, and drops each part once, in the order of `FFI_SessionRef`.
        unsafe {
            (self.0.release)(&mut self.0);
            ManuallyDrop::drop(&mut self.0.logical_codec);
            for codec in &mut self.0.physical_codec {
                ManuallyDrop::drop(codec);
            }
        }
    }
}

impl HostSession {
    pub fn config(&self) -> Result<SessionConfig> {
        // SAFETY: the function is that of this session, which is alive.
        let config = unsafe { (self.0.config)(&self.0) };
        SessionConfig::try_from(&config)
    }

    /// A copy of the session.
    pub fn task_ctx(&self) -> Arc<TaskContext> {
        // SAFETY: the function is that of this session, which is alive.
        unsafe { (self.0.task_ctx)(&self.0) }.into()
    }

    /// Has the host plan `expr` over the columns of `schema`.
    pub fn create_physical_expr(
        &self,
        expr: &Expr,
        schema: &DFSchema,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let mut session = self.another();
        // One of its own: a function that is not found aborts the process.
        let codec: Arc<dyn LogicalExtensionCodec> =
            Arc::new(FilterCodec::new((&*session.0.logical_codec).into()));
        let bytes = serialize_expr(expr, codec.as_ref())?.encode_to_vec();
        let codec = FFI_LogicalExtensionCodec::new(codec, None, no_functions());
        *session.0.logical_codec = codec;
        let schema = WrappedSchema::from(Arc::clone(schema.inner()));
        let bytes = bytes.into_iter().collect();
        // SAFETY: the function is that of this session, which is alive.
        let planned = unsafe { (session.0.create_physical_expr)(&session.0, bytes, schema) };
        match planned {
            FFI_Result::Ok(planned) => Ok((&planned).into()),
            FFI_Result::Err(error) => Err(exec_datafusion_err!("{error}")),
        }
    }

    /// The same session again.
    fn another(&self) -> Self {
        // SAFETY: the function is that of this session, which is alive.
        Self(unsafe { (self.0.clone)(&self.0) })
    }

    /// The same session, but what asks for all of its functions gets none.
    fn without_functions(&self) -> SessionRef {
        unsafe extern "C" fn scalar(_: &SessionRef) -> SVec<(SString, FFI_ScalarUDF)> {
            SVec::new()
        }
        unsafe extern "C" fn aggregate(_: &SessionRef) -> SVec<(SString, FFI_AggregateUDF)> {
            SVec::new()
        }
        unsafe extern "C" fn window(_: &SessionRef) -> SVec<(SString, FFI_WindowUDF)> {
            SVec::new()
        }

        // SAFETY: the function is that of this session, which is alive.
        let mut session = unsafe { (self.0.clone)(&self.0) };
        session.scalar_functions = scalar;
        session.aggregate_functions = aggregate;
        session.window_functions = window;
        session
    }
}

impl Registry for HostSession {
    fn scalar_function(&self, name: &str) -> Result<Arc<ScalarUDF>> {
        // SAFETY: the function is that of this session, which is alive.
        let functions = unsafe { (self.0.scalar_functions)(&self.0) };
        let mut functions = functions.into_iter();
        match functions.find(|(known, _)| known.as_str() == name) {
            Some((_, function)) => {
                let function: Arc<dyn ScalarUDFImpl> = (&function).into();
                Ok(Arc::new(ScalarUDF::new_from_shared_impl(function)))
            }
            None => Err(exec_datafusion_err!("the session has no function {name}")),
        }
    }
}

impl Registry for FFI_TaskContextProvider {
    fn scalar_function(&self, name: &str) -> Result<Arc<ScalarUDF>> {
        let context = <Arc<TaskContext>>::try_from(self)?;
        match context.scalar_functions().get(name) {
            Some(function) => Ok(Arc::clone(function)),
            None => Err(exec_datafusion_err!("the session has no function {name}")),
        }
    }
}

/// A session without functions.
fn no_functions() -> FFI_TaskContextProvider {
    #[derive(Default)]
    struct NoFunctions(Arc<TaskContext>);

    impl TaskContextProvider for NoFunctions {
        fn task_ctx(&self) -> Arc<TaskContext> {
            Arc::clone(&self.0)
        }
    }

    // It is referred to weakly.
    static SESSION: LazyLock<Arc<NoFunctions>> = LazyLock::new(Arc::default);

    let session: Arc<dyn TaskContextProvider> = Arc::clone(&*SESSION) as _;
    (&session).into()
}

fn table_of(table: &TableProvider) -> Arc<dyn Table> {
    // SAFETY: `TableProvider` is the mirror of `FFI_TableProvider`.
    let table: &FFI_TableProvider = unsafe { &*(&raw const *table).cast() };
    table.into()
}

/// Whether the functions of this file are for `table`.
pub(super) fn is_own(table: &TableProvider) -> bool {
    let table = table_of(table);
    table.is::<SourceProvider>() || table.is::<GuardedTable>()
}

pub(super) unsafe extern "C" fn supports_filters_pushdown(
    table: &TableProvider,
    filters: SVec<u8>,
) -> FFI_Result<SVec<FFI_TableProviderFilterPushDown>> {
    catch(|| {
        let mut codec = FFI_LogicalExtensionCodec::clone(&table.logical_codec);
        let session = &CodecMirror::of(&mut codec).task_ctx_provider;
        let session = Arc::new(FFI_TaskContextProvider::clone(session));
        let filters = decode(&filters, (&codec).into(), session)?;
        let filters: Vec<_> = filters.iter().collect();
        let answers = table_of(table).supports_filters_pushdown(&filters)?;
        Ok(answers.iter().map(Into::into).collect())
    })
    .into()
}

pub(super) fn scan(
    table: &TableProvider,
    session: SessionRef,
    projection: FFI_Option<SVec<usize>>,
    filters: SVec<u8>,
    limit: FFI_Option<usize>,
) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>> {
    let session = Arc::new(HostSession(session));
    let codec: Arc<dyn LogicalExtensionCodec> = (&*table.logical_codec).into();
    let table = table_of(table);
    let projection = projection.into_option();
    let projection = projection.map(|columns| columns.into_iter().collect::<Vec<usize>>());
    let planned = async move {
        let registry = Arc::clone(&session) as _;
        let filters = catch(|| decode(&filters, codec, registry))?;
        let scan = (projection.as_ref(), filters.as_slice(), limit.into());
        let plan = if let Some(table) = table.downcast_ref::<SourceProvider>() {
            table.scan_for(&session, scan).await?
        } else if let Some(table) = table.downcast_ref::<GuardedTable>() {
            table.scan_for(&session, scan).await?
        } else {
            return Err(exec_datafusion_err!("this table is scanned in another way"));
        };
        exported(plan)
    };
    async move { planned.await.into() }.into_ffi()
}

/// What a scan asks a table for: columns, filters and a limit.
pub type Scanned<'a> = (Option<&'a Vec<usize>>, &'a [Expr], Option<usize>);

pub(super) fn insert_into(
    table: &TableProvider,
    session: SessionRef,
    input: &FFI_ExecutionPlan,
    insert_op: FFI_InsertOp,
) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>> {
    // Nothing is asked of it: the rows are inserted in the context of the run.
    drop(HostSession(session));
    let table = table_of(table);
    let input = <Arc<dyn ExecutionPlan>>::try_from(input);
    let planned = async move {
        let session = ProviderSession::new(TaskContext::default());
        exported(
            table
                .insert_into(&session, input?, insert_op.into())
                .await?,
        )
    };
    async move { planned.await.into() }.into_ffi()
}

fn exported(plan: Arc<dyn ExecutionPlan>) -> Result<FFI_ExecutionPlan> {
    let runtime = runtime::handle()?;
    Ok(FFI_ExecutionPlan::new(plan, Some(runtime)).lenient())
}

/// Plans in the session as `datafusion-ffi` makes it, but without its functions.
///
/// A table of another crate may hand its session on to a table of the host, which then gets its own
/// one back. Only the session of `datafusion-ffi` can do that.
pub async fn plan_in_session<P: PlanInSession>(
    host: &HostSession,
    plan: P,
) -> Result<Arc<dyn ExecutionPlan>> {
    let table = Arc::new(Planned {
        plan,
        planned: Mutex::new(None),
    });
    let codec = Arc::new(DefaultLogicalExtensionCodec {});
    let codec = FFI_LogicalExtensionCodec::new(codec, None, no_functions());
    let shared = Arc::clone(&table) as _;
    let mut exported = FFI_TableProvider::new_with_ffi_codec(shared, false, None, codec);
    let scan = {
        let exported = TableProvider::of(&mut exported);
        let none = FFI_Option::None;
        // SAFETY: the function is that of this table. It takes the session over.
        unsafe {
            (exported.scan)(
                exported,
                host.without_functions(),
                FFI_Option::None,
                SVec::new(),
                none,
            )
        }
    };
    let done = scan.await;
    let planned = table.planned.lock();
    match (planned.unwrap_or_else(PoisonError::into_inner).take(), done) {
        (Some(planned), _) => planned,
        (None, FFI_Result::Err(error)) => Err(exec_datafusion_err!("{error}")),
        (None, FFI_Result::Ok(_)) => Err(exec_datafusion_err!("the table was not scanned")),
    }
}

/// What is planned in a session.
#[async_trait]
pub trait PlanInSession: std::fmt::Debug + Send + Sync + 'static {
    async fn plan(&self, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>>;
}

/// A table whose scan is that of `plan`, and which keeps what it returned, errors included.
#[derive(Debug)]
struct Planned<P> {
    plan: P,
    planned: Mutex<Option<Result<Arc<dyn ExecutionPlan>>>>,
}

#[async_trait]
impl<P: PlanInSession> Table for Planned<P> {
    fn schema(&self) -> SchemaRef {
        SchemaRef::new(arrow::datatypes::Schema::empty())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        session: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let planned = self.plan.plan(session).await;
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = Some(planned);
        Ok(Arc::new(EmptyExec::new(self.schema())))
    }
}
