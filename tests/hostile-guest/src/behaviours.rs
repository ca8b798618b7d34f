//! What a hostile guest tries. Those that come back say what happened to them.

use crate::behaviour::Behaviour::{self, *};
use crate::bindings::ats::connector::host;
use crate::bindings::wasi::clocks::monotonic_clock;
use crate::bindings::wasi::http::outgoing_handler;
use crate::bindings::wasi::http::types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme};

/// What a behaviour does; returns what it would say if the host let it.
type Misbehave = fn() -> String;

/// What each behaviour does; the text says how it ended.
pub const TABLE: &[(Behaviour, Misbehave)] = &[
    (Nothing, || "did nothing".into()),
    (Spin, spin),
    (Recurse, || format!("{}", recurse(1))),
    (Panic, || panic!("hostile words")),
    (TakeMemory, take_memory),
    (LeakHandles, leak_handles),
    (Sleep, sleep),
    (FloodTheLog, flood_the_log),
    (FloodHeaders, flood_headers),
    (AskPlainly, || ask(Some(&own_authority()), &[])),
    (AskAnotherHost, || ask(Some(&other_name_of_own()), &[])),
    (AskWithoutAuthority, || ask(None, &[])),
    (AskWithUserinfo, || {
        ask(Some(&format!("user:word@{}", own_authority())), &[])
    }),
    (SendCredentials, || {
        ask(
            Some(&own_authority()),
            &[("authorization", "Bearer stolen")],
        )
    }),
    (SendAHostHeader, || {
        ask(Some(&own_authority()), &[("host", "elsewhere.example")])
    }),
    (Delete, || call(&Method::Delete, RECORD, "")),
    (Patch, || call(&Method::Patch, RECORD, "{}")),
    (PatchByQuery, || {
        call(&Method::Get, &format!("{RECORD}?_HttpMethod=PATCH"), "")
    }),
    (Post, || {
        call(&Method::Post, "/services/data/v66.0/sobjects/Contact", "{}")
    }),
    (DeleteInAComposite, || {
        call(&Method::Post, COMPOSITE, &members(&["GET", "DELETE"]))
    }),
    (ReadByAComposite, || {
        call(&Method::Post, COMPOSITE, &members(&["GET", "GET"]))
    }),
    // It comes out when a file is asked for.
    (SignUrls, || "did nothing".into()),
];

const RECORD: &str = "/services/data/v66.0/sobjects/Contact/003000000000001AAA";
const COMPOSITE: &str = "/services/data/v66.0/composite";

/// A composite request with members of these methods.
fn members(methods: &[&str]) -> String {
    let member = |(number, method): (usize, &&str)| {
        format!(r#"{{"method":"{method}","url":"{RECORD}","referenceId":"r{number}"}}"#)
    };
    let members: Vec<String> = methods.iter().enumerate().map(member).collect();
    format!(
        r#"{{"allOrNone":false,"compositeRequest":[{}]}}"#,
        members.join(",")
    )
}

#[allow(clippy::empty_loop, reason = "that is the point")]
fn spin() -> String {
    let mut n = 0_u64;
    loop {
        n = std::hint::black_box(n.wrapping_add(1));
    }
}

#[allow(
    unconditional_recursion,
    clippy::only_used_in_recursion,
    reason = "that is the point"
)]
fn recurse(depth: u64) -> u64 {
    std::hint::black_box(recurse(depth + 1)) + 1
}

fn take_memory() -> String {
    let mut hoard: Vec<Vec<u8>> = Vec::new();
    loop {
        hoard.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}

fn leak_handles() -> String {
    for _ in 0..1_000_000 {
        std::mem::forget(Fields::new());
    }
    "a million handles".into()
}

fn sleep() -> String {
    monotonic_clock::subscribe_duration(3_600_000_000_000).block();
    "slept an hour".into()
}

fn flood_the_log() -> String {
    let line = "x".repeat(100_000);
    for _ in 0..10_000 {
        host::log(host::LogLevel::Info, &line, &[]);
    }
    "wrote a gigabyte".into()
}

fn flood_headers() -> String {
    let fields = Fields::new();
    for n in 0..100_000 {
        if let Err(refused) = fields.append(&format!("x-{n}"), &vec![b'x'; 1000]) {
            return format!("refused: {refused:?}");
        }
    }
    "sent a hundred thousand headers".into()
}

/// The tenant's own host and port.
fn own_authority() -> String {
    let base = host::get_connection().base_url;
    base.split("//").nth(1).unwrap_or_default().to_owned()
}

/// The same server under a name that was not granted: a request to it would arrive where the tests look.
fn other_name_of_own() -> String {
    own_authority().replace("127.0.0.1", "localhost")
}

fn ask(authority: Option<&str>, headers: &[(&str, &str)]) -> String {
    send(&Method::Get, authority, "/services/data", headers, "")
}

/// Sends a request to the tenant's own org.
fn call(method: &Method, path: &str, body: &str) -> String {
    let json = ("content-type", "application/json");
    send(method, Some(&own_authority()), path, &[json], body)
}

fn send(
    method: &Method,
    authority: Option<&str>,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> String {
    let fields = Fields::new();
    for (name, value) in headers {
        if let Err(refused) = fields.set(name, &[value.as_bytes().to_vec()]) {
            return format!("refused: {refused:?}");
        }
    }
    let request = OutgoingRequest::new(fields);
    if request.set_scheme(Some(&Scheme::Http)).is_err() {
        return "refused: scheme".into();
    }
    if request.set_authority(authority).is_err() {
        return "refused: authority".into();
    }
    if request.set_method(method).is_err() {
        return "refused: method".into();
    }
    if request.set_path_with_query(Some(path)).is_err() {
        return "refused: path".into();
    }
    let outgoing = request.body();
    let answer = match outgoing_handler::handle(request, None) {
        Ok(answer) => answer,
        Err(refused) => return format!("refused: {refused:?}"),
    };
    if let Ok(outgoing) = outgoing {
        // A host that refuses the request takes no body: its answer is what counts.
        if let Ok(stream) = outgoing.write() {
            let _ = stream.blocking_write_and_flush(body.as_bytes());
        }
        let _ = OutgoingBody::finish(outgoing, None);
    }
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => format!("answered: {}", response.status()),
        Some(Ok(Err(refused))) => format!("refused: {refused:?}"),
        other => format!("odd: {other:?}"),
    }
}
