//! Any request to the tenant's Salesforce, as it is.
//!
//! What leads elsewhere or sets credentials is refused here before anything is sent, with words that name the input.
//! Paths that hand out or end sessions are the host's to refuse. An error status of Salesforce is an answer like any
//! other.

mod body;
mod target;

use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::exports::ats::connector::inspection::{
    Content, PassthroughRequest, PassthroughResponse, RequestBody,
};
use crate::exports::ats::connector::types::{Error, Header, Problem};
use salesforce::SalesforceError;
use salesforce::transport::{Headers, Method, Request, Response, Transport};

/// The methods that a caller may use.
const METHODS: [Method; 6] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
];

/// Headers that a caller may not set: credentials, framing, and what the host negotiates for itself.
const FORBIDDEN: [&str; 24] = [
    "authorization",
    "cookie",
    "set-cookie",
    "host",
    "connection",
    "keep-alive",
    "content-length",
    "content-encoding",
    "accept-encoding",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "http2-settings",
    "x-sfdc-session",
    "forwarded",
    "via",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-real-ip",
];

/// Families of the same.
const FORBIDDEN_BEGIN: [&str; 2] = ["proxy-", "x-forwarded-"];

/// Headers of an answer that are not handed on.
const WITHHELD: [&str; 3] = ["set-cookie", "authorization", "proxy-authenticate"];

/// Sends a request and hands back whatever came.
///
/// # Errors
/// `invalid-input` for what may not be sent, all problems at once; else only what kept an answer from coming.
pub fn passthrough<T: Transport>(
    ctx: &Context<T>,
    asked: PassthroughRequest,
) -> Result<PassthroughResponse, Error> {
    let request = checked(asked).map_err(Error::InvalidInput)?;
    let mut response = send(ctx, &request)?;
    // The gate's token was stale, and it has a fresh one now; a refused session did nothing (salesforce-api.md 1.5).
    if response.status == 401 {
        response = send(ctx, &request)?;
    }
    Ok(PassthroughResponse {
        url: format!("{}{}", ctx.base_url(), request.path),
        status: response.status,
        headers: handed_on(&response.headers),
        body: content(response.body),
    })
}

fn send<T: Transport>(ctx: &Context<T>, request: &Request) -> Result<Response, Error> {
    let transport = ctx.client.transport();
    let answer = transport
        .start(request)
        .and_then(|pending| transport.finish(pending));
    answer.map_err(|error| {
        SalesforceError::from(error)
            .at(format!("{} (passthrough)", request.method))
            .into()
    })
}

fn handed_on(headers: &Headers) -> Vec<Header> {
    headers
        .iter()
        .filter(|(name, _)| !WITHHELD.iter().any(|w| name.eq_ignore_ascii_case(w)))
        .map(|(name, value)| Header {
            name: name.to_ascii_lowercase(),
            value: value.to_owned(),
        })
        .collect()
}

/// A body in the form that is cheaper for hosts, if it can have it.
fn content(bytes: Vec<u8>) -> Content {
    String::from_utf8(bytes).map_or_else(
        |not_text| Content::Bytes(not_text.into_bytes()),
        Content::Text,
    )
}

/// The request to send, or everything that is wrong with it.
fn checked(asked: PassthroughRequest) -> Result<Request, Vec<Problem>> {
    let mut problems = Vec::new();
    let method = METHODS
        .into_iter()
        .find(|m| m.as_str() == asked.method.to_ascii_uppercase());
    if method.is_none() {
        problems.push(problem(
            "method",
            "use GET, HEAD, POST, PUT, PATCH or DELETE",
        ));
    }
    if let Some(method @ (Method::Get | Method::Head)) = method
        && !matches!(asked.body, RequestBody::Empty)
    {
        problems.push(problem("body", format!("a {method} has no body")));
    }
    let path = target::target(&asked.path, &asked.query).unwrap_or_else(|why| {
        problems.push(problem("path", why));
        String::new()
    });
    let mut headers = Headers::new();
    for (i, header) in asked.headers.iter().enumerate() {
        match checked_header(header) {
            Ok(()) => headers.push(header.name.to_ascii_lowercase(), header.value.clone()),
            Err(why) => problems.push(problem(format!("headers[{i}]"), why)),
        }
    }
    let own_type = headers.get("content-type").is_some();
    let (content_type, body) = match body::body(asked.body, own_type) {
        Ok(body) => body,
        Err(problem) => {
            problems.push(problem);
            (None, None)
        }
    };
    if let Some(content_type) = content_type {
        headers.push("content-type", content_type);
    }
    if headers.get("accept").is_none() {
        headers.push("accept", "application/json, */*;q=0.5");
    }
    match method {
        Some(method) if problems.is_empty() => Ok(Request {
            method,
            path,
            headers,
            body,
        }),
        _ => Err(problems),
    }
}

fn checked_header(header: &Header) -> Result<(), String> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if header.name.is_empty() || !header.name.bytes().all(is_token) {
        return Err("this is not a header name".to_owned());
    }
    let name = header.name.to_ascii_lowercase();
    if FORBIDDEN.contains(&name.as_str())
        || FORBIDDEN_BEGIN.iter().any(|start| name.starts_with(start))
    {
        return Err(format!(
            "{name} is set by the host, which also adds the credentials: leave it out"
        ));
    }
    // No value is told in a message: it may be one that the caller keeps secret.
    if header
        .value
        .bytes()
        .any(|b| b != b'\t' && (b < b' ' || b == 0x7f))
    {
        return Err(format!("the value of {name} holds a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
