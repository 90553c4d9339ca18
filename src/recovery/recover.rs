//! Steps 2 to 7: from the body to a conclusion.

use core::time::Duration;

use super::{
    Admission, Claim, Conclusion, Host, Outcome, Refusal,
    conclusion::{Revival, Subject},
};
use crate::{
    callback::{CallbackError, Failure},
    client::{Settlement, Wire, settle},
    dlq::{ApiError, ApiErrorKind, Call, DeleteEntry, FindByRun, Lookup, Overrides, Restart, Resume},
    ids::DlqId,
    lineage::Lineage,
    policy::{Action, Decision},
    signature::BodyDigest,
};

/// How many pages a look for a run's entry may take. The filter names one run, so that the first should do.
const MAX_LOOKUP_PAGES: usize = 5;

impl Admission<'_> {
    /// Deals with a callback whose body was read: `digest` is its SHA-256, `failure` what was read from it.
    ///
    /// A body that differs from the signed one is refused before it is looked at, even where it cannot be read.
    pub async fn recover(
        self,
        digest: BodyDigest,
        failure: Result<Failure, CallbackError>,
        host: &impl Host,
    ) -> Conclusion {
        let admitted = self
            .claims
            .verify_body(digest)
            .map_err(Refusal::Signature)
            .and_then(|()| failure.map_err(Refusal::Callback))
            .and_then(|failure| Ok((self.lineage(&failure, host)?, failure)));
        match admitted {
            Ok((lineage, failure)) => Recovery { admission: self, host, failure, lineage }.run().await,
            Err(refusal) => Conclusion::refused(refusal),
        }
    }

    /// The lineage that the signed URL carries; a URL without one is a run's first failure.
    fn lineage(&self, failure: &Failure, host: &impl Host) -> Result<Lineage, Refusal> {
        let carried = Lineage::from_query(self.url.query()).map_err(Refusal::Lineage)?;
        Ok(carried.unwrap_or_else(|| Lineage::root(failure.run_id.clone(), host.now())))
    }
}

/// One verified failure on its way to a conclusion.
struct Recovery<'a, H> {
    admission: Admission<'a>,
    host: &'a H,
    failure: Failure,
    lineage: Lineage,
}

impl<H: Host> Recovery<'_, H> {
    async fn run(self) -> Conclusion {
        let policy = &self.admission.settings.policy;
        let decision = policy.decide(&self.failure, &self.lineage, self.host.now(), self.host.entropy());
        let mut subject = Subject::new(&self.failure, &self.lineage, &decision.rule);
        if policy.dry_run {
            let Decision { action, reason, .. } = decision;
            return subject.concluded(Ok(Outcome::DryRun { action, reason, delay: decision.delay() }));
        }
        if decision.action == Action::Park {
            return subject.concluded(Ok(Outcome::Parked { reason: decision.reason.code() }));
        }
        let entry = match self.entry().await {
            Ok(Some(entry)) => entry,
            Ok(None) => return subject.concluded(Ok(Outcome::Gone)),
            Err(error) => return self.refused(subject, &error),
        };
        subject.dlq_id = Some(entry.clone());
        match self.host.claim(&entry).await {
            Claim::Granted => {}
            Claim::Pending => return subject.concluded(Err(Refusal::Pending)),
            Claim::Settled(first) => return Conclusion { duplicate: true, ..*first },
        }
        let conclusion = self.act(subject, &entry, decision).await;
        self.host.settle(&entry, &conclusion).await;
        conclusion
    }

    /// The entry of the failed run: the callback names it, or the queue is asked.
    async fn entry(&self) -> Result<Option<DlqId>, ApiError> {
        if let Some(entry) = &self.failure.dlq_id {
            return Ok(Some(entry.clone()));
        }
        let mut find = FindByRun::new(self.failure.run_id.clone());
        for _ in 0..MAX_LOOKUP_PAGES {
            match self.call(&find).await? {
                Lookup::Found(entry) => return Ok(Some(entry.dlq_id)),
                Lookup::Absent => return Ok(None),
                Lookup::Continue(next) => find = next,
            }
        }
        Err(ApiError::malformed("the pages of one run's entries do not end"))
    }

    async fn act(&self, subject: Subject, entry: &DlqId, decision: Decision) -> Conclusion {
        let delay = decision.delay().unwrap_or_default();
        let revival = |new_run_id| Revival { new_run_id, delay };
        let done = match decision.action {
            Action::Resume => {
                let resume = Resume::new(entry.clone(), self.continued(decision.overrides));
                self.call(&resume).await.map(|created| Outcome::Resumed(revival(Some(created.run_id))))
            }
            Action::Restart => {
                let restart = Restart::new(entry.clone(), self.continued(decision.overrides));
                self.call(&restart).await.map(|created| Outcome::Restarted(revival(Some(created.run_id))))
            }
            Action::Delete => self.call(&DeleteEntry::new(entry.clone())).await.map(|()| Outcome::Deleted),
            Action::Park => Ok(Outcome::Parked { reason: decision.reason.code() }),
        };
        match done {
            Ok(outcome) => self.done(subject, outcome),
            Err(error) if error.kind() == ApiErrorKind::NotFound => subject.concluded(Ok(Outcome::Gone)),
            // The API will not resume this entry, now or later; it stays for a person.
            Err(error) if error.kind() == ApiErrorKind::BadRequest => subject
                .concluded(Ok(Outcome::Parked { reason: "refused_by_api" }))
                .with_detail(self.detail(&error)),
            // The answer is lost or makes no sense, but the entry is gone.
            Err(error) if settle(self, &error, entry).await == Settlement::Done => {
                let outcome = match decision.action {
                    Action::Restart => Outcome::Restarted(revival(None)),
                    Action::Delete => Outcome::Deleted,
                    Action::Resume | Action::Park => Outcome::Resumed(revival(None)),
                };
                self.done(subject, outcome).with_detail(self.detail(&error))
            }
            Err(error) => self.refused(subject, &error),
        }
    }

    /// The settings of the new run: its failures come back to us with the lineage counted on, unless the policy sends
    /// them elsewhere.
    fn continued(&self, overrides: Overrides) -> Overrides {
        if overrides.has_failure_callback() {
            return overrides;
        }
        let url = &self.admission.url;
        let query = self.lineage.next().write_to_query(url.query());
        overrides.with_failure_callback(url.with_query(Some(&query)))
    }

    async fn call<C: Call>(&self, call: &C) -> Result<C::Output, ApiError> {
        call.finish(self.host.send(self.admission.account, call.request()).await)
    }

    /// A new run counts as an attempt.
    fn done(&self, mut subject: Subject, outcome: Outcome) -> Conclusion {
        if matches!(outcome, Outcome::Resumed(_) | Outcome::Restarted(_)) {
            subject.attempt = Some(self.lineage.next().attempt());
        }
        subject.concluded(Ok(outcome))
    }

    /// Nothing was done; QStash shall come again, if that can help.
    fn refused(&self, subject: Subject, error: &ApiError) -> Conclusion {
        let refusal = match (error.kind(), error.rate_limit()) {
            (ApiErrorKind::Unauthorized, _) => Refusal::TokenRefused,
            (_, Some(limit)) => {
                let asked = limit.retry_after(self.host.now()).unwrap_or_else(|| self.pause());
                let retry_after = asked.min(self.admission.settings.policy.retry_after_cap);
                Refusal::Unavailable { code: "api_rate_limited", retry_after }
            }
            _ => Refusal::Unavailable { code: unavailable(error), retry_after: self.pause() },
        };
        subject.concluded(Err(refusal)).with_detail(self.detail(error))
    }

    /// 10 to 30 seconds, so that callbacks that failed together do not come back together.
    fn pause(&self) -> Duration {
        Duration::from_secs(10 + self.host.entropy() % 21)
    }

    /// The API's own words for the log. An API that repeats our token must not put it there.
    fn detail(&self, error: &ApiError) -> String {
        self.admission.account.token.redact(&error.to_string())
    }
}

/// One try: QStash delivers the callback again where it fails.
impl<H: Host> Wire for Recovery<'_, H> {
    async fn look<C: Call>(&self, call: &C) -> Result<C::Output, ApiError> {
        self.call(call).await
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
