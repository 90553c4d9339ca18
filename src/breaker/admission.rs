//! Whether a run may be resumed now; and what ends of runs mean for the breaker.

use core::time::Duration;

use super::{
    backlog,
    circuit::{Circuit, State},
    deed, follow,
    pace::Pace,
    probes,
    stats::{self, End},
    window::Window,
};
use crate::text::said;
use crate::{
    durable::{Office, Records, outbox},
    json::Object,
    ledger,
    notice::{Kind, NOTICES},
    recovery::{Admitted, Case},
    settings::Settings,
    time::{Timestamp, decimal},
};

/// After this the sweep may bring a case again that there was no room for.
const TURNED_AWAY: Duration = Duration::from_mins(10);

/// How often somebody looks whether the policy is still `paused`: a new one tells nobody.
const PAUSED: Duration = Duration::from_mins(5);

const DAY: u64 = 86_400_000;

/// Set while an operator holds the target back.
pub(super) const HELD: &str = "held";
/// The target itself, for whom the actor's name is too long.
pub(super) const TARGET: &str = "target";
/// Resumes of a day: its number, and how many.
const SPENT: &str = "spent";

/// Decides about a run that failed and is to be resumed.
pub(super) fn admit(office: &mut Office<'_>, case: &Case) -> Admitted {
    let now = office.moment.now;
    let policy = &office.settings.policy;
    if office.records.get(TARGET).is_none() {
        office.records.put(TARGET, &case.target);
    }
    let is_lost = has_lost_its_lineage(office.records, case);
    ended(office, case.run_id.as_str(), End::FailedAgain, !is_ill(case.status), now, false);
    let mut circuit = tick(office);
    if policy.breaker.enabled && circuit.state == State::Closed && is_ill(case.status) {
        let mut window = Window::read(office.records, now, policy.breaker.window);
        window.add(case.lineage.root_run(), true, now);
        window.write(office.records);
        let (failures, successes) = window.counts();
        let is_much = failures * 100 >= policy.breaker.failure_share * (failures + successes);
        if failures >= policy.breaker.minimum && is_much {
            open(office, &mut circuit);
        }
    }
    if is_lost {
        return Admitted::Never { reason: "lineage_lost" };
    }
    let dlq_id = case.dlq_id.as_str();
    let Some(reason) = obstacle(office, &circuit, dlq_id) else {
        backlog::remove(office.records, dlq_id);
        spend(office.records, now);
        if circuit.state == State::HalfOpen {
            take_pace(office);
            probes::begin(office.records, dlq_id, now);
        }
        return Admitted::Go;
    };
    if backlog::keep(office.records, case, now) {
        return Admitted::Deferred { reason, until: None };
    }
    Admitted::Deferred { reason: "backlog_full", until: Some(now.after(TURNED_AWAY).max(circuit.until)) }
}

/// A run that we brought back has a lineage behind it, which its failure callback carries. Where that came without one, the
/// count of attempts is lost, and would begin anew for ever.
fn has_lost_its_lineage(records: &dyn Records, case: &Case) -> bool {
    let run = case.run_id.as_str();
    case.lineage.attempt() == 0 && (follow::find(records, run).is_some() || stats::is_counted(records, run))
}

/// What keeps a run from being resumed by its own callback, if anything does.
fn obstacle(office: &Office<'_>, circuit: &Circuit, dlq_id: &str) -> Option<&'static str> {
    let records = &*office.records;
    let (policy, now) = (&office.settings.policy, office.moment.now);
    let others = backlog::len(records) - u64::from(backlog::find(records, dlq_id).is_some());
    let is_next = others == 0 && !deed::is_at(records, dlq_id);
    if policy.paused || records.get(HELD).is_some() {
        return Some("paused");
    }
    match circuit.state {
        State::Open => return Some("breaker_open"),
        State::HalfOpen => {
            let is_free = probes::all(records).len() < count(policy.breaker.probes);
            if !is_next || !is_free || Pace::read(records).next(&policy.drain) > now {
                return Some("breaker_open");
            }
        }
        State::Closed => {}
    }
    if is_spent(records, office.settings, now) {
        return Some("budget_spent");
    }
    // Those that have waited go first, and all of them together no faster than the drain.
    (!is_next).then_some("draining")
}

/// When the next of the runs that are held back may be resumed; `None` where none waits, or not for a time.
pub(super) fn resumes_at(office: &Office<'_>, circuit: &Circuit) -> Option<Timestamp> {
    let records = &*office.records;
    let (policy, now) = (&office.settings.policy, office.moment.now);
    if backlog::len(records) == 0 || records.get(HELD).is_some() {
        return None;
    }
    if policy.paused {
        return Some(now.after(PAUSED));
    }
    match circuit.state {
        State::Open => return Some(circuit.until.max(now)),
        State::HalfOpen if probes::all(records).len() >= count(policy.breaker.probes) => return None,
        State::HalfOpen | State::Closed => {}
    }
    if is_spent(records, office.settings, now) {
        return Some(Timestamp::from_millis((now.as_millis() / DAY + 1) * DAY));
    }
    Some(Pace::read(records).next(&policy.drain))
}

/// What time alone brings about.
pub(super) fn tick(office: &mut Office<'_>) -> Circuit {
    let now = office.moment.now;
    let knobs = &office.settings.policy.breaker;
    let mut circuit = Circuit::read(office.records);
    if !knobs.enabled {
        if circuit.state != State::Closed {
            enter(office.records, &mut circuit, State::Closed, now);
        }
        return circuit;
    }
    // Further ahead than it is ever open: the clock stepped back.
    let is_over = circuit.until <= now || circuit.until.since(now) > knobs.open_cap;
    if circuit.state == State::Open && is_over {
        enter(office.records, &mut circuit, State::HalfOpen, now);
    }
    if circuit.state != State::Closed {
        probes::drop_stale(office.records, now);
    }
    judge(office, &mut circuit);
    circuit
}

/// A followed run has come to an end. `good` is what that says of its target; `tells` that the ledger is to know of it.
pub(super) fn ended(office: &mut Office<'_>, run: &str, end: End, good: bool, at: Timestamp, tells: bool) {
    let now = office.moment.now;
    let Some(followed) = follow::end(office.records, run) else { return };
    stats::add(office.records, run, end, at.since(followed.first_failed_at));
    if tells {
        let shard = ledger::shard_of(&followed.root, office.settings.ledger_shards);
        outbox::push(office.records, &shard, &ledger::ended(&followed.run, end.name(), at), now);
    }
    if end == End::Recovered {
        let mut window = Window::read(office.records, now, office.settings.policy.breaker.window);
        window.add(&followed.root, false, now);
        window.write(office.records);
    }
    match end {
        End::Recovered | End::FailedAgain => probes::decide(office.records, run, good),
        End::Canceled | End::NeverFinished => probes::remove_run(office.records, run),
    }
}

/// Whether a failure says that the target is ill, and not that it does not like the run.
pub(super) const fn is_ill(status: u16) -> bool {
    matches!(status, 0 | 408 | 429 | 500..=599)
}

/// Counts one resume of today.
pub(super) fn spend(records: &mut dyn Records, now: Timestamp) {
    let day = now.as_millis() / DAY;
    let count = spent(records, now) + 1;
    records.put(SPENT, &[&said(&day), " ", &said(&count)].concat());
}

/// How many runs were resumed today.
pub(super) fn spent(records: &dyn Records, now: Timestamp) -> u64 {
    let spent = records.get(SPENT).unwrap_or_default();
    let of_today =
        crate::text::cut(&spent, b' ').filter(|(day, _)| decimal(day) == Some(now.as_millis() / DAY));
    of_today.and_then(|(_, count)| decimal(count)).unwrap_or_default()
}

/// Counts one resume for the pace.
pub(super) fn take_pace(office: &mut Office<'_>) {
    let mut pace = Pace::read(office.records);
    pace.take(&office.settings.policy.drain, office.moment.now);
    pace.write(office.records);
}

fn is_spent(records: &dyn Records, settings: &Settings, now: Timestamp) -> bool {
    settings.policy.daily_budget.is_some_and(|budget| spent(records, now) >= budget.into())
}

/// Opens or closes, as the probes have it: by more than half of them.
fn judge(office: &mut Office<'_>, circuit: &mut Circuit) {
    if circuit.state != State::HalfOpen {
        return;
    }
    let probes = probes::all(office.records);
    let (good, bad) = probes::tally(&probes);
    // As many as there are where no more can come.
    let waits = backlog::len(office.records) > 0;
    let wanted = if waits { count(office.settings.policy.breaker.probes) } else { probes.len() };
    if bad > 0 && bad * 2 >= wanted {
        open(office, circuit);
    } else if good * 2 > wanted {
        enter(office.records, circuit, State::Closed, office.moment.now);
        notice(office, Kind::BreakerClosed);
    }
}

fn open(office: &mut Office<'_>, circuit: &mut Circuit) {
    let now = office.moment.now;
    if circuit.state == State::Closed {
        notice(office, Kind::BreakerOpened);
    }
    circuit.open(&office.settings.policy.breaker, now);
    enter(office.records, circuit, State::Open, now);
}

/// A new state: what was known of the target is over, and it is met slowly.
fn enter(records: &mut dyn Records, circuit: &mut Circuit, state: State, now: Timestamp) {
    circuit.enter(state, now);
    circuit.write(records);
    Window::clear(records);
    probes::clear(records);
    let mut pace = Pace::read(records);
    pace.slow_down();
    pace.write(records);
}

fn notice(office: &mut Office<'_>, kind: Kind) {
    if !office.settings.notify.wants(kind) {
        return;
    }
    let now = office.moment.now;
    let mut message = Object::new();
    message.text("do", "notice").text("kind", kind.name()).number("at", now.as_millis());
    message.text("target", &office.records.get(TARGET).unwrap_or_default());
    outbox::push(office.records, NOTICES, &message.end(), now);
}

pub(super) fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
