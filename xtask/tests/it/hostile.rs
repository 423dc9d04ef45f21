//! What an owner may write into `source.rs`, and what may happen to a process: Python gets an
//! exception, and goes on.

use std::fs;
use std::path::Path;

use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES};
use crate::tools::{python_files, read};

/// Puts faults into each function of the source that its owner writes. The places are found by
/// what the stub says there, so that they go with it.
fn inject(project: &Path) {
    let path = project.join("src/source.rs");
    let mut source = read(&path);
    for (place, fault) in [
        (
            "pub fn try_new(rows: i64, partitions: i64) -> Result<Self> {",
            "fault::panic(\"try_new\");",
        ),
        (
            "pub fn schema(&self) -> SchemaRef {",
            "fault::panic(\"schema\");",
        ),
        (
            "pub fn supports_filter(&self, filter: &Expr) -> TableProviderFilterPushDown {",
            "fault::panic(\"supports_filter\");",
        ),
        (
            ") -> Result<Vec<Partition>> {",
            "fault::wait(\"plan\").await?; fault::panic(\"plan\"); fault::error(\"plan\")?;",
        ),
        (
            "pub fn statistics(&self) -> Result<Statistics> {",
            "fault::panic(\"statistics\"); fault::error(\"statistics\")?;",
        ),
        (
            "pub fn read(&self, batch_size: usize) -> Result<BoxStream<'static, Result<RecordBatch>>> {",
            "fault::panic(\"read\"); fault::error(\"read\")?;",
        ),
        (
            "fn batch(&self, ids: Range<i64>) -> Result<RecordBatch> {",
            "if ids.start > 20_000 { fault::panic(\"batch\"); fault::error(\"batch\")?; }",
        ),
        (
            "async move {",
            "if let Err(error) = fault::wait(\"batch\").await { return Some((Err(error), end)); }",
        ),
        (
            "pub struct Source {",
            "#[allow(dead_code)] ballast: fault::Ballast,",
        ),
        (
            "Ok(Self {\n            rows,",
            "ballast: fault::Ballast::default(),",
        ),
    ] {
        assert_eq!(source.matches(place).count(), 1, "{place}");
        source = source.replace(place, &format!("{place}\n{fault}"));
    }
    let faults = root().join("xtask/tests/hostile/faults.rs");
    source.push_str(&read(faults));
    fs::write(path, source).unwrap();
}

#[test]
fn faults_of_the_source() {
    let built = Built::new("hostile-ext", inject);
    let environment = Environment::new("faults", "3.12", &TEST_PACKAGES);
    environment.install(&[&built.wheel], &[]);
    environment.pytest(&python_files().join("test_faults.py"));
}
