//! What a policy would do with a recorded callback.

use super::inquiry::{Heard, Inquiry, Step};
use crate::policy::Explanation;

/// A decision that is explained; nobody needs to be asked for it.
pub(super) struct Decide(pub(super) Explanation);

impl Inquiry for Decide {
    fn next(&mut self, _heard: Vec<Heard>) -> Step {
        Step::json(self.0.to_json())
    }
}
