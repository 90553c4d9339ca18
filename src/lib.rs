//! Workflow Redrive resumes failed Upstash Workflow runs by itself.

pub mod callback;
pub mod client;
pub mod dlq;
pub mod http_url;
pub mod ids;
mod json;
pub mod lineage;
#[cfg(feature = "npm")]
pub mod npm;
pub mod policy;
pub mod recovery;
pub mod settings;
pub mod signature;
pub mod time;
#[cfg(feature = "worker")]
pub mod worker;
