//! Answers each query of standard input with one line, natively.

use std::io::stdin;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::error::Result;
use datafusion::prelude::SessionContext;

async fn answer(ctx: Arc<SessionContext>, query: String) -> Result<Vec<Option<String>>> {
    let mut answers = vec![];
    for batch in ctx.sql(&query).await?.collect().await? {
        let texts = batch.column(0).as_string_view().iter();
        answers.extend(texts.map(|text| text.map(str::to_owned)));
    }
    Ok(answers)
}

#[tokio::main]
async fn main() {
    let ctx = SessionContext::new();
    register(&ctx);
    let ctx = Arc::new(ctx);
    for query in stdin().lines() {
        // A panic is an answer too.
        let answer = tokio::spawn(answer(Arc::clone(&ctx), query.unwrap()));
        match answer.await {
            Ok(Ok(texts)) => println!("{texts:?}"),
            _ => println!("an error"),
        }
    }
}
