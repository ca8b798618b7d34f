//! The URL of a file that an action names.

use host_runner::egress::Origin;

/// Returns a file's URL as it is requested: what a URL can't hold (spaces, other than ASCII) is encoded.
///
/// # Errors
/// What is wrong with it, for a person.
pub(super) fn fetched(text: &str, own: &Origin) -> Result<String, String> {
    match parsed(text)? {
        // The gate would add the tenant's credentials there.
        (_, origin) if origin == *own => Err("must not point into the tenant's own org".into()),
        (url, _) => Ok(url.into()),
    }
}

/// The origin of a file's URL.
pub(super) fn origin(text: &str) -> Option<Origin> {
    parsed(text).ok().map(|(_, origin)| origin)
}

fn parsed(text: &str) -> Result<(url::Url, Origin), String> {
    if text.starts_with("data:") {
        return Err("is a data: URL: give its base64 text as `data`".into());
    }
    // The parser would drop them.
    if text.chars().any(char::is_control) {
        return Err("is not an absolute URL: it holds control characters".into());
    }
    let url = url::Url::parse(text).map_err(|why| format!("is not an absolute URL: {why}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or a password".into());
    }
    let Some(host) = url.host_str() else {
        return Err("has no host".into());
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    // Its own words may repeat the URL, which can hold a signature.
    let origin = format!("{}://{host}{port}", url.scheme())
        .parse()
        .map_err(|_| "must be an https URL of a plain host")?;
    Ok((url, origin))
}
