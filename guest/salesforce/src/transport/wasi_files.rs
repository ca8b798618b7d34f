//! Files in the sandbox: bodies go from stream to stream through a small buffer.

use waki::bindings::wasi::http::outgoing_handler;
use waki::bindings::wasi::http::types::{
    IncomingBody, IncomingResponse, OutgoingBody, http_error_code,
};
use waki::bindings::wasi::io::streams::{InputStream, OutputStream, StreamError};

use super::files::{Download, FileTransport, FileUrl, Piece, UploadError};
use super::wasi::{WasiTransport, head_of, of_code, outgoing, read, wait};
use super::{Request, Response, TransportError, TransportErrorKind};

/// Read at a time: what of a file is in memory.
const CHUNK: u64 = 64 * 1024;

/// The body of a download. The fields are dropped in their order, children first.
pub struct WasiStream {
    stream: InputStream,
    _body: IncomingBody,
    _response: IncomingResponse,
}

impl WasiStream {
    /// The head of an answer, and its body.
    pub(super) fn of(response: IncomingResponse) -> Result<Download<Self>, TransportError> {
        let (status, headers) = head_of(&response);
        let gone = |()| TransportError::new(TransportErrorKind::Other, "the answer's body is gone");
        let body = response.consume().map_err(gone)?;
        let stream = body.stream().map_err(gone)?;
        Ok(Download {
            status,
            headers,
            body: Self {
                stream,
                _body: body,
                _response: response,
            },
        })
    }

    /// Waits for the next piece, of at most so many bytes; none at the end.
    pub(super) fn piece(&self, most: u64) -> Result<Option<Vec<u8>>, TransportError> {
        match self.stream.blocking_read(most) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StreamError::Closed) => Ok(None),
            Err(StreamError::LastOperationFailed(error)) => Err(match http_error_code(&error) {
                Some(code) => of_code(&code),
                None => TransportError::in_mid_body(&error.to_debug_string()),
            }),
        }
    }
}

impl FileTransport for WasiTransport {
    type Stream = WasiStream;

    fn open(&self, url: &FileUrl) -> Result<Download<WasiStream>, TransportError> {
        let request = Request::get(url.path.clone());
        let outgoing = outgoing(&url.origin, &request, None)?;
        let answer = outgoing_handler::handle(outgoing, None).map_err(|code| of_code(&code))?;
        WasiStream::of(wait(&answer)?)
    }

    fn upload(
        &self,
        request: &Request,
        pieces: Vec<Piece<'_, WasiStream>>,
        length: Option<u64>,
    ) -> Result<Response, UploadError> {
        let outgoing = outgoing(self.origin(), request, length).map_err(UploadError::Target)?;
        let body = outgoing.body().map_err(|()| {
            UploadError::Target(TransportError::new(
                TransportErrorKind::Protocol,
                "the request has no body to write to",
            ))
        })?;
        let answer = outgoing_handler::handle(outgoing, None)
            .map_err(|code| UploadError::Target(of_code(&code)))?;
        match write(&body, pieces) {
            Ok(()) => {
                let _ = OutgoingBody::finish(body, None);
            }
            // A host that refuses the request closes its body; the true reason comes with the answer.
            Err(Broken::Target) => drop(body),
            Err(Broken::Source(error)) => return Err(UploadError::Source(error)),
            Err(Broken::TooLarge(most)) => return Err(UploadError::TooLarge(most)),
        }
        let response = wait(&answer).map_err(UploadError::Target)?;
        read(&response, false).map_err(UploadError::Target)
    }
}

enum Broken {
    Source(TransportError),
    TooLarge(u64),
    Target,
}

fn write(body: &OutgoingBody, pieces: Vec<Piece<'_, WasiStream>>) -> Result<(), Broken> {
    let out = body.write().map_err(|()| Broken::Target)?;
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => write_bytes(&out, bytes)?,
            Piece::Stream { stream, most } => copy(&stream, most, &out)?,
        }
    }
    out.blocking_flush().map_err(|_| Broken::Target)
}

fn copy(from: &WasiStream, most: u64, out: &OutputStream) -> Result<(), Broken> {
    let mut copied = 0_u64;
    while let Some(bytes) = from.piece(CHUNK).map_err(Broken::Source)? {
        copied += bytes.len() as u64;
        if copied > most {
            return Err(Broken::TooLarge(most));
        }
        write_bytes(out, &bytes)?;
    }
    Ok(())
}

fn write_bytes(out: &OutputStream, mut bytes: &[u8]) -> Result<(), Broken> {
    // The pollable is a child of the stream and is dropped before it.
    let ready = out.subscribe();
    while !bytes.is_empty() {
        ready.block();
        let allowed = out.check_write().map_err(|_| Broken::Target)?;
        let length = usize::try_from(allowed)
            .unwrap_or(usize::MAX)
            .min(bytes.len())
            .min(CHUNK as usize);
        let (now, later) = bytes.split_at(length);
        if !now.is_empty() {
            out.write(now).map_err(|_| Broken::Target)?;
        }
        bytes = later;
    }
    Ok(())
}
