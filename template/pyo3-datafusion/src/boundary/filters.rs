//! The functions in filters, which cross the FFI as bytes.
//!
//! `datafusion-ffi` finds a function by its name, in copies of all functions of the session. But the
//! host asks the codec of the table how to write a function, and hands the function over with that
//! question. So the codec keeps the function until the filter is read, and writes a number for it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::SchemaRef;
use datafusion_catalog::TableProvider;
use datafusion_common::{Result, TableReference, exec_datafusion_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, Extension, LogicalPlan, ScalarUDF, ScalarUDFImpl, WindowUDF};
use datafusion_ffi::udf::FFI_ScalarUDF;
use datafusion_proto::logical_plan::LogicalExtensionCodec;

use super::raw::unknown_options::Lenient;
use super::runtime;

/// The codec of a table: that of the host, but for functions.
#[derive(Debug)]
pub struct FilterCodec {
    host: Arc<dyn LogicalExtensionCodec>,
    functions: Mutex<BTreeMap<u64, Arc<ScalarUDF>>>,
}

/// What the bytes of a function begin with. Its number follows.
const MARK: &[u8] = b"pyo3-datafusion";

/// A function stays here if its filter is never read, such as one that the host fails to write. With
/// more functions than this, the oldest is dropped, and has to be found by its name.
const KEPT: usize = 1024;

impl FilterCodec {
    pub fn new(host: Arc<dyn LogicalExtensionCodec>) -> Self {
        Self {
            host,
            functions: Mutex::default(),
        }
    }

    fn functions(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<ScalarUDF>>> {
        let functions = self.functions.lock();
        functions.unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, name: &str, bytes: &[u8]) -> Option<Result<Arc<ScalarUDF>>> {
        let number = bytes.strip_prefix(MARK)?.try_into().ok()?;
        let function = self.functions().remove(&u64::from_le_bytes(number));
        Some(function.ok_or_else(|| exec_datafusion_err!("the filter with {name} was read before")))
    }
}

impl LogicalExtensionCodec for FilterCodec {
    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        // In a forked process, a lock may be held for ever.
        runtime::handle()?;
        // A function of the host gets no option that the host does not know.
        let function = FFI_ScalarUDF::from(Arc::new(function.clone())).lenient();
        let function = <Arc<dyn ScalarUDFImpl>>::from(&function);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut functions = self.functions();
        while functions.len() >= KEPT {
            functions.pop_first();
        }
        functions.insert(number, Arc::new(ScalarUDF::new_from_shared_impl(function)));
        buffer.extend(MARK);
        buffer.extend(number.to_le_bytes());
        Ok(())
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        match self.take(name, bytes) {
            Some(function) => function,
            None => self.host.try_decode_udf(name, bytes),
        }
    }

    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[LogicalPlan],
        context: &TaskContext,
    ) -> Result<Extension> {
        self.host.try_decode(bytes, inputs, context)
    }

    fn try_encode(&self, node: &Extension, buffer: &mut Vec<u8>) -> Result<()> {
        self.host.try_encode(node, buffer)
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        name: &TableReference,
        schema: SchemaRef,
        context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        let host = &self.host;
        host.try_decode_table_provider(bytes, name, schema, context)
    }

    fn try_encode_table_provider(
        &self,
        name: &TableReference,
        table: Arc<dyn TableProvider>,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        self.host.try_encode_table_provider(name, table, buffer)
    }

    fn try_decode_udaf(&self, name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        self.host.try_decode_udaf(name, bytes)
    }

    fn try_encode_udaf(&self, function: &AggregateUDF, buffer: &mut Vec<u8>) -> Result<()> {
        self.host.try_encode_udaf(function, buffer)
    }

    fn try_decode_udwf(&self, name: &str, bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        self.host.try_decode_udwf(name, bytes)
    }

    fn try_encode_udwf(&self, function: &WindowUDF, buffer: &mut Vec<u8>) -> Result<()> {
        self.host.try_encode_udwf(function, buffer)
    }
}

/// Where a function is found by its name.
pub trait Registry: Debug + Send + Sync + 'static {
    fn scalar_function(&self, name: &str) -> Result<Arc<ScalarUDF>>;
}

/// The codec of a table, and a registry for the functions that were written by name, such as by the codec
/// of a host that hands the table on.
#[derive(Debug)]
pub struct NamedFunctions {
    pub codec: Arc<dyn LogicalExtensionCodec>,
    pub registry: Arc<dyn Registry>,
}

impl LogicalExtensionCodec for NamedFunctions {
    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        let by_name = || self.registry.scalar_function(name);
        let by_codec = || self.codec.try_decode_udf(name, bytes);
        match bytes {
            [] => by_name().or_else(|_| by_codec()),
            _ => by_codec().or_else(|error| by_name().map_err(|_| error)),
        }
    }

    // No filter has any of these.

    fn try_decode(&self, _: &[u8], _: &[LogicalPlan], _: &TaskContext) -> Result<Extension> {
        not_impl_err!("a plan in a filter")
    }

    fn try_encode(&self, _: &Extension, _: &mut Vec<u8>) -> Result<()> {
        not_impl_err!("a plan in a filter")
    }

    fn try_decode_table_provider(
        &self,
        _: &[u8],
        _: &TableReference,
        _: SchemaRef,
        _: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        not_impl_err!("a table in a filter")
    }

    fn try_encode_table_provider(
        &self,
        _: &TableReference,
        _: Arc<dyn TableProvider>,
        _: &mut Vec<u8>,
    ) -> Result<()> {
        not_impl_err!("a table in a filter")
    }
}
