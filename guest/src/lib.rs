//! The Asymbl ATS connector: a WebAssembly component of the `ats:connector` contract.
//!
//! [`transport`] sends requests, [`salesforce`] speaks the protocol, [`asymbl`] knows the package and maps it; what stands
//! here only hands the contract's calls to it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// The contract's error is large, rare, and moved a few times a call: a box would only hide it.
#![allow(clippy::result_large_err)]

pub mod asymbl;
pub mod salesforce;
pub mod transport;

#[cfg(target_arch = "wasm32")]
mod component;

/// The contract's types and traits, generated from `wit/`.
#[allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used)]
mod bindings {
    #[cfg(not(target_arch = "wasm32"))]
    wit_bindgen::generate!({
        path: "../wit",
        world: "connector",
        generate_all,
    });
    // waki brings bindings of the same WASI interfaces: a second set would be other types.
    #[cfg(target_arch = "wasm32")]
    wit_bindgen::generate!({
        path: "../wit",
        world: "connector",
        generate_all,
        with: {
            "wasi:http/types@0.2.2": waki::bindings::wasi::http::types,
            "wasi:http/outgoing-handler@0.2.2": waki::bindings::wasi::http::outgoing_handler,
            "wasi:io/error@0.2.2": waki::bindings::wasi::io::error,
            "wasi:io/poll@0.2.2": waki::bindings::wasi::io::poll,
            "wasi:io/streams@0.2.2": waki::bindings::wasi::io::streams,
            "wasi:clocks/monotonic-clock@0.2.2": waki::bindings::wasi::clocks::monotonic_clock,
        },
    });
    #[cfg(target_arch = "wasm32")]
    export!(Connector);
    #[cfg(target_arch = "wasm32")]
    use super::component::Connector;
}

pub use bindings::{ats, exports};
