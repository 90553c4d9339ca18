use core::time::Duration;
use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::{
    dlq::{ApiResponse, TransportError},
    durable::MemoryRecords,
    recovery::Moment,
    settings::Settings,
};

const SECRET: &str = "c2VjcmV0IG9mIHRoZSB3ZWJob29rLCBsb25nIGVub3VnaA==";
const SLACK: &str = "https://hooks.slack.example/services/T0/B0/very-secret";
const WEBHOOK: &str = "https://ops.example/hook";
const WINDOW: Duration = Duration::from_mins(15);

/// The actor with its store, at a time of its own.
struct Desk {
    records: MemoryRecords,
    settings: Settings,
    now: Timestamp,
}

/// What was posted: where, the headers, the body.
type Post = (String, Vec<(&'static str, String)>, Value);

impl Desk {
    fn new(settings: &[(&str, &str)]) -> Self {
        let settings = Settings::read(|name| {
            let base = match name {
                "QSTASH_TOKEN" => Some("token"),
                "QSTASH_CURRENT_SIGNING_KEY" | "QSTASH_NEXT_SIGNING_KEY" => Some("sig_key"),
                _ => settings.iter().find(|(known, _)| *known == name).map(|(_, value)| *value),
            };
            base.map(str::to_owned)
        });
        let now = Timestamp::from_millis(1_748_527_971_000);
        Self { records: MemoryRecords::default(), settings: settings.unwrap(), now }
    }

    fn with_webhook() -> Self {
        Self::new(&[("NOTIFY_URL", WEBHOOK), ("NOTIFY_SECRET", SECRET)])
    }

    fn office(&mut self) -> Office<'_> {
        let moment = Moment { now: self.now, entropy: 0 };
        Office { records: &mut self.records, settings: &self.settings, moment }
    }

    fn hear(&mut self, message: &Value) -> Value {
        let answer = Notices.hear(&mut self.office(), &message.to_string()).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// A run that is given up.
    fn give_up(&mut self, run: usize, target: &str) {
        let case = json!({
            "dlqId": format!("1-{run}"), "runId": format!("wfr_{run}"), "rootRunId": format!("wfr_root_{run}"),
            "attempt": 5, "firstFailedAt": 1_748_527_000_000_u64, "region": "", "target": target, "status": 503,
            "fingerprint": "", "rule": "transient", "action": "park", "overrides": {},
        });
        let at = self.now.as_millis();
        self.hear(&json!({"do": "notice", "kind": "gave_up", "at": at, "case": case, "reason": "attempts_exhausted"}));
    }

    /// Runs errands until there are none; `answer` is what each POST gets. Shards know of one recovery.
    fn run(&mut self, answer: &dyn Fn(&str, &Value) -> Transported) -> Vec<Post> {
        let mut posts = Vec::new();
        while let Some(errand) = Notices.errand(&mut self.office()) {
            let came = match errand {
                Errand::Post { url, headers, body } => {
                    let json = serde_json::from_str(&body).unwrap();
                    let came = answer(url.as_str(), &json);
                    posts.push((url.as_str().to_owned(), headers, json));
                    came
                }
                Errand::Tell { actor, message } => {
                    assert!(actor.starts_with("shard-"), "{actor}");
                    let message: Value = serde_json::from_str(&message).unwrap();
                    assert_eq!(message["do"], "lineage");
                    ok(200, &format!(r#"{{"recoveries":[{{"of":{}}}]}}"#, message["runId"]))
                }
                errand @ Errand::Api { .. } => panic!("{errand:?}"),
            };
            Notices.returned(&mut self.office(), came);
        }
        posts
    }

    /// Lets time pass until nothing is waited for but the ends of windows with nothing in them.
    fn run_for(&mut self, span: Duration, answer: &dyn Fn(&str, &Value) -> Transported) -> Vec<Post> {
        let end = self.now.after(span);
        let mut posts = self.run(answer);
        while let Some(at) = Notices.wakes(&self.office()).filter(|at| *at <= end) {
            assert!(at > self.now, "an alarm in the past that nothing comes of");
            self.now = at;
            posts.extend(self.run(answer));
        }
        self.now = end;
        posts
    }
}

#[expect(clippy::unnecessary_wraps, reason = "stands beside answers that are lost")]
fn ok(status: u16, body: &str) -> Transported {
    Ok(ApiResponse::new(status, body, |_| None))
}

fn takes(_: &str, _: &Value) -> Transported {
    ok(200, "ok")
}

fn is_down(_: &str, _: &Value) -> Transported {
    Err(TransportError::interrupted("connection reset"))
}

fn total(posts: &[Post]) -> u64 {
    posts.iter().map(|(_, _, body)| body["count"].as_u64().unwrap()).sum()
}

const TARGET: &str = "https://shop.example/order";

#[test]
fn an_outage_of_500_runs_is_one_notice_and_a_summary() {
    let mut desk = Desk::with_webhook();
    for run in 0..500 {
        desk.give_up(run, TARGET);
        desk.now = desk.now.after(Duration::from_millis(500));
    }
    let posts = desk.run_for(WINDOW * 3, &takes);
    let [(_, _, first), (_, _, rest)] = posts.as_slice() else { panic!("{} posts", posts.len()) };
    assert_eq!(
        (&first["count"], &first["follows"], &first["runIds"]),
        (&json!(1), &json!(false), &json!(["wfr_0"]))
    );
    assert_eq!((&rest["count"], &rest["follows"]), (&json!(499), &json!(true)));
    assert_eq!(rest["runIds"].as_array().unwrap().len(), 10);
    assert_eq!(
        (&rest["target"], &rest["status"], &rest["reason"]),
        (&json!(TARGET), &json!(503), &json!("attempts_exhausted"))
    );
    assert_eq!(
        (rest["lastAt"].as_u64().unwrap() - rest["firstAt"].as_u64().unwrap()),
        498 * 500,
        "from the second to the last"
    );
    // Quiet for a window: the next one is told at once again.
    assert_eq!(Notices.wakes(&desk.office()), None);
    desk.give_up(500, TARGET);
    assert_eq!(desk.run(&takes).len(), 1);
}

#[test]
fn what_goes_on_is_told_once_in_each_window() {
    let mut desk = Desk::with_webhook();
    let mut posts = Vec::new();
    for run in 0..240 {
        desk.give_up(run, TARGET);
        posts.extend(desk.run_for(Duration::from_mins(1), &takes));
    }
    posts.extend(desk.run_for(WINDOW, &takes));
    assert_eq!(total(&posts), 240);
    assert!((16..=18).contains(&posts.len()), "4 hours: {}", posts.len());
}

#[test]
fn other_targets_statuses_and_kinds_are_other_notices() {
    let mut desk = Desk::with_webhook();
    desk.give_up(1, TARGET);
    desk.give_up(2, "https://shop.example/refund");
    for kind in ["breaker_opened", "breaker_closed", "recovered", "first_failure"] {
        desk.hear(&json!({"do": "notice", "kind": kind, "at": 7, "target": TARGET}));
    }
    let posts = desk.run(&takes);
    let kinds: Vec<_> = posts.iter().map(|(_, _, body)| body["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["gave_up", "gave_up", "breaker_opened", "breaker_closed"], "the others are off");
    let opened = &posts[2].2;
    assert_eq!((&opened["target"], &opened["firstAt"]), (&json!(TARGET), &json!(7)));
}

#[test]
fn a_webhook_that_is_down_gets_everything_later_and_is_asked_less_and_less() {
    let mut desk = Desk::with_webhook();
    for run in 0..60 {
        desk.give_up(run, &format!("https://shop.example/{}", run % 30));
    }
    let tries = desk.run_for(Duration::from_hours(3), &is_down);
    assert!((20..40).contains(&tries.len()), "{} tries in three hours", tries.len());
    let posts = desk.run_for(Duration::from_mins(10), &takes);
    assert_eq!(total(&posts), 60);
    let ids: BTreeSet<_> = posts.iter().map(|(_, _, body)| body["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), posts.len(), "each once");
    assert!(tries.iter().all(|(_, _, body)| ids.contains(body["id"].as_str().unwrap())), "by the same ids");
    let tally = desk.hear(&json!({"do": "tally"}));
    let failed = format!("notice webhook failed {}", tries.len());
    assert_eq!(tally, json!({"tally": ["heard gave_up 60", failed, "notice webhook sent 60"], "waiting": 0}));
}

#[test]
fn more_than_can_wait_is_told_together_and_counted() {
    let mut desk = Desk::with_webhook();
    for run in 0..1100 {
        desk.give_up(run, &format!("https://shop.example/{run}"));
        if run % 50 == 0 {
            desk.run(&is_down);
        }
    }
    desk.run(&is_down);
    assert_eq!(queue::all(&desk.records).len(), 100);
    assert!(desk.records.scan("", "", usize::MAX).len() < 2 * 1001 + 110);
    let posts = desk.run_for(Duration::from_hours(1), &takes);
    assert_eq!(total(&posts), 1100);
    assert_eq!(posts.len(), 100);
    let merged = posts.iter().map(|(_, _, body)| body).find(|body| body["count"] != json!(1)).unwrap();
    assert_eq!((&merged["target"], &merged["kind"]), (&Value::Null, &json!("gave_up")));
    let tally = desk.hear(&json!({"do": "tally"}));
    assert!(tally["tally"].as_array().unwrap().contains(&json!("merged gave_up 1000")), "{tally}");
}

#[test]
fn what_is_never_taken_does_not_hold_up_the_others() {
    let mut desk = Desk::with_webhook();
    for run in 0..5 {
        desk.give_up(run, &format!("https://shop.example/{run}"));
    }
    let picky = |_: &str, body: &Value| {
        ok(if body["target"] == json!("https://shop.example/0") { 400 } else { 204 }, "")
    };
    let posts = desk.run_for(Duration::from_mins(10), &picky);
    let taken: BTreeSet<_> = posts.iter().map(|(_, _, body)| body["target"].as_str().unwrap()).collect();
    assert_eq!(taken.len(), 5);
    let [(_, left)] = queue::all(&desk.records).try_into().unwrap();
    assert_eq!(left.story.target, "https://shop.example/0");
    assert_eq!(total(&desk.run_for(Duration::from_mins(20), &takes)), 1);
}

#[test]
fn one_channel_does_not_wait_for_the_other() {
    let mut desk =
        Desk::new(&[("NOTIFY_SLACK_URL", SLACK), ("NOTIFY_URL", WEBHOOK), ("NOTIFY_SECRET", SECRET)]);
    desk.give_up(1, TARGET);
    let posts = desk.run(&|url, _| ok(if url == SLACK { 503 } else { 200 }, ""));
    assert_eq!(posts.iter().map(|(url, ..)| url.as_str()).collect::<Vec<_>>(), [SLACK, WEBHOOK]);
    let posts = desk.run_for(Duration::from_secs(5), &takes);
    assert_eq!(posts.iter().map(|(url, ..)| url.as_str()).collect::<Vec<_>>(), [SLACK]);
    assert!(queue::all(&desk.records).is_empty());
}

#[test]
fn a_channel_that_is_not_set_any_more_is_not_waited_for() {
    let mut desk = Desk::with_webhook();
    desk.give_up(1, TARGET);
    desk.settings = Desk::new(&[]).settings;
    assert_eq!(desk.run(&takes).len(), 0);
    assert!(queue::all(&desk.records).is_empty());
    desk.give_up(2, TARGET);
    assert!(queue::all(&desk.records).is_empty());
}

#[test]
fn a_send_that_never_returned_is_made_again_as_the_same() {
    let mut desk = Desk::with_webhook();
    desk.give_up(1, TARGET);
    let mut errand = || Notices.errand(&mut desk.office());
    assert!(matches!(errand(), Some(Errand::Tell { .. })));
    assert!(matches!(errand(), Some(Errand::Tell { .. })), "nor has the history come");
    Notices.returned(&mut desk.office(), ok(500, "no such actor"));
    let Some(first) = Notices.errand(&mut desk.office()) else { panic!() };
    assert_eq!(Notices.errand(&mut desk.office()), Some(first));
    let posts = desk.run(&takes);
    assert_eq!((posts.len(), &posts[0].2["history"]), (1, &json!([])));
    // A return that nobody waits for.
    Notices.returned(&mut desk.office(), ok(200, ""));
    assert_eq!(desk.run(&takes).len(), 0);
}

#[test]
fn the_webhook_gets_what_happened_with_the_history_and_a_signature_to_check() {
    let mut desk = Desk::with_webhook();
    desk.give_up(1, TARGET);
    let at = desk.now.as_millis();
    desk.now = desk.now.after(Duration::from_secs(3));
    let mut sent = None;
    while let Some(errand) = Notices.errand(&mut desk.office()) {
        if let Errand::Post { headers, body, .. } = &errand {
            sent = Some((headers.clone(), body.clone()));
        }
        Notices.returned(&mut desk.office(), ok(200, r#"{"recoveries":[{"dlqId":"1-0"}]}"#));
    }
    let (headers, body) = sent.unwrap();
    let id = format!("ntc_{at}_1");
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "id": id, "kind": "gave_up", "count": 1, "follows": false, "firstAt": at, "lastAt": at,
            "target": TARGET, "reason": "attempts_exhausted", "rule": "transient", "rootRunId": "wfr_root_1",
            "status": 503, "attempt": 5, "firstFailedAt": 1_748_527_000_000_u64, "runIds": ["wfr_1"],
            "dlqIds": ["1-1"], "history": [{"dlqId": "1-0"}],
        })
    );
    let header =
        |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!((header("webhook-id"), header("webhook-timestamp")), (id.clone(), "1748527974".to_owned()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET).unwrap()).unwrap();
    mac.update(format!("{id}.1748527974.{body}").as_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
}

#[test]
fn slack_gets_words_in_which_nothing_is_a_link_or_a_mention() {
    let mut desk = Desk::new(&[("NOTIFY_SLACK_URL", SLACK), ("NOTIFY_ON", "first_failure, gave_up")]);
    desk.give_up(1, "https://shop.example/<!channel>&");
    desk.give_up(2, "https://shop.example/<!channel>&");
    desk.give_up(3, "https://shop.example/<!channel>&");
    desk.hear(&json!({"do": "notice", "kind": "first_failure", "at": 1}));
    let posts = desk.run_for(WINDOW, &takes);
    let told: Vec<_> = posts.iter().map(|(_, _, body)| body["text"].as_str().unwrap()).collect();
    let shown = "https://shop.example/&lt;!channel&gt;&amp;";
    assert_eq!(
        told,
        [
            format!("A run is left for a person: {shown}"),
            "A run failed".to_owned(),
            format!("And 2 more runs are left for a person: {shown}"),
        ]
    );
    assert_eq!(
        posts[0].2["blocks"],
        json!([
            {"type": "section", "text": {"type": "mrkdwn", "text": format!("*A run is left for a person: {shown}*")}},
            {"type": "context", "elements": [{
                "type": "mrkdwn",
                "text": "status 503 · reason attempts_exhausted · rule transient · attempts 5 · run wfr_1",
            }]},
        ])
    );
    assert_eq!(posts[1].2["blocks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_clock_that_steps_back_delays_nothing_for_long() {
    let mut desk = Desk::with_webhook();
    desk.give_up(1, TARGET);
    desk.give_up(2, TARGET);
    desk.run(&is_down);
    desk.now = Timestamp::from_millis(desk.now.as_millis() - 86_400_000);
    let posts = desk.run_for(Duration::from_mins(1), &takes);
    assert_eq!(total(&posts), 2);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut desk = Desk::with_webhook();
    for message in
        ["", "[]", "{}", r#"{"do":"dance"}"#, r#"{"do":"notice"}"#, r#"{"do":"notice","kind":"lunch"}"#]
    {
        assert_eq!(Notices.hear(&mut desk.office(), message), Err(UnheardError), "{message}");
    }
    assert_eq!(desk.records.scan("", "", 9), []);
    // Records of another hand count as absent.
    for key in ["notice/x", "notice/0000000000001", "until/x", "window/x", "channel/webhook", "flight"] {
        desk.records.put(key, "{");
    }
    desk.give_up(1, TARGET);
    assert_eq!(desk.run(&takes).len(), 1);
}

#[test]
fn the_settings_show_no_address_and_no_secret() {
    let desk = Desk::new(&[("NOTIFY_SLACK_URL", SLACK), ("NOTIFY_URL", WEBHOOK), ("NOTIFY_SECRET", SECRET)]);
    let shown = format!("{:?}", desk.settings);
    for secret in ["very-secret", WEBHOOK, SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
