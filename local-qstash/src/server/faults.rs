//! Faults of the API: those that tests list, and those that come [by chance](super::chance). All are counted.

use serde::Deserialize;
use std::collections::BTreeMap;

use super::chance::FaultRates;
use crate::engine::{Headers, Ids, Request, Response};

/// One entry of `POST /local/faults`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Fault {
    #[serde(default, rename = "match")]
    matching: Matching,
    /// How many requests it hits. Default: 1.
    #[serde(default = "once")]
    times: u32,
    #[serde(rename = "fault")]
    kind: Kind,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Matching {
    method: Option<String>,
    path_prefix: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Kind {
    Named(Named),
    Delay {
        #[serde(rename = "delayMs")]
        delay_ms: u64,
    },
    Answer {
        status: u16,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        #[serde(default)]
        body: String,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    DropAfter,
    DropBefore,
    Truncate,
}

/// What to do to a request instead of, or besides, answering it.
#[derive(Debug)]
pub(super) enum Effect {
    Answer(Response),
    Delay {
        millis: u64,
    },
    DropAfter,
    DropBefore,
    /// The request takes effect, and its answer breaks off in the middle.
    Truncate,
}

/// The faults that are still to come, and how many there were.
#[derive(Debug)]
pub(super) struct Faults {
    listed: Vec<Fault>,
    rates: FaultRates,
    dice: Ids,
    injected: BTreeMap<String, u64>,
}

impl Faults {
    pub(super) const fn new(rates: FaultRates, seed: u64) -> Self {
        Self { listed: Vec::new(), rates, dice: Ids::new(seed), injected: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, faults: Vec<Fault>) {
        self.listed.extend(faults);
    }

    /// The effect on this request: of the oldest listed fault that matches it, else by chance.
    pub(super) fn next(&mut self, request: &Request) -> Option<Effect> {
        let (name, effect) = self.listed(request).or_else(|| {
            let rate = self.rates.roll(&mut self.dice)?;
            Some((rate.to_string(), rate.effect()))
        })?;
        *self.injected.entry(name).or_default() += 1;
        Some(effect)
    }

    /// How many requests each kind has hit, by the names of `--fault`.
    pub(super) const fn injected(&self) -> &BTreeMap<String, u64> {
        &self.injected
    }

    /// Back to the beginning: nothing listed, nothing counted, and the same dice.
    pub(super) fn reset(&mut self, seed: u64) {
        *self = Self::new(std::mem::take(&mut self.rates), seed);
    }

    fn listed(&mut self, request: &Request) -> Option<(String, Effect)> {
        let fault = self.listed.iter_mut().find(|fault| fault.times > 0 && fault.matching.is(request))?;
        fault.times -= 1;
        let (name, effect) = (fault.kind.name(), fault.kind.effect());
        self.listed.retain(|fault| fault.times > 0);
        Some((name, effect))
    }
}

impl Matching {
    fn is(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| request.method.eq_ignore_ascii_case(method))
            && self.path_prefix.as_ref().is_none_or(|prefix| request.path.starts_with(prefix))
    }
}

impl Kind {
    fn name(&self) -> String {
        match self {
            Self::Named(Named::DropAfter) => "drop-answer".to_owned(),
            Self::Named(Named::DropBefore) => "drop-request".to_owned(),
            Self::Named(Named::Truncate) => "truncate".to_owned(),
            Self::Delay { .. } => "slow".to_owned(),
            Self::Answer { status, .. } => format!("status-{status}"),
        }
    }

    fn effect(&self) -> Effect {
        match self {
            Self::Named(Named::DropAfter) => Effect::DropAfter,
            Self::Named(Named::DropBefore) => Effect::DropBefore,
            Self::Named(Named::Truncate) => Effect::Truncate,
            Self::Delay { delay_ms } => Effect::Delay { millis: *delay_ms },
            Self::Answer { status, headers, body } => Effect::Answer(Response {
                status: *status,
                headers: headers.iter().map(|(name, value)| (name, value.as_str())).collect::<Headers>(),
                body: body.clone().into_bytes(),
            }),
        }
    }
}

const fn once() -> u32 {
    1
}
