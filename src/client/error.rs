//! How a call ends that has no result.

use crate::dlq::ApiError;
use crate::text::Say;

/// Why a call has no result after everything that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// It was not done.
    Failed {
        /// The last answer, or why there was none.
        error: ApiError,
        /// How often the call was sent.
        attempts: u32,
    },
    /// Nobody knows whether it was done: it was sent, its answer was lost, and looking could not tell.
    Ambiguous {
        /// The last answer, or why there was none.
        error: ApiError,
        /// How often the call was sent.
        attempts: u32,
    },
}

impl CallError {
    /// What the service or the network said last.
    #[must_use]
    pub const fn api_error(&self) -> &ApiError {
        match self {
            Self::Failed { error, .. } | Self::Ambiguous { error, .. } => error,
        }
    }

    /// The same, without the rest.
    #[must_use]
    pub fn into_api_error(self) -> ApiError {
        match self {
            Self::Failed { error, .. } | Self::Ambiguous { error, .. } => error,
        }
    }

    /// How often the call was sent.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        match self {
            Self::Failed { attempts, .. } | Self::Ambiguous { attempts, .. } => *attempts,
        }
    }

    /// A fixed name of the kind of error: `ambiguous`, or the code of the [`ApiError`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Failed { error, .. } => error.code(),
            Self::Ambiguous { .. } => "ambiguous",
        }
    }
}

impl Say for CallError {
    fn say(&self, text: &mut String) {
        if let Self::Ambiguous { .. } = self {
            text.push_str("it is not known whether QStash did this: ");
        }
        self.api_error().say(text);
        text.push_str(" (sent ");
        self.attempts().say(text);
        text.push_str("×)");
    }
}

display!(CallError);

impl core::error::Error for CallError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(self.api_error())
    }
}
