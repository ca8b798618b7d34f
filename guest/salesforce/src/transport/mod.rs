//! How the connector reaches the network, and the only place that knows.
//!
//! Everything above speaks to the [`Transport`] trait, so it is plain Rust that is tested natively; the one
//! implementation for the sandbox is `wasi`. A transport sends what it is given, once: it never retries and knows
//! nothing of Salesforce.

mod error;
mod files;
mod message;
mod origin;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(target_arch = "wasm32")]
pub mod wasi;
#[cfg(target_arch = "wasm32")]
mod wasi_files;
#[cfg(target_arch = "wasm32")]
pub use wasi_files::WasiStream;

use std::time::Duration;

pub use error::{Phase, TransportError, TransportErrorKind};
pub use files::{Download, FileTransport, FileUrl, Piece, UploadError};
pub use message::{Headers, Method, Request, Response};
pub use origin::Origin;

/// Sends HTTP requests to the one origin it was made for.
///
/// A request is begun with [`start`](Transport::start) and collected with [`finish`](Transport::finish), so that
/// several can be on their way at once and the next page can be fetched while this one is mapped. Dropping a pending
/// request gives it up.
pub trait Transport {
    /// A request on its way.
    type Pending;

    /// The body of an answer that is read piece by piece; dropping it gives the rest up.
    type Body;

    /// Sends `request` and returns without waiting for the answer.
    ///
    /// # Errors
    /// When the host refuses the request at once, or its body cannot be written.
    fn start(&self, request: &Request) -> Result<Self::Pending, TransportError>;

    /// Waits for the answer and reads its whole body.
    ///
    /// Any HTTP status is an answer; only a missing or incomplete one is an error.
    ///
    /// # Errors
    /// When no complete answer came; [`TransportError::kind`] says how far it got.
    fn finish(&self, pending: Self::Pending) -> Result<Response, TransportError>;

    /// Waits for the head of the answer, whose body is larger than the sandbox may hold.
    ///
    /// # Errors
    /// When no answer came.
    fn head(&self, pending: Self::Pending) -> Result<Download<Self::Body>, TransportError>;

    /// Waits for the next piece of a body; none at its end.
    ///
    /// # Errors
    /// When the body breaks off.
    fn piece(&self, body: &mut Self::Body) -> Result<Option<Vec<u8>>, TransportError>;

    /// Sends `request` and waits for the answer.
    ///
    /// # Errors
    /// As [`start`](Transport::start) and [`finish`](Transport::finish).
    fn send(&self, request: &Request) -> Result<Response, TransportError> {
        self.finish(self.start(request)?)
    }

    /// Waits without holding the processor.
    fn sleep(&self, time: Duration);

    /// Time since an arbitrary origin; it never goes back. Serves to measure and as a source of jitter, not as a clock.
    fn monotonic(&self) -> Duration;
}
