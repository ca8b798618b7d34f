//! A reply as it leaves: headers, gzip, and what a fault does to the bytes.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::faults::Action;
use super::reply::{Body, JSON, Reply};

/// Bodies below this are not worth compressing.
const MIN_GZIP: usize = 256;

/// How long a cut connection stays, so that the bytes before the cut leave first.
const BEFORE_CUT: Duration = Duration::from_millis(20);

/// What the caller can read.
#[derive(Debug, Clone, Copy)]
pub struct Encoding {
    gzip: bool,
}

impl Encoding {
    /// As the caller's headers say.
    pub fn of(headers: &HeaderMap) -> Self {
        let gzip = headers
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(accepts_gzip);
        Self { gzip }
    }
}

fn accepts_gzip(header: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        words
            .next()
            .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"))
            && !words.any(|word| matches!(word, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status, headers, and the bytes that get through.
    pub response: Response<Bytes>,
    /// The connection is cut behind the bytes.
    pub cut: bool,
}

impl Answer {
    /// The answer of a reply; `date` is the org's, `fault` may change the bytes.
    pub fn of(date: &str, reply: Reply, encoding: &Encoding, fault: Option<Action>) -> Self {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() =
            StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let mut set = |name: &str, value: &str| {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::from_str(value))
            {
                headers.insert(name, value);
            }
        };
        set("date", date);
        set("vary", "Accept-Encoding");
        for (name, value) in &reply.headers {
            set(name, value);
        }
        let (content_type, mut data) = match reply.body {
            Body::Empty => {
                return Self {
                    response,
                    cut: false,
                };
            }
            Body::Json(data) => (JSON.to_owned(), data),
            Body::Other { content_type, data } => (content_type, data),
        };
        set("content-type", &content_type);
        if fault == Some(Action::Malformed) {
            data.truncate(data.len().saturating_sub(data.len() / 3 + 1));
        }
        if encoding.gzip
            && data.len() >= MIN_GZIP
            && let Some(zipped) = zipped(&data)
        {
            set("content-encoding", "gzip");
            data = zipped;
        }
        let cut = match fault {
            Some(Action::Truncate { bytes }) => {
                data.truncate(bytes);
                true
            }
            _ => false,
        };
        *response.body_mut() = data;
        Self { response, cut }
    }

    /// The answer for a connection.
    pub fn on_wire(self) -> Response<WireBody> {
        let cut = self.cut.then(|| Box::pin(tokio::time::sleep(BEFORE_CUT)));
        self.response.map(|data| WireBody {
            data: (!data.is_empty()).then_some(data),
            cut,
        })
    }
}

/// Writing to a Vec cannot fail; a failure would leave the plain body, which is right too.
fn zipped(data: &[u8]) -> Option<Bytes> {
    let buffer = Vec::with_capacity(data.len() / 6);
    let mut encoder = flate2::write::GzEncoder::new(buffer, flate2::Compression::fast());
    encoder.write_all(data).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// A response body that can end in a cut connection.
pub struct WireBody {
    data: Option<Bytes>,
    /// When set, the connection is cut this long after the data was handed over (so that it leaves first).
    cut: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl HttpBody for WireBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match &mut self.cut {
            None => Poll::Ready(None),
            Some(sleep) => sleep
                .as_mut()
                .poll(cx)
                .map(|()| Some(Err(std::io::Error::other("connection cut by a fault rule")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        // Unknown unless empty: Salesforce answers in chunks, without Content-Length (salesforce-api.md 5).
        if self.is_end_stream() {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}
