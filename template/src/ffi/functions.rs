//! The functions of a package, which its codecs find by their names.

use std::sync::Arc;

use datafusion_common::{Result, not_impl_err};
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};

use crate::ffi::aggregate_udf;
use crate::ffi::scalar_udf;
use crate::ffi::window_udf;

#[derive(Debug, Default)]
pub struct Functions {
    pub scalar: Vec<ScalarUDF>,
    pub aggregate: Vec<AggregateUDF>,
    pub window: Vec<WindowUDF>,
}

/// # Errors
///
/// `NotImplemented`, if there is no function of that name. DataFusion asks the next codec then.
impl Functions {
    pub fn find_scalar(self, name: &str) -> Result<Arc<ScalarUDF>> {
        match self.scalar.into_iter().find(|f| f.name() == name) {
            Some(function) => Ok(Arc::new(scalar_udf::guarded(function)?)),
            None => not_impl_err!("this package has no scalar function {name}"),
        }
    }

    pub fn find_aggregate(self, name: &str) -> Result<Arc<AggregateUDF>> {
        match self.aggregate.into_iter().find(|f| f.name() == name) {
            Some(function) => Ok(Arc::new(aggregate_udf::guarded(function)?)),
            None => not_impl_err!("this package has no aggregate function {name}"),
        }
    }

    pub fn find_window(self, name: &str) -> Result<Arc<WindowUDF>> {
        match self.window.into_iter().find(|f| f.name() == name) {
            Some(function) => Ok(Arc::new(window_udf::guarded(function)?)),
            None => not_impl_err!("this package has no window function {name}"),
        }
    }
}
