//! Logical plans over sources as bytes.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_catalog::TableProvider;
use datafusion_common::{Result, TableReference, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, Extension, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use prost::Message;

use super::functions::{encode_options, functions_by_name, guarded_functions};
use super::message::{self, Types};
use crate::boundary::error::catch;
use crate::function::Functions;
use crate::table::{Source, SourceProvider, SourceTable};

/// A [`Source`] that becomes bytes, and is opened again wherever the bytes arrive.
pub trait SourceCodec: Source + Sized {
    /// Protocol Buffers: a `#[derive(prost::Message)]`, or what is a message by itself, such as a
    /// `String`.
    type Message: Message + Default;

    /// All that it takes to open the source again.
    fn encode(&self) -> Result<Self::Message>;

    /// The source that was encoded. The message may come from anywhere.
    fn decode(message: Self::Message) -> Result<Self>;
}

/// A [`LogicalExtensionCodec`] for the tables and functions of a package.
#[derive(Debug)]
pub struct SourceLogicalCodec {
    sources: Types<(), Arc<dyn TableProvider>>,
    functions: fn() -> Result<Functions>,
}

impl SourceLogicalCodec {
    /// `functions` are those that a plan from another process may name.
    pub fn new(functions: fn() -> Result<Functions>) -> Self {
        Self {
            sources: Types::new(),
            functions,
        }
    }

    /// Adds a type of source. Add further ones below: bytes name a type by its place.
    pub fn with_source<S: SourceCodec>(mut self) -> Self {
        self.sources.add(
            |source| {
                let message = source.downcast_ref::<S>()?.encode();
                Some(message.map(|message| message.encode_to_vec()))
            },
            |bytes, ()| {
                let source = S::decode(message::decode_message("a source", bytes)?)?;
                Ok(SourceTable::try_new(source)?.provider())
            },
        );
        self
    }
}

impl LogicalExtensionCodec for SourceLogicalCodec {
    fn try_encode_table_provider(
        &self,
        _name: &TableReference,
        table: Arc<dyn TableProvider>,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        let source = table.downcast_ref().map(SourceProvider::any_source);
        let Some(encoded) = source.and_then(|source| self.sources.encode(source)) else {
            return not_impl_err!("this codec knows no such table: {source:?}");
        };
        message::encode(&encoded?, buffer);
        Ok(())
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        _name: &TableReference,
        _schema: SchemaRef,
        _context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        self.sources
            .decode(&message::decode("a table", bytes)?, &())
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

    functions_by_name!();
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

    guarded_functions!();
}
