//! What the actor does by itself: it resumes what was held back, one after the other, and looks how resumed runs go.

use core::time::Duration;

use super::{
    admission::{ended, resumes_at, spend, take_pace, tick},
    backlog::{self, Kept},
    circuit::{Circuit, State},
    deed::{Deed, Step, asked, take_asked},
    follow::{self, Followed},
    pace::Pace,
    probes,
    stats::End,
};
use crate::text::said;
use crate::{
    dlq::{
        ApiError, ApiErrorKind, ApiRequest, ApiResponse, Call, Created, FlowControl, FlowControlKey,
        FlowControlValue, GoDuration, Overrides, Restart, Resume, Run, RunState, Transported, get_entry,
        succeeded,
    },
    durable::{Errand, Office, outbox},
    ledger::{self, Claimant},
    policy::{Action, Drain},
    recovery::{Case, Claim, Conclusion, Outcome, Revival, Subject},
    time::Timestamp,
};

/// A call whose answer is not known is looked after this much later than it may take: it may still be on its way.
const MARGIN: Duration = Duration::from_secs(5);

/// The pause after something that may be over soon.
const PAUSE: Duration = Duration::from_secs(30);

/// The pause where somebody else is at an entry.
const BUSY: Duration = Duration::from_secs(5);

/// A probe that is still under way after this, without a step that is tried again, does well: a run may take days.
const PROBE_PATIENCE: Duration = Duration::from_mins(5);

/// Cases that are given up at one go.
const BATCH: usize = 20;

/// What to do next, if anything is due.
pub(super) fn errand(office: &mut Office<'_>) -> Option<Errand> {
    let now = office.moment.now;
    take_asked(office.records);
    let circuit = tick(office);
    let due = follow::due(office.records, now);
    if let Some((region, request, _)) = follow::ask(&due) {
        let runs: Vec<&str> = due.iter().map(|followed| followed.run.as_str()).collect();
        asked(office.records, &runs);
        return Some(Errand::Api { region, request });
    }
    match Deed::read(office.records) {
        Some(deed) => go_on(office, deed),
        None => pick(office, &circuit),
    }
}

/// When there is something to do.
pub(super) fn wakes(office: &Office<'_>) -> Option<Timestamp> {
    let records = &*office.records;
    let deed = match Deed::read(records) {
        Some(Deed { step: Step::Look, at, .. }) => Some(at),
        Some(_) => Some(office.moment.now),
        None => resumes_at(office, &Circuit::read(records)),
    };
    [deed, follow::wakes(records), probes::wakes(records)].into_iter().flatten().min()
}

/// Takes in what became of the errand that was given last.
pub(super) fn returned(office: &mut Office<'_>, answer: Transported) {
    if let Some(runs) = take_asked(office.records) {
        return looked_at(office, &runs, answer);
    }
    let Some(deed) = Deed::read(office.records) else { return };
    let Some(kept) = backlog::find(office.records, &deed.dlq_id) else {
        return Deed::clear(office.records);
    };
    match deed.step {
        Step::Claim => claimed(office, &kept, answer),
        Step::Act | Step::Sent => acted(office, &kept, answer),
        Step::Look => looked(office, &kept, &answer),
    }
}

/// Goes on with what is under way.
fn go_on(office: &mut Office<'_>, Deed { step, dlq_id, at }: Deed) -> Option<Errand> {
    let now = office.moment.now;
    let Some(kept) = backlog::find(office.records, &dlq_id) else {
        Deed::clear(office.records);
        return None;
    };
    match step {
        // The claim may be somebody else's by now.
        Step::Act if now.since(at) <= BUSY => Some(act(office, &kept)),
        Step::Claim | Step::Act => Some(claim(office, &kept)),
        // It was sent, and whoever sent it is gone.
        Step::Sent => {
            let at = at.after(office.settings.api_timeout).after(MARGIN);
            Deed::set(office.records, Step::Look, &dlq_id, at);
            look(&kept, at, now)
        }
        Step::Look => look(&kept, at, now),
    }
}

/// Takes up the next case, if one may be; what has had its time is given up on the way.
fn pick(office: &mut Office<'_>, circuit: &Circuit) -> Option<Errand> {
    let now = office.moment.now;
    for _ in 0..BATCH {
        if resumes_at(office, circuit).is_none_or(|at| at > now) {
            return None;
        }
        let is_probe = circuit.state == State::HalfOpen;
        let first = if is_probe { backlog::freshest } else { backlog::oldest };
        let kept = first(office.records)?;
        let elapsed = kept.case.lineage.elapsed(now).saturating_add(delay_left(&kept, now));
        if elapsed <= office.settings.policy.max_elapsed {
            return Some(claim(office, &kept));
        }
        // Nobody else resumes it in its place: policy and drain have the same limit.
        settle(office, &kept.case, Outcome::Parked { reason: "elapsed_budget_spent" });
        backlog::remove(office.records, kept.case.dlq_id.as_str());
    }
    None
}

/// Asks the ledger for the entry, so that neither a callback nor the sweep is at it.
fn claim(office: &mut Office<'_>, kept: &Kept) -> Errand {
    Deed::set(office.records, Step::Claim, kept.case.dlq_id.as_str(), office.moment.now);
    Errand::Tell { actor: shard(office, &kept.case), message: ledger::claim(&kept.case, Claimant::Drain) }
}

fn claimed(office: &mut Office<'_>, kept: &Kept, answer: Transported) {
    let now = office.moment.now;
    let entry = kept.case.dlq_id.as_str();
    let answer = answer.ok().filter(ApiResponse::is_success);
    let claim = answer.map_or(Claim::Unavailable, |answer| {
        ledger::read_claim(str::from_utf8(answer.body()).unwrap_or_default())
    });
    match claim {
        Claim::Granted => {
            // Much may have come in between.
            let circuit = tick(office);
            if resumes_at(office, &circuit).is_none_or(|at| at > now) {
                return give_back(office, kept);
            }
            take_pace(office);
            spend(office.records, now);
            if circuit.state == State::HalfOpen {
                probes::begin(office.records, entry, now);
            }
            Deed::set(office.records, Step::Act, entry, now);
        }
        // It was resumed, parked or is gone: it is not ours any more.
        Claim::Settled(_) => {
            Deed::clear(office.records);
            backlog::remove(office.records, entry);
        }
        Claim::Pending | Claim::Unavailable => {
            Deed::clear(office.records);
            backlog::to_the_back(office.records, entry, now);
            rest(office, BUSY);
        }
    }
}

/// Resumes one entry by a call of its own: its failure callback carries its lineage, so that it cannot share a bulk call
/// with others, whose overrides are the same for all.
fn act(office: &mut Office<'_>, kept: &Kept) -> Errand {
    let now = office.moment.now;
    let request = request(kept, &office.settings.policy.drain, now);
    Deed::set(office.records, Step::Sent, kept.case.dlq_id.as_str(), now);
    Errand::Api { region: kept.case.region, request }
}

fn acted(office: &mut Office<'_>, kept: &Kept, answer: Transported) {
    let now = office.moment.now;
    let entry = kept.case.dlq_id.as_str();
    let error = match succeeded(answer).and_then(|answer| Created::parse(&answer)) {
        Ok(created) => return resumed(office, kept, Some(created)),
        Err(error) => error,
    };
    if error.may_have_been_processed() {
        return Deed::set(office.records, Step::Look, entry, now.after(MARGIN));
    }
    match error.kind() {
        ApiErrorKind::NotFound => done(office, kept, Outcome::Gone),
        // The API will not resume this entry, now or later; it stays for a person.
        ApiErrorKind::BadRequest => done(office, kept, Outcome::Parked { reason: "refused_by_api" }),
        _ => {
            rest(office, pause(&error, office.settings.policy.retry_after_cap, now));
            give_back(office, kept);
        }
    }
}

fn look(kept: &Kept, at: Timestamp, now: Timestamp) -> Option<Errand> {
    let errand = || Errand::Api { region: kept.case.region, request: get_entry(&kept.case.dlq_id) };
    (at <= now).then(errand)
}

fn looked(office: &mut Office<'_>, kept: &Kept, answer: &Transported) {
    match answer.as_ref().map(ApiResponse::status) {
        // It is gone, so that it was resumed, as a run whose id is not known.
        Ok(404) => resumed(office, kept, None),
        Ok(200) => {
            rest(office, PAUSE);
            give_back(office, kept);
        }
        _ => {
            let at = office.moment.now.after(PAUSE);
            Deed::set(office.records, Step::Look, kept.case.dlq_id.as_str(), at);
        }
    }
}

fn resumed(office: &mut Office<'_>, kept: &Kept, created: Option<Created>) {
    let now = office.moment.now;
    let delay = delay_left(kept, now);
    let new_run_id = created.map(|created| created.run_id);
    if let Some(run) = &new_run_id {
        probes::started(office.records, kept.case.dlq_id.as_str(), run.as_str());
        follow::begin(office.records, &kept.case, run, now.after(delay));
    } else {
        probes::remove(office.records, kept.case.dlq_id.as_str());
    }
    let revival = Revival { new_run_id, delay };
    let is_restart = kept.case.action == Action::Restart;
    done(office, kept, if is_restart { Outcome::Restarted(revival) } else { Outcome::Resumed(revival) });
}

/// The case is over for us.
fn done(office: &mut Office<'_>, kept: &Kept, outcome: Outcome) {
    let entry = kept.case.dlq_id.as_str();
    if !matches!(outcome, Outcome::Restarted(_) | Outcome::Resumed(_)) {
        probes::remove(office.records, entry);
    }
    settle(office, &kept.case, outcome);
    Deed::clear(office.records);
    backlog::remove(office.records, entry);
}

/// The entry was not resumed. It stays with us, and the ledger knows that.
fn give_back(office: &mut Office<'_>, kept: &Kept) {
    probes::remove(office.records, kept.case.dlq_id.as_str());
    settle(office, &kept.case, Outcome::Deferred { reason: "draining", until: None });
    Deed::clear(office.records);
}

fn settle(office: &mut Office<'_>, case: &Case, outcome: Outcome) {
    let is_attempt = matches!(outcome, Outcome::Restarted(_) | Outcome::Resumed(_));
    let lineage = if is_attempt { case.lineage.next() } else { case.lineage.clone() };
    let conclusion = Conclusion {
        outcome: Ok(outcome),
        subject: Subject {
            run_id: Some(case.run_id.clone()),
            dlq_id: Some(case.dlq_id.clone()),
            root_run_id: Some(lineage.root_run().clone()),
            attempt: Some(lineage.attempt()),
            failure_status: Some(case.status),
            fingerprint: Some(case.fingerprint.clone()).filter(|fingerprint| !fingerprint.is_empty()),
            rule: Some(case.rule.clone()),
            target: Some(case.target.clone()),
            ..Subject::default()
        },
        duplicate: false,
        detail: None,
    };
    let shard = shard(office, case);
    outbox::push(office.records, &shard, &ledger::settle(case, &conclusion), office.moment.now);
}

/// Takes in how runs go.
fn looked_at(office: &mut Office<'_>, runs: &[String], answer: Transported) {
    let now = office.moment.now;
    let followed: Vec<Followed> = runs.iter().filter_map(|run| follow::find(office.records, run)).collect();
    let Some((_, _, call)) = follow::ask(&followed) else { return };
    let states = match call.finish(answer) {
        Ok(states) => states,
        Err(error) => {
            let pause = pause(&error, office.settings.policy.retry_after_cap, now);
            return followed.iter().for_each(|run| follow::retry(office.records, run, pause, now));
        }
    };
    for followed in &followed {
        let state = states.iter().find(|run| run.run_id == followed.run);
        went(office, followed, state);
    }
    tick(office);
}

fn went(office: &mut Office<'_>, followed: &Followed, state: Option<&Run>) {
    let now = office.moment.now;
    let run = followed.run.as_str();
    let at = state.and_then(|run| run.completed_at).unwrap_or(now);
    match state.map(|run| run.state) {
        Some(RunState::Success) => ended(office, run, End::Recovered, true, at, true),
        Some(RunState::Failed) => ended(office, run, End::FailedAgain, false, at, true),
        Some(RunState::Canceled) => ended(office, run, End::Canceled, false, at, true),
        _ => {
            let is_retrying = state.is_some_and(|run| run.is_retrying);
            if is_retrying {
                probes::decide(office.records, run, false);
            } else if state.is_some() && now.since(followed.starts_at) >= PROBE_PATIENCE {
                probes::decide(office.records, run, true);
            }
            let is_probe = probes::is_open(office.records, run);
            if !follow::later(office.records, followed, is_probe, now) {
                ended(office, run, End::NeverFinished, false, now, true);
            }
        }
    }
}

/// The call that resumes or restarts: with what is left of the delay, and the limits of the drain.
fn request(kept: &Kept, knobs: &Drain, now: Timestamp) -> ApiRequest {
    let mut overrides = kept.case.overrides.clone();
    overrides.set_delay_left(GoDuration::from(delay_left(kept, now)));
    if knobs.flow_control && overrides.header("Upstash-Flow-Control-Key").is_none() {
        overrides = limited(overrides, &kept.case.target, knobs);
    }
    let entry = kept.case.dlq_id.clone();
    if kept.case.action == Action::Restart {
        Restart::new(entry, overrides).request()
    } else {
        Resume::new(entry, overrides).request()
    }
}

/// What is left of the delay that the policy decided on when the run failed.
fn delay_left(kept: &Kept, now: Timestamp) -> Duration {
    let delay = kept.case.overrides.delay().map(GoDuration::as_duration).unwrap_or_default();
    delay.saturating_sub(now.since(kept.at))
}

/// A flow control key of the target, with what it allows: `redrive-https-shop.example-order-…`.
fn limited(overrides: Overrides, target: &str, knobs: &Drain) -> Overrides {
    /// The rest of a longer target is in the hash alone.
    const MAX: usize = 200;
    let mut key = "redrive-".to_owned();
    for byte in target.bytes().take(MAX) {
        let is_allowed = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
        if is_allowed {
            key.push(char::from(byte));
        } else if !key.ends_with('-') {
            key.push('-');
        }
    }
    key.push('-');
    key.push_str(&said(&ledger::hash(target)));
    let period = GoDuration::from(knobs.period);
    let value = FlowControlValue::new(Some(knobs.parallelism), Some(knobs.rate), Some(period));
    match (FlowControlKey::new(key), value) {
        (Ok(key), Ok(value)) => overrides.with_flow_control(FlowControl::new(key, Some(value))),
        _ => overrides,
    }
}

/// How long to leave the API alone after an error.
fn pause(error: &ApiError, cap: Duration, now: Timestamp) -> Duration {
    let asked = error.rate_limit().and_then(|limit| limit.retry_after(now));
    asked.unwrap_or(PAUSE).clamp(Duration::from_secs(1), cap.max(PAUSE))
}

fn rest(office: &mut Office<'_>, pause: Duration) {
    let mut rests = Pace::read(office.records);
    rests.rest(pause, office.moment.now);
    rests.write(office.records);
}

fn shard(office: &Office<'_>, case: &Case) -> String {
    ledger::shard_of(case.lineage.root_run(), office.settings.ledger_shards)
}
