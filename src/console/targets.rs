//! The targets that are watched, and whether they are held back.

use super::inquiry::{Ask, Heard, Inquiry, Step, list};
use crate::{
    json::{Field, Object, Over, elements, scalar},
    ledger::{shard, target},
};

/// The most targets of one page: each is asked.
pub(super) const MAX_PAGE: usize = 40;

const TARGETS: &[Field; 1] = &[Field { name: "targets", limit: 4 * 1024 * 1024, over: Over::Drop }];

/// How targets do, by their names.
pub(super) struct Targets {
    pub(super) shards: u32,
    /// The last target of the page before.
    pub(super) cursor: String,
    pub(super) limit: usize,
    /// Those of this page, once they are known; and whether others follow.
    pub(super) page: Option<(Vec<String>, bool)>,
}

impl Inquiry for Targets {
    fn next(&mut self, heard: Vec<Heard>) -> Step {
        let Some((page, has_more)) = &self.page else { return self.find(heard) };
        let mut answer = Object::new();
        answer.open("targets", '[');
        for state in heard {
            let Some(state) = state else { return Step::unavailable() };
            answer.raw_element(&state);
        }
        answer.close(']');
        if let Some(last) = page.last().filter(|_| *has_more) {
            answer.text("cursor", last);
        }
        Step::json(answer.end())
    }
}

impl Targets {
    /// Asks the shards for the targets that they have heard of, and then the targets themselves.
    fn find(&mut self, heard: Vec<Heard>) -> Step {
        if heard.is_empty() {
            let ask = |number| Ask { actor: shard(number), message: r#"{"do":"targets"}"#.to_owned() };
            return Step::Ask((0..self.shards).map(ask).collect());
        }
        let mut page: Vec<String> = Vec::new();
        for answer in heard {
            let Some(answer) = answer else { return Step::unavailable() };
            page.extend(elements(&list(&answer, TARGETS)).filter_map(scalar));
        }
        page.retain(|target| *target > self.cursor);
        page.sort_unstable();
        page.dedup();
        let has_more = page.len() > self.limit;
        page.truncate(self.limit);
        if page.is_empty() {
            return Step::json(r#"{"targets":[]}"#.to_owned());
        }
        let asks = page.iter().map(|key| about(key, "state")).collect();
        self.page = Some((page, has_more));
        Step::Ask(asks)
    }
}

/// One target: how it does, or that it is held back or let go.
pub(super) struct OneTarget {
    pub(super) target: String,
    /// What its actor is told: `state`, `pause` or `unpause`.
    pub(super) what: &'static str,
}

impl Inquiry for OneTarget {
    fn next(&mut self, mut heard: Vec<Heard>) -> Step {
        match heard.pop() {
            None => Step::Ask(vec![about(&self.target, self.what)]),
            Some(None) => Step::unavailable(),
            Some(Some(state)) => Step::json(state),
        }
    }
}

fn about(key: &str, what: &str) -> Ask {
    let mut message = Object::new();
    message.text("do", what).text("target", key);
    Ask { actor: target(key), message: message.end() }
}
