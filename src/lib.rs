//! Workflow Redrive resumes failed Upstash Workflow runs by itself.

pub mod time;
