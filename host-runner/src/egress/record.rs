//! Reports each request: one event in the job's span, and the metrics. Never a body, a query, a header, a name of a
//! record or a token.

use super::job::{Job, Watch};
use super::{EgressError, ResponseBody};
use crate::metrics::RequestMeasured;
use bytes::Bytes;
use http::Method;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

/// A request under way. What is known of it is reported when it is dropped.
pub(crate) struct Record {
    job: Arc<Job>,
    watch: Watch,
    method: Method,
    path: String,
    started: Instant,
    status: Option<u16>,
    bytes: u64,
    retries: u32,
    failure: Option<EgressError>,
}

impl Record {
    /// Begins to measure. `is_own`: whether it goes to the tenant's origin, whose paths are known.
    pub(crate) fn new(
        job: &Arc<Job>,
        watch: &Watch,
        method: Method,
        path: &str,
        is_own: bool,
    ) -> Self {
        let path = if is_own {
            template(path)
        } else {
            "{elsewhere}".to_owned()
        };
        Self {
            job: job.clone(),
            watch: watch.clone(),
            method,
            path,
            started: Instant::now(),
            status: None,
            bytes: 0,
            retries: 0,
            failure: None,
        }
    }

    /// Notes how often the gate repeated it.
    pub(crate) fn retried(&mut self, times: u32) {
        self.retries = times;
    }

    /// Notes that it got no answer.
    pub(crate) fn failed(mut self, error: &EgressError) {
        self.failure = Some(error.clone());
    }

    /// Notes the answer, and measures its body to the end.
    pub(crate) fn answered(
        mut self,
        response: http::Response<ResponseBody>,
    ) -> http::Response<ResponseBody> {
        self.status = Some(response.status().as_u16());
        response.map(|inner| {
            Recorded {
                inner,
                record: self,
            }
            .boxed_unsync()
        })
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let taken = self.started.elapsed();
        let (status, bytes, retries) = (self.status.unwrap_or_default(), self.bytes, self.retries);
        let millis = u64::try_from(taken.as_millis()).unwrap_or(u64::MAX);
        let (method, path) = (self.method.as_str(), self.path.as_str());
        match &self.failure {
            None => {
                tracing::debug!(parent: &self.job.span, method, path, status, bytes, millis, retries, "request");
            }
            Some(error) => {
                tracing::debug!(
                    parent: &self.job.span, method, path, status, bytes, millis, retries, %error, "request failed"
                );
            }
        }
        if let Some(metrics) = &self.watch.metrics {
            metrics.request(&RequestMeasured {
                tenant: &self.watch.tenant,
                method,
                path,
                status: match (&self.failure, self.status) {
                    (None, Some(status)) => status.to_string(),
                    (Some(error), _) => error.name().to_owned(),
                    (None, None) => "cancelled".to_owned(),
                },
                bytes,
                taken,
                retries,
            });
        }
    }
}

/// The body of an answer that is measured.
struct Recorded {
    inner: ResponseBody,
    record: Record,
}

impl Body for Recorded {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                self.record.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
            }
            Some(Err(error)) => self.record.failure = Some(error.clone()),
            None => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The words of paths that say what is asked for; what else stands in one may name a record or hold its data.
const WORDS: [&str; 31] = [
    "services",
    "data",
    "apexrest",
    "async",
    "batch",
    "chatter",
    "collections",
    "composite",
    "connect",
    "content",
    "deleted",
    "describe",
    "files",
    "ingest",
    "jobs",
    "limits",
    "oauth2",
    "parameterizedSearch",
    "query",
    "queryAll",
    "recent",
    "results",
    "search",
    "sobjects",
    "tabs",
    "token",
    "tooling",
    "tree",
    "updated",
    "userinfo",
    "VersionData",
];

/// A path without what differs from record to record, so that requests of one kind count together:
/// `/services/data/v66.0/sobjects/Contact/{}`.
fn template(path: &str) -> String {
    let mut template = String::new();
    let mut before = "";
    for segment in path.split('/').skip(1).take(9) {
        let is_version = segment.strip_prefix('v').is_some_and(|number| {
            number.len() <= 5
                && number
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.')
        });
        let is_object = before == "sobjects"
            && segment.len() <= 80
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let is_known = is_version || is_object || WORDS.contains(&segment);
        template.push('/');
        template.push_str(if is_known { segment } else { "{}" });
        before = segment;
    }
    template
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn a_template_names_no_record() {
        for (path, wanted) in [
            ("/services/data/v66.0/query", "/services/data/v66.0/query"),
            (
                "/services/data/v66.0/query/01g5g00000AbCdEAAV-500",
                "/services/data/v66.0/query/{}",
            ),
            (
                "/services/data/v66.0/sobjects/Contact/0035g00000AbCdEAAV",
                "/services/data/v66.0/sobjects/Contact/{}",
            ),
            (
                "/services/data/v66.0/sobjects/Contact/Email/a@b.example",
                "/services/data/v66.0/sobjects/Contact/{}/{}",
            ),
            (
                "/services/data/v66.0/sobjects/bpats__Job__c/describe",
                "/services/data/v66.0/sobjects/bpats__Job__c/describe",
            ),
            (
                "/services/apexrest/Ada/Lovelace",
                "/services/apexrest/{}/{}",
            ),
            ("/vAda/v1.5", "/{}/v1.5"),
            ("", ""),
        ] {
            assert_eq!(template(path), wanted);
        }
    }
}
