use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

pub(crate) fn ffi_logical_codec_from_pycapsule(
    obj: Bound<PyAny>,
) -> PyResult<FFI_LogicalExtensionCodec> {
    let attr_name = "__datafusion_logical_extension_codec__";
    let capsule = if obj.hasattr(attr_name)? {
        obj.getattr(attr_name)?.call0()?
    } else {
        obj
    };
    let capsule = capsule.cast::<PyCapsule>()?;
    let data = capsule.pointer_checked(Some(c"datafusion_logical_extension_codec"))?;
    let codec = unsafe { data.cast::<FFI_LogicalExtensionCodec>().as_ref() };
    Ok(codec.clone())
}
