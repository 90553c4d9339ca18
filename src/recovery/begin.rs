//! How a recovery begins: its body is vouched for, its lineage read, and the policy decides.

use core::time::Duration;
use std::sync::Arc;

use super::{
    Admission, Conclusion, Host, Outcome, Refusal,
    conclusion::Subject,
    recover::{Moment, Recovery, Step},
};
use crate::{
    callback::{CallbackError, Failure},
    dlq::FindByRun,
    http_url::HttpUrl,
    ids::DlqId,
    lineage::Lineage,
    policy::{Action, Decision, Policy, Reason},
    settings::{Account, Region},
    signature::BodyDigest,
    time::Timestamp,
};

/// No plan of QStash keeps an entry for longer: three months.
const LONGEST_RETENTION: Duration = Duration::from_hours(92 * 24);

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
}

/// When the run failed, which is long ago where its callback had to be delivered again: its entry's id tells. A moment
/// that cannot be is none.
fn failed_at(failure: &Failure, now: Timestamp) -> Timestamp {
    let entered = failure.dlq_id.as_ref().and_then(DlqId::entered_at);
    entered.filter(|at| *at <= now && now.since(*at) <= LONGEST_RETENTION).unwrap_or(now)
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
