//! The DLQ API served to operators: QStash's paths behind a token of our own.
//!
//! A request goes in as a value; out come the requests for QStash, each fully checked before any of them is sent, and the
//! answer for the operator.
//!
//! | path | methods |
//! |---|---|
//! | `/v2/dlq?source=workflow`, `/v2/dlq/{id}` | `GET` |
//! | `/v2/workflows/dlq`, `/v2/workflows/dlq/{id}` | `GET`, `DELETE` |
//! | `/v2/workflows/dlq/resume`, `/v2/workflows/dlq/restart`, both also with `/{id}` | `POST` |
//! | `/v2/workflows/dlq/callback/{id}` | `POST`, `DELETE` |
//! | `/v2/workflows/logs`, `/v2/workflows/events` | `GET` |
//!
//! What may live here: who may ask, what may be asked, how many calls that takes and how their answers become one. What
//! may not: anything that sends or waits, and the QStash token.

mod cors;
mod entrance;
mod exchange;
mod overrides;
mod query;
mod reply;
mod route;
mod values;

#[cfg(feature = "deploy")]
pub(crate) use entrance::resource;
pub use entrance::{Asked, Operator};
pub use exchange::{Answer, Exchange, MAX_CALLS};
pub use reply::OperatorReply;
