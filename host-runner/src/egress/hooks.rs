//! The gate as wasmtime's wasi:http hook.
//!
//! Overrides every decision that wasmtime would otherwise make for us (wasm-host.md 2.3): which headers a guest may
//! touch, the Host header, and above all how a request is sent.

use super::caller::is_stripped;
use super::job::CallOptions;
use super::{Deadlines, Gate};
use http_body_util::BodyExt;
use std::sync::Arc;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, Result, WasiBody,
    WasiHttpHooks,
};

type Sent = Result<(
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
)>;

impl WasiHttpHooks for Gate {
    /// Also hides these names in answers, so that a session cookie never enters the sandbox.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| is_stripped(name) || DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    /// hyper writes `Host` for HTTP/1.1; on HTTP/2 some servers refuse a request that has both it and `:authority`.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let gate = self.clone();
        let options = CallOptions {
            deadlines: options.map(|wanted| waits(wanted, self)),
            max_response: None,
        };
        Box::new(async move {
            let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
            let response = gate.send(request, options).await?;
            let response = response.map(|body| body.map_err(Error::from).boxed_unsync());
            Ok((response, Box::new(async { Ok(()) }) as _))
        })
    }
}

/// The guest's waits where it gave some, the host's elsewhere; the gate clamps the result.
fn waits(wanted: RequestOptions, gate: &Gate) -> Deadlines {
    let host = gate.limits().deadlines;
    Deadlines {
        connect: wanted.connect_timeout.unwrap_or(host.connect),
        first_byte: wanted.first_byte_timeout.unwrap_or(host.first_byte),
        between_bytes: wanted.between_bytes_timeout.unwrap_or(host.between_bytes),
        total: host.total,
    }
}
