//! P1, for what people order: every job comes to its end, and of each entry that it found it says what came of it.

use crate::plan::HOUR;
use crate::world::World;

pub(super) fn check(world: &World, broken: &mut dyn FnMut(String)) {
    if !world.plan.wipes.is_empty() {
        return;
    }
    for (number, ordered) in world.plan.jobs.iter().enumerate() {
        let Some(job) = world.job(number) else {
            broken(format!("job {number} was never heard of"));
            continue;
        };
        let count = |name: &str| job["counts"][name].as_u64().unwrap();
        let ends = ["resumed", "gone", "refused", "failed"].map(count).iter().sum::<u64>();
        let is_over = matches!(job["state"].as_str(), Some("done" | "halted" | "failed"));
        if !is_over && ordered + HOUR < world.now() {
            broken(format!("job {number} is not over: {job}"));
        }
        if count("found") != ends + count("left") || (job["state"] == "done" && count("left") > 0) {
            broken(format!("the counts of job {number} do not add up: {job}"));
        }
    }
}
