//! Files past the sandbox's memory: a download whose body is not read whole, and an upload made of pieces.
//!
//! A file may be larger than the sandbox. So the answer to a download keeps its body in a stream, and an upload takes
//! bytes and streams one after the other. Plain requests stay as simple as [`Transport`] has them.

use iri_string::format::ToDedicatedString;
use iri_string::types::{UriAbsoluteStr, UriReferenceStr, UriStr};

use super::{Headers, Origin, Request, Response, Transport, TransportError, TransportErrorKind};

/// An absolute URL outside the tenant's own origin. The host must have granted its origin for this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileUrl {
    /// Scheme, host and port.
    pub origin: Origin,
    /// Path and query, beginning with `/`.
    pub path: String,
}

impl FileUrl {
    /// Parses an absolute URL. What a URL can't hold is percent-encoded, as browsers do; a fragment is dropped.
    ///
    /// # Errors
    /// On relative references, user info, odd hosts, other schemes and control characters. The text says which, and
    /// holds no part of the URL, which may be signed.
    pub fn parse(url: &str) -> Result<Self, TransportError> {
        let encoded = encoded(url)?;
        let reference = UriReferenceStr::new(&encoded).map_err(|_| refused(NO_URL))?;
        Self::of(reference.to_iri().map_err(|_| refused(NO_URL))?)
    }

    fn of(url: &UriStr) -> Result<Self, TransportError> {
        let url = url.to_absolute();
        let authority = url.authority_str().ok_or_else(|| refused(NO_URL))?;
        if authority.contains('@') {
            return Err(refused("must not hold a user name or a password"));
        }
        let start = format!("{}://{authority}", url.scheme_str());
        let origin = Origin::parse(&start).map_err(|_| refused(NO_HOST))?;
        let path = &url.as_str()[start.len()..];
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            origin,
            path: format!("{slash}{path}"),
        })
    }

    /// Where a redirect from here leads (RFC 3986, section 5).
    ///
    /// # Errors
    /// When it leaves the origin, or as for [`parse`](Self::parse).
    pub fn redirected(&self, location: &str) -> Result<Self, TransportError> {
        let unreadable = || refused("redirects to an address that can't be read");
        let location = encoded(location).map_err(|_| unreadable())?;
        let here = format!("{}{}", self.origin, self.path);
        let here = UriAbsoluteStr::new(&here).map_err(|_| unreadable())?;
        let location = UriReferenceStr::new(&location).map_err(|_| unreadable())?;
        let next = location.resolve_against(here).to_dedicated_string();
        let next = Self::of(&next).map_err(|_| unreadable())?;
        if next.origin != self.origin {
            return Err(refused(
                "redirects to another origin, which is not followed: give the final URL",
            ));
        }
        Ok(next)
    }
}

const NO_URL: &str = "is not an absolute URL, such as https://files.example/cv.pdf";
const NO_HOST: &str = "must be an http or https URL, its host a plain name (xn--... for other than ASCII) with at most a port";

fn refused(why: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Protocol, why)
}

/// A reference without its fragment, and with what no URI holds percent-encoded: spaces, other than ASCII, brackets, a
/// lone `%`. The host stays as it is: another spelling of it would be another host.
fn encoded(reference: &str) -> Result<String, TransportError> {
    let reference = reference.trim();
    if reference.chars().any(char::is_control) {
        return Err(refused(NO_URL));
    }
    let reference = reference.split('#').next().unwrap_or_default();
    let (start, rest) = reference.split_at(authority_end(reference));
    if !start.is_ascii() {
        return Err(refused(NO_HOST));
    }
    let (mut encoded, rest) = (start.to_owned(), rest.as_bytes());
    for (at, byte) in rest.iter().enumerate() {
        let escape = || {
            let digits = rest.get(at + 1..at + 3);
            *byte == b'%' && digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
        };
        if byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(byte) || escape() {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(encoded)
}

/// Where scheme and authority of a reference end; 0 where it has none.
fn authority_end(reference: &str) -> usize {
    let plain = |scheme: &str| {
        scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    let start = match reference.split_once("//") {
        Some(("", _)) => 2,
        Some((scheme, _)) if scheme.strip_suffix(':').is_some_and(plain) => scheme.len() + 2,
        _ => return 0,
    };
    let rest = &reference[start..];
    start + rest.find(['/', '?', '\\']).unwrap_or(rest.len())
}

/// The answer to a download, its body still to come.
pub struct Download<S> {
    /// The HTTP status.
    pub status: u16,
    /// The headers as received.
    pub headers: Headers,
    /// The body; dropping it gives the download up.
    pub body: S,
}

impl<S> Download<S> {
    /// How long the body is, where that is known beforehand.
    pub fn length(&self) -> Option<u64> {
        // The length on the wire says nothing about a body that the host decompressed.
        self.headers
            .get("content-length")
            .filter(|_| self.headers.get("content-encoding").is_none())
            .and_then(|length| length.trim().parse().ok())
    }
}

/// A part of a body that is sent.
pub enum Piece<'a, S> {
    /// Bytes at hand.
    Bytes(&'a [u8]),
    /// What comes out of a download, at most `most` bytes.
    Stream {
        /// Where from.
        stream: S,
        /// One byte more is an error.
        most: u64,
    },
}

/// Why an upload failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadError {
    /// The download that it is fed from broke off; the upload was given up.
    Source(TransportError),
    /// The download is larger than allowed; the upload was given up.
    TooLarge(u64),
    /// The upload itself.
    Target(TransportError),
}

/// A transport that also carries files.
pub trait FileTransport: Transport {
    /// The body of a download.
    type Stream;

    /// Sends a GET without credentials and waits for the head of the answer. Follows no redirect.
    ///
    /// # Errors
    /// When the host refuses or no answer came.
    fn open(&self, url: &FileUrl) -> Result<Download<Self::Stream>, TransportError>;

    /// Sends a request whose body is `pieces`, one after the other, and waits for the answer. `length` is the whole
    /// body's, where it is known; else it goes out in chunks.
    ///
    /// # Errors
    /// [`UploadError`]. A given-up upload never reaches its end, so that the server takes nothing.
    fn upload(
        &self,
        request: &Request,
        pieces: Vec<Piece<'_, Self::Stream>>,
        length: Option<u64>,
    ) -> Result<Response, UploadError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_and_odd_ones_refused() {
        let url = FileUrl::parse("https://files.example:8443/a/b.pdf?sig=x#top").unwrap();
        assert_eq!(url.origin.to_string(), "https://files.example:8443");
        assert_eq!(url.path, "/a/b.pdf?sig=x");
        for (url, path) in [
            ("https://files.example", "/"),
            ("https://files.example?x", "/?x"),
            ("https://[::1]:8443/a?b/c", "/a?b/c"),
        ] {
            assert_eq!(FileUrl::parse(url).unwrap().path, path, "{url}");
        }
        for (bad, why) in [
            ("", "not an absolute URL"),
            ("files.example/x", "not an absolute URL"),
            ("/x", "not an absolute URL"),
            ("//files.example/x", "not an absolute URL"),
            ("mailto:x@files.example", "not an absolute URL"),
            (
                "https://files.example/a\r\nX-Evil: 1",
                "not an absolute URL",
            ),
            ("ftp://x/y", "http or https"),
            ("https://u:p@x/y", "user name"),
            ("https://x\\@y/z", "user name"),
            ("https://f\u{fc}r.example/x", "xn--"),
            ("https://x:y/", "not an absolute URL"),
            ("https:///x", "http or https"),
        ] {
            let message = FileUrl::parse(bad).unwrap_err().text;
            assert!(message.contains(why), "{bad}: {message}");
        }
    }

    #[test]
    fn what_a_url_can_not_hold_is_encoded() {
        for (written, path) in [
            ("/a b/C V.pdf", "/a%20b/C%20V.pdf"),
            (
                "/Lebenslauf M\u{fc}ller.pdf?n=\u{e9}",
                "/Lebenslauf%20M%C3%BCller.pdf?n=%C3%A9",
            ),
            ("/cv[1].pdf", "/cv%5B1%5D.pdf"),
            ("/100%.pdf", "/100%25.pdf"),
            ("/a%20b%2Fc?sig=x%3D", "/a%20b%2Fc?sig=x%3D"),
            ("/a|b\"<c>`d`^{e}\\", "/a%7Cb%22%3Cc%3E%60d%60%5E%7Be%7D%5C"),
        ] {
            let url = FileUrl::parse(&format!(" https://files.example{written} ")).unwrap();
            assert_eq!(url.path, path);
        }
    }

    #[test]
    fn redirects_follow_rfc_3986_and_stay_in_the_origin() {
        let from = FileUrl::parse("https://files.example/b/c/d;p?q").unwrap();
        for (location, path) in [
            // RFC 3986, 5.4.1, as far as they lead here.
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"),
            ("g#s", "/b/c/g"),
            (";x", "/b/c/;x"),
            ("", "/b/c/d;p?q"),
            (".", "/b/c/"),
            ("..", "/b/"),
            ("../g", "/b/g"),
            ("../../g", "/g"),
            ("../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g;x=1/../y", "/b/c/y"),
            ("https://files.example/c", "/c"),
            ("HTTPS://Files.Example:443/c", "/c"),
            ("//files.example/c", "/c"),
            ("/a b/\u{e9}?x=%2F", "/a%20b/%C3%A9?x=%2F"),
            (
                "/to?u=https://evil.example//x",
                "/to?u=https://evil.example//x",
            ),
        ] {
            let led = from.redirected(location).map(|url| url.path);
            assert_eq!(led.as_deref(), Ok(path), "{location}");
        }
        for elsewhere in [
            "https://evil.example/c",
            "http://files.example/c",
            "https://files.example:8443/c",
            "//evil.example/c",
        ] {
            let why = from.redirected(elsewhere).unwrap_err().text;
            assert!(why.contains("another origin"), "{elsewhere}: {why}");
        }
        for odd in [
            "https://u@files.example/",
            "ftp://files.example/",
            "mailto:x",
            "/a\nb",
        ] {
            assert!(
                from.redirected(odd)
                    .unwrap_err()
                    .text
                    .contains("can't be read"),
                "{odd}"
            );
        }
    }
}
