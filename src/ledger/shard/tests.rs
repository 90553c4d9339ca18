use super::*;
use crate::{
    durable::{MemoryRecords, outbox, told},
    ledger::{
        book::{COUNT, ENTRY, MAX_ENTRIES, count},
        message,
    },
    recovery::Moment,
    settings::Settings,
};

/// A shard with its store, at a time of its own.
struct Kept {
    records: MemoryRecords,
    settings: Settings,
    now: Timestamp,
}

impl Kept {
    fn new() -> Self {
        let settings = Settings::read(|name| match name {
            "QSTASH_TOKEN" => Some("token".to_owned()),
            "QSTASH_CURRENT_SIGNING_KEY" | "QSTASH_NEXT_SIGNING_KEY" => Some("sig_key".to_owned()),
            "NOTIFY_SLACK_URL" => Some("https://hooks.slack.example/x".to_owned()),
            "NOTIFY_ON" => Some("first_failure,gave_up,recovered".to_owned()),
            _ => None,
        });
        let now = Timestamp::from_millis(1_748_527_971_000);
        Self { records: MemoryRecords::default(), settings: settings.unwrap(), now }
    }

    fn office(&mut self) -> Office<'_> {
        let moment = Moment { now: self.now, entropy: 0 };
        Office { records: &mut self.records, settings: &self.settings, moment }
    }

    fn tell(&mut self, message: &str) -> String {
        Shard.hear(&mut self.office(), message).unwrap()
    }

    fn claim(&mut self, entry: &str) -> String {
        self.claim_by(entry, Claimant::Callback)
    }

    fn claim_by(&mut self, entry: &str, by: Claimant) -> String {
        self.tell(&message::claim(&Case::sample(entry, "wfr_a"), by))
    }

    fn settle(&mut self, entry: &str, conclusion: &str) {
        self.settle_case(&Case::sample(entry, "wfr_a"), conclusion);
    }

    fn settle_case(&mut self, case: &Case, conclusion: &str) {
        let message = format!(r#"{{"do":"settle","case":{},"conclusion":{conclusion}}}"#, case.to_json());
        assert_eq!(self.tell(&message), "{}");
    }

    /// What the shard tells others, in order.
    fn told(&mut self) -> Vec<(String, serde_json::Value)> {
        let mut told = Vec::new();
        assert_eq!(Shard.errand(&mut self.office()), None);
        for post in outbox::due(&mut self.records, self.now) {
            let answers = vec!["{}".to_owned(); post.messages.len()];
            outbox::returned(&mut self.records, &post, &answers, self.now);
            told.extend(
                post.messages.iter().map(|message| (post.to.clone(), serde_json::from_str(message).unwrap())),
            );
        }
        told
    }

    /// The same in short: who, what, of which entry or run.
    fn told_in_short(&mut self) -> Vec<String> {
        let short = |(actor, message): (String, serde_json::Value)| {
            let word = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
            let entry = message["case"]["dlqId"].as_str().unwrap_or_default();
            let words = [
                actor,
                word("do"),
                word("kind"),
                word("reason"),
                word("dlqId"),
                entry.to_owned(),
                word("newRunId"),
            ];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        };
        self.told().into_iter().map(short).collect()
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.after(span);
    }

    fn keys(&self) -> Vec<String> {
        self.records.scan("", "", usize::MAX).into_iter().map(|(key, _)| key).collect()
    }
}

const GRANTED: &str = r#"{"claim":"granted"}"#;
const PENDING: &str = r#"{"claim":"pending"}"#;
const RESUMED: &str = r#"{"outcome":"resumed","newRunId":"wfr_b","rootRunId":"wfr_a"}"#;
const PARKED: &str = r#"{"outcome":"parked","reason":"rule","rootRunId":"wfr_a"}"#;

fn settled(conclusion: &str) -> String {
    format!(r#"{{"claim":"settled","conclusion":{conclusion}}}"#)
}

#[test]
fn messages_that_come_together_have_an_answer_each_and_one_that_makes_no_sense_harms_no_other() {
    let mut kept = Kept::new();
    let claim = |entry: &str| message::claim(&Case::sample(entry, "wfr_a"), Claimant::Callback);
    let messages = [claim("1-1"), "{".to_owned(), claim("1-2"), claim("1-1"), r#"{"do":"dance"}"#.to_owned()];
    let answers = told(&Shard, &mut kept.office(), &messages);
    assert_eq!(answers, [GRANTED, "", GRANTED, PENDING, ""]);
}

#[test]
fn of_many_claims_one_is_granted_and_the_others_get_its_end() {
    let mut kept = Kept::new();
    assert_eq!(kept.claim("1-1"), GRANTED);
    for _ in 0..10 {
        assert_eq!(kept.claim("1-1"), PENDING);
    }
    assert_eq!(kept.claim("1-2"), GRANTED);
    kept.settle("1-1", RESUMED);
    for _ in 0..10 {
        assert_eq!(kept.claim("1-1"), settled(RESUMED));
    }
}

#[test]
fn a_claim_that_nobody_settles_is_free_after_its_lease() {
    let mut kept = Kept::new();
    assert_eq!(kept.claim("1-1"), GRANTED);
    kept.pass(Duration::from_millis(29_999));
    assert_eq!(kept.claim("1-1"), PENDING);
    kept.pass(Duration::from_millis(1));
    assert_eq!(kept.claim("1-1"), GRANTED);
    assert_eq!(kept.claim("1-1"), PENDING);
    // A clock that stepped back by an hour holds no claim for an hour.
    kept.now = Timestamp::from_millis(kept.now.as_millis() - 3_600_000);
    assert_eq!(kept.claim("1-1"), GRANTED);
}

#[test]
fn a_refusal_frees_the_claim_and_leaves_nothing_behind() {
    let mut kept = Kept::new();
    assert_eq!(kept.claim("1-1"), GRANTED);
    kept.settle("1-1", r#"{"outcome":"refused","reason":"token_refused"}"#);
    assert_eq!(kept.keys(), [COUNT, "tally/outcome refused token_refused"]);
    assert_eq!(kept.claim("1-1"), GRANTED);
}

#[test]
fn what_is_parked_stays_so_for_the_sweep_only() {
    let mut kept = Kept::new();
    kept.settle("1-1", PARKED);
    assert_eq!(kept.claim_by("1-1", Claimant::Sweep), settled(PARKED));
    assert_eq!(kept.claim("1-1"), GRANTED);
}

#[test]
fn what_was_done_is_not_undone_by_a_slower_delivery() {
    let mut kept = Kept::new();
    kept.settle("1-1", RESUMED);
    kept.settle("1-1", PARKED);
    assert_eq!(kept.claim("1-1"), settled(RESUMED));
    let deferred = r#"{"outcome":"deferred","reason":"breaker_open","rootRunId":"wfr_a"}"#;
    kept.settle("1-2", deferred);
    assert_eq!(kept.claim_by("1-2", Claimant::Sweep), settled(deferred));
    kept.settle("1-2", RESUMED);
    assert_eq!(kept.claim("1-2"), settled(RESUMED));
}

#[test]
fn a_deferred_entry_may_be_had_again_when_it_is_due() {
    let mut kept = Kept::new();
    let until = kept.now.after(Duration::from_mins(1)).as_millis();
    let deferred = format!(r#"{{"outcome":"deferred","reason":"rule","until":{until},"rootRunId":"wfr_a"}}"#);
    kept.settle("1-1", &deferred);
    assert_eq!(kept.claim_by("1-1", Claimant::Sweep), settled(&deferred));
    kept.pass(Duration::from_mins(1));
    assert_eq!(kept.claim_by("1-1", Claimant::Sweep), GRANTED);
}

#[test]
fn a_lineage_is_told_from_any_of_its_members_with_how_its_runs_ended() {
    let mut kept = Kept::new();
    kept.settle("1-1", RESUMED);
    kept.pass(Duration::from_mins(1));
    kept.settle("1-2", r#"{"outcome":"resumed","newRunId":"wfr_c","rootRunId":"wfr_a"}"#);
    kept.tell(r#"{"do":"ended","runId":"wfr_c","end":"recovered","at":1748528100000}"#);
    kept.tell(r#"{"do":"ended","runId":"wfr_unknown","end":"recovered"}"#);
    let told = kept.tell(r#"{"do":"lineage","runId":"wfr_a"}"#);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let [first, second] = told["recoveries"].as_array().unwrap().as_slice() else { panic!("{told}") };
    assert_eq!((first["dlqId"].as_str(), first["end"].as_str()), (Some("1-1"), None));
    assert_eq!(second["conclusion"]["newRunId"], "wfr_c");
    assert_eq!(
        (second["end"].as_str(), second["endedAt"].as_u64()),
        (Some("recovered"), Some(1_748_528_100_000))
    );
    for member in ["wfr_b", "wfr_c"] {
        let again = kept.tell(&format!(r#"{{"do":"lineage","runId":"{member}"}}"#));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap(), told);
    }
    assert_eq!(kept.tell(r#"{"do":"lineage","runId":"wfr_x"}"#), r#"{"recoveries":[]}"#);
}

#[test]
fn recoveries_are_listed_page_by_page_the_latest_first() {
    let mut kept = Kept::new();
    for n in 1..=5 {
        kept.settle(&format!("1-{n}"), PARKED);
        kept.pass(Duration::from_secs(1));
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let told = kept.tell(&format!(r#"{{"do":"recoveries","limit":2,"cursor":"{cursor}"}}"#));
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let page = told["recoveries"].as_array().unwrap();
        seen.extend(page.iter().map(|recovery| recovery["dlqId"].as_str().unwrap().to_owned()));
        let Some(next) = told["cursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(seen, ["1-5", "1-4", "1-3", "1-2", "1-1"]);
}

#[test]
fn entries_are_forgotten_after_their_time_and_nothing_is_left_of_them() {
    let mut kept = Kept::new();
    assert_eq!(Shard.wakes(&kept.office()), None);
    kept.settle("1-1", RESUMED);
    kept.told();
    let retention = kept.settings.ledger_retention;
    assert_eq!(Shard.wakes(&kept.office()), Some(kept.now.after(retention)));
    kept.pass(retention.saturating_sub(Duration::from_secs(1)));
    kept.settle("1-2", PARKED);
    Shard.errand(&mut kept.office());
    assert_eq!(kept.claim("1-1"), settled(RESUMED));
    kept.pass(Duration::from_secs(1));
    kept.told();
    assert!(
        kept.keys().iter().all(|key| !key.contains("1-1") && !key.contains("wfr_b")),
        "{:?}",
        kept.keys()
    );
    assert_eq!(count(&kept.records), 1);
}

#[test]
fn a_shard_is_bounded() {
    let mut kept = Kept::new();
    kept.settle("1-0", PARKED);
    kept.pass(Duration::from_secs(1));
    kept.settle("1-1", PARKED);
    kept.records.put(COUNT, &MAX_ENTRIES.to_string());
    kept.settle("1-2", PARKED);
    assert_eq!(count(&kept.records), MAX_ENTRIES);
    let entries = kept.keys().into_iter().filter(|key| key.starts_with(ENTRY));
    assert_eq!(entries.collect::<Vec<_>>(), ["entry/1-1", "entry/1-2"]);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut kept = Kept::new();
    for message in [
        "",
        "[]",
        "{}",
        r#"{"do":"dance"}"#,
        r#"{"do":"claim"}"#,
        r#"{"do":"claim","case":{"dlqId":"1-1"}}"#,
        r#"{"do":"settle","case":{"dlqId":"1-1"},"conclusion":{}}"#,
        r#"{"do":"ended","runId":"wfr_a"}"#,
    ] {
        assert_eq!(Shard.hear(&mut kept.office(), message), Err(UnheardError), "{message}");
    }
    assert_eq!(kept.keys(), [] as [String; 0]);
    // Records of another hand count as absent.
    kept.records.put("entry/1-1", "{");
    kept.records.put("time/x", "");
    assert_eq!(Shard.wakes(&kept.office()), None);
    assert_eq!(kept.claim("1-1"), GRANTED);
}

#[test]
fn others_are_told_what_they_are_to_know_and_only_once() {
    let mut kept = Kept::new();
    let target = "target-https://shop.example/order";
    assert_eq!(kept.claim("1-1"), GRANTED);
    assert_eq!(kept.told_in_short(), [] as [&str; 0]);
    kept.settle("1-1", RESUMED);
    let expected = ["notices notice first_failure 1-1".to_owned(), format!("{target} resumed 1-1 wfr_b")];
    assert_eq!(kept.told_in_short(), expected);

    // The run that was created fails: its callback comes, twice.
    let child = Case {
        run_id: RunId::new("wfr_b").unwrap(),
        lineage: Case::sample("1-1", "wfr_a").lineage.next(),
        ..Case::sample("1-2", "wfr_a")
    };
    for _ in 0..2 {
        kept.tell(&message::claim(&child, Claimant::Callback));
    }
    assert_eq!(kept.told_in_short(), [format!("{target} failed 1-2")]);
    let lineage = kept.tell(r#"{"do":"lineage","runId":"wfr_b"}"#);
    assert!(lineage.contains(r#""end":"failed_again""#), "{lineage}");

    for _ in 0..2 {
        kept.settle_case(&child, PARKED);
    }
    assert_eq!(kept.told_in_short(), ["notices notice gave_up rule 1-2"]);

    let run = RunId::new("wfr_b").unwrap();
    for _ in 0..2 {
        kept.tell(&message::ended(&run, "recovered", kept.now));
    }
    assert_eq!(kept.told_in_short(), ["notices notice recovered 1-1"]);
}

#[test]
fn a_target_is_told_when_what_it_deferred_is_dealt_with() {
    let deferred = r#"{"outcome":"deferred","reason":"breaker_open"}"#;
    for (end, told) in [(PARKED, "notices notice gave_up rule 1-1"), (r#"{"outcome":"gone"}"#, "")] {
        let mut kept = Kept::new();
        kept.settle("1-1", deferred);
        kept.told();
        kept.settle("1-1", deferred);
        assert_eq!(kept.told_in_short(), [] as [&str; 0]);
        kept.settle("1-1", end);
        let cleared = "target-https://shop.example/order cleared 1-1";
        let expected: Vec<&str> = [told, cleared].into_iter().filter(|told| !told.is_empty()).collect();
        assert_eq!(kept.told_in_short(), expected);
    }
}

#[test]
fn the_drain_may_have_what_was_deferred_and_nothing_else() {
    let mut kept = Kept::new();
    let deferred = r#"{"outcome":"deferred","reason":"breaker_open"}"#;
    kept.settle("1-1", deferred);
    assert_eq!(kept.claim("1-1"), settled(deferred));
    assert_eq!(kept.claim_by("1-1", Claimant::Drain), GRANTED);
    // It gives the entry back, and is still the one that takes it up.
    kept.settle("1-1", r#"{"outcome":"refused","reason":"api_unreachable"}"#);
    assert_eq!(kept.claim_by("1-1", Claimant::Sweep), settled(deferred));
    kept.pass(DEFERRED_FOR);
    assert_eq!(kept.claim_by("1-1", Claimant::Sweep), GRANTED);
    kept.settle("1-2", PARKED);
    assert_eq!(kept.claim_by("1-2", Claimant::Drain), settled(PARKED));
    kept.settle("1-3", RESUMED);
    assert_eq!(kept.claim_by("1-3", Claimant::Drain), settled(RESUMED));
}

#[test]
fn people_are_told_only_what_they_want_to_hear() {
    let mut kept = Kept::new();
    kept.settings.notify.on = vec![crate::notice::Kind::GaveUp];
    kept.settle("1-1", PARKED);
    assert_eq!(kept.told_in_short(), ["notices notice gave_up rule 1-1"]);
    kept.settings.notify.slack = None;
    kept.settle("1-2", PARKED);
    assert_eq!(kept.told_in_short(), [] as [&str; 0]);
}

#[test]
fn everything_is_counted_also_what_is_forgotten() {
    let mut kept = Kept::new();
    kept.claim("1-1");
    kept.settle("1-1", RESUMED);
    kept.claim("1-1");
    kept.settle("1-2", PARKED);
    kept.settle("1-3", PARKED);
    kept.settle("1-4", r#"{"outcome":"refused","reason":"api_unreachable"}"#);
    kept.settle("1-4", r#"{"outcome":"Not One Of Ours","reason":"x"}"#);
    let run = RunId::new("wfr_b").unwrap();
    for _ in 0..2 {
        let ended = Case::sample("1-1", "wfr_a").lineage.first_failed_at().after(Duration::from_mins(2));
        kept.tell(&message::ended(&run, "recovered", ended));
    }
    book::forget(&mut kept.records, "1-1");
    let expected = [
        "end recovered 1",
        "outcome parked rule 2",
        "outcome refused api_unreachable 1",
        "outcome resumed 1",
        "recovery-millis 120000",
        "repeated 1",
    ];
    let told: serde_json::Value = serde_json::from_str(&kept.tell(r#"{"do":"tally"}"#)).unwrap();
    assert_eq!(told, serde_json::json!({"tally": expected, "entries": 2}));
}

#[test]
fn the_sweep_learns_of_many_entries_at_once_what_nobody_is_at_and_claims_nothing() {
    let mut kept = Kept::new();
    kept.claim("1-1");
    kept.claim("1-2");
    kept.settle("1-2", RESUMED);
    kept.claim("1-3");
    kept.settle("1-3", PARKED);
    kept.claim("1-4");
    let until = kept.now.after(Duration::from_secs(5)).as_millis();
    kept.settle("1-4", &format!(r#"{{"outcome":"deferred","reason":"rule","until":{until}}}"#));
    let mut sift = || {
        let ids: Vec<_> = (1..=5).map(|n| crate::ids::DlqId::new(format!("1-{n}")).unwrap()).collect();
        let keys = kept.keys();
        let answer = kept.tell(&message::sift(&ids.iter().collect::<Vec<_>>()));
        assert_eq!(kept.keys(), keys);
        kept.pass(Duration::from_secs(5));
        let sifted = message::read_sifted(&answer).unwrap();
        (sifted.absent, sifted.due)
    };
    let absent = || vec!["1-5".to_owned()];
    assert_eq!(sift(), (absent(), Vec::new()));
    assert_eq!(sift(), (absent(), vec!["1-4".to_owned()]));
    for _ in 0..4 {
        sift();
    }
    assert_eq!(sift(), (absent(), vec!["1-1".to_owned(), "1-4".to_owned()]), "a claim that nobody settles");
    for bad in [r#"{"do":"sift"}"#, r#"{"do":"sift","dlqIds":null}"#] {
        assert!(Shard.hear(&mut kept.office(), bad).is_err());
    }
    for none in ["", "{}", r#"{"absent":[]}"#] {
        assert_eq!(message::read_sifted(none), None);
    }
}
