//! Posting a form to the token endpoint.

use super::endpoint::{Endpoint, Form};
use super::reply::Members;
use super::{OAuthError, rejection, reply};
use crate::egress::{
    ByteSize, CallOptions, Client, Deadlines, Egress, EgressError, EgressLimits, EgressPolicy,
    Gate, JobBudget, Origin, full_body,
};
use crate::metrics::Metrics;
use crate::tenant::{Secret, TenantFile};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// A token reply has a few kilobytes, and an access token at most some tens.
const LARGEST_REPLY: ByteSize = ByteSize::kib(256);

/// A gate of its own for sign-ins, open for the token endpoint's origin alone.
pub(crate) fn gate(
    file: &TenantFile,
    client: Client,
    origin: &Origin,
    rotates: bool,
    metrics: Option<Metrics>,
) -> Gate {
    let mut deadlines = file.limits().egress.deadlines;
    if rotates {
        // An answer that nobody waits for takes the next refresh token with it.
        let usual = Deadlines::default();
        deadlines.first_byte = deadlines.first_byte.max(usual.first_byte);
        deadlines.between_bytes = deadlines.between_bytes.max(usual.between_bytes);
        deadlines.total = deadlines.total.max(usual.total);
    }
    let limits = EgressLimits {
        deadlines,
        max_response: LARGEST_REPLY,
        max_request: LARGEST_REPLY,
        ..EgressLimits::default()
    };
    let egress = Egress::new(EgressPolicy::new(origin.clone()), client, None, limits);
    // Sign-ins are rare and bounded by the cool-down, not by a job's budget.
    let budget = JobBudget {
        requests: u64::MAX,
        bytes: ByteSize::bytes(u64::MAX),
        ..JobBudget::default()
    };
    egress
        .user_agent(file.user_agent().clone())
        .watched(file.name(), metrics)
        .gate(budget)
}

/// What the token endpoint answered, not classified yet. A rotated refresh token in it is taken out and written first,
/// whatever the rest is worth: no other copy exists.
pub(crate) struct Answer {
    status: StatusCode,
    location: Option<HeaderValue>,
    members: Members,
    /// Why the body ended early, if it did.
    broken_off: Option<EgressError>,
}

/// Posts the form.
///
/// # Errors
/// [`OAuthError::Network`] where no answer began.
pub(crate) async fn post(
    gate: &Gate,
    endpoint: &Endpoint,
    form: &Form,
) -> Result<Answer, OAuthError> {
    let mut request = Request::post(&endpoint.url)
        .body(full_body(encoded(form)))
        .map_err(|_| OAuthError::Unreadable {
            origin: endpoint.origin.clone(),
            detail: "the token URL is not valid".into(),
        })?;
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));

    let response = gate
        .send(request, CallOptions::default())
        .await
        .map_err(|error| OAuthError::Network { error })?;
    let status = response.status();
    let location = response.headers().get(header::LOCATION).cloned();
    let mut incoming = response.into_body();
    let mut body = Zeroizing::new(Vec::new());
    let broken_off = loop {
        match incoming.frame().await {
            None => break None,
            Some(Err(error)) => break Some(error),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    body.extend_from_slice(&data);
                }
            }
        }
    };
    Ok(Answer {
        status,
        location,
        members: Members::read(&body),
        broken_off,
    })
}

impl Answer {
    /// The refresh token for the next sign-in, where they rotate.
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        self.members.text("refresh_token").map(Secret::new)
    }

    /// The access token that the answer grants.
    ///
    /// # Errors
    /// [`OAuthError`]; no message repeats a value of the form or of the answer's tokens.
    pub(crate) fn access_token(
        self,
        endpoint: &Endpoint,
        form: &Form,
    ) -> Result<Secret, OAuthError> {
        if let Some(error) = self.broken_off {
            return Err(OAuthError::Network { error });
        }
        if self.status == StatusCode::OK {
            return reply::granted(endpoint, &self.members);
        }
        if self.status.is_redirection() {
            return Err(OAuthError::Unreadable {
                origin: endpoint.origin.clone(),
                detail: reply::redirected(self.location.as_ref()),
            });
        }
        Err(rejection::explained(
            endpoint,
            self.status,
            &self.members,
            form,
        ))
    }
}

fn encoded(form: &Form) -> String {
    let fields = form.iter().map(|(name, value)| (name, value.expose()));
    Serializer::new(String::new()).extend_pairs(fields).finish()
}
