//! Awkward inputs of growing length: eight times the length may take not much more than eight times as long.
//!
//! The least of several measurements is taken, and they are repeated where they seem to tell of more: what is quadratic
//! takes 64 times as long, whatever else the machine does.

use std::time::Duration;

use properties::{TARGETS, Target, meter};

/// Between eight times, and 64 times.
const MOST: f64 = 20.0;
/// Below this, a clock tells nothing.
const LEAST: Duration = Duration::from_micros(150);

fn least(target: &Target, input: &[u8], times: u32) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..times {
        meter::take_spent();
        (target.check)(input);
        least = least.min(meter::take_spent());
    }
    least
}

#[test]
fn time_grows_with_the_input_and_not_with_its_square() {
    let mut slow = Vec::new();
    for target in TARGETS {
        for (number, shape) in target.shapes.iter().enumerate() {
            let long = (96 * 1024).min(target.longest);
            let (short, long) = (shape(long / 8), shape(long));
            let mut growth = Vec::new();
            loop {
                let (one, eight) = (least(target, &short, 5), least(target, &long, 3));
                let times = eight.as_secs_f64() / one.max(LEAST / 8).as_secs_f64();
                growth.push(times);
                if eight < LEAST || times < MOST {
                    break;
                }
                if growth.len() == 6 {
                    slow.push(format!("{}, shape {number}: {growth:.0?} times, {eight:?}", target.name));
                    break;
                }
            }
        }
    }
    assert!(slow.is_empty(), "eight times the length takes\n{}", slow.join("\n"));
}
