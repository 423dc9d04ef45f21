//! Logical plans over sources as bytes.

use std::fmt::Debug;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_catalog::TableProvider;
use datafusion_common::{Result, TableReference, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, Extension, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use prost::Message;

use super::functions::encode_options;
use crate::boundary::error::catch;
use crate::function::Functions;
use crate::table::{Source, SourceProvider};

/// Turns the sources of a package into bytes and back, wherever the bytes arrive.
pub trait SourceCodec: Debug + Send + Sync + 'static {
    /// All that it takes to open `source` again.
    ///
    /// # Errors
    ///
    /// `NotImplemented` for a source of another type: DataFusion asks the next codec then.
    fn encode(&self, source: &dyn Source) -> Result<Vec<u8>>;

    /// The table over the source that was encoded.
    fn decode(&self, bytes: &[u8]) -> Result<Arc<dyn TableProvider>>;
}

/// A [`LogicalExtensionCodec`] for the tables and functions of a package.
#[derive(Debug)]
pub struct SourceLogicalCodec<C> {
    sources: C,
    functions: fn() -> Result<Functions>,
}

impl<C: SourceCodec> SourceLogicalCodec<C> {
    /// `functions` are those that a plan from another process may name.
    pub fn new(sources: C, functions: fn() -> Result<Functions>) -> Self {
        Self { sources, functions }
    }
}

#[derive(Clone, PartialEq, Message)]
struct SourceMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    source: Vec<u8>,
}

/// Counts up when the message changes, so that old bytes are refused.
const VERSION: u32 = 2;

impl<C: SourceCodec> LogicalExtensionCodec for SourceLogicalCodec<C> {
    fn try_encode_table_provider(
        &self,
        _name: &TableReference,
        table: Arc<dyn TableProvider>,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let Some(table) = table.downcast_ref::<SourceProvider>() else {
            return not_impl_err!("this codec knows no such table");
        };
        let message = SourceMessage {
            version: VERSION,
            source: self.sources.encode(table.any_source())?,
        };
        buffer.extend(message.encode_to_vec());
        Ok(())
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        _name: &TableReference,
        _schema: SchemaRef,
        _context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        let message = SourceMessage::decode(bytes)
            .map_err(|error| exec_datafusion_err!("these bytes are not a table: {error}"))?;
        if message.version != VERSION {
            return exec_err!(
                "this table was written in format {}, but this package reads {VERSION}",
                message.version
            );
        }
        self.sources.decode(&message.source)
    }

    /// Logical nodes of an extension do not cross the FFI.
    fn try_encode(&self, _node: &Extension, _buffer: &mut Vec<u8>) -> Result<()> {
        not_impl_err!("a node of another package")
    }

    fn try_decode(
        &self,
        _bytes: &[u8],
        _inputs: &[LogicalPlan],
        _context: &TaskContext,
    ) -> Result<Extension> {
        not_impl_err!("a node of another package")
    }

    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        encode_options(function, None, buffer)
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        (self.functions)()?.find_scalar(name, bytes)
    }

    fn try_decode_udaf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        (self.functions)()?.find_aggregate(name)
    }

    fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        (self.functions)()?.find_window(name)
    }
}

/// Any [`LogicalExtensionCodec`], safe to hand over. Functions of this package travel with the
/// options of the session.
#[derive(Debug)]
pub(crate) struct GuardedLogicalCodec {
    pub codec: Arc<dyn LogicalExtensionCodec>,
    pub session: FFI_TaskContextProvider,
}

impl LogicalExtensionCodec for GuardedLogicalCodec {
    fn try_encode_table_provider(
        &self,
        name: &TableReference,
        table: Arc<dyn TableProvider>,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        catch(|| self.codec.try_encode_table_provider(name, table, buffer))
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        name: &TableReference,
        schema: SchemaRef,
        context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        catch(|| {
            self.codec
                .try_decode_table_provider(bytes, name, schema, context)
        })
    }

    fn try_encode(&self, node: &Extension, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| self.codec.try_encode(node, buffer))
    }

    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[LogicalPlan],
        context: &TaskContext,
    ) -> Result<Extension> {
        catch(|| self.codec.try_decode(bytes, inputs, context))
    }

    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(
            || match encode_options(function, Some(&self.session), buffer) {
                Ok(()) if buffer.is_empty() => self.codec.try_encode_udf(function, buffer),
                done => done,
            },
        )
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        catch(|| self.codec.try_decode_udf(name, bytes))
    }

    fn try_encode_udaf(&self, function: &AggregateUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| self.codec.try_encode_udaf(function, buffer))
    }

    fn try_decode_udaf(&self, name: &str, bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        catch(|| self.codec.try_decode_udaf(name, bytes))
    }

    fn try_encode_udwf(&self, function: &WindowUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| self.codec.try_encode_udwf(function, buffer))
    }

    fn try_decode_udwf(&self, name: &str, bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        catch(|| self.codec.try_decode_udwf(name, bytes))
    }
}
