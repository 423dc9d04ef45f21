//! Builds every way to hand over the same rows, and lets `measure.py` compare how fast they are scanned.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Bench, copy_folder, replace, run_visibly, sources};

pub const STEPS: usize = 9;

pub fn run(bench: &mut Bench) -> Result<()> {
    let target = bench.dir.join("target");
    let (batches, _) = bench.generate("bench-ext")?;
    hold_batches(&batches)?;
    let (stub, _) = bench.generate("stub-ext")?;
    for package in ["memtable", "native"] {
        copy_folder(&sources().join(package), &bench.dir.join(package))?;
    }

    for (project, what) in [
        (batches, "the generated project over batches"),
        (stub, "the generated project"),
        (bench.dir.join("memtable"), "an exported MemTable"),
    ] {
        bench.step(
            &format!("Building {what} (up to fifteen minutes, the first time)"),
            &mut bench.maturin(&project, &target),
        )?;
        let mut install = bench.install(&project)?;
        bench.step("Installing it", &mut install)?;
    }
    bench.step(
        "Building the Rust program (up to twenty minutes, the first time)",
        Command::new(env!("CARGO"))
            .args(["build", "--release"])
            .env("CARGO_TARGET_DIR", &target)
            .current_dir(bench.dir.join("native")),
    )?;

    let mut measure = Command::new(bench.venv_program("python"));
    measure
        .arg(sources().join("measure.py"))
        .arg("--folder")
        .arg(&bench.dir);
    if bench.quick {
        measure.arg("--quick");
    }
    run_visibly(&mut measure)
}

/// Gives `project` the source of the benchmark, with its arguments.
pub fn hold_batches(project: &Path) -> Result<()> {
    let src = project.join("src");
    std::fs::copy(sources().join("source.rs"), src.join("source.rs"))?;
    let class = src.join("table_provider.rs");
    for (old, new) in [
        (
            "rows = 1000, partitions = 4",
            "rows, partitions, columns, batch_rows, copy",
        ),
        (
            "rows: i64, partitions: i64",
            "rows: i64, partitions: i64, columns: i64, batch_rows: i64, copy: bool",
        ),
        (
            "try_new(rows, partitions)",
            "try_new(rows, partitions, columns, batch_rows, copy)",
        ),
    ] {
        replace(&class, old, new)?;
    }
    std::fs::remove_file(src.join("readings.rs"))?;
    replace(&src.join("lib.rs"), "mod readings;\n", "")?;
    Ok(())
}
