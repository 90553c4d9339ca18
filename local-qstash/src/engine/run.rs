//! Workflow runs: their settings, their recorded entries, and how they ended.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::dlq::Failure;
use super::durations::RetryDelay;
use super::flow::FlowControl;
use super::headers::Headers;
use super::settings::Callback;
use super::time::Timestamp;

/// Names a run inside the engine: run ids may be used again once a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RunKey(u64);

impl RunKey {
    /// Grows with every run.
    pub(crate) const fn number(self) -> u64 {
        self.0
    }
}

/// What kind of message an entry came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallType {
    Step,
    ToCallback,
    FromCallback,
}

impl CallType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::ToCallback => "toCallback",
            Self::FromCallback => "fromCallback",
        }
    }
}

/// The fields of a step's JSON that the engine reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// 0 for a plan.
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// The step that a plan announces.
    pub(crate) target: Option<u64>,
    pub(crate) concurrent: u64,
}

impl Step {
    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        Some(Self {
            id: json.get("stepId")?.as_u64()?,
            name: json.get("stepName")?.as_str()?.to_owned(),
            kind: json.get("stepType")?.as_str()?.to_owned(),
            target: json.get("targetStep").and_then(Value::as_u64).filter(|target| *target > 0),
            concurrent: json.get("concurrent").and_then(Value::as_u64).unwrap_or(1),
        })
    }
}

/// One recorded entry: the payload, a plan, a step's result, or one side of a third-party call.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) message_id: String,
    pub(crate) body: Vec<u8>,
    pub(crate) call_type: CallType,
    pub(crate) step: Option<Step>,
    /// Where the message that carries this entry goes, and what it forwards.
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) forward: Headers,
    pub(crate) created_at: Timestamp,
}

impl Entry {
    fn to_raw_step(&self) -> Value {
        json!({
            "messageId": self.message_id,
            "body": STANDARD.encode(&self.body),
            "callType": self.call_type.as_str(),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunState {
    Started,
    Success,
    Failed,
    Canceled,
}

impl RunState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "RUN_STARTED",
            Self::Success => "RUN_SUCCESS",
            Self::Failed => "RUN_FAILED",
            Self::Canceled => "RUN_CANCELED",
        }
    }
}

/// How the protocol headers of a run come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The publisher sent them.
    Sdk,
    /// The server supplies them.
    Server,
    /// Nobody did: the first delivery asks the endpoint to publish the trigger again.
    Unknown,
}

/// The parent step that waits for an invoked run.
#[derive(Clone, Debug)]
pub(crate) struct Invoker {
    pub(crate) run_id: String,
    pub(crate) run_created_at: Value,
    pub(crate) url: String,
    pub(crate) step: Value,
    pub(crate) forward: Headers,
}

/// What holds for every delivery of a run, from its trigger on.
#[derive(Clone, Debug)]
pub(crate) struct RunSettings {
    pub(crate) retries: u32,
    pub(crate) retry_delay: Option<RetryDelay>,
    pub(crate) flow: Option<FlowControl>,
    pub(crate) labels: Vec<String>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) failure_callback: Option<Callback>,
    pub(crate) forward: Headers,
    pub(crate) content_type: Option<String>,
    pub(crate) feature_set: String,
    pub(crate) caller_ip: String,
    pub(crate) protocol: Protocol,
}

impl RunSettings {
    pub(crate) fn has_feature(&self, feature: &str) -> bool {
        self.feature_set.split(',').any(|name| name.trim() == feature)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: Timestamp,
    pub(crate) state: RunState,
    pub(crate) completed_at: Option<Timestamp>,
    /// What the route function returned, as JSON.
    pub(crate) response: Option<String>,
    pub(crate) settings: RunSettings,
    pub(crate) entries: Vec<Entry>,
    pub(crate) invoker: Option<Invoker>,
    pub(crate) failure: Option<Failure>,
    /// Event data that arrived for this run before anybody waited.
    pub(crate) early_events: BTreeMap<String, Vec<Vec<u8>>>,
    /// The run that was triggered in the beginning, where this one is a resume or restart.
    pub(crate) original_id: String,
}

impl Run {
    /// The first `count` entries as the endpoint reads them.
    pub(crate) fn raw_steps(&self, count: usize) -> Vec<Value> {
        self.entries.iter().take(count).map(Entry::to_raw_step).collect()
    }

    pub(crate) fn payload(&self) -> &[u8] {
        self.entries.first().map_or(&[], |entry| entry.body.as_slice())
    }

    /// Whether the entry at `index` has been acted upon: a plan by its result, anything else by whatever came after it.
    pub(crate) fn is_answered(&self, index: usize) -> bool {
        let Some(entry) = self.entries.get(index) else { return true };
        let later = || self.entries.iter().skip(index + 1);
        match &entry.step {
            Some(Step { target: Some(target), .. }) => {
                later().filter_map(|entry| entry.step.as_ref()).any(|step| step.id == *target)
            }
            // Results of a parallel group share one successor, which lies beyond the whole group.
            Some(step) if step.concurrent > 1 => {
                let end = self.group_end(step);
                later()
                    .filter_map(|entry| entry.step.as_ref())
                    .any(|step| step.target.unwrap_or(step.id) > end)
            }
            _ => later().next().is_some(),
        }
    }

    /// The highest step id in the parallel group of `member`.
    fn group_end(&self, member: &Step) -> u64 {
        let is_plan = |entry: &&Entry| entry.step.as_ref().is_some_and(|step| step.target.is_some());
        let targets = |group: &[Entry]| -> Vec<u64> {
            group.iter().filter_map(|entry| entry.step.as_ref().and_then(|step| step.target)).collect()
        };
        self.entries
            .chunk_by(|a, b| is_plan(&a) && is_plan(&b))
            .map(targets)
            .find(|targets| targets.contains(&member.id))
            .and_then(|targets| targets.into_iter().max())
            .unwrap_or(member.id)
    }
}

/// Every run, also the ended ones.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    all: BTreeMap<RunKey, Run>,
    /// Oldest first: an id may come again.
    by_id: BTreeMap<String, Vec<RunKey>>,
}

impl Runs {
    pub(crate) fn insert(&mut self, run: Run) -> RunKey {
        let key = RunKey(self.all.len() as u64);
        self.by_id.entry(run.id.clone()).or_default().push(key);
        self.all.insert(key, run);
        key
    }

    pub(crate) fn by_key(&self, key: RunKey) -> Option<&Run> {
        self.all.get(&key)
    }

    pub(crate) fn by_key_mut(&mut self, key: RunKey) -> Option<&mut Run> {
        self.all.get_mut(&key)
    }

    /// The latest run of this id.
    pub(crate) fn key_of(&self, id: &str) -> Option<RunKey> {
        self.by_id.get(id)?.last().copied()
    }

    /// The run of this id if it has not ended.
    pub(crate) fn live(&self, id: &str) -> Option<RunKey> {
        self.key_of(id).filter(|key| self.is_live(*key))
    }

    pub(crate) fn is_live(&self, key: RunKey) -> bool {
        self.by_key(key).is_some_and(|run| run.state == RunState::Started)
    }

    /// Every run, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (RunKey, &Run)> {
        self.all.iter().rev().map(|(key, run)| (*key, run))
    }

    /// The runs with one of these ids, newest first.
    pub(crate) fn named<'a>(
        &'a self,
        ids: impl Iterator<Item = &'a str>,
    ) -> impl Iterator<Item = (RunKey, &'a Run)> {
        let keys: BTreeSet<RunKey> = ids.filter_map(|id| self.by_id.get(id)).flatten().copied().collect();
        keys.into_iter().rev().filter_map(|key| Some((key, self.by_key(key)?)))
    }
}
