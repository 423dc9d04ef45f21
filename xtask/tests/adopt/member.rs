use std::sync::Arc;

use datafusion_catalog::{CatalogProvider, MemoryCatalogProvider};
use datafusion_ffi::catalog_provider::FFI_CatalogProvider;
use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

fn codec_of(session: &Bound<'_, PyAny>) -> PyResult<FFI_LogicalExtensionCodec> {
    let capsule = session.call_method0("__datafusion_logical_extension_codec__")?;
    let capsule = capsule.cast::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(c"datafusion_logical_extension_codec"))?;
    Ok(unsafe { pointer.cast::<FFI_LogicalExtensionCodec>().as_ref() }.clone())
}

#[pyclass]
struct Catalog {
    provider: Arc<MemoryCatalogProvider>,
}

#[pymethods]
impl Catalog {
    #[pyo3(name = "__datafusion_catalog_provider__", signature = (session = None))]
    fn export<'py>(
        &self,
        py: Python<'py>,
        session: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let name = cr"datafusion_catalog_provider".into();
        let provider = Arc::clone(&self.provider) as Arc<dyn CatalogProvider + Send>;
        let codec = codec_of(session.unwrap())?;
        let provider = FFI_CatalogProvider::new_with_ffi_codec(provider, None, codec);
        PyCapsule::new(py, provider, Some(name))
    }
}

#[pymodule]
fn member(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Catalog>()
}
