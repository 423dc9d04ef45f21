//! Functions of the host in filters that this package evaluates.
//!
//! The FFI hands the host each argument of a function as an array, and some functions refuse one where
//! they expect a constant. So the host plans such a call by itself, constants included, and evaluates
//! it over the other arguments.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion_catalog::Session;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Column, DFSchema, Result};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};
use datafusion_ffi::udf::ForeignScalarUDF;
use datafusion_physical_expr::PhysicalExpr;

/// Has the host plan a call of one of its functions, if it finds the function.
pub type PlanCall<'a> = &'a (dyn Fn(&Expr, &DFSchema) -> Option<Arc<dyn PhysicalExpr>> + Sync);

/// Plans a call of any function in the session of a host, which finds it without its name.
pub fn plan_any_call(
    session: &dyn Session,
) -> impl Fn(&Expr, &DFSchema) -> Option<Arc<dyn PhysicalExpr>> {
    |call, schema| session.create_physical_expr(call.clone(), schema).ok()
}

/// Plans a call of a function that `session` has.
pub fn plan_call(
    session: &dyn Session,
) -> impl Fn(&Expr, &DFSchema) -> Option<Arc<dyn PhysicalExpr>> {
    let plan = plan_any_call(session);
    move |call, schema| match call {
        Expr::ScalarFunction(ScalarFunction { func, .. })
            if session.scalar_functions().contains_key(func.name()) =>
        {
            plan(call, schema)
        }
        _ => None,
    }
}

/// `filters` over the columns of `schema`, with the constants in their calls of the host's functions
/// kept as constants.
pub fn with_constants(
    filters: &[Expr],
    schema: &SchemaRef,
    plan_call: PlanCall<'_>,
) -> Result<Vec<Expr>> {
    let schema = DFSchema::try_from(Arc::clone(schema))?;
    let replaced = filters.iter().cloned().map(|filter| {
        let replaced = filter.transform_up(|expr| {
            Ok(match HostCall::plan(&expr, &schema, plan_call) {
                Some(call) => Transformed::yes(call),
                None => Transformed::no(expr),
            })
        });
        replaced.map(|replaced| replaced.data)
    });
    replaced.collect()
}

/// A function with constants among its arguments, which the host has planned.
#[derive(Debug)]
struct HostCall {
    function: Arc<ScalarUDF>,
    call: Arc<dyn PhysicalExpr>,
    /// The arguments that are no constants, and their places among all.
    columns: SchemaRef,
    places: Vec<usize>,
}

impl HostCall {
    /// `expr` as a call that keeps its constants. None if it is no such call, or if the host does not
    /// find the function by its name.
    fn plan(expr: &Expr, schema: &DFSchema, plan_call: PlanCall<'_>) -> Option<Expr> {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else {
            return None;
        };
        let is_constant = |arg: &Expr| matches!(arg, Expr::Literal(..));
        let places: Vec<_> = (0..args.len())
            .filter(|place| args.get(*place).is_some_and(|arg| !is_constant(arg)))
            .collect();
        if !func.inner().is::<ForeignScalarUDF>() || places.is_empty() || places.len() == args.len()
        {
            return None;
        }
        let mut fields = vec![];
        let mut over_columns = args.clone();
        for arg in over_columns.iter_mut().filter(|arg| !is_constant(arg)) {
            let name = format!("argument {}", fields.len());
            let (_, field) = arg.to_field(schema).ok()?;
            let field = field.as_ref().clone().with_nullable(true);
            fields.push(field.with_name(&name));
            *arg = Expr::Column(Column::from_name(name));
        }
        let columns = Arc::new(Schema::new(fields));
        let over = DFSchema::try_from(Arc::clone(&columns)).ok()?;
        let function = Self {
            function: Arc::clone(func),
            call: plan_call(&func.call(over_columns), &over)?,
            columns,
            places,
        };
        Some(ScalarUDF::from(function).call(args.clone()))
    }
}

impl PartialEq for HostCall {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.call.eq(&other.call)
    }
}

impl Eq for HostCall {}

impl Hash for HostCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.hash(state);
    }
}

impl ScalarUDFImpl for HostCall {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.function.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.function.return_field_from_args(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns = self.places.iter().filter_map(|place| args.args.get(*place));
        let columns = columns.map(|column| column.to_array(args.number_rows));
        let columns = columns.collect::<Result<_>>()?;
        let columns = RecordBatch::try_new(Arc::clone(&self.columns), columns)?;
        self.call.evaluate(&columns)
    }
}
