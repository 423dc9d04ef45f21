//! The limit: a source in a Rust program that links DataFusion.
//!
//! It obeys lines on standard input, so that another program can take turns with it:
//!
//! - `open BATCH_SIZE TARGET_PARTITIONS ARGUMENT...` makes the table `t` of the source,
//! - `query SQL` runs a query,
//! - `iterate` reads the partitions one after the other, as an Arrow stream does,
//! - `boundary PART` does for one batch what a part of the FFI would do.
//!
//! Each is answered by the nanoseconds that it took.

mod boundary;

use std::io::BufRead;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_catalog::TableProvider;
use futures::StreamExt;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub fn serve(open: impl Fn(&[i64]) -> Result<Arc<dyn TableProvider>>) -> Result<()> {
    let runtime = Runtime::new()?;
    let mut context = SessionContext::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let started = Instant::now();
        match command {
            "open" => {
                let numbers = rest
                    .split(' ')
                    .map(str::parse)
                    .collect::<Result<Vec<i64>, _>>()?;
                let (session, arguments) =
                    numbers.split_at_checked(2).context("too few numbers")?;
                let config = SessionConfig::new()
                    .with_batch_size(session[0] as usize)
                    .with_target_partitions(session[1] as usize);
                context = SessionContext::new_with_config(config);
                context.register_table("t", open(arguments)?)?;
            }
            "query" => drop(runtime.block_on(async { context.sql(rest).await?.collect().await })?),
            "iterate" => runtime.block_on(iterate(&context))?,
            "boundary" => {
                let batches = runtime.block_on(context.sql("SELECT * FROM t LIMIT 10"))?;
                let batches = runtime.block_on(batches.collect())?;
                println!("{}", boundary::measure(rest, &batches[0])?);
                continue;
            }
            unknown => anyhow::bail!("no command {unknown}"),
        }
        println!("{}", started.elapsed().as_nanos());
    }
    Ok(())
}

async fn iterate(context: &SessionContext) -> Result<()> {
    let table = context.table_provider("t").await?;
    let plan = table.scan(&context.state(), None, &[], None).await?;
    for partition in 0..plan.properties().partitioning.partition_count() {
        let mut batches = plan.execute(partition, context.task_ctx())?;
        while let Some(batch) = batches.next().await {
            drop(batch?);
        }
    }
    Ok(())
}
