//! A file behind a URL: which answers are the file, which are asked again, and where redirects lead.

use std::time::Duration;

use super::file_name::{self, content_type};
use salesforce::transport::{Download, FileTransport, FileUrl, TransportError, TransportErrorKind};
use salesforce::{Client, retry_after};

/// Redirects that a download may follow, all within its origin.
const REDIRECTS: usize = 3;

/// What servers serve pages as, those that ask for a sign-in too.
const PAGES: [&str; 2] = ["text/html", "application/xhtml+xml"];

/// Why there is no file.
#[derive(Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The URL, or what it leads to: it would fail in the same way again.
    Refused(String),
    /// The file server is busy, down or not ready.
    Passing {
        /// In words for a person.
        why: String,
        /// When to come back, if the server said so.
        retry_after: Option<Duration>,
    },
}

/// Opens a file. Nothing but a 200 is the file: other successes come without it, with a part of it, or before it is
/// ready.
///
/// # Errors
/// [`FetchError`], with no part of the URL, which may hold a signature.
pub fn open<T: FileTransport>(
    client: &Client<T>,
    url: &str,
) -> Result<Download<T::Stream>, FetchError> {
    let mut url = FileUrl::parse(url).map_err(|why| FetchError::Refused(why.text))?;
    for _ in 0..=REDIRECTS {
        let download = client
            .transport()
            .open(&url)
            .map_err(|why| unanswered(&why))?;
        match download.status {
            200 => return Ok(download),
            301 | 302 | 303 | 307 | 308 => {
                let location = download.headers.get("location");
                let location = location
                    .ok_or_else(|| FetchError::Refused("redirects without saying where".into()))?;
                url = url
                    .redirected(location)
                    .map_err(|why| FetchError::Refused(why.text))?;
            }
            status => return Err(no_file(status, retry_after(&download.headers))),
        }
    }
    Err(FetchError::Refused(format!(
        "redirects more than {REDIRECTS} times"
    )))
}

/// A request for the file that got no complete answer.
pub fn unanswered(error: &TransportError) -> FetchError {
    let why = format!("can't be fetched: {error}");
    match error.kind {
        TransportErrorKind::Connect
        | TransportErrorKind::Timeout(_)
        | TransportErrorKind::Truncated
        | TransportErrorKind::Other => FetchError::Passing {
            why,
            retry_after: None,
        },
        _ => FetchError::Refused(why),
    }
}

fn no_file(status: u16, retry_after: Option<Duration>) -> FetchError {
    let passing = |what: &str| FetchError::Passing {
        why: format!("can't be fetched now: the server answered {status}{what}"),
        retry_after,
    };
    match status {
        202 => passing(", which says that the file is not ready"),
        408 | 425 | 429 | 500..=599 => passing(""),
        200..=299 => FetchError::Refused(format!(
            "can't be fetched: the server answered {status}, without the whole file"
        )),
        _ => FetchError::Refused(format!("can't be fetched: the server answered {status}")),
    }
}

/// Refuses a web page in the place of a document, as servers give to who is not signed in. `served` is the answer's
/// content type, `declared` the input's; without one the name's extension says what was meant.
///
/// # Errors
/// [`FetchError::Refused`].
pub fn check_is_no_page(
    name: &str,
    declared: Option<&str>,
    served: Option<&str>,
) -> Result<(), FetchError> {
    let is_page = |kind: &str| PAGES.contains(&file_name::essence(kind).as_str());
    let meant = declared.unwrap_or_else(|| content_type(name));
    if !served.is_some_and(is_page)
        || is_page(meant)
        || meant == file_name::UNKNOWN && declared.is_none()
    {
        return Ok(());
    }
    Err(FetchError::Refused(format!(
        "leads to a web page (a sign-in page?) in the place of a file of the type {meant}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_no_file_are_told_apart() {
        for status in [202, 408, 425, 429, 500, 503, 504] {
            let wait = Some(Duration::from_secs(5));
            let FetchError::Passing { retry_after, .. } = no_file(status, wait) else {
                panic!("{status}");
            };
            assert_eq!(retry_after, wait);
        }
        for status in [201, 203, 204, 205, 206, 304, 400, 401, 403, 404, 410] {
            assert!(
                matches!(no_file(status, None), FetchError::Refused(_)),
                "{status}"
            );
        }
    }

    #[test]
    fn a_page_is_taken_only_where_one_was_meant() {
        let html = Some("text/html; charset=utf-8");
        for (name, declared, served, fine) in [
            ("CV.pdf", Some("application/pdf"), html, false),
            ("CV.pdf", None, html, false),
            ("CV", Some("application/octet-stream"), html, false),
            ("CV.pdf", None, Some("application/octet-stream"), true),
            ("CV.html", None, html, true),
            ("CV", Some("text/html"), html, true),
            ("CV", None, html, true),
            ("CV.pdf", Some("application/pdf"), None, true),
        ] {
            assert_eq!(
                check_is_no_page(name, declared, served).is_ok(),
                fine,
                "{name} {declared:?}"
            );
        }
    }
}
