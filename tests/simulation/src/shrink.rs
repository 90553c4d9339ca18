//! Makes a failing plan small: takes away whatever the failure does not need.

use crate::fault::{Counts, Fault};
use crate::plan::Plan;
use crate::promises::{Promise, check};
use crate::sabotage::Sabotage;
use crate::world::World;

/// The smallest plan that was found which breaks the same promise.
#[must_use]
pub fn shrink(plan: &Plan, promise: Promise, sabotage: Option<Sabotage>) -> Plan {
    let mut smallest = plan.clone();
    loop {
        let smaller = smaller(&smallest).into_iter().find(|plan| {
            let world = World::run(plan.clone(), sabotage);
            check(&world).iter().any(|violation| violation.promise == promise)
        });
        match smaller {
            Some(plan) => smallest = plan,
            None => return smallest,
        }
    }
}

/// Plans with one thing less, what takes away most first.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut add = |change: &dyn Fn(&mut Plan)| {
        let mut changed = plan.clone();
        change(&mut changed);
        if changed != *plan {
            plans.push(changed);
        }
    };
    add(&|plan| plan.rates = Counts::default());
    add(&|plan| plan.runs = (plan.runs / 2).max(1));
    add(&|plan| plan.runs = (plan.runs - 1).max(1));
    add(&|plan| plan.targets = 1);
    add(&|plan| plan.shards = plan.shards.min(1));
    add(&|plan| plan.skew = 0);
    for fault in Fault::ALL {
        add(&|plan| plan.rates.set(fault, 0));
    }
    one_less(plan, |plan| &mut plan.switches, &mut plans);
    one_less(plan, |plan| &mut plan.outages, &mut plans);
    one_less(plan, |plan| &mut plan.bursts, &mut plans);
    one_less(plan, |plan| &mut plan.clock_steps, &mut plans);
    one_less(plan, |plan| &mut plan.wipes, &mut plans);
    one_less(plan, |plan| &mut plan.jobs, &mut plans);
    one_less(plan, |plan| &mut plan.rotations, &mut plans);
    plans
}

/// Plans in which one of these things does not happen.
fn one_less<T>(plan: &Plan, of: impl Fn(&mut Plan) -> &mut Vec<T>, plans: &mut Vec<Plan>) {
    for n in 0..of(&mut plan.clone()).len() {
        let mut changed = plan.clone();
        of(&mut changed).remove(n);
        plans.push(changed);
    }
}
