//! The `local-qstash` command.

use std::process::ExitCode;

use clap::Parser;
use local_qstash::Credentials;
use local_qstash::engine::{Config, Switches, TimeScale};
use local_qstash::server::{FaultRate, FaultRates, Options, Rewrite, Server};
use workflow_redrive::dlq::GoDuration;

/// QStash's workflow engine for development and tests, on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Port to listen on; 0 takes a free one and prints it.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Factor on every delay: with 0.001 a minute takes 60 milliseconds.
    #[arg(long, default_value = "1.0", value_parser = time_scale)]
    time_scale: TimeScale,
    /// Connect elsewhere for destinations with a prefix; signatures and reports keep the original URL. Repeatable.
    #[arg(long = "rewrite", value_name = "FROM=TO")]
    rewrites: Vec<Rewrite>,
    /// Choose a behaviour that is unknown of the real service; the README lists them. Repeatable.
    #[arg(long = "switch", value_name = "NAME=VALUE")]
    switches: Vec<String>,
    /// Let requests of the API fail by chance: drop-request:RATE, drop-answer:RATE, truncate:RATE, slow:RATE:TIME,
    /// status-CODE:RATE, with a rate from 0 to 1. Repeatable.
    #[arg(long = "fault", value_name = "KIND:RATE")]
    faults: Vec<FaultRate>,
    /// Seed of every generated id, and of the faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Value of the Upstash-Region header of deliveries, such as US-EAST-1. Default: no such header.
    #[arg(long)]
    region: Option<String>,
    /// Limit of one delivery, such as 30s; not scaled.
    #[arg(long, default_value = "30s", value_parser = millis)]
    delivery_timeout: u64,
    /// API token instead of the SDK's built-in development user.
    #[arg(long, requires = "current_key")]
    token: Option<String>,
    /// Key that signs deliveries.
    #[arg(long, requires = "next_key")]
    current_key: Option<String>,
    /// Key that becomes current by rotation.
    #[arg(long, requires = "token")]
    next_key: Option<String>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain(&problem);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(cli: Cli) -> Result<(), String> {
    let options = cli.options()?;
    let port = options.port;
    let server =
        Server::bind(options).await.map_err(|error| format!("cannot listen on port {port}: {error}"))?;
    let address = server.address().map_err(|error| error.to_string())?;
    announce(&format!("local-qstash listening on http://{address}"));
    server.run().await.map_err(|error| error.to_string())
}

impl Cli {
    fn options(self) -> Result<Options, String> {
        let mut switches = Switches::default();
        for pair in &self.switches {
            let (name, value) = pair.split_once('=').ok_or("not a switch: expected NAME=VALUE")?;
            switches.set(name, value).map_err(|error| error.to_string())?;
        }
        let credentials = match (self.token, self.current_key, self.next_key) {
            (Some(token), Some(current), Some(next)) => Credentials::new(token, current, next),
            _ => Credentials::default(),
        };
        let engine = Config {
            credentials,
            time_scale: self.time_scale,
            seed: self.seed,
            region: self.region,
            delivery_timeout_ms: self.delivery_timeout,
            switches,
        };
        let mut options = Options::new(self.port, engine, self.rewrites);
        options.faults = FaultRates::new(self.faults).map_err(|error| error.to_string())?;
        Ok(options)
    }
}

fn time_scale(text: &str) -> Result<TimeScale, String> {
    let scale = text.parse().ok().and_then(TimeScale::new);
    scale.ok_or_else(|| "expected a number that is not negative".to_owned())
}

fn millis(text: &str) -> Result<u64, String> {
    GoDuration::parse(text).map(GoDuration::as_millis).map_err(|error| error.to_string())
}

#[expect(clippy::print_stdout, reason = "the ready line is what scripts wait for")]
fn announce(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "a command reports its failure to the terminal")]
fn complain(problem: &str) {
    eprintln!("local-qstash: {problem}");
}
