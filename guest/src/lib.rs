//! The Asymbl ATS connector: a WebAssembly component of the `ats:connector` contract.
//!
//! [`salesforce`] speaks the protocol and sends the requests, [`asymbl`] knows the package and maps it; what stands
//! here only hands the contract's calls to it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// The contract's error is large, rare, and moved a few times a call: a box would only hide it.
#![allow(clippy::result_large_err)]

pub mod asymbl;
mod bindings;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod engine;

pub use bindings::{ats, exports};
