//! A table as an Arrow stream, for pyarrow, polars, duckdb and whoever else reads the
//! [Arrow PyCapsule Interface][spec]. DataFusion need not be installed.
//!
//! [spec]: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchReader};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use arrow::util::display::array_value_to_string;
use datafusion_catalog::TableProvider;
use datafusion_common::{DataFusionError, Result, config_err, exec_datafusion_err, exec_err};
use datafusion_execution::TaskContext;
use datafusion_execution::config::SessionConfig;
use datafusion_physical_plan::ExecutionPlan;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::error::{catch, to_py_err};
use super::host::new_capsule;
use super::raw::capsule::arrow_schema;
use super::runtime;
use crate::provider::{ProviderSession, guarded_table};

/// The most rows of a batch. There are more than DataFusion's 8,192, as pyarrow, polars and duckdb
/// do more work per batch.
const BATCH_SIZE: usize = 65_536;

/// The columns of `table`, as an `arrow_schema` capsule.
pub fn export_schema<'py>(
    py: Python<'py>,
    table: Arc<dyn TableProvider>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let table = guarded_table(table).map_err(to_py_err)?;
    let schema = FFI_ArrowSchema::try_from(table.schema().as_ref())
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    new_capsule(py, schema)
}

/// All rows of `table`, as an `arrow_array_stream` capsule, cast to `requested_schema` if there is
/// one.
pub fn export<'py>(
    py: Python<'py>,
    table: Arc<dyn TableProvider>,
    requested_schema: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let table = guarded_table(table).map_err(to_py_err)?;
    let requested_schema = requested_schema.map(arrow_schema).transpose()?;
    let stream = runtime::block_on(py, async {
        let session = ProviderSession::new(TaskContext::default());
        let plan = table.scan(&session, None, &[], None).await?;
        ArrowStream::try_new(plan, requested_schema)
    })?;
    let stream = FFI_ArrowArrayStream::new(Box::new(stream));
    new_capsule(py, stream)
}

/// Reads the partitions one after the other, so that rows come in the order of the source.
pub struct ArrowStream {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl ArrowStream {
    /// The rows of `plan`, cast to `requested_schema` if there is one.
    ///
    /// # Errors
    ///
    /// `Configuration`, if the rows cannot be represented that way: a requested schema chooses
    /// between representations of the same columns, no more.
    pub fn try_new(plan: Arc<dyn ExecutionPlan>, requested_schema: Option<Schema>) -> Result<Self> {
        let schema = requested_schema.map_or_else(|| plan.schema(), Arc::new);
        if !can_cast(&plan.schema(), &schema) {
            return config_err!(
                "requested_schema does not fit: expected the columns {}, got {}",
                describe_columns(&plan.schema()),
                describe_columns(&schema)
            );
        }
        let config = SessionConfig::new().with_batch_size(BATCH_SIZE);
        let context = Arc::new(TaskContext::default().with_session_config(config));
        let partitions = plan.properties().partitioning.partition_count();
        let target = Arc::clone(&schema);
        let batches = stream::iter(0..partitions)
            .map(move |partition| plan.execute(partition, Arc::clone(&context)))
            .try_flatten()
            .map(move |batch| cast(batch?, &target))
            .boxed();
        Ok(Self { schema, batches })
    }
}

impl RecordBatchReader for ArrowStream {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Iterator for ArrowStream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batches = &mut self.batches;
        // A `KeyboardInterrupt` could not reach the reader from here. So Ctrl-C waits.
        catch(|| runtime::handle()?.block_on(runtime::run(batches.try_next())))
            .map_err(|error| ArrowError::ExternalError(message(&error).into()))
            .transpose()
    }
}

/// What `error` says, fit for a C string: a NUL in it would make arrow-rs panic inside an
/// `extern "C"` function.
fn message(error: &DataFusionError) -> String {
    error.strip_backtrace().replace('\0', "\u{fffd}")
}

/// Whether rows with the columns of `from` can be represented as those of `to`: under the same
/// names, and in types that they can be cast to.
pub fn can_cast(from: &Schema, to: &Schema) -> bool {
    from.fields().len() == to.fields().len()
        && from.fields().iter().zip(to.fields()).all(|(from, to)| {
            from.name() == to.name() && can_cast_types(from.data_type(), to.data_type())
        })
}

/// The rows of `batch`, which [`can_cast`], with the columns of `schema`.
///
/// # Errors
///
/// A value cannot be cast without loss, such as 1.5 to an integer.
pub fn cast(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let pairs = batch.columns().iter().zip(schema.fields());
    let columns = pairs.map(|(column, field)| {
        cast_without_loss(column, field.data_type()).map_err(|error| {
            exec_datafusion_err!("column {:?}: {}", field.name(), error.strip_backtrace())
        })
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn cast_without_loss(column: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let from = column.data_type();
    if from == to {
        return Ok(Arc::clone(column));
    }
    // An overflow is an error, not a null.
    let cast = cast_array(column, to, false)?;
    if can_cast_types(to, from) {
        let back = cast_array(&cast, from, true)?;
        let differs = |row: &usize| back.slice(*row, 1).as_ref() != column.slice(*row, 1).as_ref();
        if back.as_ref() != column.as_ref()
            && let Some(row) = (0..column.len()).find(differs)
        {
            let value = array_value_to_string(column, row)?;
            return exec_err!("cannot cast {value} to {to} without loss");
        }
    }
    Ok(cast)
}

/// Casts as arrow does, but takes time without a zone for UTC, as pyarrow does, and not for local time.
fn cast_array(column: &ArrayRef, to: &DataType, safe: bool) -> Result<ArrayRef> {
    let options = CastOptions {
        safe,
        ..CastOptions::default()
    };
    let column = match (column.data_type(), to) {
        (DataType::Timestamp(unit, from), DataType::Timestamp(_, to))
            if from.is_some() != to.is_some() =>
        {
            let utc = DataType::Timestamp(*unit, Some("UTC".into()));
            cast_with_options(column, &utc, &options)?
        }
        _ => Arc::clone(column),
    };
    Ok(cast_with_options(&column, to, &options)?)
}

/// The columns of `schema` with their types, and its metadata.
pub fn describe_columns(schema: &Schema) -> String {
    let columns: Vec<_> = schema.fields().iter().map(|f| f.to_string()).collect();
    let columns = columns.join(", ");
    match schema.metadata() {
        none if none.is_empty() => columns,
        metadata => format!("{columns} with the metadata {metadata:?}"),
    }
}
