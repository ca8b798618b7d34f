//! What a caller may set on a request of its own: the one list of headers and the one reading of paths by which the
//! gate strips and the command's downloads refuse. Connectors refuse the same for requests through them; a test holds
//! the two together.

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body::Body;

use super::RequestBody;

/// Headers that never go out as the caller set them: framing is hyper's business, credentials are the gate's, and whom
/// the request is forwarded for is nobody's.
const NEVER: [HeaderName; 23] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::HOST,
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::FORWARDED,
    header::VIA,
    // Another method or path than the one that was looked at, or another sender.
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    // Bulk API 1.0 takes a session here in place of Authorization (salesforce-api.md 4.8).
    HeaderName::from_static("x-sfdc-session"),
];

/// Families of the same.
const NEVER_BEGIN: [&str; 2] = ["proxy-", "x-forwarded-"];

/// Whether a header never goes out, nor into a sandbox, as somebody else set it.
pub fn is_stripped(name: &HeaderName) -> bool {
    NEVER.contains(name)
        || NEVER_BEGIN
            .iter()
            .any(|start| name.as_str().starts_with(start))
}

/// Whether a person's own request may not bring a header: what is stripped, and what describes a body that the host
/// writes or reads.
pub(crate) fn is_of_the_host(name: &HeaderName) -> bool {
    let of_bodies = [
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::ACCEPT_ENCODING,
    ];
    is_stripped(name) || of_bodies.contains(name)
}

/// Takes out what is stripped, and makes a length say what the body is: hyper sends a length that it is given, and a
/// server would wait for bytes that never come.
pub(crate) fn strip(headers: &mut HeaderMap, method: &Method, body: &RequestBody) {
    let stripped: Vec<HeaderName> = headers.keys().filter(|n| is_stripped(n)).cloned().collect();
    for name in stripped {
        headers.remove(name);
    }
    if !headers.contains_key(header::CONTENT_LENGTH) {
        return;
    }
    let known = match body.is_end_stream() {
        true => Some(0),
        // What comes from a sandbox in pieces was declared there, and is held to it there.
        false => body.size_hint().exact(),
    };
    match known {
        Some(0) if !matches!(*method, Method::POST | Method::PUT | Method::PATCH) => {
            headers.remove(header::CONTENT_LENGTH);
        }
        Some(length) => {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        None => {}
    }
}

/// A person's headers. No message shows a value: it may be a secret.
///
/// # Errors
/// What is wrong with one of them.
pub fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("{name:?} is not a header name"))?;
        if is_of_the_host(&name) {
            return Err(format!(
                "{name} is set by the host, which also adds the credentials: leave it out"
            ));
        }
        let value: HeaderValue = value
            .parse()
            .map_err(|_| format!("the value of {name} holds a control character"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Path and query of a person's request. The gate goes to the tenant's origin whatever the path says; this refuses what
/// a server could read as another path than a person does.
///
/// # Errors
/// What is wrong with the path.
pub fn target(path: &str, query: &[(String, String)]) -> Result<String, String> {
    if !path.starts_with('/') {
        return Err(
            "give the path, which goes to the tenant's own org and begins with /; absolute URLs are refused"
                .into(),
        );
    }
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\\' | '#');
    if let Some(c) = path.chars().find(|c| odd(*c)) {
        return Err(format!("{c:?} can't stand in a path: percent-encode it"));
    }
    one_reading(path.split('?').next().unwrap_or_default())?;
    if query.is_empty() {
        return Ok(path.to_owned());
    }
    let values: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    let separator = if path.contains('?') { '&' } else { '?' };
    Ok(format!("{path}{separator}{values}"))
}

fn one_reading(path: &str) -> Result<(), String> {
    let mut read = path.to_owned();
    // A proxy and the server behind it may each decode once.
    for round in 0..3 {
        if read.starts_with("//") {
            return Err("a path begins with one /, not two".into());
        }
        let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
        if read.split(['/', '\\']).any(dots) {
            return Err(
                "`.` and `..` in a path are refused, also encoded: give the path itself".into(),
            );
        }
        // What one round left of a literal %25 is not an escape for the next.
        let next = decoded(&read, round == 0)?;
        if next == read {
            return Ok(());
        }
        read = next;
    }
    Err("the path is percent-encoded more than twice".into())
}

/// Takes off one layer of encoding; a % that begins no escape is an error where it is `strict`, else it stays.
fn decoded(text: &str, strict: bool) -> Result<String, String> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if strict && !text.split('%').skip(1).all(is_escape) {
        return Err("a % in a path needs two hexadecimal digits: write %25".into());
    }
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
    // The path itself holds none: `target` refuses them.
    if bytes.iter().any(u8::is_ascii_control) {
        return Err("the path holds an encoded control character".into());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::{empty_body, full_body};

    #[test]
    fn downloads_stay_on_their_path() {
        for path in [
            "https://evil.example/x",
            "//evil.example",
            "/%2fevil.example",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/%252e./b",
            "/a/%25252e%25252e/b",
            "/a\\..\\b",
            "/a%5c..%5cb",
            "/a%0d%0ab",
            "/a b",
            "/..;x/",
            "/100%",
            "/a%25/%252e%252e/b",
            "/é",
        ] {
            assert!(target(path, &[]).is_err(), "{path}");
        }
        let query = [("q".to_owned(), "a b&c".to_owned())];
        assert_eq!(
            target("/services/x?y=1", &query).unwrap(),
            "/services/x?y=1&q=a+b%26c"
        );
        for path in ["/a%20b/c", "/codes/50%25", "/codes/50%25of"] {
            assert_eq!(target(path, &[]).unwrap(), path);
        }
    }

    #[test]
    fn credentials_and_framing_are_not_the_callers() {
        for name in [
            "Authorization",
            "Cookie",
            "Host",
            "X-SFDC-Session",
            "Content-Length",
            "Content-Encoding",
            "X-Forwarded-For",
            "Proxy-Foo",
        ] {
            let message = headers(&[(name.to_owned(), "secret".to_owned())]).unwrap_err();
            assert!(
                message.contains("leave it out") && !message.contains("secret"),
                "{message}"
            );
        }
        assert!(headers(&[("x".to_owned(), "a\r\nb".to_owned())]).is_err());
    }

    #[test]
    fn a_length_says_what_the_body_is() {
        let sent = |method: Method, declared: &str, body: RequestBody| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, declared.parse().unwrap());
            headers.insert("x-forwarded-for", "x".parse().unwrap());
            strip(&mut headers, &method, &body);
            assert_eq!(
                headers.len(),
                headers.contains_key("content-length") as usize
            );
            headers
                .remove(header::CONTENT_LENGTH)
                .map(|length| length.to_str().unwrap().to_owned())
        };
        assert_eq!(sent(Method::GET, "5", empty_body()), None);
        assert_eq!(sent(Method::POST, "5", empty_body()).as_deref(), Some("0"));
        assert_eq!(
            sent(Method::POST, "5", full_body("abc")).as_deref(),
            Some("3")
        );
    }
}
