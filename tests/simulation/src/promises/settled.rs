//! P7: a run goes on no sooner than its last step may have ended.

use super::facts::Facts;
use crate::plan::SECOND;
use crate::world::World;

/// The default of the policy, which no plan changes.
const SETTLE: u64 = 10 * SECOND;

pub(super) fn check(world: &World, facts: &Facts, broken: &mut dyn FnMut(String)) {
    // A wait that was begun by one clock and ended by another is off by what lies between them.
    let steps: u64 = world.plan.clock_steps.iter().map(|(_, step)| step.unsigned_abs()).sum();
    for revived in facts.redriven() {
        let Some(failed) = facts.failed.get(&revived.entry) else { continue };
        let waits = (revived.at + revived.delay + steps).saturating_sub(failed.at);
        if waits < SETTLE {
            broken(format!("run {} goes on as {} after {waits} ms", revived.from, revived.run));
        }
    }
}
