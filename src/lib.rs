//! Workflow Redrive resumes failed Upstash Workflow runs by itself.

pub mod dlq;
pub mod http_url;
pub mod ids;
pub mod time;
