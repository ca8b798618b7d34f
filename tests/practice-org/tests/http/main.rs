//! The practice org as a client sees it: every test talks to a running org over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod automation;
mod bulk;
mod bulk_v1;
mod catalogue;
mod changes;
mod client;
mod composite;
mod consent;
mod control;
mod describe;
mod description;
mod edge;
mod error_shapes;
mod errors;
mod faults;
mod files;
mod oauth;
mod oauth_errors;
mod package;
mod probes;
mod query;
mod records;
mod replication;
mod seed;
mod soap;
mod trees;
mod variations;
mod wire;
