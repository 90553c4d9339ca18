//! The actor that sends notices.

use super::{
    Kind,
    channel::Channel,
    queue::{self, Waiting},
    slack,
    story::Story,
    webhook, windows,
};
use crate::text::said;
use crate::{
    dlq::{ApiResponse, Transported},
    durable::{Actor, Errand, Office, Records, UnheardError, tally},
    ids::RunId,
    json::{Field, Fields, Object, Over},
    ledger::shard_of,
    recovery::Case,
    settings::Notify,
    text,
    time::{Timestamp, decimal},
};

/// What the errand is for that was given last: `history` or a channel, and the number of the notice.
const FLIGHT: &str = "flight";

/// The room for one run's history; what is longer is left out.
const MAX_HISTORY: usize = 64 * 1024;

/// Sends notices to the channels of the settings.
///
/// | message | answer |
/// |---|---|
/// | `notice`: `kind`, `at`, `case`?, `target`?, `reason`? | nothing |
/// | `tally` | `tally`: what was sent, has failed and was merged; `waiting`: notices that not every channel has taken |
#[derive(Clone, Copy, Debug, Default)]
pub struct Notices;

impl Actor for Notices {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let mut answer = Object::new();
        match fields.word("do").as_deref() {
            Some("notice") => {
                let kind: Kind =
                    fields.word("kind").and_then(|kind| kind.parse().ok()).ok_or(UnheardError)?;
                let at = fields.text("at").and_then(|at| decimal(&at));
                let at = at.map_or(office.moment.now, Timestamp::from_millis);
                let case = fields.raw("case").and_then(|case| Case::from_json(&case));
                let mut text = |name| fields.string(name).unwrap_or_default();
                let story = Story::new(kind, at, case.as_ref(), text("target"), text("reason"));
                take(office, story);
            }
            Some("tally") => {
                tally::tell(office.records, &mut answer);
                answer.number("waiting", queue::all(office.records).len() as u64);
            }
            _ => return Err(UnheardError),
        }
        Ok(answer.end())
    }

    fn errand(&self, office: &mut Office<'_>) -> Option<Errand> {
        // An errand that never returned: whether it was run is not known, and it is run again.
        office.records.delete(FLIGHT);
        let (now, span) = (office.moment.now, office.settings.notify.window);
        while let Some(rest) = windows::end(office.records, now, span) {
            push(office, rest);
        }
        Channel::ALL.into_iter().find_map(|channel| send(office, channel))
    }

    fn returned(&self, office: &mut Office<'_>, answer: Transported) {
        let Some(flight) = office.records.get(FLIGHT) else { return };
        office.records.delete(FLIGHT);
        let (what, number) = text::cut(&flight, b' ').unwrap_or_default();
        let Some(number) = decimal(number) else { return };
        let Some(mut waiting) = queue::find(office.records, number) else { return };
        match Channel::named(what) {
            None => waiting.history = Some(history(answer).unwrap_or_else(|| "[]".to_owned())),
            Some(channel) => {
                let took = delivered(office, channel, answer);
                waiting.pending.retain(|pending| !took || *pending != channel);
            }
        }
        queue::put(office.records, number, &waiting);
    }

    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp> {
        let (records, now) = (&*office.records, office.moment.now);
        let waiting = queue::all(records);
        let tries = Channel::ALL.into_iter().filter_map(|channel| {
            waiting.iter().find(|(_, waiting)| waiting.pending.contains(&channel))?;
            Some(if channel.is_ready(records, now) { now } else { channel.state(records).1 })
        });
        tries.chain(windows::next_end(records)).min()
    }
}

fn take(office: &mut Office<'_>, story: Story) {
    let notify = &office.settings.notify;
    if !notify.wants(story.kind) {
        return;
    }
    tally::add(office.records, &["heard", story.kind.name()], 1);
    if let Some(first) = windows::take(office.records, story, office.moment.now, notify.window) {
        push(office, first);
    }
}

fn push(office: &mut Office<'_>, story: Story) {
    let flight = office.records.get(FLIGHT).unwrap_or_default();
    let flying = text::cut(&flight, b' ').and_then(|(_, number)| decimal(number));
    let pending = channels(&office.settings.notify);
    queue::push(office.records, story, pending, office.moment.now, flying);
}

fn channels(notify: &Notify) -> Vec<Channel> {
    Channel::ALL.into_iter().filter(|channel| channel.is_set(notify)).collect()
}

/// The next errand for a channel, if there is something for it and it may be tried.
fn send(office: &mut Office<'_>, channel: Channel) -> Option<Errand> {
    let now = office.moment.now;
    if !channel.is_ready(office.records, now) {
        return None;
    }
    let mut all = queue::all(office.records);
    all.retain(|(_, waiting)| waiting.pending.contains(&channel));
    if !channel.is_set(&office.settings.notify) {
        // It was set when these came, and is not any more.
        for (number, mut waiting) in all {
            waiting.pending.retain(|pending| *pending != channel);
            queue::put(office.records, number, &waiting);
        }
        return None;
    }
    // After a failure another one is tried, so that one which is never taken does not hold up the others.
    let (failures, _) = channel.state(office.records);
    let turn = usize::try_from(failures).unwrap_or_default().checked_rem(all.len())?;
    let (number, waiting) = all.into_iter().nth(turn)?;
    let root = RunId::new(waiting.story.root_run_id.clone()).ok();
    let is_history_wanted = matches!(waiting.story.kind, Kind::GaveUp | Kind::Recovered);
    if let (Some(root), None, true) = (root, &waiting.history, is_history_wanted) {
        fly(office.records, "history", number);
        let mut message = Object::new();
        message.text("do", "lineage").text("runId", root.as_str());
        let actor = shard_of(&root, office.settings.ledger_shards);
        return Some(Errand::Tell { actor, message: message.end() });
    }
    fly(office.records, channel.name(), number);
    post(&office.settings.notify, channel, &waiting, now)
}

fn post(notify: &Notify, channel: Channel, waiting: &Waiting, now: Timestamp) -> Option<Errand> {
    match channel {
        Channel::Slack => {
            let headers = vec![("Content-Type", "application/json".to_owned())];
            Some(Errand::Post { url: notify.slack.clone()?, headers, body: slack::body(&waiting.story) })
        }
        Channel::Webhook => {
            let (url, secret) = notify.webhook.as_ref()?;
            let body = webhook::body(waiting);
            let headers = webhook::headers(&waiting.id, now, &body, secret);
            Some(Errand::Post { url: url.clone(), headers, body })
        }
    }
}

fn fly(records: &mut dyn Records, what: &str, number: u64) {
    records.put(FLIGHT, &[what, " ", &said(&number)].concat());
}

/// Whether the channel has taken a notice.
fn delivered(office: &mut Office<'_>, channel: Channel, answer: Transported) -> bool {
    let now = office.moment.now;
    let took = answer.as_ref().is_ok_and(ApiResponse::is_success);
    if took {
        channel.worked(office.records);
    } else {
        let asked = answer.ok().and_then(|response| response.rate_limit().retry_after(now));
        channel.failed(office.records, now, asked);
    }
    tally::add(office.records, &["notice", channel.name(), if took { "sent" } else { "failed" }], 1);
    took
}

/// The recoveries that a shard lists.
fn history(answer: Transported) -> Option<String> {
    const FIELDS: &[Field] = &[Field { name: "recoveries", limit: MAX_HISTORY, over: Over::Drop }];
    let mut fields = Fields::of(answer.ok()?.body(), FIELDS).ok()?;
    String::from_utf8(fields.raw("recoveries")?).ok()
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 64 * 1024, over: Over::Drop }
}

const MESSAGE: &[Field] =
    &[field("do"), field("kind"), field("at"), field("case"), field("target"), field("reason")];

#[cfg(test)]
mod tests;
