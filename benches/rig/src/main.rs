//! The load of the benchmarks, and the DLQ API that the Workers under load call.
//!
//! It prints the address of the API; then each line on its input is an [`Order`], answered with a line of what was
//! seen. Both are JSON. One thread does all of it, so that the Worker has the other core for itself.

#![expect(clippy::disallowed_methods, reason = "never built for WebAssembly")]

mod api;
mod callback;
mod load;
mod patient;
mod report;

use std::error::Error;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

use callback::Kind;

/// A load on one Worker.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Port of the Worker on 127.0.0.1.
    port: u16,
    /// The URL that tokens are made out to.
    url: String,
    /// The key that genuine tokens are signed with.
    key: String,
    /// What is sent.
    kind: Kind,
    /// Size of a body.
    bytes: usize,
    /// Connections, each with one request under way at a time.
    connections: usize,
    /// How long requests are begun.
    seconds: f64,
    /// Requests at most, whatever the time.
    #[serde(default = "no_limit")]
    requests: u64,
}

const fn no_limit() -> u64 {
    u64::MAX
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = api::Api::serve().await?;
    say(&serde_json::json!({ "api": format!("http://127.0.0.1:{}", api.port) }).to_string());
    let mut orders = BufReader::new(stdin()).lines();
    while let Some(line) = orders.next_line().await? {
        let order: Order = serde_json::from_str(&line)?;
        let resumed = api.resumed();
        let report = load::run(&order).await?;
        say(&serde_json::to_string(&report.with_resumed(api.resumed() - resumed))?);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what was seen goes to the script that asked for it")]
fn say(line: &str) {
    println!("{line}");
}
