//! What a connector that only reads needs besides its ATS. It is of use in the sandbox alone, and compiles everywhere.
//!
//! Implement `Connector`, which has three functions, and name the type in `export!`. The kit makes the component's
//! fourteen exports of them: it refuses what the connector does not have, writes pages as text, reads single records
//! and keys from the listing, and hands a panic's text to the host's log. `docs/new-connector.md` goes through it.
// The contract's error is large, rare, and moved a few times a call: a box would only hide it.
#![allow(clippy::result_large_err)]

pub mod blank;
mod exports;
mod http;
mod text;

#[allow(missing_docs, clippy::all, reason = "generated; documented in wit/")]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "reader",
        generate_all,
        pub_export_macro: true,
        additional_derives: [serde::Serialize],
        with: {
            "wasi:http/types@0.2.2": waki::bindings::wasi::http::types,
            "wasi:http/outgoing-handler@0.2.2": waki::bindings::wasi::http::outgoing_handler,
            "wasi:io/error@0.2.2": waki::bindings::wasi::io::error,
            "wasi:io/poll@0.2.2": waki::bindings::wasi::io::poll,
            "wasi:io/streams@0.2.2": waki::bindings::wasi::io::streams,
            "wasi:clocks/monotonic-clock@0.2.2": waki::bindings::wasi::clocks::monotonic_clock,
        },
    });
}

pub use bindings::exports::ats::connector::{about, reads, types, unified};
pub use exports::Exported;
pub use http::{Response, Session, stamp};

use about::ConnectorDescription;
use reads::{Discovery, ListQuery, PageInfo, Progress, Records};
use types::{Error, Failure, Model};

/// A connector that only reads.
pub trait Connector {
    /// Says what the connector is and which models it lists. It has no network and no settings.
    fn describe() -> ConnectorDescription;

    /// Finds out what the tenant's system looks like.
    ///
    /// # Errors
    /// What kept it from finding out.
    fn discover(session: &Session) -> Result<Discovery, Error>;

    /// Lists a page of a model that [`Connector::describe`] lists.
    ///
    /// # Errors
    /// `resync-required` for a cursor or token that it can't read; else what the ATS answered.
    fn list(session: &Session, model: Model, query: &ListQuery) -> Result<Page, Error>;
}

/// A page of records.
pub struct Page {
    /// The records, of the model that was asked for.
    pub records: Records,
    /// What the page says besides.
    pub info: PageInfo,
}

/// Makes a component of a type that implements [`Connector`].
#[macro_export]
macro_rules! export {
    ($connector:ty) => {
        type Component = $crate::Exported<$connector>;
        $crate::bindings::export!(Component with_types_in $crate::bindings);
    };
}

/// What a page says when there is nothing to say but how the listing continues.
pub fn page_info(progress: Progress) -> PageInfo {
    PageInfo {
        progress,
        coverage: reads::Coverage::Changes,
        deleted: Vec::new(),
        rechecks: Vec::new(),
        versions: Vec::new(),
        deletions: reads::Deletions::NotListed,
        notes: Vec::new(),
    }
}

/// A failure without an answer of the ATS.
pub fn failure(message: impl Into<String>) -> Failure {
    Failure {
        message: message.into(),
        remote: None,
    }
}
