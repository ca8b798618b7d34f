//! Posting a form to the token endpoint.

use super::{Endpoint, Form, Granted, OAuthError, rejection, reply};
use crate::egress::{CallOptions, Gate, full_body};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

/// Posts the form and reads what the org grants.
///
/// # Errors
/// [`OAuthError`]; no message repeats a value of the form or of the reply's tokens.
pub(crate) async fn post(
    gate: &Gate,
    endpoint: &Endpoint,
    form: Form,
) -> Result<Granted, OAuthError> {
    let mut request = Request::post(&endpoint.url)
        .body(full_body(encoded(&form)))
        .map_err(|_| OAuthError::NotSalesforce {
            origin: endpoint.origin.clone(),
            detail: "odd token URL".into(),
        })?;
    let headers = request.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));

    let network = |error| OAuthError::Network { error };
    let response = gate
        .send(request, CallOptions::default())
        .await
        .map_err(network)?;
    let status = response.status();
    let location = response.headers().get(header::LOCATION).cloned();
    let body = Zeroizing::new(
        response
            .into_body()
            .collect()
            .await
            .map_err(network)?
            .to_bytes()
            .to_vec(),
    );

    if status == StatusCode::OK {
        return reply::granted(endpoint, &body);
    }
    if status.is_redirection() {
        let detail = reply::redirected(location.as_ref());
        return Err(OAuthError::NotSalesforce {
            origin: endpoint.origin.clone(),
            detail,
        });
    }
    Err(rejection::explained(endpoint, status, &body, &form))
}

fn encoded(form: &Form) -> String {
    let fields = form.iter().map(|(name, value)| (name, value.expose()));
    Serializer::new(String::new()).extend_pairs(fields).finish()
}
