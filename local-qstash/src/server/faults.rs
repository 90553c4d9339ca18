//! Faults that tests inject into the API.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::engine::{Headers, Request, Response};

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
}

/// What to do to a request instead of, or besides, answering it.
#[derive(Debug)]
pub(super) enum Effect {
    Answer(Response),
    Delay { millis: u64 },
    DropAfter,
    DropBefore,
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, faults: Vec<Fault>) {
        self.0.extend(faults);
    }

    /// The effect on this request, of the oldest fault that matches it.
    pub(super) fn next(&mut self, request: &Request) -> Option<Effect> {
        let fault = self.0.iter_mut().find(|fault| fault.times > 0 && fault.matching.is(request))?;
        fault.times -= 1;
        let effect = fault.kind.effect();
        self.0.retain(|fault| fault.times > 0);
        Some(effect)
    }
}

impl Matching {
    fn is(&self, request: &Request) -> bool {
        self.method.as_ref().is_none_or(|method| request.method.eq_ignore_ascii_case(method))
            && self.path_prefix.as_ref().is_none_or(|prefix| request.path.starts_with(prefix))
    }
}

impl Kind {
    fn effect(&self) -> Effect {
        match self {
            Self::Named(Named::DropAfter) => Effect::DropAfter,
            Self::Named(Named::DropBefore) => Effect::DropBefore,
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
