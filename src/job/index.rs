//! Which jobs there are, as an actor.

use super::{JobId, MAX_LISTED};
use crate::text::said;
use crate::{
    dlq::Transported,
    durable::{Actor, Errand, Office, Records, UnheardError},
    json::{Field, Fields, Object, Over},
    text,
    time::{Timestamp, decimal},
};

/// The most jobs that are known; the oldest are forgotten first.
const MAX_JOBS: usize = 1000;

const BATCH: usize = 100;
const JOB: &str = "job/";
const COUNT: &str = "count";

/// The index of all jobs.
///
/// | message | what it does |
/// |---|---|
/// | `job`: `id`, `action`, `state`, `startedAt`, `changedAt` | keeps it, unless what is known is newer |
/// | `list`: `cursor`?, `limit`? | lists the jobs, the latest first |
/// | `name` | gives an `id` for a job that was ordered without one |
///
/// The list is answered with `status`, an HTTP status, and `reply`, a JSON object. Jobs are forgotten when their own actors
/// forget them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jobs;

impl Actor for Jobs {
    fn hear(&self, office: &mut Office<'_>, message: &str) -> Result<String, UnheardError> {
        let mut fields = Fields::of(message.as_bytes(), MESSAGE).map_err(|_| UnheardError)?;
        let mut answer = Object::new();
        match fields.word("do").as_deref() {
            Some("job") => keep(office.records, message).ok_or(UnheardError)?,
            Some("name") => {
                answer.text("id", JobId::made(office.moment.now, office.moment.entropy).as_str());
            }
            Some("list") => {
                let limit = fields.text("limit").and_then(|limit| decimal(&limit));
                let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MAX_LISTED);
                let cursor = fields.word("cursor").unwrap_or_default();
                let reply = list(office.records, &cursor, limit.clamp(1, MAX_LISTED));
                answer.number("status", 200).raw("reply", &reply);
            }
            _ => return Err(UnheardError),
        }
        Ok(answer.end())
    }

    /// Nothing is sent; what has had its time is forgotten.
    fn errand(&self, office: &mut Office<'_>) -> Option<Errand> {
        for (key, job) in office.records.scan(JOB, "", BATCH) {
            let Some(changed) = changed_at(&job) else { continue };
            if changed.after(office.settings.ledger_retention) > office.moment.now {
                break;
            }
            forget(office.records, &key);
        }
        None
    }

    fn returned(&self, _: &mut Office<'_>, _: Transported) {}

    fn wakes(&self, office: &Office<'_>) -> Option<Timestamp> {
        let oldest = office.records.scan(JOB, "", 1);
        Some(changed_at(&oldest.first()?.1)?.after(office.settings.ledger_retention))
    }
}

/// `None` where it is no job.
fn keep(records: &mut dyn Records, message: &str) -> Option<()> {
    let mut fields = Fields::of(message.as_bytes(), MESSAGE).ok()?;
    let id = fields.word("id")?;
    let mut number = |name| decimal(&fields.text(name)?);
    let (started, changed) = (number("startedAt")?, number("changedAt")?);
    let key = [JOB, &text::padded(started), " ", &id].concat();
    match records.get(&key) {
        // Messages may overtake each other.
        Some(known) if changed_at(&known).is_some_and(|known| known.as_millis() > changed) => return Some(()),
        Some(_) => {}
        None => grow(records),
    }
    let mut job = Object::new();
    job.text("id", &id)
        .text("action", &fields.word("action")?)
        .text("state", &fields.word("state")?)
        .number("startedAt", started)
        .number("changedAt", changed);
    records.put(&key, &job.end());
    Some(())
}

fn list(records: &dyn Records, cursor: &str, limit: usize) -> String {
    let below = if cursor.is_empty() { String::new() } else { [JOB, cursor].concat() };
    let jobs = records.scan_back(JOB, &below, limit + 1);
    let mut reply = Object::new();
    reply.open("jobs", '[');
    for (_, job) in jobs.iter().take(limit) {
        reply.raw_element(job);
    }
    reply.close(']');
    if let Some((last, _)) = jobs.get(limit - 1).filter(|_| jobs.len() > limit) {
        reply.text("cursor", last.strip_prefix(JOB).unwrap_or_default());
    }
    reply.end()
}

/// One job more; the oldest goes where there are too many.
fn grow(records: &mut dyn Records) {
    if count(records) >= MAX_JOBS
        && let Some((oldest, _)) = records.scan(JOB, "", 1).first()
    {
        forget(records, oldest);
    }
    let count = count(records) + 1;
    records.put(COUNT, &said(&count));
}

fn forget(records: &mut dyn Records, key: &str) {
    records.delete(key);
    let count = count(records).saturating_sub(1);
    records.put(COUNT, &said(&count));
}

fn count(records: &dyn Records) -> usize {
    let count = records.get(COUNT).and_then(|count| decimal(&count));
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}

fn changed_at(job: &str) -> Option<Timestamp> {
    let mut fields = Fields::of(job.as_bytes(), MESSAGE).ok()?;
    decimal(&fields.text("changedAt")?).map(Timestamp::from_millis)
}

const fn field(name: &'static str) -> Field {
    Field { name, limit: 4096, over: Over::Drop }
}

const MESSAGE: &[Field] = &[
    field("do"),
    field("id"),
    field("action"),
    field("state"),
    field("startedAt"),
    field("changedAt"),
    field("cursor"),
    field("limit"),
];
