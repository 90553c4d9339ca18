//! The runs that were resumed, until they end.

use core::time::Duration;

use super::{spaced, stats};
use crate::{
    dlq::{ApiRequest, Call, MAX_RUNS_PER_CALL, RunRef, RunStates},
    durable::Records,
    ids::RunId,
    recovery::Case,
    settings::Region,
    text::{self, padded, said},
    time::{Timestamp, decimal, doubled},
};

/// The most runs that are followed at a time. Of what is above that, only failures become known.
const MAX: u64 = 5000;

/// The first look at a run comes so long after its start; each next one after twice the pause, up to the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_hours(1);

/// While a run tries a target out, it is looked at this often at least.
const PROBE: Duration = Duration::from_secs(30);

/// How long runs are followed: one that is not over then has never finished, as far as we know.
const PATIENCE: Duration = Duration::from_hours(24);

const RUN: &str = "run/";
const LOOK: &str = "look/";
const COUNT: &str = "runs";

/// A run that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    pub(super) run: RunId,
    /// The first run of its lineage.
    pub(super) root: RunId,
    region: Option<Region>,
    /// When its lineage failed first.
    pub(super) first_failed_at: Timestamp,
    /// When it was to start.
    pub(super) starts_at: Timestamp,
    /// How often it was looked at.
    looks: u32,
    /// When it is looked at next.
    due: Timestamp,
}

/// Follows the run that a case was resumed or restarted as.
pub(super) fn begin(records: &mut dyn Records, case: &Case, run: &RunId, starts_at: Timestamp) {
    let is_known = records.get(&[RUN, run.as_str()].concat()).is_some();
    // The call that asks for runs separates them by commas.
    if is_known
        || stats::is_counted(records, run.as_str())
        || len(records) >= MAX
        || text::cut(run.as_str(), b',').is_some()
    {
        return;
    }
    let followed = Followed {
        run: run.clone(),
        root: case.lineage.root_run().clone(),
        region: case.region,
        first_failed_at: case.lineage.first_failed_at(),
        starts_at,
        looks: 0,
        due: starts_at.after(FIRST),
    };
    put(records, &followed);
    count(records, 1);
}

/// How many there are.
pub(super) fn len(records: &dyn Records) -> u64 {
    records.get(COUNT).and_then(|count| decimal(&count)).unwrap_or_default()
}

/// When the next one is looked at.
pub(super) fn wakes(records: &dyn Records) -> Option<Timestamp> {
    let (key, _) = records.scan(LOOK, "", 1).pop()?;
    let (due, _) = text::cut(key.strip_prefix(LOOK)?, b' ')?;
    decimal(due).map(Timestamp::from_millis)
}

/// Runs to look at now, as many as fit one call, all of one account.
pub(super) fn due(records: &mut dyn Records, now: Timestamp) -> Vec<Followed> {
    let mut due: Vec<Followed> = Vec::new();
    if wakes(records).is_none_or(|at| at > now) {
        return due;
    }
    for (key, run) in records.scan(LOOK, "", MAX_RUNS_PER_CALL) {
        match find(records, &run) {
            Some(followed) if followed.due <= now => {
                if due.first().is_none_or(|first| first.region == followed.region) {
                    due.push(followed);
                }
            }
            Some(_) => break,
            None => records.delete(&key),
        }
    }
    due
}

/// What asks how runs go, and where.
pub(super) fn ask(runs: &[Followed]) -> Option<(Option<Region>, ApiRequest, RunStates)> {
    let call = RunStates::new(runs.iter().map(|followed| RunRef::new(followed.run.clone(), None))).ok()?;
    Some((runs.first()?.region, call.request(), call))
}

/// The run, where it is followed.
pub(super) fn find(records: &dyn Records, run: &str) -> Option<Followed> {
    read(run, &records.get(&[RUN, run].concat())?)
}

/// Looks at a run again later; `probes` says that somebody waits for it. `false` where its time is over.
pub(super) fn later(records: &mut dyn Records, followed: &Followed, probes: bool, now: Timestamp) -> bool {
    if now.since(followed.starts_at) >= PATIENCE {
        return false;
    }
    let pause = doubled(FIRST, followed.looks.into(), if probes { PROBE } else { LONGEST });
    records.delete(&look(followed));
    put(
        records,
        &Followed { looks: followed.looks.saturating_add(1), due: now.after(pause), ..followed.clone() },
    );
    true
}

/// Looks at a run again after a pause, because it could not be looked at.
pub(super) fn retry(records: &mut dyn Records, followed: &Followed, pause: Duration, now: Timestamp) {
    records.delete(&look(followed));
    put(records, &Followed { due: now.after(pause), ..followed.clone() });
}

/// Follows a run no longer.
pub(super) fn end(records: &mut dyn Records, run: &str) -> Option<Followed> {
    let followed = find(records, run)?;
    records.delete(&look(&followed));
    records.delete(&[RUN, run].concat());
    count(records, -1);
    Some(followed)
}

fn count(records: &mut dyn Records, more: i64) {
    let count = len(records).saturating_add_signed(more);
    records.put(COUNT, &said(&count));
}

fn put(records: &mut dyn Records, followed: &Followed) {
    let Followed { run, root, region, first_failed_at, starts_at, looks, due } = followed;
    let mut value =
        spaced(&[first_failed_at.as_millis(), starts_at.as_millis(), (*looks).into(), due.as_millis()]);
    value.push_str(region.map_or("-", Region::name));
    value.push(' ');
    value.push_str(root.as_str());
    records.put(&[RUN, run.as_str()].concat(), &value);
    records.put(&look(followed), run.as_str());
}

fn look(followed: &Followed) -> String {
    [LOOK, &padded(followed.due.as_millis()), " ", followed.run.as_str()].concat()
}

fn read(run: &str, value: &str) -> Option<Followed> {
    let mut parts = text::parts(value, b' ');
    let mut number = || decimal(parts.next()?);
    let (first_failed_at, starts_at, looks, due) = (number()?, number()?, number()?, number()?);
    Some(Followed {
        run: RunId::new(run).ok()?,
        first_failed_at: Timestamp::from_millis(first_failed_at),
        starts_at: Timestamp::from_millis(starts_at),
        looks: u32::try_from(looks).ok()?,
        due: Timestamp::from_millis(due),
        region: Region::from_header(parts.next()?),
        root: RunId::new(parts.next()?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryRecords;

    const NOW: Timestamp = Timestamp::from_millis(1_748_527_971_000);

    fn begin_in(records: &mut MemoryRecords, name: &str, region: Option<Region>) {
        let case = Case { region, ..Case::sample("1-1", "wfr_root") };
        begin(records, &case, &RunId::new(name).unwrap(), NOW);
    }

    #[test]
    fn looks_come_later_and_later_until_the_time_is_over() {
        let mut records = MemoryRecords::default();
        begin_in(&mut records, "wfr_a", None);
        let (mut now, mut pauses) = (NOW, Vec::new());
        loop {
            let at = wakes(&records).unwrap();
            pauses.push(at.since(now).as_secs());
            now = at;
            let due = due(&mut records, now);
            assert_eq!(due.len(), 1);
            if !later(&mut records, &due[0], false, now) {
                break;
            }
        }
        assert_eq!(pauses[..12], [5, 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600]);
        assert_eq!(now.since(NOW).as_secs() / 3600, 24);
        assert!(end(&mut records, "wfr_a").is_some());
        assert_eq!((wakes(&records), len(&records), end(&mut records, "wfr_a")), (None, 0, None));
        assert_eq!(records.scan("", "", 9), [("runs".to_owned(), "0".to_owned())]);
    }

    #[test]
    fn one_call_asks_for_ten_runs_of_one_account() {
        let mut records = MemoryRecords::default();
        for n in 0..12 {
            begin_in(&mut records, &["wfr_", &padded(n)].concat(), None);
        }
        let now = NOW.after(FIRST);
        let due_now = due(&mut records, now);
        assert_eq!(due_now.len(), 10);
        for followed in &due_now {
            later(&mut records, followed, true, now);
        }
        assert_eq!(due(&mut records, now).len(), 2);
        begin_in(&mut records, "wfr_0", Some(Region::UsEast1));
        let (region, request, _) = ask(&due(&mut records, now)).unwrap();
        assert_eq!(region, Some(Region::UsEast1));
        assert_eq!(request.path_and_query, "/v2/workflows/logs?workflowRuns=wfr_0&count=10");
        assert!(due(&mut records, NOW).is_empty());
    }

    #[test]
    fn a_run_is_followed_once() {
        let mut records = MemoryRecords::default();
        begin_in(&mut records, "wfr_a", None);
        begin_in(&mut records, "wfr_a", None);
        begin_in(&mut records, "wfr_,", None);
        assert_eq!(len(&records), 1);
        end(&mut records, "wfr_a");
        stats::add(&mut records, "wfr_a", stats::End::Recovered, Duration::ZERO);
        begin_in(&mut records, "wfr_a", None);
        assert_eq!(len(&records), 0);
    }
}
