//! A local mirror of one org: [`store`] keeps the records, [`sync`] reads the org into them, [`actions`] writes to the
//! org and notes the outcome. All of them reach the org through a [`host_runner::session::Session`].

#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod actions;
pub mod store;
pub mod sync;
