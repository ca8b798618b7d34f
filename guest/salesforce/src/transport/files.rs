//! Files past the sandbox's memory: a download whose body is not read whole, and an upload made of pieces.
//!
//! A file may be larger than the sandbox. So the answer to a download keeps its body in a stream, and an upload takes bytes
//! and streams one after the other. Plain requests stay as simple as [`Transport`] has them.

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
    /// Parses `https://host[:port]/path?query`; a fragment is dropped.
    ///
    /// # Errors
    /// On user info, odd hosts, other schemes and characters that a URL can't hold.
    pub fn parse(url: &str) -> Result<Self, TransportError> {
        let refused = || TransportError::new(TransportErrorKind::Protocol, "the URL can't be read");
        let url = url.split('#').next().unwrap_or_default();
        if !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains('\\') {
            return Err(refused());
        }
        let after_scheme = url.find("://").ok_or_else(refused)? + 3;
        let end = url[after_scheme..]
            .find(['/', '?'])
            .map_or(url.len(), |at| after_scheme + at);
        // Its message would repeat the URL, which may hold a signature.
        let origin = Origin::parse(&url[..end]).map_err(|_| refused())?;
        let rest = &url[end..];
        let path = if rest.starts_with('/') {
            rest.to_owned()
        } else {
            format!("/{rest}")
        };
        Ok(Self { origin, path })
    }

    /// Where a redirect from here leads; none when it leaves the origin or can't be read.
    pub fn redirected(&self, location: &str) -> Option<Self> {
        let next = if location.contains("://") {
            Self::parse(location).ok()?
        } else if location.starts_with("//") {
            return None;
        } else if location.starts_with('/') {
            Self::parse(&format!("{}{location}", self.origin)).ok()?
        } else {
            let folder = self.path.split('?').next().unwrap_or("/");
            let folder = &folder[..=folder.rfind('/').unwrap_or(0)];
            Self::parse(&format!("{}{folder}{location}", self.origin)).ok()?
        };
        (next.origin == self.origin).then_some(next)
    }
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

    /// Sends a request whose body is `pieces`, one after the other, and waits for the answer. `length` is the whole body's,
    /// where it is known; else it goes out in chunks.
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
        assert_eq!(
            FileUrl::parse("https://files.example?x").unwrap().path,
            "/?x"
        );
        for bad in [
            "",
            "files.example/x",
            "ftp://x/y",
            "https://u:p@x/y",
            "https://x/a b",
            "https://x\\y",
        ] {
            assert!(FileUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_within_the_origin() {
        let from = FileUrl::parse("https://files.example/a/b?x=1").unwrap();
        for (location, path) in [
            ("https://files.example/c", Some("/c")),
            ("/d?e", Some("/d?e")),
            ("f", Some("/a/f")),
            ("https://evil.example/c", None),
            ("http://files.example/c", None),
            ("//evil.example/c", None),
        ] {
            assert_eq!(
                from.redirected(location).map(|u| u.path).as_deref(),
                path,
                "{location}"
            );
        }
    }
}
