//! The Rust face of `wit/`, generated.

#[allow(missing_docs, reason = "generated; every item is documented in wit/")]
mod generated {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "exchange",
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
    });
}

pub(super) use generated::ats::connector::host;

/// The contract's types, as the component exports them. Documented in `wit/`.
pub mod contract {
    pub use super::generated::exports::ats::connector::{
        about, actions, inspection, reads, types, unified,
    };
}

/// The version of the contract that this host supports; a connector may be built for any other with the same first two
/// numbers.
pub const CONTRACT_VERSION: &str = "0.2.0";
