//! What can go wrong.

/// One kind of trouble. Each has a rate, and a count of how often it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A request to the API is lost on its way.
    RequestLost,
    /// The API acts, and its answer is lost.
    AnswerLost,
    /// A request or its answer takes longer than anybody waits.
    SlowCall,
    /// The API answers 500 and has not acted.
    ServerError,
    /// The API answers 500 and has acted.
    ServerErrorAfter,
    /// The API acts, and its answer ends in the middle.
    AnswerCut,
    /// A message to an actor is not heard.
    TellLost,
    /// An actor hears, and its answer is lost.
    TellAnswerLost,
    /// An actor's store fails: nothing of what it was about to write is kept.
    Storage,
    /// An isolate ends while it waits for something.
    Eviction,
    /// An actor ends while it waits for something.
    ActorEviction,
    /// A callback is lost for good, its entry for ever in progress.
    CallbackLost,
    /// A callback is delivered twice.
    CallbackTwice,
    /// A callback's body ends in the middle.
    CallbackCut,
    /// A callback's body comes slowly.
    CallbackSlow,
    /// A callback is dealt with, and its answer is lost.
    CallbackAnswerLost,
    /// Somebody who does not have the key sends what looks like a callback.
    Forgery,
    /// The API turns requests away for a while, with 429 or 503.
    Burst,
    /// All that the ledger remembers is gone.
    Wipe,
    /// The Worker's clock jumps.
    ClockStep,
    /// The signing keys are rotated.
    Rotation,
    /// A target is down for a while.
    Outage,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::RequestLost,
        Self::AnswerLost,
        Self::SlowCall,
        Self::ServerError,
        Self::ServerErrorAfter,
        Self::AnswerCut,
        Self::TellLost,
        Self::TellAnswerLost,
        Self::Storage,
        Self::Eviction,
        Self::ActorEviction,
        Self::CallbackLost,
        Self::CallbackTwice,
        Self::CallbackCut,
        Self::CallbackSlow,
        Self::CallbackAnswerLost,
        Self::Forgery,
        Self::Burst,
        Self::Wipe,
        Self::ClockStep,
        Self::Rotation,
        Self::Outage,
    ];

    /// Those that come by chance, at a rate. The others have their times in the plan.
    pub(crate) const BY_CHANCE: usize = 17;

    /// Where it stands among all.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// A number for each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Fault::ALL.len()]);

impl Counts {
    /// That of one kind.
    #[must_use]
    pub fn of(&self, fault: Fault) -> u64 {
        self.0[fault.index()]
    }

    /// Sets that of one kind.
    pub(crate) fn set(&mut self, fault: Fault, number: u64) {
        self.0[fault.index()] = number;
    }

    /// Counts one more.
    pub(crate) fn count(&mut self, fault: Fault) {
        self.0[fault.index()] += 1;
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}
