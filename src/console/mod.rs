//! What operators can see and do beyond QStash's own API: `/v1/…`, behind the `ADMIN_TOKEN`.
//!
//! | request | answer |
//! |---|---|
//! | `GET /metrics` | what was counted, as Prometheus reads it |
//! | `GET /v1/recoveries?cursor=&limit=` | what was done, the latest first, page by page |
//! | `GET /v1/recoveries/{run}` | the lineage of a run, from its root, with how each run ended |
//! | `GET /v1/targets?cursor=&limit=` | every target with its breaker, backlog, budget and recoveries |
//! | `GET /v1/targets/{target}` | one of them, its name percent-encoded |
//! | `POST /v1/targets/{target}/pause`, `/resume` | holds it back until it is let go |
//! | `POST /v1/decide` | what a policy does with a recorded callback, and why; nothing is done |
//! | `POST /v1/jobs` | starts a [bulk job](crate::job) |
//! | `GET /v1/jobs?cursor=&limit=` | jobs, the latest first |
//! | `GET /v1/jobs/{id}?cursor=&limit=` | how a job goes, with a page of its entries |
//! | `POST /v1/jobs/{id}/pause`, `/resume`, `/cancel` | what they say |
//!
//! A request goes in as a value and becomes an [`Inquiry`]: questions to [actors](crate::durable) of the ledger, many at
//! once, whose answers become one reply. What may live here: paths, what may be asked, and how answers become one. What
//! may not: anything that sends or waits, and what actors know.

mod decide;
mod inquiry;
mod jobs;
mod lineage;
mod metrics;
mod query;
mod recoveries;
mod route;
mod targets;

pub use inquiry::{Ask, Heard, Inquiry, Step};
pub use route::Console;
