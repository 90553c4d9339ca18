//! Windows: after the first of a kind, those that follow are counted until theirs ends.

use core::time::Duration;

use super::story::Story;
use crate::{
    durable::Records,
    json::{Field, Fields, Object, Over},
    text::{padded, said},
    time::{Timestamp, decimal},
};

/// `window/` and the key of the stories: what was counted, and when the window ends.
const WINDOW: &str = "window/";
/// `until/`, the end and the key, so that ends come in their order.
const UNTIL: &str = "until/";
const COUNT: &str = "windows";

/// The most windows that are open; then the one that ends next ends early.
const MAX_WINDOWS: u64 = 1000;

/// Takes a story in: it is given back where it is the first and to be told at once, else it is counted.
pub(super) fn take(records: &mut dyn Records, story: Story, now: Timestamp, span: Duration) -> Option<Story> {
    let key = story.key();
    if let Some((_, mut rest)) = find(records, &key) {
        rest.add(&story);
        replace(records, &key, &rest);
        return None;
    }
    open(records, &key, now.after(span), &Story::rest_of(&story));
    Some(story)
}

/// Ends the windows whose time has come, up to one that has counted something: that is to be told. Its next window
/// follows at once, so that what goes on for hours is told once in each.
pub(super) fn end(records: &mut dyn Records, now: Timestamp, span: Duration) -> Option<Story> {
    loop {
        let (until, key) = next(records)?;
        let is_crowded = count(records) > MAX_WINDOWS;
        // A clock that stepped back must not keep a window open for longer than it was to be.
        if until > now && until.since(now) <= span && !is_crowded {
            return None;
        }
        let rest = find(records, &key).map(|(_, rest)| rest).filter(|rest| rest.count > 0);
        close(records, &key, until);
        let Some(rest) = rest else { continue };
        if !is_crowded {
            open(records, &key, now.after(span), &Story::rest_of(&rest));
        }
        return Some(rest);
    }
}

/// When the next window ends.
pub(super) fn next_end(records: &dyn Records) -> Option<Timestamp> {
    next(records).map(|(until, _)| until)
}

fn next(records: &dyn Records) -> Option<(Timestamp, String)> {
    let first = records.scan(UNTIL, "", 1);
    let (key, _) = first.first()?;
    let (until, key) = key.strip_prefix(UNTIL)?.split_at_checked(13)?;
    Some((Timestamp::from_millis(decimal(until)?), key.to_owned()))
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 128 * 1024, over: Over::Drop }
}

fn find(records: &dyn Records, key: &str) -> Option<(u64, Story)> {
    const FIELDS: &[Field] = &[field("until"), field("rest")];
    let json = records.get(&[WINDOW, key].concat())?;
    let mut fields = Fields::of(json.as_bytes(), FIELDS).ok()?;
    Some((decimal(&fields.text("until")?)?, Story::from_json(&fields.raw("rest")?)?))
}

fn open(records: &mut dyn Records, key: &str, until: Timestamp, rest: &Story) {
    let mut window = Object::new();
    window.number("until", until.as_millis()).raw("rest", &rest.to_json());
    if records.get(&[WINDOW, key].concat()).is_none() {
        let count = count(records) + 1;
        records.put(COUNT, &said(&count));
    }
    records.put(&[WINDOW, key].concat(), &window.end());
    records.put(&end_key(until, key), "");
}

fn replace(records: &mut dyn Records, key: &str, rest: &Story) {
    let Some((until, _)) = find(records, key) else { return };
    let mut window = Object::new();
    window.number("until", until).raw("rest", &rest.to_json());
    records.put(&[WINDOW, key].concat(), &window.end());
}

fn close(records: &mut dyn Records, key: &str, until: Timestamp) {
    records.delete(&[WINDOW, key].concat());
    records.delete(&end_key(until, key));
    let count = count(records).saturating_sub(1);
    records.put(COUNT, &said(&count));
}

fn count(records: &dyn Records) -> u64 {
    records.get(COUNT).and_then(|count| decimal(&count)).unwrap_or_default()
}

fn end_key(until: Timestamp, key: &str) -> String {
    [UNTIL, &padded(until.as_millis()), key].concat()
}
