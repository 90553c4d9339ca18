//! A person who orders bulk jobs.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::plan::SECOND;
use crate::world::World;

/// The name of a job's actor, by the job's number.
pub(crate) fn actor(job: usize) -> String {
    format!("job-{job}")
}

impl World {
    /// Orders that everything in the queue be resumed; once more where nobody can say whether the order was heard.
    pub(crate) fn order(self: &Rc<Self>, job: usize) {
        let order = json!({ "action": "resume", "all": true, "rate": { "per_minute": 600 } });
        let start = json!({ "do": "start", "id": job.to_string(), "order": order }).to_string();
        self.tell_actor(&actor(job), vec![start], move |world, answers| {
            if answers.is_none_or(|answers| answers.concat().is_empty()) {
                world.after(30 * SECOND, move |world| world.order(job));
            }
        });
    }

    /// What a job tells of itself; `None` where there is none.
    pub(crate) fn job(&self, job: usize) -> Option<Value> {
        let mut told = self.ask_actor(&actor(job), &json!({ "do": "look", "limit": 1 }));
        (told["status"] == 200).then(|| told["reply"].take())
    }
}
