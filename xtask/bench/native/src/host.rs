//! What the machinery of a source names of the files that are about Python and the FFI.

pub fn package() -> (&'static str, &'static str, u64, u64) {
    (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), 55, 55)
}

#[macro_export]
macro_rules! without_expressions {
    () => {
        fn apply_expressions(
            &self,
            _: &mut dyn FnMut(
                &Arc<dyn datafusion_physical_plan::PhysicalExpr>,
            ) -> Result<datafusion_common::tree_node::TreeNodeRecursion>,
        ) -> Result<datafusion_common::tree_node::TreeNodeRecursion> {
            Ok(datafusion_common::tree_node::TreeNodeRecursion::Continue)
        }
    };
}
