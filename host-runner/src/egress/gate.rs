//! The gate: one per job, in front of its tenant's client.
//!
//! [`Egress`] is what all jobs of a tenant share (policy, credentials, pool, limits); a [`Gate`] adds one job's counts,
//! budget and grants. Both are free of wasmtime; `hooks` fits the gate into wasi:http.

use super::error::Problem;
use super::job::{CallOptions, GrantGuard, Job, Shared, Watch};
use super::turns::Turns;
use super::{AddressRule, ByteSize, Origin};
use super::{
    Client, Credentials, EgressError, EgressLimits, EgressPolicy, Grant, JobBudget, JobStats,
    Purpose, RequestBody, ResponseBody, empty_body, exchange,
};
use crate::metrics::Metrics;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Servers and firewalls refuse requests that do not say who asks.
pub(crate) fn default_user_agent() -> HeaderValue {
    HeaderValue::from_static(concat!("asymbl/", env!("CARGO_PKG_VERSION")))
}

/// What all jobs of one tenant share. Cloning shares it.
#[derive(Clone)]
pub struct Egress {
    pub(crate) shared: Arc<Shared>,
}

impl Egress {
    /// The way out for one tenant; without credentials requests go out unsigned.
    pub fn new(
        policy: EgressPolicy,
        client: Client,
        credentials: Option<Arc<dyn Credentials>>,
        limits: EgressLimits,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                policy,
                client,
                credentials,
                limits,
                user_agent: default_user_agent(),
                watch: Watch::default(),
                turns: Arc::new(Turns::new(limits.max_in_flight)),
                jobs: Arc::default(),
            }),
        }
    }

    /// Sets what requests say in `User-Agent` unless the caller says it; `asymbl/VERSION` by default.
    #[must_use]
    pub fn user_agent(mut self, user_agent: HeaderValue) -> Self {
        Arc::make_mut(&mut self.shared).user_agent = user_agent;
        self
    }

    /// Sets whose requests these are, and where they are counted.
    #[must_use]
    pub(crate) fn watched(mut self, tenant: &str, metrics: Option<Metrics>) -> Self {
        Arc::make_mut(&mut self.shared).watch = Watch {
            tenant: tenant.to_owned(),
            metrics,
        };
        self
    }

    /// A gate for one job that may write.
    pub fn gate(&self, budget: JobBudget) -> Gate {
        self.gate_for(Purpose::Write, budget)
    }

    /// A gate for one job.
    pub fn gate_for(&self, purpose: Purpose, budget: JobBudget) -> Gate {
        let job = self.shared.jobs.fetch_add(1, Ordering::Relaxed);
        let tenant = self.shared.watch.tenant.as_str();
        let span = tracing::debug_span!("job", tenant, job, ?purpose);
        Gate {
            shared: self.shared.clone(),
            job: Arc::new(Job::new(span, job, purpose, budget)),
        }
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress")
            .field("origin", self.shared.policy.origin())
            .finish_non_exhaustive()
    }
}

/// One job's way out. Cloning shares counts, budget and grants.
///
/// Implements `wasmtime_wasi_http::WasiHttpHooks`: keep one in the store's data and lend it as `hooks`.
#[derive(Clone)]
pub struct Gate {
    pub(crate) shared: Arc<Shared>,
    pub(crate) job: Arc<Job>,
}

impl Gate {
    /// Sends a request, if policy permits it, with credentials where they belong. Redirects are answers like any other.
    ///
    /// # Errors
    /// [`EgressError`]: denied, not signed in, unreachable, too slow. Errors of the body come while it is read. The
    /// last error of either kind is also kept for [`Gate::last_problem`].
    pub async fn send(
        &self,
        request: Request<RequestBody>,
        options: CallOptions,
    ) -> Result<Response<ResponseBody>, EgressError> {
        exchange::exchange(&self.shared, &self.job, request, options).await
    }

    /// Reads a path of the tenant's own origin (`/services/...`, with query), for the host's own downloads. A refused
    /// token is replaced and the request repeated once.
    ///
    /// # Errors
    /// As for [`Gate::send`]; HTTP statuses are not errors.
    pub async fn fetch(
        &self,
        path: &str,
        headers: HeaderMap,
        options: CallOptions,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let first = self.send(self.get(path, &headers)?, options).await?;
        if first.status() != StatusCode::UNAUTHORIZED || self.shared.credentials.is_none() {
            return Ok(first);
        }
        drop(first);
        self.send(self.get(path, &headers)?, options).await
    }

    fn get(&self, path: &str, headers: &HeaderMap) -> Result<Request<RequestBody>, EgressError> {
        let origin = self.shared.policy.origin();
        let path_error = || EgressError::Protocol {
            origin: origin.clone(),
            detail: "the path is not a URL path".into(),
        };
        if !path.starts_with('/') {
            return Err(path_error());
        }
        let uri = http::Uri::builder()
            .scheme(origin.scheme())
            .authority(origin.authority())
            .path_and_query(path);
        let mut request = Request::new(empty_body());
        *request.uri_mut() = uri.build().map_err(|_| path_error())?;
        *request.headers_mut() = headers.clone();
        Ok(request)
    }

    /// Opens one more origin for as long as the guard lives.
    pub fn grant(&self, grant: Grant) -> GrantGuard {
        self.job.grant(grant)
    }

    /// What the job did so far.
    pub fn stats(&self) -> JobStats {
        self.job.meter.stats()
    }

    /// The last thing that went wrong, in the host's own words: guests lose detail on the way.
    pub fn last_problem(&self) -> Option<Problem> {
        self.job.problem()
    }

    /// How many refused requests the job survives, if there were more: a host ends it then.
    pub fn too_many_refusals(&self) -> Option<u64> {
        self.job.meter.too_many_refusals()
    }

    /// Forgets the last problem, before a call whose problems must not be mixed with earlier ones.
    pub fn clear_problem(&self) {
        self.job.clear_problem();
    }

    /// The tenant's origin.
    pub fn origin(&self) -> &Origin {
        self.shared.policy.origin()
    }

    /// The limits in force.
    pub fn limits(&self) -> &EgressLimits {
        &self.shared.limits
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate")
            .field("origin", self.origin())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// A grant for an origin that came from outside: public addresses only, unless the operator listed the origin.
    pub fn outside(origin: Origin, listed: &[Origin], max_body: ByteSize) -> Self {
        let addresses = if listed.contains(&origin) {
            AddressRule::Any
        } else {
            AddressRule::PublicOnly
        };
        Self {
            origin,
            addresses,
            max_body,
        }
    }
}
