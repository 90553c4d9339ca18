//! The history of a world as text: what QStash saw and what the Worker did, in order.

use std::fmt::Write as _;

use crate::history::Happening;
use crate::plan::START;
use crate::world::World;

/// The whole story, one line for each thing that happened.
#[must_use]
pub fn story(world: &World) -> String {
    let mut lines: Vec<(u64, usize, String)> = Vec::new();
    for event in world.timeline() {
        let at = event["at"].as_u64().unwrap();
        lines.push((at, lines.len(), format!("qstash   {event}")));
    }
    for entry in &world.history.borrow().entries {
        let line = match &entry.what {
            Happening::Request { line, headers, by, .. } => format!("request  {by:?} {line} {headers:?}"),
            Happening::Reply(reply) => {
                let forged = if reply.is_genuine { "" } else { " (forged)" };
                format!("reply    {}{forged} {} {}", reply.callback, reply.status, reply.body)
            }
            Happening::Log(line) => format!("log      {line}"),
            Happening::Post { url, body } => format!("post     {url} {body}"),
            Happening::Breaker { actor, state } => format!("breaker  {actor} is {state}"),
            Happening::Fault(fault, detail) => format!("FAULT    {fault:?} {detail}"),
        };
        lines.push((entry.at, lines.len(), line));
    }
    lines.sort();
    let mut story = String::new();
    for (at, _, line) in lines {
        let seconds = (at - START) / 1000;
        writeln!(story, "{seconds:>6}.{:03} {line}", (at - START) % 1000).unwrap();
    }
    story
}
