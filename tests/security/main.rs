//! What an attacker could try on the core, and what holds. `SECURITY.md` says which test answers which attack; those that
//! need a real runtime are in `tests/e2e/security-*.test.mjs` and `tests/e2e/secrets.test.mjs`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken test value should fail the test"
)]

mod bombs;
#[path = "../common/mod.rs"]
mod common;
mod debug;
mod headers;
mod hosts;
mod paths;
mod redaction;
mod replay;
mod settings;
mod world;
