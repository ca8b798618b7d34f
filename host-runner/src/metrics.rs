//! Counts for a monitoring system, in the text format of OpenMetrics.
//!
//! An embedder makes one [`Metrics`] for the process, gives it to each tenant (`TokenSourceOptions`) and hands out
//! [`Metrics::text`] where its monitoring asks. No label holds data of a record: paths are templates, and when a
//! connector invents too many of them, the others count as one.

use crate::unified::Model;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Kinds of requests that are told apart.
const KINDS: usize = 200;

/// Upper bounds of the durations that are told apart, in seconds; Salesforce ends a call after ten minutes.
const SECONDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

/// What is counted. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<KindLabels, Histogram>,
    bytes: Family<TenantLabels, Counter>,
    retries: Family<TenantLabels, Counter>,
    records: Family<RecordLabels, Counter>,
    models: Family<ModelLabels, Counter>,
    kinds: Mutex<BTreeSet<(String, String)>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    tenant: String,
    method: String,
    path: String,
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    tenant: String,
    method: String,
    path: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TenantLabels {
    tenant: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RecordLabels {
    tenant: String,
    model: String,
    change: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabels {
    tenant: String,
    model: String,
    outcome: String,
}

/// A request that ended.
pub(crate) struct RequestMeasured<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// The HTTP status, or why there is none.
    pub(crate) status: String,
    /// Of the answer's body, after decoding.
    pub(crate) bytes: u64,
    pub(crate) taken: Duration,
    pub(crate) retries: u32,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// With nothing counted.
    pub fn new() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("asymbl"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            bytes: Family::default(),
            retries: Family::default(),
            records: Family::default(),
            models: Family::default(),
            kinds: Mutex::default(),
        };
        let registry = &mut inner.registry;
        registry.register(
            "requests",
            "Requests by status, or by the reason why there was no answer",
            inner.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "Time from the request to the end of the answer",
            Unit::Seconds,
            inner.seconds.clone(),
        );
        registry.register_with_unit(
            "received",
            "Bodies of answers, after decoding",
            Unit::Bytes,
            inner.bytes.clone(),
        );
        registry.register(
            "request_retries",
            "Requests that the host repeated on a new connection",
            inner.retries.clone(),
        );
        registry.register(
            "records",
            "Records that a sync read, by what changed in the mirror",
            inner.records.clone(),
        );
        registry.register(
            "synced_models",
            "Models that a sync read, by outcome",
            inner.models.clone(),
        );
        Self(Arc::new(inner))
    }

    /// Counts records that a sync read: `change` is `inserted`, `updated`, `unchanged`, `deleted` or `undeleted`.
    pub fn records(&self, tenant: &str, model: Model, change: &str, number: u64) {
        let labels = RecordLabels {
            tenant: tenant.to_owned(),
            model: model.name().to_owned(),
            change: change.to_owned(),
        };
        self.0.records.get_or_create(&labels).inc_by(number);
    }

    /// Counts a model that a sync read: `outcome` is `succeeded`, or the kind of its failure.
    pub fn model(&self, tenant: &str, model: Model, outcome: &str) {
        let labels = ModelLabels {
            tenant: tenant.to_owned(),
            model: model.name().to_owned(),
            outcome: outcome.to_owned(),
        };
        self.0.models.get_or_create(&labels).inc();
    }

    /// Counts a request.
    pub(crate) fn request(&self, request: &RequestMeasured<'_>) {
        let (method, path) = self.kind(request.method, request.path);
        let tenant = request.tenant.to_owned();
        let kind = KindLabels {
            tenant: tenant.clone(),
            method: method.clone(),
            path: path.clone(),
        };
        self.0
            .seconds
            .get_or_create(&kind)
            .observe(request.taken.as_secs_f64());
        let labels = RequestLabels {
            tenant: tenant.clone(),
            method,
            path,
            status: request.status.clone(),
        };
        self.0.requests.get_or_create(&labels).inc();
        let tenant = TenantLabels { tenant };
        self.0.bytes.get_or_create(&tenant).inc_by(request.bytes);
        self.0
            .retries
            .get_or_create(&tenant)
            .inc_by(request.retries.into());
    }

    /// Method and path, or `other` for both where there are too many already.
    fn kind(&self, method: &str, path: &str) -> (String, String) {
        let kind = (method.to_owned(), path.to_owned());
        let mut kinds = crate::lock(&self.0.kinds);
        if kinds.contains(&kind) || kinds.len() < KINDS {
            kinds.insert(kind.clone());
            return kind;
        }
        ("other".to_owned(), "other".to_owned())
    }

    /// All counts as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_a_connector_invents_count_as_one() {
        let metrics = Metrics::new();
        for number in 0..1_000 {
            metrics.request(&RequestMeasured {
                tenant: "acme",
                method: "GET",
                path: &format!("/sobjects/X{number}"),
                status: "200".into(),
                bytes: 7,
                taken: Duration::from_millis(30),
                retries: 0,
            });
        }
        let text = metrics.text();
        let counted = text
            .lines()
            .filter(|line| line.starts_with("asymbl_requests_total{"));
        assert_eq!(counted.count(), KINDS + 1);
        assert!(text.contains(r#"path="other",status="200"} 800"#), "{text}");
        assert!(
            text.contains(r#"asymbl_received_bytes_total{tenant="acme"} 7000"#),
            "{text}"
        );
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
