//! An owner's own functions, as the pages show them.

use std::fs;

use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::page::marked;
use crate::tools::{Run, check_formatted, choose, read};

const QUERY: &str = r#"
import random
import pyarrow as pa
from datafusion import SessionConfig, SessionContext, udwf
from own_ext import Change

ctx = SessionContext(SessionConfig().with_target_partitions(2))
ctx.register_udwf(udwf(Change()))
xs = [random.random() for _ in range(1234)]
ctx.from_arrow(pa.table({"id": range(1234), "k": [i % 2 for i in range(1234)], "x": xs}), name="t")
for over in ["ORDER BY id", "PARTITION BY k ORDER BY id"]:
    rms = f"sqrt(avg(x * x) OVER ({over} ROWS 99 PRECEDING))"
    wrong = f"SELECT {rms} AS a, rolling_rms(x) OVER ({over}) AS b FROM t"
    print(ctx.sql(f"SELECT * FROM ({wrong}) WHERE b IS NULL OR abs(a - b) > 1e-12").count())
"#;

#[test]
#[ignore = "builds a project: nightly"]
fn the_window_function_of_the_page_is_right() {
    let page = read(root().join("docs/extension-points/window_udf.md"));
    let answers = choose(&["window_udf".to_owned()]);
    let built = Built::with_answers("own-ext", &answers, |project| {
        // Python's files import the class by the name in the stub.
        let function = marked(&page, "file: src/window_udf.rs");
        let function = function.replace("my_ext.RollingRms", "own_ext.Change");
        fs::write(project.join("src/window_udf.rs"), function).unwrap();
        let library = project.join("src/lib.rs");
        let renamed = read(&library).replace("change_udwf", "rolling_rms_udwf");
        fs::write(library, renamed).unwrap();
        check_formatted(project);
    });
    let environment = Environment::new("own function", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    let wrong = environment.python().args(["-c", QUERY]).succeed();
    assert_eq!(wrong, "0\n0\n");
}
