//! A failure callback that is under way.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::{
    handler::Redrive,
    request::{relaying, sending},
};
use crate::{
    dlq::Transported,
    js_host::{entropy, now},
    js_pairs::Pairs,
    json::Object,
    recovery::{
        self, Admitted, Ask, BodyEnd, Claim, Conclusion, MAX_RELAYED_BYTES, Moment, Relayed, Stage, Timings,
        closing,
    },
    settings::Account,
    signature::BodyDigest,
    time::Timestamp,
};

/// A callback whose token was checked, and what was done about it so far.
pub(super) struct Delivery {
    redrive: Rc<Redrive>,
    callback: recovery::Delivery,
    /// Of the body, as far as it came.
    hash: Sha256,
    /// Bytes of the body that came.
    length: u64,
    /// The headers that came, where the policy may hand the callback on.
    headers: Option<String>,
    /// When the last request was handed out.
    sent: Timestamp,
    timings: Timings,
}

impl Delivery {
    pub(super) fn new(redrive: Rc<Redrive>, callback: recovery::Delivery, headers: &str) -> Self {
        let headers = (!redrive.settings.policy.relay.is_empty()).then(|| headers.to_owned());
        let sent = callback.started;
        Self { redrive, callback, hash: Sha256::new(), length: 0, headers, sent, timings: Timings::default() }
    }

    /// What to do next, as JSON; see [`Work::step`](super::Work::step).
    pub(super) fn step(&mut self) -> String {
        let limit = self.callback.max_body_bytes();
        let started = self.callback.started;
        match &mut self.callback.stage {
            Stage::Body(_) => {
                let mut step = Object::new();
                step.number("body", limit);
                if self.headers.is_some() {
                    step.number("keep", MAX_RELAYED_BYTES);
                }
                step.end()
            }
            Stage::Recovery(recovery) => {
                let settings = &self.redrive.settings;
                loop {
                    match recovery.ask() {
                        Ask::Send(request) => {
                            self.sent = now();
                            let Account { base_url, token, .. } = &*recovery.account;
                            return sending(base_url, token, &request, settings.api_timeout);
                        }
                        Ask::Claim(entry) => {
                            let mut step = Object::new();
                            step.text("claim", entry.as_str());
                            return step.end();
                        }
                        // Nobody here takes it up again; the kill switch leaves it to a person.
                        Ask::Admit(_) if settings.policy.paused => {
                            recovery.admitted(Admitted::Deferred { reason: "paused", until: None });
                        }
                        Ask::Admit(_) => recovery.admitted(Admitted::Go),
                        Ask::Relay(_) if self.length > MAX_RELAYED_BYTES => {
                            recovery.relayed(Relayed::TOO_LARGE, moment());
                        }
                        Ask::Relay(to) => {
                            let given = Pairs(self.headers.as_deref().unwrap_or_default());
                            return relaying(to, given, recovery.run_id(), settings.api_timeout);
                        }
                        Ask::Settle(entry) => {
                            let mut step = Object::new();
                            step.text("record", entry.as_str());
                            if recovery.conclusion.is_final() {
                                step.raw("result", &recovery.conclusion.to_json());
                            }
                            return step.end();
                        }
                        Ask::Nothing => return ended(&recovery.conclusion, self.timings, started),
                    }
                }
            }
            Stage::Over(conclusion) => ended(conclusion, self.timings, started),
        }
    }

    /// Brings a piece of the body.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.length += chunk.len() as u64;
        self.hash.update(chunk);
        self.callback.push(chunk);
    }

    /// The body is over, or will not come.
    pub(super) fn end_body(&mut self, end: &str) {
        let end = match end {
            "whole" => BodyEnd::Whole(BodyDigest::from_bytes(self.hash.finalize_reset().into())),
            "too_large" => BodyEnd::TooLarge,
            _ => BodyEnd::Lost,
        };
        self.callback.end_body(&end, &self.redrive.settings.policy, moment());
    }

    /// Brings what became of a request.
    pub(super) fn bring(&mut self, answer: Transported) {
        if let Stage::Recovery(recovery) = &mut self.callback.stage {
            match recovery.ask() {
                Ask::Claim(_) => return recovery.claimed(claim(answer)),
                Ask::Settle(_) => return recovery.settled(true),
                _ => {}
            }
            if recovery.is_relaying() {
                return recovery
                    .relayed(Relayed::answered(answer.ok().map(|answer| answer.status())), moment());
            }
            self.timings.add_call(now().since(self.sent));
            recovery.answered(answer, moment());
        }
    }
}
/// What the ledger has said: 200 for a claim that is granted, 208 and what was recorded, 409 where somebody else is at it.
fn claim(answer: Transported) -> Claim {
    let Ok(answer) = answer else { return Claim::Unavailable };
    let recorded = core::str::from_utf8(answer.body()).ok().and_then(Conclusion::recall);
    match (answer.status(), recorded) {
        (200, _) => Claim::Granted,
        (208, Some(first)) => Claim::Settled(Box::new(first)),
        (409, _) => Claim::Pending,
        _ => Claim::Unavailable,
    }
}

fn moment() -> Moment {
    Moment { now: now(), entropy: entropy() }
}

/// `{ended, done: {status, headers, body, log, isError}}`.
fn ended(conclusion: &Conclusion, timings: Timings, started: Timestamp) -> String {
    let (reply, log) = closing(conclusion, Timings { total: now().since(started), ..timings });
    let mut step = Object::new();
    step.flag("ended", true).open("done", '{');
    step.number("status", reply.status.into()).open("headers", '{');
    step.text("Content-Type", "application/json");
    if let Some(seconds) = reply.retry_after {
        step.number("Retry-After", seconds);
    }
    if reply.non_retryable {
        step.text("Upstash-NonRetryable-Error", "true");
    }
    step.close('}');
    step.text("body", &reply.body).raw("log", &log.json).flag("isError", log.is_error);
    step.close('}');
    step.end()
}
