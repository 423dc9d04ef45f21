//! The functions of a package.

use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};

#[derive(Debug, Default)]
pub struct Functions {
    pub scalar: Vec<ScalarUDF>,
    pub aggregate: Vec<AggregateUDF>,
    pub window: Vec<WindowUDF>,
}
