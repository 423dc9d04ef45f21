//! Log records of Rust in Python's `logging`, as the page says.

use std::fs;

use xtask::root;

use crate::environment::{Built, Environment};
use crate::page::marked;
use crate::tools::{Run, cargo, check_formatted, read};

#[test]
#[ignore = "builds DataFusion's crates anew, as pyo3-log switches a feature of log on"]
fn records_arrive_in_python() {
    let page = read(root().join("docs/how-to/logging.md")).replace("my_ext", "log_ext");
    let built = Built::new("log-ext", &[], |project| {
        cargo(project).args(["add", "log", "pyo3-log"]).succeed();
        let module = project.join("src/lib.rs");
        let text = read(&module);
        let (before, _) = text.split_once("\n#[pymodule").unwrap();
        fs::write(
            &module,
            format!("{before}\n{}", marked(&page, "src/lib.rs")),
        )
        .unwrap();
        let source = project.join("src/source.rs");
        let text = read(&source);
        let start = text.find("async fn partitions(").unwrap();
        let body = start + text[start..].find("{\n").unwrap() + 2;
        let record = format!("        {}", marked(&page, "src/source.rs"));
        fs::write(&source, [&text[..body], &record, &text[body..]].concat()).unwrap();
    });
    check_formatted(&built.project);
    let environment = Environment::new("logging", "3.12", &[&built.wheel]);
    let said = environment
        .python()
        .args(["-c", &marked(&page, "script")])
        .succeed();
    assert_eq!(said, marked(&page, "output"));
}
