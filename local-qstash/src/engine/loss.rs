//! Failure callbacks that never reach anybody, for tests of what happens then.

use serde::Deserialize;

use super::Engine;
use super::dlq::CallbackState;
use super::ids::Ids;

/// How many failure callbacks are lost, from now on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Loss {
    /// How many of a hundred, 0 to 100. Which ones the engine's seed decides.
    pub percent: u8,
    /// The state that their entries show. Default: `CALLBACK_INPROGRESS`, for ever.
    #[serde(default)]
    pub state: Option<String>,
}

/// What was asked for, and the dice.
#[derive(Clone, Debug)]
pub(super) struct Losses {
    percent: u64,
    state: CallbackState,
    dice: Ids,
}

impl Losses {
    pub(super) const fn none(seed: u64) -> Self {
        Self { percent: 0, state: CallbackState::InProgress, dice: Ids::new(seed) }
    }

    /// The state of the next callback if it is lost.
    pub(super) fn next(&mut self) -> Option<CallbackState> {
        (self.percent > 0 && self.dice.below(100) < self.percent).then_some(self.state)
    }
}

impl Engine {
    /// Loses failure callbacks from now on. An error says what is wrong.
    pub fn lose(&mut self, loss: &Loss) -> Result<(), String> {
        if loss.percent > 100 {
            return Err("invalid percent: expected 0 to 100".to_owned());
        }
        self.losses.state = match &loss.state {
            Some(state) => CallbackState::parse(state)?,
            None => CallbackState::InProgress,
        };
        self.losses.percent = loss.percent.into();
        Ok(())
    }
}
