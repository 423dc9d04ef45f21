//! `Readings(rows, partitions)`: the table as Python sees it.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_datafusion::table::{PyTable, SourceTable};

use crate::source::ReadingsSource;

// TODO(5): its name, and its arguments with their defaults. `_internal.pyi` has them too.
/// A table of temperature readings, one a second.
///
/// Columns: ``id`` int64, ``sensor`` string, ``celsius`` float64 (null where the sensor
/// failed), ``recorded_at`` timestamp in microseconds, UTC.
///
/// Args:
///     rows: how many there are, 0 to 10**12. They are computed as they are read.
///     partitions: how many parts are read in parallel, 1 to 1024.
///
/// Raises:
///     ValueError: an argument is out of range.
#[pyclass(frozen, extends = PyTable, module = "{{crate_name}}")]
pub struct Readings(SourceTable<ReadingsSource>);

#[pymethods]
impl Readings {
    #[new]
    #[pyo3(signature = (rows = 1000, partitions = 4))]
    fn new(py: Python<'_>, rows: i64, partitions: i64) -> PyResult<PyClassInitializer<Self>> {
        let table = SourceTable::open(py, || ReadingsSource::try_new(rows, partitions))?;
        Ok(PyTable::base(table.provider()).add_subclass(Self(table)))
    }

    /// What the table has done so far, over all queries.
    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = &self.0.source().counters;
        let dict = PyDict::new(py);
        dict.set_item("partitions", counters.partitions.load(Ordering::Relaxed))?;
        dict.set_item("rows", counters.rows.load(Ordering::Relaxed))?;
        dict.set_item("values", counters.values.load(Ordering::Relaxed))?;
        Ok(dict)
    }

    /// The arguments, from which `pickle` and `copy` make the table again.
    fn __getnewargs__(&self) -> (i64, i64) {
        let ReadingsSource {
            rows, partitions, ..
        } = self.0.source();
        (*rows, *partitions)
    }

    fn __repr__(&self) -> String {
        let (rows, partitions) = self.__getnewargs__();
        format!("Readings(rows={rows}, partitions={partitions})")
    }
}
