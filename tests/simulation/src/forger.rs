//! Somebody who has seen a callback, and does not have the key.

use std::rc::Rc;

use crate::canary;
use crate::fault::Fault;
use crate::plan::MINUTE;
use crate::worker::Letter;
use crate::world::World;

const SIGNATURE: &str = "Upstash-Signature";

impl World {
    /// Sends what looks like a callback, made from a real one.
    pub(crate) fn forge(self: &Rc<Self>, real: &Letter) {
        let mut letter = Letter { is_genuine: false, ..real.clone() };
        let token = letter.headers.value(SIGNATURE).unwrap_or_default().to_owned();
        // Only a Worker that believes everything looks at these.
        letter.headers.insert("X-Original-Signature", &token);
        letter.headers.insert("X-Original-Url", &letter.url);
        letter.headers.insert("X-Original-Body", String::from_utf8_lossy(&letter.body));
        let (kind, delay) = match self.dice.below(6) {
            0 => {
                letter.headers.remove(SIGNATURE);
                ("no token", 0)
            }
            1 => {
                // Of its last character some bits do not count; of the one before all do.
                let mut bytes = token.into_bytes();
                let at = bytes.len() - 2;
                bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
                letter.headers.insert(SIGNATURE, String::from_utf8(bytes).unwrap());
                ("another signature", 0)
            }
            2 => {
                let body = String::from_utf8_lossy(&letter.body).replace("\"status\":", "\"status\": ");
                letter.body = body.into_bytes();
                ("another body", 0)
            }
            3 => {
                // Whoever could set the count back would have attempts without end.
                letter.url = format!("{}?redrive=0.1.wfr_stranger", canary::HOOK);
                ("another lineage", 0)
            }
            4 => {
                letter.headers.insert(
                    SIGNATURE,
                    format!("eyJhbGciOiJub25lIn0.{}", &token[token.find('.').unwrap() + 1..]),
                );
                ("another algorithm", 0)
            }
            // Long after its token has expired, whatever the clocks say.
            _ => ("an old one", 30 * MINUTE),
        };
        self.after(delay, move |world| {
            world.note(Fault::Forgery, kind.to_owned());
            world.receive(letter, |_, _| {});
        });
    }
}
