//! What became of the first few, before all others follow.

use super::chunk::{RUN, behind};
use super::desk::{Desk, Turn};
use super::state::{Phase, Rest};
use super::transcript;
use crate::text::said;
use crate::{
    dlq::{Call, MAX_RUNS_PER_CALL, RunRef, RunState, RunStates, Transported},
    ids::RunId,
    time::{Timestamp, decimal},
};

impl Desk<'_> {
    /// Looks at the next runs of the canary; at the end, decides.
    pub(super) fn judge(&mut self) -> Turn {
        let Some((call, last)) = self.next_runs() else {
            self.decide();
            return Turn::On;
        };
        let Ok(call) = call else {
            // An id that cannot be asked about is as good as one that nobody knows.
            self.state.judged = last;
            return Turn::On;
        };
        self.get(call.request(), "no JSON object with a list `runs` of workflow runs")
    }

    /// Takes in how they go; `false` where that is not what was said.
    pub(super) fn judged(&mut self, answer: &Transported) -> bool {
        let Some((Ok(call), last)) = self.next_runs() else { return false };
        let Ok(runs) = call.finish(answer.clone()) else { return false };
        self.state.known += runs.len() as u64;
        self.state.broken += runs.iter().filter(|run| run.state == RunState::Failed).count() as u64;
        self.state.judged = last;
        transcript::clear(self.records);
        true
    }

    /// The call for the next runs, and the last of their keys; `None` when all were looked at.
    fn next_runs(&self) -> Option<(Result<RunStates, crate::dlq::InvalidRunsError>, String)> {
        let runs = self.records.scan(RUN, &behind(&self.state.judged), MAX_RUNS_PER_CALL);
        let (last, _) = runs.last()?;
        let mut asked = Vec::new();
        for (key, at) in &runs {
            let id = key.strip_prefix(RUN).and_then(|id| RunId::new(id).ok());
            asked.extend(id.map(|id| RunRef::new(id, decimal(at).map(Timestamp::from_millis))));
        }
        Some((RunStates::new(asked), last.clone()))
    }

    fn decide(&mut self) {
        self.state.phase = Phase::Running;
        let Some(canary) = self.order.canary else { return };
        let (known, broken) = (self.state.known, self.state.broken);
        let reason = if known == 0 {
            "of the canary's runs none is known, so that nothing can be said about them".to_owned()
        } else if canary.max_failed.is_exceeded_by(broken, known) {
            let (known, broken) = (said(&known), said(&broken));
            ["of the canary's runs ", &broken, " of ", &known, " have failed again"].concat()
        } else {
            return;
        };
        self.state.rest = Some(Rest::Halted);
        self.state.reason = reason;
    }
}
