//! Plans scans without a copy of the session.
//!
//! The functions of `datafusion-ffi` copy all functions of a session for each question about filters,
//! and twice for each scan. Those of this file ask the session for what the table needs.
//!
//! They rest on mirrors of `unknown_options.rs`, and on two things more: a session is borrowed until
//! the future of `scan` ends, and what it lends is dropped as `FFI_SessionRef` drops it.
//!
//! Bytes are read and written by `datafusion-ffi` all the same: the code of Protocol Buffers is
//! generic, and would be compiled again here.

use std::mem::ManuallyDrop;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::SchemaRef;
use async_ffi::{FfiFuture, FutureExt};
use async_trait::async_trait;
use datafusion_catalog::{Session, TableProvider as Table};
use datafusion_common::{Result, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_execution::{TaskContext, TaskContextProvider};
use datafusion_expr::{Expr, ScalarUDF, ScalarUDFImpl, TableType};
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
use datafusion_physical_plan::ExecutionPlan;
use stabby::string::String as SString;
use stabby::vec::Vec as SVec;

use super::unknown_options::{
    Lenient, LogicalExtensionCodec as CodecMirror, SessionRef, TableProvider,
};
use crate::boundary::error::catch;
use crate::boundary::filters::{FilterCodec, NamedFunctions, Registry};
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
    /// A copy of the session.
    pub fn task_ctx(&self) -> Arc<TaskContext> {
        // SAFETY: the function is that of this session, which is alive.
        unsafe { (self.0.task_ctx)(&self.0) }.into()
    }

    /// The same session, but what asks for all of its functions gets none.
    fn without_functions(&self) -> Result<SessionRef> {
        unsafe extern "C" fn scalar(_: &SessionRef) -> SVec<(SString, FFI_ScalarUDF)> {
            SVec::new()
        }
        unsafe extern "C" fn aggregate(_: &SessionRef) -> SVec<(SString, FFI_AggregateUDF)> {
            SVec::new()
        }
        unsafe extern "C" fn window(_: &SessionRef) -> SVec<(SString, FFI_WindowUDF)> {
            SVec::new()
        }

        // The host plans expressions, and aborts the process if it does not find a function.
        let codec = codec_of_table(FFI_LogicalExtensionCodec::clone(&self.0.logical_codec))?;
        // SAFETY: the function is that of this session, which is alive.
        let mut session = unsafe { (self.0.clone)(&self.0) };
        *session.logical_codec = codec;
        session.scalar_functions = scalar;
        session.aggregate_functions = aggregate;
        session.window_functions = window;
        Ok(session)
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

/// `table` for one question, in which functions are found one by one.
fn with_registry(
    table: Arc<dyn Table>,
    codec: &FFI_LogicalExtensionCodec,
    registry: Arc<dyn Registry>,
) -> Result<FFI_TableProvider> {
    let codec = codec.into();
    let codec = Arc::new(NamedFunctions { codec, registry });
    let codec = FFI_LogicalExtensionCodec::new(codec, None, no_functions());
    let runtime = Some(runtime::handle()?);
    Ok(FFI_TableProvider::new_with_ffi_codec(
        table, true, runtime, codec,
    ))
}

pub(super) unsafe extern "C" fn supports_filters_pushdown(
    table: &TableProvider,
    filters: SVec<u8>,
) -> FFI_Result<SVec<FFI_TableProviderFilterPushDown>> {
    let answers = catch(|| {
        let mut codec = FFI_LogicalExtensionCodec::clone(&table.logical_codec);
        let session = &CodecMirror::of(&mut codec).task_ctx_provider;
        let session = Arc::new(FFI_TaskContextProvider::clone(session));
        let mut asked = with_registry(table_of(table), &codec, session)?;
        let asked = TableProvider::of(&mut asked);
        match asked.supports_filters_pushdown {
            // SAFETY: the function is that of this table.
            Some(answers) => Ok(unsafe { answers(asked, filters) }),
            None => not_impl_err!("a table that is asked about filters"),
        }
    });
    answers.unwrap_or_else(|error| Err(error).into())
}

pub(super) fn scan(
    table: &TableProvider,
    session: SessionRef,
    projection: FFI_Option<SVec<usize>>,
    filters: SVec<u8>,
    limit: FFI_Option<usize>,
) -> FfiFuture<FFI_Result<FFI_ExecutionPlan>> {
    unsafe extern "C" fn no_options(_: &SessionRef) -> SVec<(SString, SString)> {
        SVec::new()
    }

    let host = Arc::new(HostSession(session));
    let planned = catch(|| {
        let codec = &table.logical_codec;
        let table = table_of(table);
        let mut session = host.without_functions()?;
        if table.is::<SourceProvider>() {
            // Only file formats read them.
            session.table_options = no_options;
        }
        let scanned = Arc::new(ScannedTable {
            table,
            host: Arc::clone(&host),
        });
        let mut scanned = with_registry(scanned, codec, host)?;
        let scanned = TableProvider::of(&mut scanned);
        // SAFETY: the function is that of this table. It takes the session over.
        Ok(unsafe { (scanned.scan)(scanned, session, projection, filters, limit) })
    });
    match planned {
        Ok(planned) => planned.lenient(),
        Err(error) => async { Err(error).into() }.into_ffi(),
    }
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

/// A table that is scanned in the session of a host.
///
/// A table of another crate may hand its session on to a table of the host, which then gets its own
/// one back. Only the session of `datafusion-ffi` can do that, so the table gets both.
#[derive(Debug)]
struct ScannedTable {
    table: Arc<dyn Table>,
    host: Arc<HostSession>,
}

#[async_trait]
impl Table for ScannedTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        self.table.table_type()
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let scan = (projection, filters, limit);
        if let Some(table) = self.table.downcast_ref::<SourceProvider>() {
            table.scan_for(session, scan).await
        } else if let Some(table) = self.table.downcast_ref::<GuardedTable>() {
            table.scan_for(session, &self.host, scan).await
        } else {
            exec_err!("this table is scanned in another way")
        }
    }
}
