use pyo3::prelude::*;

use crate::scalar_udf::IsEven;
use crate::table_provider::Numbers;

mod scalar_udf;
mod table_provider;
mod utils;

#[pymodule]
fn _internal(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Numbers>()?;
    m.add_class::<IsEven>()?;
    Ok(())
}
