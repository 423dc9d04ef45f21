//! Functions with names that are none in Python.

use std::fs;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::tools::{Run, cargo, choose, python_files, read};

const IMPORTS: &str = "
use std::sync::Arc;

use datafusion_common::Result;
use datafusion_common::arrow::datatypes::DataType;
use datafusion_expr::{ColumnarValue, Volatility, create_udf};
";
const FUNCTIONS: &str = r#"
    for name in ["lambda", "not-a-name"] {
        let itself = Arc::new(|arguments: &[ColumnarValue]| Ok(arguments[0].clone()));
        let number = DataType::Int64;
        let arguments = vec![number.clone()];
        let function = create_udf(name, arguments, number, Volatility::Immutable, itself);
        functions.scalar.push(function);
    }
    Ok(functions)
"#;

#[test]
#[ignore = "builds a project: nightly"]
fn names_that_python_does_not_take() {
    let answers = choose(&["function_library".to_owned()]);
    let built = Built::with_answers("names-ext", &answers, |project| {
        let mut add = cargo(project);
        add.args(["add", "datafusion-expr@55", "--no-default-features"]);
        add.succeed();
        let path = project.join("src/function_library.rs");
        let list = read(&path)
            .replace("\nuse datafusion_common::Result;\n", IMPORTS)
            .replace("\n    Ok(functions)\n", FUNCTIONS);
        fs::write(path, list).unwrap();
    });
    let environment = Environment::new("library", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    environment.pytest(&python_files().join("test_library.py"));
    let stubs = built.project.join("pyo3-datafusion/stubs.py");
    environment.python().arg(&stubs).arg("--check").fail();
    environment.python().arg(&stubs).succeed();
    environment.python().arg(&stubs).arg("--check").succeed();
    environment.pytest(&built.project.join("tests/test_function_library.py"));
}
