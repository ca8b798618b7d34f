//! The answer: its body decompressed, masked, counted and capped, and what it says of the credentials.

use super::super::body::{peek, read_ahead};
use super::super::layers::{Download, Handed, gunzip};
use super::super::mask::mask_body;
use super::super::{Bearer, EgressError, ResponseBody};
use super::{Exchange, content_length};
use http::{HeaderMap, Response, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;

/// How much of a 401's body is read to learn why; Salesforce's are some 100 bytes.
const REFUSAL: usize = 4 * 1024;

/// The longest compressed body, in bytes, that is not worth a task of its own.
const LARGEST_WITHOUT_TASK: u64 = 16 * 1024;

impl Exchange<'_> {
    /// Wraps the response's body, and tells the credentials whether the org accepted them.
    pub(super) async fn received(
        &self,
        response: Response<Incoming>,
        bearer: Option<Bearer>,
        slot: OwnedSemaphorePermit,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let (mut parts, incoming) = response.into_parts();
        self.job.meter.note_usage(&parts.headers);
        if let Some(bearer) = &bearer {
            bearer.spellings().mask_headers(&mut parts.headers);
        }
        let bodiless = self.head_only
            || matches!(
                parts.status,
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
        let length = content_length(&parts.headers).filter(|_| !bodiless);
        if length.is_some_and(|length| length > self.max_response.as_u64()) {
            return Err(EgressError::ResponseTooLarge {
                origin: self.origin.clone(),
                cap: self.max_response,
            });
        }
        let download = Download {
            inner: incoming,
            job: self.job.clone(),
            origin: self.origin.clone(),
            deadlines: self.deadlines,
            started: self.started,
            waiting: None,
            _place: slot,
        };
        let is_empty = bodiless || download.is_end_stream();
        let is_compressed = !is_empty && parts.headers.contains_key(header::CONTENT_ENCODING);
        let mut body = match is_empty {
            true => download.boxed_unsync(),
            false => self.decoded(&mut parts.headers, download)?,
        };
        if let Some(bearer) = &bearer {
            body = mask_body(bearer.spellings(), body);
        }
        if is_compressed && length.is_none_or(|length| length > LARGEST_WITHOUT_TASK) {
            body = read_ahead(body, self.origin.clone());
        }
        body = self.counted(body);
        if let (Some(bearer), Some(credentials)) = (&bearer, &self.shared.credentials) {
            if parts.status == StatusCode::UNAUTHORIZED {
                let (start, whole) = peek(body, REFUSAL).await;
                credentials.refused(bearer, parts.status, &start);
                body = whole;
            } else {
                credentials.accepted(bearer);
            }
        }
        Ok(Response::from_parts(parts, body))
    }

    /// Counts and caps what a body hands on.
    fn counted(&self, body: ResponseBody) -> ResponseBody {
        let handed = Handed {
            inner: body,
            job: self.job.clone(),
            origin: self.origin.clone(),
            request: self.label.clone(),
            cap: self.max_response,
            count: 0,
            failed: false,
        };
        handed.boxed_unsync()
    }

    fn decoded(
        &self,
        headers: &mut HeaderMap,
        body: Download,
    ) -> Result<ResponseBody, EgressError> {
        let encoding = headers
            .get(header::CONTENT_ENCODING)
            .map(|value| value.to_str().unwrap_or("?").trim());
        match encoding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(body.boxed_unsync()),
            Some("gzip" | "x-gzip") => {
                headers.remove(header::CONTENT_ENCODING);
                headers.remove(header::CONTENT_LENGTH);
                Ok(gunzip(body))
            }
            Some(other) => {
                let detail = format!(
                    "{} was not asked for",
                    other.chars().take(20).collect::<String>()
                );
                Err(EgressError::Encoding {
                    origin: self.origin.clone(),
                    detail,
                })
            }
        }
    }
}
