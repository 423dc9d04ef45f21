//! A crate that others wrote, as a library of functions.

use std::fs;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::tools::{Run, cargo, choose, python_files, read};

/// The crate registers thirteen functions, a rewrite and a planner, and its functions take constants
/// as paths.
#[test]
#[ignore = "builds all of DataFusion: nightly"]
fn json_functions() {
    let answers = choose(&["function_library".to_owned()]);
    let built = Built::with_answers("json-ext", &answers, |project| {
        // Its minor version is the major of DataFusion.
        for add in [
            ["datafusion-functions-json@0.55", "--quiet"],
            ["pyo3-datafusion", "--features=parquet"],
        ] {
            cargo(project).arg("add").args(add).succeed();
        }
        let path = project.join("src/function_library.rs");
        let stub = read(&path);
        let (_, exported) = stub.split_once("/// The functions as objects").unwrap();
        let (exported, _) = exported.split_once("\n}\n").unwrap();
        let list = format!(
            "//! The functions of `datafusion-functions-json`.

use std::sync::Arc;

use datafusion_common::Result;
use datafusion_expr::{{ColumnarValue, Volatility, create_udf}};
use pyo3::prelude::*;
use pyo3_datafusion::function::{{Functions, Library, library}};

pub fn functions() -> Result<Functions> {{
    let mut functions = Functions::default();
    datafusion_functions_json::register_all(&mut functions)?;
    for name in [\"lambda\", \"not-a-name\"] {{
        let itself = Arc::new(|arguments: &[ColumnarValue]| Ok(arguments[0].clone()));
        let number = arrow::datatypes::DataType::Int64;
        let arguments = vec![number.clone()];
        let function = create_udf(name, arguments, number, Volatility::Immutable, itself);
        functions.scalar.push(function);
    }}
    Ok(functions)
}}

/// The functions as objects{exported}
}}
"
        );
        fs::write(path, list).unwrap();
    });
    let environment = Environment::new("library", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    environment.pytest(&python_files().join("test_library.py"));
    let stubs = built.project.join("pyo3-datafusion/stubs.py");
    environment.python().arg(&stubs).succeed();
    environment.python().arg(&stubs).arg("--check").succeed();
    // These tests hold for any list. The page says to delete those of the stub's functions.
    let tests = built.project.join("tests/test_function_library.py");
    let text = read(&tests);
    let (any_list, _) = text.split_once("def test_signatures").unwrap();
    fs::write(&tests, any_list).unwrap();
    environment.pytest(&tests);
}
