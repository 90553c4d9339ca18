//! Sweeps of all accounts in a world that is asked for each step.

use super::{
    checkpoint::Checkpoint,
    keeper::KEEPER,
    machine::{Ask, Sweep},
    orders::Orders,
    tally::Report,
};
use crate::{
    http_url::HttpUrl,
    json::{Field, Fields, Object, Over},
    ledger::read_sifted,
    recovery::{Host, Moment},
    settings::{Region, Settings, SweepScope},
    time::decimal,
};

/// The world around a sweep. Its claims are those of the sweep.
pub trait Sweeper: Host {
    /// Whether there is a ledger.
    fn has_ledger(&self) -> bool;

    /// Tells an actor of the ledger something; `None` where it cannot be said whether it was heard.
    fn tell(&self, actor: &str, message: &str) -> impl Future<Output = Option<String>>;
}

/// Makes a sweep of every account that the orders mean, one after the other, and reports each. `own` is the address that
/// our callbacks go to, without a query; without it nobody could tell which runs are ours.
pub async fn sweep(
    settings: &Settings,
    own: Option<&HttpUrl>,
    orders: &Orders,
    host: &impl Sweeper,
) -> Vec<Report> {
    let mut reports = Vec::new();
    let accounts = settings.accounts().filter(|(region, _)| orders.mean_account(*region));
    let accounts: Vec<_> = accounts.collect();
    let (mut left, mut budget) = (u32::try_from(accounts.len()).unwrap_or(1), settings.sweep.calls);
    for account in accounts {
        let share = budget / left.max(1);
        let report = match hindrance(settings, own, orders, host) {
            Err(why) => Report::not_made(account.0, why),
            Ok(own) => of_account(settings, account, own, orders, share, host).await,
        };
        left -= 1;
        budget = budget.saturating_sub(report.calls);
        reports.push(report);
    }
    reports
}

/// Why there can be no sweep.
fn hindrance<'a>(
    settings: &Settings,
    own: Option<&'a HttpUrl>,
    orders: &Orders,
    host: &impl Sweeper,
) -> Result<&'a HttpUrl, &'static str> {
    if !orders.is_asked && settings.sweep.scope == SweepScope::Off {
        return Err("off");
    }
    // Without claims a callback that is late after all would be dealt with twice.
    if !host.has_ledger() && !orders.dry_run {
        return Err("no_ledger");
    }
    own.ok_or("no_public_url")
}

async fn of_account(
    settings: &Settings,
    account: (Option<Region>, &std::sync::Arc<crate::settings::Account>),
    own: &HttpUrl,
    orders: &Orders,
    calls: u32,
    host: &impl Sweeper,
) -> Report {
    let moment = || Moment { now: host.now(), entropy: host.entropy() };
    let name = account.0.map_or("default", Region::name);
    let mut lease = None;
    let mut checkpoint = Checkpoint { cursor: orders.cursor.clone(), ..Checkpoint::default() };
    if !orders.is_asked {
        match begun(host.tell(KEEPER, &about("begin", name).end()).await) {
            Ok((number, kept)) => (lease, checkpoint) = (Some(number), kept),
            Err(why) => return Report::not_made(account.0, why),
        }
    }
    let mut sweep = Sweep::new(settings, account, own, orders, checkpoint, host.has_ledger(), host.now())
        .with_budget(calls.saturating_sub(if lease.is_some() { 2 } else { 0 }));
    loop {
        match sweep.ask(moment()) {
            Ask::List(request) => {
                let answer = host.send(sweep.account, request).await;
                sweep.listed(answer, host.now());
            }
            Ask::Sift(shard, message) => {
                let answer = host.tell(&shard, &message).await;
                sweep.sifted(answer.and_then(|answer| read_sifted(&answer)));
            }
            Ask::Deal(mut recovery) => {
                let calls = recovery.drive(host).await;
                sweep.dealt(recovery.conclusion, calls, host.now());
            }
            Ask::Nothing => break,
        }
    }
    let (checkpoint, mut report) = sweep.end();
    if let Some(lease) = lease {
        report.calls += 2;
        let mut message = about("end", name);
        message.number("lease", lease);
        message.open("checkpoint", '{');
        checkpoint.write(&mut message);
        message.close('}');
        message.raw("report", &report.to_json());
        // Should it not be heard, the next sweep begins where this one has.
        host.tell(KEEPER, &message.end()).await;
    }
    report
}

fn about(what: &str, account: &str) -> Object {
    let mut message = Object::new();
    message.text("do", what).text("account", account);
    message
}

/// The lease and the checkpoint, or why the keeper does not let us.
fn begun(answer: Option<String>) -> Result<(u64, Checkpoint), &'static str> {
    const FIELDS: &[Field] = &[field("go"), field("reason"), field("lease"), field("checkpoint")];
    let fields = answer.and_then(|answer| Fields::of(answer.as_bytes(), FIELDS).ok());
    let Some(mut fields) = fields else { return Err("ledger_unavailable") };
    match (fields.text("lease").and_then(|lease| decimal(&lease)), fields.word("reason").as_deref()) {
        (Some(lease), _) => Ok((lease, Checkpoint::read(&fields.raw("checkpoint").unwrap_or_default()))),
        (None, Some("paused")) => Err("paused"),
        (None, Some("busy")) => Err("busy"),
        _ => Err("ledger_unavailable"),
    }
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}
