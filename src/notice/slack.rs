//! Notices for people: a message as Slack's incoming webhooks take it, and others that speak the same.

use super::story::Story;
use crate::json::Object;
use crate::text::said;

/// The most characters of a text that somebody else chose; Slack takes 3000 in all.
const MAX_SHOWN: usize = 300;

pub(super) fn body(story: &Story) -> String {
    let title = title(story);
    let details = details(story);
    let mut body = Object::new();
    body.text("text", &title).open("blocks", '[');
    body.open_element();
    body.text("type", "section").open("text", '{');
    body.text("type", "mrkdwn").text("text", &["*", &title, "*"].concat());
    body.close('}');
    body.close('}');
    if !details.is_empty() {
        body.open_element();
        body.text("type", "context").open("elements", '[');
        body.open_element();
        body.text("type", "mrkdwn").text("text", &details);
        body.close('}');
        body.close(']');
        body.close('}');
    }
    body.close(']');
    body.end()
}

/// `A run is left for a person: https://shop.example/order`, `499 more runs are left for a person: …`.
fn title(story: &Story) -> String {
    let [one, many] = story.kind.headline();
    let mut title = match (story.count, story.follows) {
        (1, false) => one.to_owned(),
        (count, false) => [&said(&count), " ", many].concat(),
        (count, true) => ["And ", &said(&count), " more ", many].concat(),
    };
    if !story.target.is_empty() {
        title.push_str(": ");
        title.push_str(&shown(&story.target));
    }
    title
}

fn details(story: &Story) -> String {
    let status = match story.status {
        Some(0) => "unreachable".to_owned(),
        status => status.map_or_else(String::new, |status| said(&status)),
    };
    let attempt = story.attempt.map_or_else(String::new, |attempt| said(&attempt));
    let mut details = String::new();
    for (name, value) in [
        ("status", &status),
        ("reason", &story.reason),
        ("rule", &story.rule),
        ("attempts", &attempt),
        ("run", &first_ids(&story.run_ids)),
    ] {
        if !value.is_empty() {
            details.push_str(if details.is_empty() { "" } else { " · " });
            details.push_str(name);
            details.push(' ');
            details.push_str(&shown(value));
        }
    }
    details
}

/// Ids for a person to begin with; the webhook gets more.
fn first_ids(ids: &[String]) -> String {
    ids.get(..ids.len().min(3)).unwrap_or_default().join(", ")
}

/// A text without what Slack would take for a link or a mention, and not too much of it.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(MAX_SHOWN) {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            c => shown.push(c),
        }
    }
    shown
}
