//! The `simulation` command.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a terminal")]
#![expect(clippy::disallowed_methods, reason = "never built for WebAssembly")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::{Fault, Plan, Sum, World, check, run_all, shrink, story};

/// Whole worlds from seeds: the promises of Workflow Redrive, checked over what happens in each.
#[derive(Debug, Parser)]
struct Cli {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Threads. Default: one for each core.
    #[arg(long)]
    jobs: Option<usize>,
    /// Go on after a broken promise.
    #[arg(long)]
    all: bool,
    /// Tell the whole story of this one seed, made as small as it still fails.
    #[arg(long)]
    story: Option<u64>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(seed) = cli.story {
        return tell(seed);
    }
    let jobs = cli.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    let started = Instant::now();
    let sum =
        run_all(cli.from..cli.from + cli.seeds, jobs, None, !cli.all, &|seeds| eprintln!("{seeds} seeds"));
    show(&sum, started);
    match sum.broken.values().flatten().next() {
        Some(_) if cli.all => ExitCode::FAILURE,
        Some((seed, _)) => tell(*seed),
        None => ExitCode::SUCCESS,
    }
}

fn show(sum: &Sum, started: Instant) {
    println!("seeds            {:>12}   in {:.1} s", sum.seeds, started.elapsed().as_secs_f64());
    println!("simulated hours  {:>12}", sum.hours);
    println!("events           {:>12}", sum.events);
    println!("runs             {:>12}   completed {}", sum.runs, sum.completed);
    println!("failures         {:>12}   came back {}", sum.failures, sum.revived);
    println!("callbacks        {:>12}", sum.callbacks);
    println!("told together    {:>12}", sum.gathered);
    for fault in Fault::ALL {
        println!("  {:<20} {:>12}", format!("{fault:?}"), sum.faults.of(fault));
    }
    for (promise, seeds) in &sum.broken {
        for (seed, violation) in seeds {
            println!("BROKEN {promise} by seed {seed}: {}", violation.what);
        }
    }
}

/// Tells the story of a seed; of one that breaks a promise, the shortest that was found.
fn tell(seed: u64) -> ExitCode {
    let plan = Plan::new(seed);
    let Some(violation) = check(&World::run(plan.clone(), None)).into_iter().next() else {
        println!("{}\n{plan:#?}", story(&World::run(plan.clone(), None)));
        return ExitCode::SUCCESS;
    };
    eprintln!("seed {seed} breaks {}; making it smaller", violation.promise);
    let plan = shrink(&plan, violation.promise, None);
    let world = World::run(plan.clone(), None);
    println!("{}\n{plan:#?}", story(&world));
    for violation in check(&world) {
        println!("seed {seed} breaks {}: {}", violation.promise, violation.what);
    }
    ExitCode::FAILURE
}
