//! Steps 2 to 7: from the body to a conclusion.

use core::time::Duration;
use std::sync::Arc;

use super::{
    Admission, Admitted, Case, Claim, Conclusion, Host, Outcome, Refusal, Relayed,
    conclusion::{Revival, Subject},
};
use crate::{
    callback::{CallbackError, Failure},
    dlq::{
        ApiError, ApiErrorKind, ApiRequest, Call, Created, DeleteEntry, FindByRun, Lookup, Restart, Resume,
        Transported, get_entry, succeeded,
    },
    http_url::HttpUrl,
    ids::{DlqId, RunId},
    lineage::Lineage,
    policy::{Action, Decision, Policy, Reason},
    settings::{Account, Region},
    signature::BodyDigest,
    text::said,
    time::Timestamp,
};

/// How many pages a look for a run's entry may take. The filter names one run, so that the first should do.
const MAX_LOOKUP_PAGES: u32 = 5;

/// No plan of QStash keeps an entry for longer: three months.
const LONGEST_RETENTION: Duration = Duration::from_hours(92 * 24);

/// One verified failure on its way to a conclusion, as a value: it says what to do next, and is told what came of it.
///
/// Nothing here sends, waits or reads a clock, so that one recovery serves every shell.
#[derive(Debug)]
pub(crate) struct Recovery {
    pub(crate) account: Arc<Account>,
    region: Option<Region>,
    lineage: Lineage,
    /// What to do, and with which settings of the new run.
    decision: Decision,
    retry_after_cap: Duration,
    find: FindByRun,
    pages: u32,
    step: Step,
    /// What came of it so far.
    pub(crate) conclusion: Conclusion,
}

/// What is under way. The steps follow each other in this order, and each may be the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
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

impl Admission {
    /// Deals with a callback whose body was read, as the policy of the settings has it: `digest` is the body's SHA-256,
    /// `failure` what was read from it.
    ///
    /// A body that differs from the signed one is refused before it is looked at, even where it cannot be read.
    pub async fn recover(
        self,
        policy: &Policy,
        digest: BodyDigest,
        failure: Result<Failure, CallbackError>,
        host: &impl Host,
    ) -> Conclusion {
        let moment = Moment { now: host.now(), entropy: host.entropy() };
        let mut recovery = match self.begin(policy, digest, &failure, moment) {
            Ok(recovery) => recovery,
            Err(refusal) => return Conclusion::refused(refusal),
        };
        recovery.drive(host).await;
        recovery.conclusion
    }

    /// The same for a shell that takes the steps itself.
    pub(crate) fn begin(
        &self,
        policy: &Policy,
        digest: BodyDigest,
        failure: &Result<Failure, CallbackError>,
        moment: Moment,
    ) -> Result<Box<Recovery>, Refusal> {
        self.claims.verify_body(digest).map_err(Refusal::Signature)?;
        let failure = failure.as_ref().map_err(|error| Refusal::Callback(*error))?;
        // A URL without a lineage is a run's first failure.
        let lineage = Lineage::from_query(self.url.query())
            .map_err(Refusal::Lineage)?
            .unwrap_or_else(|| Lineage::root(failure.run_id.clone(), failed_at(failure, moment.now)));
        Ok(Recovery::of(&self.account, self.region, failure, lineage, &self.url, policy, moment))
    }
}

impl Recovery {
    /// A failure that is vouched for. `url` is where its callback goes.
    pub(crate) fn of(
        account: &Arc<Account>,
        region: Option<Region>,
        failure: &Failure,
        lineage: Lineage,
        url: &HttpUrl,
        policy: &Policy,
        Moment { now, entropy }: Moment,
    ) -> Box<Self> {
        let mut decision = policy.decide(failure, &lineage, now, entropy);
        let is_ours = |to: &HttpUrl| to.with_query(None).same_resource(url.with_query(None).as_str());
        let (step, outcome) = if policy.dry_run {
            let (action, reason) = (decision.action, decision.reason);
            (Step::Over, Ok(Outcome::DryRun { action, reason, delay: decision.delay() }))
        } else if decision.relay_to.as_ref().is_some_and(is_ours) {
            // It would come back for ever.
            decision.action = Action::Park;
            let outcome = Outcome::Parked { reason: "relay_to_ourselves" };
            (left_alone_by(&decision, failure.dlq_id.is_some()), Ok(outcome))
        } else if let Some(outcome) = left_alone(&decision, now) {
            (left_alone_by(&decision, failure.dlq_id.is_some()), Ok(outcome))
        } else {
            (if failure.dlq_id.is_some() { Step::Claim } else { Step::Find }, Err(Refusal::Pending))
        };
        // Failures of the new run come back to us with the lineage counted on, unless the policy sends them elsewhere.
        if !decision.overrides.has_failure_callback() {
            let url = url.with_query(Some(&lineage.next().write_to_query(url.query())));
            decision.overrides.set_failure_callback(url);
        }
        Box::new(Self {
            account: Arc::clone(account),
            retry_after_cap: policy.retry_after_cap,
            region,
            find: FindByRun::new(failure.run_id.clone()),
            pages: 1,
            step,
            conclusion: Subject::new(failure, &lineage, &decision).concluded(outcome),
            lineage,
            decision,
        })
    }

    /// The same where nobody waits for an answer: what is decided already is claimed as well, for somebody else may be
    /// at the entry. `given_up` is why it is left to a person whatever the policy says.
    pub(crate) fn unasked(mut self: Box<Self>, given_up: Option<&'static str>) -> Box<Self> {
        let is_dry = matches!(self.conclusion.outcome, Ok(Outcome::DryRun { .. }));
        self.step = if is_dry { Step::Over } else { Step::Claim };
        if let Some(reason) = given_up {
            self.decision.action = Action::Park;
            self.conclusion.outcome = Ok(Outcome::Parked { reason });
        }
        self
    }

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
    #[cfg(feature = "npm")]
    pub(crate) fn is_relaying(&self) -> bool {
        self.step == Step::Relay
    }

    /// The failed run.
    pub(crate) const fn run_id(&self) -> &RunId {
        &self.find.run_id
    }

    /// The failed run, for whoever is to know of it or to go on with it.
    pub(super) fn case(&self, entry: &DlqId) -> Case {
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

/// When the run failed, which is long ago where its callback had to be delivered again: its entry's id tells. A moment
/// that cannot be is none.
fn failed_at(failure: &Failure, now: Timestamp) -> Timestamp {
    let entered = failure.dlq_id.as_ref().and_then(DlqId::entered_at);
    entered.filter(|at| *at <= now && now.since(*at) <= LONGEST_RETENTION).unwrap_or(now)
}

/// 10 to 30 seconds, so that callbacks that failed together do not come back together.
const fn pause(entropy: u64) -> Duration {
    Duration::from_secs(10 + entropy % 21)
}

/// The first step where the entry is left where it is. What is handed on is claimed first, so that deliveries of one
/// callback that come together are not all handed on.
fn left_alone_by(decision: &Decision, is_entry_known: bool) -> Step {
    match (decision.action == Action::Relay, is_entry_known) {
        (true, true) => Step::Claim,
        (true, false) => Step::Find,
        (false, true) => Step::Settle,
        // Nobody could take it up again.
        (false, false) if decision.action == Action::Defer => Step::Find,
        (false, false) => Step::Over,
    }
}

/// What comes of a decision that leaves the entry where it is.
fn left_alone(decision: &Decision, now: Timestamp) -> Option<Outcome> {
    let reason = decision.reason.code();
    match decision.action {
        Action::Defer => {
            Some(Outcome::Deferred { reason, until: decision.delay().map(|delay| now.after(delay)) })
        }
        // Where the rule has not had its way, why not says more.
        Action::Relay if decision.reason == Reason::Rule => Some(Outcome::Parked { reason: "relayed" }),
        Action::Park | Action::Relay => Some(Outcome::Parked { reason }),
        Action::Delete | Action::Restart | Action::Resume => None,
    }
}

const fn unavailable(error: &ApiError) -> &'static str {
    match error.kind() {
        ApiErrorKind::Transport => "api_unreachable",
        ApiErrorKind::Malformed => "api_malformed_answer",
        ApiErrorKind::Server => "api_server_error",
        _ => "api_unexpected_answer",
    }
}
