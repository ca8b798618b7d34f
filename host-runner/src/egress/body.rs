//! The bodies of requests and responses.

use super::EgressError;
use super::dial::BoxError;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Empty, Full, StreamBody};

/// A request's body.
pub type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// An answer's body, read piece by piece. Its errors are those of the exchange: too large, too slow, truncated.
pub type ResponseBody = UnsyncBoxBody<Bytes, EgressError>;

/// A body of no bytes.
pub fn empty_body() -> RequestBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of these bytes.
pub fn full_body(bytes: impl Into<Bytes>) -> RequestBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// Reads the first bytes of a body (at least `enough`, or all of it) and gives the whole body back with them.
pub(crate) async fn peek(mut body: ResponseBody, enough: usize) -> (Vec<u8>, ResponseBody) {
    let mut start = Vec::new();
    let mut frames = Vec::new();
    while start.len() < enough {
        let Some(frame) = body.frame().await else {
            break;
        };
        let failed = frame.is_err();
        if let Some(data) = frame.as_ref().ok().and_then(Frame::data_ref) {
            start.extend_from_slice(data);
        }
        frames.push(frame);
        if failed {
            break;
        }
    }
    let whole = stream::iter(frames).chain(BodyStream::new(body));
    (start, StreamBody::new(whole).boxed_unsync())
}
