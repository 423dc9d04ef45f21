//! A library of functions: a list that a crate can fill, and each function of it for Python.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion_common::{Result, not_impl_err, plan_datafusion_err, plan_err};
use datafusion_expr::expr_rewriter::FunctionRewrite;
use datafusion_expr::planner::ExprPlanner;
use datafusion_expr::registry::FunctionRegistry;
use datafusion_expr::{
    AggregateUDF, Documentation, HigherOrderUDF, ScalarUDF, Signature, TypeSignature, WindowUDF,
};
use datafusion_expr_common::signature::Arity;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use super::list::Functions;
use crate::boundary::error::{catch, to_py_err};
use crate::export;

/// The methods of [`FunctionRegistry`] for one kind of function.
macro_rules! kind {
    ($names:ident, $find:ident, $register:ident, $list:ident: $function:ty) => {
        fn $names(&self) -> HashSet<String> {
            self.$list.iter().map(|f| f.name().to_owned()).collect()
        }

        fn $find(&self, name: &str) -> Result<Arc<$function>> {
            let found = self.$list.iter().find(|f| f.name() == name);
            let found = found.ok_or_else(|| plan_datafusion_err!("there is no function {name}"))?;
            Ok(Arc::new(found.clone()))
        }

        fn $register(&mut self, function: Arc<$function>) -> Result<Option<Arc<$function>>> {
            let before = self.$list.iter().position(|f| f.name() == function.name());
            let before = before.map(|at| Arc::new(self.$list.remove(at)));
            self.$list.push(Arc::unwrap_or_clone(function));
            Ok(before)
        }
    };
}

/// With this, a crate's own `register_all(&mut dyn FunctionRegistry)` fills the list.
impl FunctionRegistry for Functions {
    kind!(udfs, udf, register_udf, scalar: ScalarUDF);
    kind!(udafs, udaf, register_udaf, aggregate: AggregateUDF);
    kind!(udwfs, udwf, register_udwf, window: WindowUDF);

    fn higher_order_function_names(&self) -> HashSet<String> {
        HashSet::new()
    }

    fn higher_order_function(&self, name: &str) -> Result<Arc<HigherOrderUDF>> {
        plan_err!("there is no higher order function {name}")
    }

    fn register_higher_order_function(
        &mut self,
        function: Arc<HigherOrderUDF>,
    ) -> Result<Option<Arc<HigherOrderUDF>>> {
        let name = function.name();
        not_impl_err!("{name} takes a lambda: DataFusion has no hook for such functions")
    }

    /// DataFusion has no hook for planners and rewrites. They are left out here, so that the
    /// functions of a crate that has such can be used.
    fn expr_planners(&self) -> Vec<Arc<dyn ExprPlanner>> {
        vec![]
    }

    fn register_expr_planner(&mut self, _: Arc<dyn ExprPlanner>) -> Result<()> {
        Ok(())
    }

    fn register_function_rewrite(
        &mut self,
        _: Arc<dyn FunctionRewrite + Send + Sync>,
    ) -> Result<()> {
        Ok(())
    }
}

/// What a function says of itself.
#[pyclass(frozen, subclass, get_all)]
pub struct LibraryFunction {
    name: String,
    aliases: Vec<String>,
    description: Option<String>,
    syntax_example: Option<String>,
    /// Names and descriptions.
    arguments: Vec<(String, String)>,
    /// The names for calls such as `f(x => 1)`.
    parameter_names: Vec<String>,
    /// The least and the largest number of arguments, where the signature tells them.
    arity: Option<(usize, usize)>,
}

impl LibraryFunction {
    fn new(
        name: &str,
        aliases: &[String],
        signature: &Signature,
        documentation: Option<&Documentation>,
    ) -> Self {
        let names = signature.parameter_names.clone();
        let named = names.as_ref().map(|names| (names.len(), names.len()));
        Self {
            name: name.to_owned(),
            aliases: aliases.to_vec(),
            description: documentation.map(|d| d.description.clone()),
            syntax_example: documentation.map(|d| d.syntax_example.clone()),
            arguments: documentation
                .and_then(|d| d.arguments.clone())
                .unwrap_or_default(),
            parameter_names: names.unwrap_or_default(),
            arity: arity(&signature.type_signature).or(named),
        }
    }
}

fn arity(signature: &TypeSignature) -> Option<(usize, usize)> {
    match signature {
        TypeSignature::OneOf(signatures) => {
            let arities: Option<Vec<_>> = signatures.iter().map(arity).collect();
            arities?
                .into_iter()
                .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
        }
        other => match other.arity() {
            Arity::Fixed(arguments) => Some((arguments, arguments)),
            Arity::Variable => None,
        },
    }
}

/// The class of one kind of function, with the hook of that kind.
macro_rules! class {
    ($class:ident, $hook:ident: $function:ty, $export:path) => {
        #[pyclass(frozen, extends = LibraryFunction)]
        pub struct $class($function);

        impl $class {
            fn new(py: Python<'_>, function: $function) -> PyResult<Py<Self>> {
                let described = catch(|| {
                    Ok(LibraryFunction::new(
                        function.name(),
                        function.aliases(),
                        function.signature(),
                        function.documentation(),
                    ))
                });
                let described = described.map_err(to_py_err)?;
                Py::new(
                    py,
                    PyClassInitializer::from(described).add_subclass(Self(function)),
                )
            }
        }

        #[pymethods]
        impl $class {
            fn $hook<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
                $export(py, || self.0.clone())
            }
        }
    };
}

class! { ScalarFunction, __datafusion_scalar_udf__: ScalarUDF, export::scalar_udf }
class! { AggregateFunction, __datafusion_aggregate_udf__: AggregateUDF, export::aggregate_udf }
class! { WindowFunction, __datafusion_window_udf__: WindowUDF, export::window_udf }

/// Scalar, aggregate and window functions.
pub type Library = (
    Vec<Py<ScalarFunction>>,
    Vec<Py<AggregateFunction>>,
    Vec<Py<WindowFunction>>,
);

/// The functions of `list` as objects for Python.
///
/// # Errors
///
/// `RuntimeError` if `list` fails or panics.
pub fn library(py: Python<'_>, list: fn() -> Result<Functions>) -> PyResult<Library> {
    let functions = catch(list).map_err(to_py_err)?;
    let scalar = functions.scalar.into_iter();
    let scalar = scalar.map(|f| ScalarFunction::new(py, f));
    let aggregate = functions.aggregate.into_iter();
    let aggregate = aggregate.map(|f| AggregateFunction::new(py, f));
    let window = functions.window.into_iter();
    let window = window.map(|f| WindowFunction::new(py, f));
    Ok((
        scalar.collect::<PyResult<_>>()?,
        aggregate.collect::<PyResult<_>>()?,
        window.collect::<PyResult<_>>()?,
    ))
}
