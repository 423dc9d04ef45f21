//! Logical plans over the tables of this package, as bytes for another process.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion_catalog::TableProvider;
use datafusion_common::{Result, TableReference, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, Extension, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use prost::Message;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::ffi::error::{catch, to_py_err};
use crate::ffi::function_codec::encode_options;
use crate::ffi::host::Host;
use crate::ffi::runtime;
use crate::ffi::session_of_codec;
use crate::ffi::source_table::SourceTable;
use crate::functions;
use crate::source::ReadingsSource;

/// The version of the messages below. Count it up when they change, so that old bytes are refused.
const VERSION: u32 = 1;

/// TODO(19): all that it takes to open the source again, wherever that is. These are Protocol
/// Buffers, so the tags must stay what they are.
#[derive(Clone, PartialEq, Message)]
struct SourceMessage {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(int64, tag = "2")]
    rows: i64,
    #[prost(int64, tag = "3")]
    partitions: i64,
}

fn encode(source: &ReadingsSource) -> Result<Vec<u8>> {
    let message = SourceMessage {
        version: VERSION,
        rows: source.rows,
        partitions: source.partitions,
    };
    Ok(message.encode_to_vec())
}

fn decode(bytes: &[u8]) -> Result<ReadingsSource> {
    let message = SourceMessage::decode(bytes)
        .map_err(|error| exec_datafusion_err!("these bytes are not readings: {error}"))?;
    if message.version != VERSION {
        return exec_err!(
            "these readings were written in format {}, but this package reads {VERSION}",
            message.version
        );
    }
    ReadingsSource::try_new(message.rows, message.partitions)
}

/// The host asks each of its codecs in turn, and uses the first one that accepts.
///
/// A Rust engine needs no capsule and makes this with `default()`: see *Ballista* in the template's
/// how-to guides.
#[derive(Debug, Default)]
pub struct ReadingsLogicalCodec {
    session: Option<FFI_TaskContextProvider>,
}

impl LogicalExtensionCodec for ReadingsLogicalCodec {
    fn try_encode_table_provider(
        &self,
        _name: &TableReference,
        table: Arc<dyn TableProvider>,
        buffer: &mut Vec<u8>,
    ) -> Result<()> {
        catch(
            || match table.downcast_ref::<SourceTable<ReadingsSource>>() {
                Some(table) => {
                    buffer.extend(encode(table.source())?);
                    Ok(())
                }
                None => not_impl_err!("this codec knows no such table"),
            },
        )
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        _name: &TableReference,
        _schema: SchemaRef,
        _context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        catch(|| Ok(Arc::new(SourceTable::try_new(decode(bytes)?)?) as _))
    }

    /// Logical nodes of an extension do not cross the FFI of this major.
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

    /// Functions travel by their names, and with the options that they depend on.
    fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
        catch(|| encode_options(function, self.session.as_ref(), buffer))
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        catch(|| functions()?.find_scalar(name, bytes))
    }

    fn try_decode_udaf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
        catch(|| functions()?.find_aggregate(name))
    }

    fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        catch(|| functions()?.find_window(name))
    }
}

/// Logical plans over :class:`Readings` as bytes, for another process.
///
/// A table with inserted rows cannot be sent. Damaged bytes, and bytes of another format, are an
/// error.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct LogicalCodec;

#[pymethods]
impl LogicalCodec {
    /// The host writes this id in front of the bytes, to find the codec when it decodes them.
    #[classattr]
    #[pyo3(name = "__datafusion_codec_id__")]
    const ID: &'static str = "{{project-name}}";

    #[new]
    pub fn new() -> Self {
        Self
    }

    /// Hands the codec to DataFusion, as a `datafusion_logical_extension_codec` capsule.
    #[pyo3(signature = (session = None))]
    fn __datafusion_logical_extension_codec__<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let session = session_of_codec(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        let codec = ReadingsLogicalCodec {
            session: Some(session.clone()),
        };
        host.export(FFI_LogicalExtensionCodec::new(
            Arc::new(codec),
            Some(runtime),
            session,
        ))
    }
}
