//! The Salesforce platform's REST API, as far as a data connector needs it.
//!
//! Requests are built, repeated and decoded here; which objects and fields matter is none of this crate's business. It
//! rests on the facts gathered about the API (the reference file `salesforce-api.md`, cited by section). [`transport`]
//! sends the requests; nothing else here knows how they travel.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod bulk;
pub mod client;
pub mod composite;
pub mod describe;
pub mod encode;
pub mod error;
pub mod files;
#[cfg(test)]
mod fixtures;
pub mod id;
pub mod identity;
pub mod json;
pub mod limit_info;
pub mod limits;
pub mod listing;
pub mod query;
pub mod record;
pub mod replication;
pub mod retry;
pub mod soql;
pub mod time;
pub mod transport;

pub use bulk::{BulkQuery, BulkRows, ColumnKind};
pub use client::{Answer, ApiVersion, Call, Client, InFlight, retry_after};
pub use composite::{Composite, SubResponse, Subrequest};
pub use describe::{FieldShape, ObjectShape, ObjectSummary, PicklistValue, RecordTypeShape};
pub use error::{
    AccountProblem, ApiError, ErrorKind, Quota, Result, SalesforceError, WriteProblem,
};
pub use files::{FileBody, FileError};
pub use id::SalesforceId;
pub use json::Json;
pub use limit_info::LimitInfo;
pub use listing::{BulkPlan, ListFlight, ListPage, Listing, Position};
pub use query::{Locator, QueryFlight, QueryPage, Rows};
pub use record::{Record, Value};
pub use replication::{Log, LogWindow};
pub use retry::{Repeat, RetryPolicy};
pub use soql::{Query, SoqlError};
pub use time::{Date, Timestamp};
