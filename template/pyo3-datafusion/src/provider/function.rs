//! Table functions and factories, which DataFusion calls through guards.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion_catalog::{
    Session, TableFunctionArgs, TableFunctionImpl, TableProvider, TableProviderFactory,
};
use datafusion_common::Result;
use datafusion_expr::CreateExternalTable;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use datafusion_ffi::table_provider::{FFI_TableProvider, ForeignTableProvider};

use super::table::guarded_table;
use crate::boundary::error::catch;
use crate::boundary::runtime;

/// Any [`TableFunctionImpl`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedTableFunction {
    pub function: Arc<dyn TableFunctionImpl>,
    pub codec: FFI_LogicalExtensionCodec,
}

impl TableFunctionImpl for GuardedTableFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let table = catch(|| self.function.call_with_args(args))?;
        let table = guarded_table(table)?;
        // `FFI_TableFunction` would hand the table over without its filter pushdown. It does not
        // rewrap a table that already has an `FFI_TableProvider`.
        let runtime = Some(runtime::handle()?);
        let codec = self.codec.clone();
        let table = FFI_TableProvider::new_with_ffi_codec(table, true, runtime, codec);
        Ok(Arc::new(ForeignTableProvider(table)))
    }
}

/// Any [`TableProviderFactory`], safe to hand over.
#[derive(Debug)]
pub(crate) struct GuardedFactory(pub Arc<dyn TableProviderFactory>);

#[async_trait]
impl TableProviderFactory for GuardedFactory {
    async fn create(
        &self,
        session: &dyn Session,
        statement: &CreateExternalTable,
    ) -> Result<Arc<dyn TableProvider>> {
        runtime::run(async {
            let table = self.0.create(session, statement).await?;
            guarded_table(table)
        })
        .await
    }
}
