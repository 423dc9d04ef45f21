//! Answers queries in a session of Rust alone, for comparison with the same crate in Python.

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use arrow::ipc::writer::StreamWriter;
use datafusion::common::runtime::SpawnedTask;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The arguments are a JSON list of queries, a folder, and what `prepare` needs. Query 7 gets
/// `7.arrow` with its rows or `7.error` with the message, `7.plan`, and its time in `7.seconds`.
pub fn answer(prepare: impl AsyncFnOnce(&SessionContext, &[String]) -> Result<()>) -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [queries, folder, rest @ ..] = arguments.as_slice() else {
        return Err("arguments: QUERIES FOLDER …".into());
    };
    let queries: Vec<String> = serde_json::from_slice(&fs::read(queries)?)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let config = SessionConfig::new().with_information_schema(true);
        let session = SessionContext::new_with_config(config);
        prepare(&session, rest).await?;
        for (number, query) in queries.into_iter().enumerate() {
            let file = Path::new(folder).join(number.to_string());
            let (session, out) = (session.clone(), file.clone());
            // A panic of the crate is one of the answers.
            let task = SpawnedTask::spawn(async move { run(&session, &query, &out).await });
            let error = match task.await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => panic.to_string(),
            };
            fs::write(file.with_extension("error"), error)?;
        }
        Ok(())
    })
}

async fn run(session: &SessionContext, query: &str, file: &Path) -> Result<()> {
    let start = Instant::now();
    let frame = session.sql(query).await?;
    let schema = frame.schema().inner().clone();
    let plan = frame.create_physical_plan().await?;
    let text = displayable(plan.as_ref()).indent(true).to_string();
    let batches = datafusion::physical_plan::collect(plan, session.task_ctx()).await?;
    let seconds = start.elapsed().as_secs_f64();
    fs::write(file.with_extension("plan"), text)?;
    fs::write(file.with_extension("seconds"), seconds.to_string())?;
    let schema = batches.first().map_or(schema, |batch| batch.schema());
    let mut writer = StreamWriter::try_new(File::create(file.with_extension("arrow"))?, &schema)?;
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.finish()?;
    Ok(())
}
