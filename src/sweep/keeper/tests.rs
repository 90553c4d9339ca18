use super::*;
use crate::{durable::MemoryRecords, recovery::Moment};

struct Desk {
    records: MemoryRecords,
    settings: Settings,
    now: Timestamp,
    entropy: u64,
}

impl Desk {
    fn new() -> Self {
        let settings = Settings::read(|name| match name {
            "QSTASH_TOKEN" => Some("token".to_owned()),
            "QSTASH_CURRENT_SIGNING_KEY" | "QSTASH_NEXT_SIGNING_KEY" => Some("sig_key".to_owned()),
            _ => None,
        });
        let now = Timestamp::from_millis(1_748_527_971_000);
        Self { records: MemoryRecords::default(), settings: settings.unwrap(), now, entropy: u64::MAX - 9 }
    }

    fn tell(&mut self, message: &str) -> String {
        self.entropy += 1;
        let moment = Moment { now: self.now, entropy: self.entropy };
        let mut office = Office { records: &mut self.records, settings: &self.settings, moment };
        Keeper.hear(&mut office, message).unwrap()
    }

    fn begin(&mut self) -> String {
        self.tell(r#"{"do":"begin","account":"default"}"#)
    }

    fn end(&mut self, lease: u64, checkpoint: &str) {
        let message = format!(
            r#"{{"do":"end","account":"default","lease":{lease},"checkpoint":{checkpoint},"report":{{"pages":1}}}}"#
        );
        assert_eq!(self.tell(&message), "{}");
    }
}

const BUSY: &str = r#"{"go":false,"reason":"busy"}"#;
const PAUSED: &str = r#"{"go":false,"reason":"paused"}"#;

fn going(lease: u64, checkpoint: &str) -> String {
    format!(r#"{{"go":true,"lease":{lease},"checkpoint":{checkpoint}}}"#)
}

const FIRST: u64 = u64::MAX - 8;

#[test]
fn one_sweep_at_a_time_and_the_next_goes_on_where_it_ended() {
    let mut desk = Desk::new();
    assert_eq!(desk.begin(), going(FIRST, r#"{"vain":[],"pages":0}"#));
    assert_eq!(desk.begin(), BUSY);
    assert!(desk.tell(r#"{"do":"begin","account":"US_EAST_1"}"#).contains(r#""go":true"#), "another account");
    desk.end(FIRST, r#"{"cursor":"1-\"7","vain":["1-1"],"pages":3}"#);
    let checkpoint = r#"{"cursor":"1-\"7","vain":["1-1"],"pages":3}"#;
    assert_eq!(desk.begin(), going(FIRST + 4, checkpoint));
    let state = desk.tell(r#"{"do":"state"}"#);
    assert!(state.contains(r#""account":"default""#) && state.contains(r#""report":{"pages":1}"#), "{state}");
}

#[test]
fn a_sweep_that_was_killed_holds_nobody_up_for_long_and_is_not_heard_later() {
    let mut desk = Desk::new();
    desk.begin();
    // Four minutes, five calls of ten seconds, and half a minute.
    desk.now = desk.now.after(Duration::from_millis(319_999));
    assert_eq!(desk.begin(), BUSY);
    desk.now = desk.now.after(Duration::from_millis(1));
    assert_eq!(desk.begin(), going(FIRST + 2, r#"{"vain":[],"pages":0}"#));
    desk.end(FIRST, r#"{"cursor":"late","pages":1}"#);
    assert_eq!(desk.begin(), BUSY, "the lease is another one's");
    desk.end(FIRST + 2, r#"{"cursor":"1-2","pages":1}"#);
    desk.end(FIRST + 2, r#"{"cursor":"twice","pages":1}"#);
    assert!(desk.begin().contains(r#""cursor":"1-2""#));
}

#[test]
fn a_clock_that_steps_back_holds_nobody_up() {
    let mut desk = Desk::new();
    desk.begin();
    desk.now = Timestamp::from_millis(desk.now.as_millis() - 3_600_000);
    assert!(desk.begin().contains(r#""go":true"#));
    // A pause is never longer than a day.
    let far = desk.now.after(Duration::from_hours(25)).as_millis();
    desk.end(FIRST + 1, &format!(r#"{{"pages":1,"pause":{far}}}"#));
    assert!(desk.begin().contains(r#""go":true"#));
}

#[test]
fn nobody_begins_before_the_api_wants_to_be_called_again() {
    let mut desk = Desk::new();
    desk.begin();
    let until = desk.now.after(Duration::from_mins(7)).as_millis();
    desk.end(FIRST, &format!(r#"{{"cursor":"1-2","pages":1,"pause":{until}}}"#));
    assert_eq!(desk.begin(), PAUSED);
    desk.now = Timestamp::from_millis(until);
    assert!(desk.begin().ends_with(r#""checkpoint":{"cursor":"1-2","vain":[],"pages":1}}"#));
}

#[test]
fn a_pass_that_goes_round_in_circles_starts_anew() {
    let mut desk = Desk::new();
    desk.begin();
    desk.end(FIRST, r#"{"cursor":"1-2","pages":10001}"#);
    assert_eq!(desk.begin(), going(FIRST + 2, r#"{"vain":[],"pages":0}"#));
}

#[test]
fn what_is_no_message_is_not_heard() {
    let mut desk = Desk::new();
    for message in ["", "{}", r#"{"do":"begin"}"#, r#"{"do":"sweep","account":"default"}"#] {
        let moment = Moment { now: desk.now, entropy: 0 };
        let mut office = Office { records: &mut desk.records, settings: &desk.settings, moment };
        assert_eq!(Keeper.hear(&mut office, message), Err(UnheardError), "{message}");
    }
}
