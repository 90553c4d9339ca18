//! A target's actor, the shards that it talks to, and an API, all in memory.

use std::{cell::RefCell, collections::BTreeMap};

use super::super::{admit, read_admission};
use super::*;
use crate::{
    dlq::{ApiRequest, ApiResponse, TransportError},
    durable::{MemoryRecords, outbox, wakes},
    ids::DlqId,
    ledger::{self, Claimant, Shard},
    lineage::Lineage,
    recovery::{Admitted, Claim, Conclusion, Moment, Outcome, Revival, Subject},
    settings::Settings,
};

/// What happens to the next resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trick {
    Answer(u16),
    /// The answer is lost after it was done.
    LostAfter,
    /// The request is lost, and nobody can tell.
    LostBefore,
    /// It was never sent.
    Unreachable,
    /// Done, and whoever asked is restarted before the answer.
    RestartAfter,
    /// Whoever asked is restarted before anything is done.
    RestartBefore,
}

pub(super) struct World {
    pub(super) records: BTreeMap<String, MemoryRecords>,
    pub(super) settings: Settings,
    pub(super) now: Timestamp,
    pub(super) tricks: Vec<Trick>,
    /// Each entry that was resumed, and when.
    pub(super) resumed: Vec<(String, Timestamp)>,
    pub(super) requests: Vec<ApiRequest>,
    /// The state of runs that were created, in the words of the service; they begin with what `healthy` says.
    pub(super) runs: BTreeMap<String, &'static str>,
    pub(super) fate: &'static str,
    pub(super) notices: Vec<String>,
    pub(super) errands: usize,
    /// The errand, by its number, after which the actors are restarted: before it is run, or after.
    pub(super) crash: Option<(usize, bool)>,
}

pub(super) const TARGET: &str = "https://shop.example/order";
const NOTICE: &[Field] = &[field("kind")];

/// Who hears notices, and remembers their kinds.
#[derive(Default)]
struct Listener(RefCell<Vec<String>>);

impl Actor for Listener {
    fn hear(&self, _: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let kind = Fields::of(message.as_bytes(), NOTICE).unwrap().word("kind");
        self.0.borrow_mut().push(kind.unwrap());
        Ok("{}".to_owned())
    }

    fn errand(&self, _: &mut Office<'_>) -> Option<Errand> {
        None
    }

    fn returned(&self, _: &mut Office<'_>, _: Transported) {}

    fn wakes(&self, _: &Office<'_>) -> Option<Timestamp> {
        None
    }
}

impl World {
    pub(super) fn new(policy: &str) -> Self {
        let settings = Settings::read(|name| match name {
            "QSTASH_TOKEN" => Some("token".to_owned()),
            "QSTASH_CURRENT_SIGNING_KEY" | "QSTASH_NEXT_SIGNING_KEY" => Some("sig_key".to_owned()),
            "NOTIFY_SLACK_URL" => Some("https://chat.example/hook".to_owned()),
            "NOTIFY_ON" => Some("gave_up,recovered,breaker_opened,breaker_closed".to_owned()),
            "POLICY" => Some(policy.to_owned()),
            _ => None,
        });
        Self {
            records: BTreeMap::new(),
            settings: settings.unwrap(),
            now: Timestamp::from_millis(1_748_527_971_000),
            tricks: Vec::new(),
            resumed: Vec::new(),
            requests: Vec::new(),
            runs: BTreeMap::new(),
            fate: "RUN_SUCCESS",
            notices: Vec::new(),
            errands: 0,
            crash: None,
        }
    }

    pub(super) fn office(&mut self, actor: &str) -> Office<'_> {
        let moment = Moment { now: self.now, entropy: 0 };
        let records = self.records.entry(actor.to_owned()).or_default();
        Office { records, settings: &self.settings, moment }
    }

    pub(super) fn tell(&mut self, actor: &str, message: &str) -> String {
        let office = &mut self.office(actor);
        let answer = if actor.starts_with("target-") {
            Target.hear(office, message)
        } else if actor.starts_with("shard-") {
            Shard.hear(office, message)
        } else {
            let listener = Listener::default();
            let answer = listener.hear(office, message);
            self.notices.extend(listener.0.into_inner());
            answer
        };
        answer.unwrap()
    }

    pub(super) fn ask(&mut self, message: &str) -> serde_json::Value {
        serde_json::from_str(&self.tell(&ledger::target(TARGET), message)).unwrap()
    }

    pub(super) fn state(&mut self) -> serde_json::Value {
        self.ask(r#"{"do":"state"}"#)
    }

    /// What a callback does about a failed run: claims it, asks the target, resumes it if it may, and settles it.
    pub(super) fn fail(&mut self, case: &Case) -> Option<Admitted> {
        let shard = ledger::shard_of(case.lineage.root_run(), 4);
        let answer = self.tell(&shard, &ledger::claim(case, Claimant::Callback));
        if ledger::read_claim(&answer) != Claim::Granted {
            return None;
        }
        let admitted = read_admission(&self.tell(&ledger::target(TARGET), &admit(case)));
        let outcome = match admitted {
            Admitted::Go => {
                let new_run_id = Some(self.create(case.dlq_id.as_str()));
                Outcome::Resumed(Revival { new_run_id, delay: core::time::Duration::ZERO })
            }
            Admitted::Deferred { reason, until } => Outcome::Deferred { reason, until },
            Admitted::Never { reason } => Outcome::Parked { reason },
            Admitted::Unavailable => panic!("the target does not answer"),
        };
        let conclusion =
            Conclusion { outcome: Ok(outcome), subject: Subject::default(), duplicate: false, detail: None };
        self.tell(&shard, &ledger::settle(case, &conclusion));
        Some(admitted)
    }

    pub(super) fn fail_all(&mut self, numbers: core::ops::Range<u32>) -> Vec<Admitted> {
        numbers.filter_map(|n| self.fail(&case(n, 503))).collect()
    }

    /// Lets time pass, and the actors do what is due.
    pub(super) fn pass(&mut self, secs: u64) {
        let end = self.now.after(core::time::Duration::from_secs(secs));
        for _ in 0..1_000_000 {
            let names: Vec<String> = self.records.keys().cloned().collect();
            let next = names.iter().filter_map(|name| Some((self.wakes(name)?, name.clone()))).min();
            let Some((at, name)) = next.filter(|(at, _)| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            self.ring(&name);
        }
        panic!("an actor is woken without end");
    }

    fn wakes(&mut self, actor: &str) -> Option<Timestamp> {
        wakes(role(actor), &self.office(actor))
    }

    fn ring(&mut self, name: &str) {
        let role = role(name);
        for _ in 0..10_000 {
            let now = self.now;
            for post in outbox::due(self.office(name).records, now) {
                let Some(crash) = self.crash_now() else { return };
                let answers: Vec<_> =
                    post.messages.iter().map(|message| self.tell(&post.to, message)).collect();
                if crash {
                    return;
                }
                outbox::returned(self.office(name).records, &post, &answers, now);
            }
            let Some(errand) = role.errand(&mut self.office(name)) else { return };
            let Some(crash) = self.crash_now() else { return };
            let answer = self.run(errand);
            match answer {
                Some(answer) if !crash => role.returned(&mut self.office(name), answer),
                _ => return,
            }
        }
        panic!("an actor has errands without end");
    }

    /// One thing more is done: whether its actor is restarted after it; `None` where that is before.
    fn crash_now(&mut self) -> Option<bool> {
        self.errands += 1;
        match self.crash {
            Some((at, after)) if at == self.errands => after.then_some(true),
            _ => Some(false),
        }
    }

    fn run(&mut self, errand: Errand) -> Option<Transported> {
        Some(match errand {
            Errand::Tell { actor, message } => {
                let answer = self.tell(&actor, &message);
                Ok(ApiResponse::new(200, answer, |_| None))
            }
            Errand::Api { request, .. } => return self.api(&request),
            Errand::Post { .. } => panic!("nothing is posted"),
        })
    }

    fn api(&mut self, request: &ApiRequest) -> Option<Transported> {
        self.requests.push(request.clone());
        let path = request.path_and_query.as_str();
        if let Some(asked) = path.strip_prefix("/v2/workflows/logs?workflowRuns=") {
            let asked = asked.split('&').next().unwrap();
            let runs: Vec<String> = asked.split("%2C").filter_map(|run| self.log(run)).collect();
            return Some(Ok(answer(200, &format!(r#"{{"runs":[{}]}}"#, runs.join(",")))));
        }
        let entry = path.rsplit('/').next().unwrap().to_owned();
        let is_there = !self.resumed.iter().any(|(resumed, _)| *resumed == entry);
        if path.starts_with("/v2/workflows/dlq/1-") {
            return Some(Ok(answer(if is_there { 200 } else { 404 }, &format!(r#"{{"dlqId":"{entry}"}}"#))));
        }
        let trick = if self.tricks.is_empty() { Trick::Answer(200) } else { self.tricks.remove(0) };
        let acts = matches!(trick, Trick::Answer(200) | Trick::LostAfter | Trick::RestartAfter) && is_there;
        let run = acts.then(|| self.create(&entry));
        match trick {
            Trick::Answer(200) => Some(Ok(match run {
                Some(run) => answer(200, &format!(r#"{{"workflowRunId":"{run}"}}"#)),
                None => answer(404, ""),
            })),
            Trick::Answer(429) => {
                Some(Ok(ApiResponse::new(429, "", |name| (name == "retry-after").then(|| "600".to_owned()))))
            }
            Trick::Answer(status) => Some(Ok(answer(status, ""))),
            Trick::LostAfter | Trick::LostBefore => Some(Err(TransportError::interrupted("reset"))),
            Trick::Unreachable => Some(Err(TransportError::unreachable("nobody there"))),
            Trick::RestartAfter | Trick::RestartBefore => None,
        }
    }

    fn create(&mut self, entry: &str) -> RunId {
        self.resumed.push((entry.to_owned(), self.now));
        let run = format!("wfr_new{}", self.resumed.len());
        self.runs.insert(run.clone(), self.fate);
        RunId::new(run).unwrap()
    }

    fn log(&self, run: &str) -> Option<String> {
        let state = *self.runs.get(run)?;
        let (state, step) =
            if state == "RETRY" { ("RUN_STARTED", "STEP_RETRY") } else { (state, "STEP_PROGRESS") };
        Some(format!(
            r#"{{"workflowRunId":"{run}","workflowState":"{state}","steps":[{{"steps":[{{"state":"{step}"}}]}}]}}"#
        ))
    }

    /// The entries that were resumed, each of which must be another.
    pub(super) fn entries(&self) -> Vec<&str> {
        let mut entries: Vec<&str> = self.resumed.iter().map(|(entry, _)| entry.as_str()).collect();
        let all = entries.len();
        entries.sort_unstable();
        entries.dedup();
        assert_eq!(entries.len(), all, "one was resumed twice");
        entries
    }

    /// What the ledger says of an entry.
    pub(super) fn concluded(&mut self, n: u32) -> serde_json::Value {
        let case = case(n, 503);
        let shard = ledger::shard_of(case.lineage.root_run(), 4);
        let message = format!(r#"{{"do":"lineage","runId":"wfr_{n}"}}"#);
        let answer: serde_json::Value = serde_json::from_str(&self.tell(&shard, &message)).unwrap();
        answer["recoveries"][0].clone()
    }
}

fn answer(status: u16, body: &str) -> ApiResponse {
    ApiResponse::new(status, body, |_| None)
}

/// The first failure of a run by its number.
pub(super) fn case(n: u32, status: u16) -> Case {
    let run = RunId::new(format!("wfr_{n}")).unwrap();
    let lineage = Lineage::root(run.clone(), Timestamp::from_millis(1_748_527_971_000 + u64::from(n)));
    let dlq_id = DlqId::new(format!("1-{n}")).unwrap();
    Case { dlq_id, run_id: run.clone(), lineage, status, ..Case::sample("1-1", "wfr_x") }
}

fn role(actor: &str) -> &'static dyn Actor {
    if actor.starts_with("target-") { &Target } else { &Shard }
}
