//! P4: what QStash did not sign does nothing; and what it did sign is not refused.

use crate::history::History;
use crate::plan::SECOND;
use crate::world::World;

/// How far a clock may be off that still knows QStash's tokens.
const TOLERANCE: u64 = 4 * SECOND;

pub(super) fn check(world: &World, history: &History, broken: &mut dyn FnMut(String)) {
    for (at, reply) in history.replies() {
        // Nobody can tell of half a body whether it is the signed one.
        let is_half = reply.status == 503 && reply.body.contains("body_unreadable");
        if !reply.is_genuine && (!(reply.status == 401 || is_half) || reply.asked > 0) {
            broken(format!(
                "at {at} a forged callback was answered {} after {} questions: {}",
                reply.status, reply.asked, reply.body
            ));
        }
        if reply.is_genuine && reply.status == 401 && world.plan.skew_at(at).unsigned_abs() <= TOLERANCE {
            broken(format!("at {at} a genuine callback was refused: {}", reply.body));
        }
    }
}
