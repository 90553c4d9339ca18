//! Workflow Redrive resumes failed Upstash Workflow runs by itself.
//!
//! When a run fails after all its retries, QStash moves it to the dead letter queue (DLQ) and POSTs a signed *failure
//! callback* to the run's `failureUrl`. This crate is what stands there: it verifies the callback, decides by policy, and
//! resumes the run from its failed step, or restarts it from the first, through the DLQ API.
//!
//! Without features it is the pure core: no clock, no randomness, no network. What the core needs of them are arguments,
//! and what it wants to send are values.
//!
//! ```
//! use std::time::Duration;
//! use workflow_redrive::{callback::Failure, ids::RunId, lineage::Lineage, policy::{Action, Policy}, time::Timestamp};
//!
//! let policy = Policy::from_json(r#"{"backoff": {"base": "1m", "cap": "1h"}}"#)?;
//! let now = Timestamp::from_millis(1_748_527_971_000);
//! let run = RunId::new("wfr_abc")?;
//! let failure = Failure::new(run.clone(), "https://shop.example/order".to_owned(), 503);
//!
//! let decision = policy.decide(&failure, &Lineage::root(run, now), now, 0);
//! assert_eq!(decision.action, Action::Resume);
//! assert_eq!(decision.delay(), Some(Duration::from_secs(10)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | adds |
//! |---|---|
//! | `worker` | the handler to mount in a Cloudflare Worker of one's own |
//! | `deploy` | the entry points of the ready-made Worker; not for libraries, for two `fetch` exports do not link |
//! | `npm` | JavaScript bindings |

#[macro_use]
mod named;
#[macro_use]
mod text;
#[macro_use]
mod json;

mod base64;
pub mod breaker;
pub mod callback;
pub mod client;
pub mod console;
pub mod dlq;
pub mod durable;
pub mod http_url;
pub mod ids;
pub mod job;
#[cfg(any(feature = "worker", feature = "npm"))]
mod js_host;
#[cfg(any(feature = "worker", feature = "npm"))]
mod js_pairs;
pub mod ledger;
pub mod lineage;
pub mod notice;
#[cfg(feature = "npm")]
pub mod npm;
pub mod operator;
pub mod policy;
pub mod recovery;
mod seen;
pub mod settings;
pub mod signature;
pub mod sweep;
pub mod time;
#[cfg(feature = "worker")]
pub mod worker;

#[cfg(all(target_family = "wasm", any(feature = "deploy", feature = "npm")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
