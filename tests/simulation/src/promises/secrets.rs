//! P6: tokens, keys, payloads and forwarded headers are in no log line, answer, notice or store.

use workflow_redrive::durable::Records as _;

use crate::canary;
use crate::history::{Happening, History};
use crate::world::World;

pub(super) fn check(world: &World, history: &History, broken: &mut dyn FnMut(String)) {
    let mut look = |place: &str, text: &str| {
        if let Some(secret) = canary::SECRETS.into_iter().find(|secret| text.contains(secret)) {
            broken(format!("{place} has {secret}: {text}"));
        }
    };
    for entry in &history.entries {
        match &entry.what {
            Happening::Log(line) => look("a log line", line),
            Happening::Reply(reply) => look("an answer", &reply.body),
            Happening::Post { body, .. } => look("a notice", body),
            Happening::Request { line, headers, .. } => {
                look("a request", line);
                for (name, value) in headers {
                    look(name, value);
                }
            }
            Happening::Breaker { .. } | Happening::Fault(..) => {}
        }
    }
    for (actor, desk) in world.actors.borrow().iter() {
        for (key, value) in desk.records.scan("", "", usize::MAX) {
            look(actor, &key);
            look(actor, &value);
        }
    }
}
