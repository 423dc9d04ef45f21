//! The functions of a package.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion_common::Result;
use datafusion_expr::registry::FunctionRegistry;
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};

#[derive(Debug, Default)]
pub struct Functions {
    pub scalar: Vec<ScalarUDF>,
    pub aggregate: Vec<AggregateUDF>,
    pub window: Vec<WindowUDF>,
}

impl Functions {
    /// All functions of `registry`, for a crate that registers its functions with a `SessionContext`.
    pub fn from_registry(registry: &dyn FunctionRegistry) -> Result<Self> {
        let mut functions = Self::default();
        // An alias is a name of its own in a registry.
        for name in BTreeSet::from_iter(registry.udfs()) {
            let function = Arc::unwrap_or_clone(registry.udf(&name)?);
            if function.name() == name {
                functions.scalar.push(function);
            }
        }
        for name in BTreeSet::from_iter(registry.udafs()) {
            let function = Arc::unwrap_or_clone(registry.udaf(&name)?);
            if function.name() == name {
                functions.aggregate.push(function);
            }
        }
        for name in BTreeSet::from_iter(registry.udwfs()) {
            let function = Arc::unwrap_or_clone(registry.udwf(&name)?);
            if function.name() == name {
                functions.window.push(function);
            }
        }
        Ok(functions)
    }
}
