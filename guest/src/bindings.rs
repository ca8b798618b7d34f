//! The contract's types and traits, generated from `wit/`.
#![allow(missing_docs, clippy::all, clippy::unwrap_used, clippy::expect_used)]

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
