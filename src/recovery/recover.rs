//! One verified failure on its way to a conclusion: entry, claim, the DLQ call, and what its answer means.

use core::time::Duration;
use std::sync::Arc;

use super::{Admitted, Case, Claim, Conclusion, Outcome, Refusal, Relayed, conclusion::Revival};
use crate::{
    dlq::{
        ApiError, ApiErrorKind, ApiRequest, Call, Created, DeleteEntry, FindByRun, Lookup, Restart, Resume,
        Transported, get_entry, succeeded,
    },
    http_url::HttpUrl,
    ids::{DlqId, RunId},
    lineage::Lineage,
    policy::{Action, Decision},
    settings::{Account, Region},
    text::said,
    time::Timestamp,
};

/// How many pages a look for a run's entry may take. The filter names one run, so that the first should do.
const MAX_LOOKUP_PAGES: u32 = 5;

/// One verified failure on its way to a conclusion, as a value: it says what to do next, and is told what came of it.
///
/// Nothing here sends, waits or reads a clock, so that one recovery serves every shell.
#[derive(Debug)]
pub(crate) struct Recovery {
    pub(crate) account: Arc<Account>,
    pub(super) region: Option<Region>,
    pub(super) lineage: Lineage,
    /// What to do, and with which settings of the new run.
    pub(super) decision: Decision,
    pub(super) retry_after_cap: Duration,
    pub(super) find: FindByRun,
    pub(super) pages: u32,
    pub(super) step: Step,
    /// What came of it so far.
    pub(crate) conclusion: Conclusion,
}

/// What is under way. The steps follow each other in this order, and each may be the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Asks the queue for the entry of the failed run, where the callback does not name it.
    Find,
    /// Claims the entry, so that another delivery of the callback does not act on it at the same time.
    Claim,
    /// Asks whether the target may be called at the moment.
    Admit,
    /// Does what the policy decided.
    Act,
    /// Hands the callback on to the user's own failure function.
    Relay,
    /// Looks whether the entry is gone: the answer to the call is lost or makes no sense.
    Look,
    /// Keeps the conclusion, or frees the claim.
    Settle,
    Over,
}

/// What is to be done before a recovery can go on.
#[derive(Debug)]
pub(crate) enum Ask<'a> {
    /// Send this to the account; then [`Recovery::answered`].
    Send(ApiRequest),
    /// Claim this entry; then [`Recovery::claimed`].
    Claim(&'a DlqId),
    /// Ask whether this entry may be acted on at the moment; then [`Recovery::admitted`].
    Admit(&'a DlqId),
    /// Hand the callback on, as it came, to this address of the policy; then [`Recovery::relayed`].
    Relay(&'a HttpUrl),
    /// Settle the claim of this entry; then [`Recovery::settled`].
    Settle(&'a DlqId),
    /// Nothing: there is the conclusion.
    Nothing,
}

/// What a recovery is told of the world.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The present.
    pub now: Timestamp,
    /// A uniformly random number.
    pub entropy: u64,
}

impl Recovery {
    /// What to do next.
    pub(crate) fn ask(&self) -> Ask<'_> {
        match (self.step, &self.conclusion.subject.dlq_id) {
            (Step::Over, _) => Ask::Nothing,
            (Step::Find, _) | (_, None) => Ask::Send(self.find.request()),
            (Step::Claim, Some(entry)) => Ask::Claim(entry),
            (Step::Admit, Some(entry)) => Ask::Admit(entry),
            (Step::Act, Some(entry)) => Ask::Send(self.act(entry.clone())),
            (Step::Look, Some(entry)) => Ask::Send(get_entry(entry)),
            (Step::Relay, Some(entry)) => {
                self.decision.relay_to.as_ref().map_or(Ask::Settle(entry), Ask::Relay)
            }
            (Step::Settle, Some(entry)) => Ask::Settle(entry),
        }
    }

    /// Takes in what became of a request.
    pub(crate) fn answered(&mut self, answer: Transported, moment: Moment) {
        match self.step {
            Step::Find => match self.find.finish(answer) {
                Ok(found) => self.found(found, moment),
                Err(error) => self.failed(&error, moment),
            },
            Step::Act => match self.read(answer) {
                Ok(new_run_id) => self.done(new_run_id),
                Err(error) => self.failed(&error, moment),
            },
            // The entry is gone, so that it was done. Anything else leaves the refusal that stands there already.
            Step::Look if answer.is_ok_and(|response| response.status() == 404) => self.done(None),
            Step::Look => self.step = Step::Settle,
            Step::Claim | Step::Admit | Step::Relay | Step::Settle | Step::Over => {}
        }
    }

    /// Takes in what became of the claim.
    pub(crate) fn claimed(&mut self, claim: Claim) {
        match claim {
            Claim::Granted if self.decision.action == Action::Relay => self.step = Step::Relay,
            // It is decided already, and only to be kept.
            Claim::Granted if self.conclusion.outcome.is_ok() => self.step = Step::Settle,
            Claim::Granted if self.decision.action == Action::Delete => self.step = Step::Act,
            Claim::Granted => self.step = Step::Admit,
            Claim::Pending => self.end(Err(Refusal::Pending)),
            Claim::Unavailable => self.end(Err(Refusal::ledger_unavailable())),
            Claim::Settled(first) => {
                self.conclusion = Conclusion { duplicate: true, ..*first };
                self.step = Step::Over;
            }
        }
    }

    /// Takes in whether the target may be called.
    pub(crate) fn admitted(&mut self, admitted: Admitted) {
        match admitted {
            Admitted::Go => self.step = Step::Act,
            Admitted::Deferred { reason, until } => self.end(Ok(Outcome::Deferred { reason, until })),
            Admitted::Never { reason } => self.end(Ok(Outcome::Parked { reason })),
            Admitted::Unavailable => self.end(Err(Refusal::ledger_unavailable())),
        }
    }

    /// Takes in what became of the callback that was to be handed on.
    pub(crate) fn relayed(&mut self, relayed: Relayed, Moment { entropy, .. }: Moment) {
        match relayed {
            Relayed::Accepted => self.step = Step::Settle,
            Relayed::Impossible(reason) => self.end(Ok(Outcome::Parked { reason })),
            // QStash delivers the callback again, and it is handed on again.
            Relayed::Refused(detail) => {
                self.conclusion.detail = Some(detail);
                let retry_after = pause(entropy);
                self.end(Err(Refusal::Unavailable { code: "relay_failed", retry_after }));
            }
        }
    }

    /// Whether the callback is being handed on.
    #[cfg(any(feature = "worker", feature = "npm"))]
    pub(crate) fn is_relaying(&self) -> bool {
        self.step == Step::Relay
    }

    /// The failed run.
    pub(crate) const fn run_id(&self) -> &RunId {
        &self.find.run_id
    }

    /// The failed run, for whoever is to know of it or to go on with it.
    pub(crate) fn case(&self, entry: &DlqId) -> Case {
        let subject = &self.conclusion.subject;
        Case {
            dlq_id: entry.clone(),
            run_id: self.find.run_id.clone(),
            lineage: self.lineage.clone(),
            region: self.region,
            target: self.decision.target.clone(),
            status: subject.failure_status.unwrap_or_default(),
            fingerprint: self.decision.fingerprint.clone(),
            rule: self.decision.rule.clone(),
            action: self.decision.action,
            overrides: self.decision.overrides.clone(),
        }
    }

    /// The claim is settled, or nobody can tell. What was done is done; but what was put off or left to a person is
    /// forgotten unless it is kept, so that the callback had better come again.
    pub(crate) fn settled(&mut self, is_kept: bool) {
        self.step = Step::Over;
        if !is_kept && self.conclusion.outcome.as_ref().is_ok_and(|outcome| !outcome.is_final()) {
            self.conclusion.outcome = Err(Refusal::ledger_unavailable());
        }
    }

    fn found(&mut self, found: Lookup, moment: Moment) {
        match found {
            Lookup::Found(entry) => {
                self.conclusion.subject.dlq_id = Some(entry.dlq_id);
                self.step = Step::Claim;
            }
            Lookup::Absent => self.end(Ok(Outcome::Gone)),
            Lookup::Continue(next) if self.pages < MAX_LOOKUP_PAGES => {
                self.find = next;
                self.pages += 1;
            }
            Lookup::Continue(_) => {
                let error = ApiError::malformed("the pages of one run's entries do not end");
                self.failed(&error, moment);
            }
        }
    }

    /// The call that the policy decided on.
    fn act(&self, entry: DlqId) -> ApiRequest {
        match self.decision.action {
            Action::Delete => DeleteEntry::new(entry).request(),
            Action::Restart => Restart::new(entry, self.decision.overrides.clone()).request(),
            _ => Resume::new(entry, self.decision.overrides.clone()).request(),
        }
    }

    /// The run that the call has created, if that is what it does.
    fn read(&self, answer: Transported) -> Result<Option<RunId>, ApiError> {
        let answer = succeeded(answer)?;
        if self.decision.action == Action::Delete {
            return Ok(None);
        }
        Created::parse(&answer).map(|created| Some(created.run_id))
    }

    /// What the policy decided was done. A new run counts as an attempt.
    fn done(&mut self, new_run_id: Option<RunId>) {
        if self.decision.action == Action::Delete {
            return self.end(Ok(Outcome::Deleted));
        }
        self.conclusion.subject.attempt = Some(self.lineage.next().attempt());
        let revival = Revival { new_run_id, delay: self.decision.delay().unwrap_or_default() };
        let is_restart = self.decision.action == Action::Restart;
        self.end(Ok(if is_restart { Outcome::Restarted(revival) } else { Outcome::Resumed(revival) }));
    }

    /// A request came to nothing: QStash shall deliver the callback again, if that can help.
    fn failed(&mut self, error: &ApiError, Moment { now, entropy }: Moment) {
        let acts = self.step == Step::Act;
        let pause = pause(entropy);
        let outcome = match error.kind() {
            ApiErrorKind::NotFound if acts => return self.end(Ok(Outcome::Gone)),
            // The API will not resume this entry, now or later; it stays for a person.
            ApiErrorKind::BadRequest if acts => Ok(Outcome::Parked { reason: "refused_by_api" }),
            ApiErrorKind::Unauthorized => Err(Refusal::TokenRefused),
            ApiErrorKind::RateLimited => {
                let asked = error.rate_limit().and_then(|limit| limit.retry_after(now));
                let retry_after = asked.unwrap_or(pause).min(self.retry_after_cap);
                Err(Refusal::Unavailable { code: "api_rate_limited", retry_after })
            }
            _ => Err(Refusal::Unavailable { code: unavailable(error), retry_after: pause }),
        };
        // The API's own words for the log. An API that repeats our token must not put it there.
        self.conclusion.detail = Some(self.account.token.redact(&said(error)));
        self.end(outcome);
        if acts && error.may_have_been_processed() {
            self.step = Step::Look;
        }
    }

    /// What was claimed is to be settled, too.
    fn end(&mut self, outcome: Result<Outcome, Refusal>) {
        let is_claimed = matches!(self.step, Step::Admit | Step::Act | Step::Look | Step::Relay);
        self.step = if is_claimed { Step::Settle } else { Step::Over };
        self.conclusion.outcome = outcome;
    }
}

/// 10 to 30 seconds, so that callbacks that failed together do not come back together.
const fn pause(entropy: u64) -> Duration {
    Duration::from_secs(10 + entropy % 21)
}

const fn unavailable(error: &ApiError) -> &'static str {
    match error.kind() {
        ApiErrorKind::Transport => "api_unreachable",
        ApiErrorKind::Malformed => "api_malformed_answer",
        ApiErrorKind::Server => "api_server_error",
        _ => "api_unexpected_answer",
    }
}
