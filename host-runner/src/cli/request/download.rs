//! `asymbl request GET PATH --output FILE`: the body goes from the gate to the file, piece by piece; the sandbox could not
//! hold a large one, and need not see it.

use std::path::Path;
use std::process::ExitCode;

use anyhow::bail;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::BodyExt;
use serde_json::json;

use super::super::output::count;
use super::super::save::{fetch, save};
use super::super::{Context, WrongInput};
use super::Arguments;

/// How much of an error's body is shown, in bytes.
const ERROR_SHOWN: usize = 4_000;

pub(super) async fn run(
    arguments: &Arguments,
    file: &Path,
    context: &Context,
) -> anyhow::Result<ExitCode> {
    let no_body = arguments.data.is_none()
        && arguments.text.is_none()
        && arguments.binary.is_none()
        && arguments.form.is_empty();
    if !arguments.method.eq_ignore_ascii_case("GET") || !no_body {
        bail!(WrongInput("--output works for GET without a body".into()));
    }
    let path = target(&arguments.path, &arguments.query).map_err(WrongInput)?;
    let headers = headers(&arguments.header).map_err(WrongInput)?;
    let session = context.session(&arguments.tenant.tenant).await?;
    let response = fetch(&session, "request", &path, headers).await?;
    let status = response.status();
    if !status.is_success() {
        let mut body = response.into_body();
        let mut shown = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            shown.extend_from_slice(frame.data_ref().map_or(&[][..], |data| &data[..]));
            if shown.len() > ERROR_SHOWN {
                shown.truncate(ERROR_SHOWN);
                break;
            }
        }
        eprintln!(
            "HTTP {}: nothing is written\n{}",
            status.as_u16(),
            String::from_utf8_lossy(&shown)
        );
        return Ok(ExitCode::FAILURE);
    }
    let written = save(&session, response, file, None).await?;
    if context.json {
        println!(
            "{}",
            json!({ "status": status.as_u16(), "file": file, "bytes": written })
        );
    } else {
        eprintln!(
            "HTTP {}: {} bytes in {}",
            status.as_u16(),
            count(written),
            file.display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name
            .parse()
            .map_err(|_| format!("{name:?} is no header name"))?;
        if crate::egress::NEVER_FROM_CALLER.contains(&name) {
            return Err(format!(
                "{name} is set by the host, which also adds the credentials: leave it out"
            ));
        }
        let value: HeaderValue = value
            .parse()
            .map_err(|_| format!("the value of {name} can't be sent"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Path and query of a download. The gate goes to the tenant's origin whatever the path says; this refuses what a server
/// could read as another path than a person does, as the connector does for requests through it.
fn target(path: &str, query: &[(String, String)]) -> Result<String, String> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Err("give a path that begins with one /; absolute URLs are refused".into());
    }
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '\\' | '#');
    if let Some(c) = path.chars().find(|c| odd(*c)) {
        return Err(format!("{c:?} can't stand in a path: percent-encode it"));
    }
    let plain = path
        .split('?')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let decoded = ["%25", "%2e", "%2f", "%5c"]
        .into_iter()
        .zip(["%", ".", "/", "/"])
        .fold(plain, |text, (code, plain)| text.replace(code, plain));
    let decoded = decoded
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    let dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    if decoded.starts_with("//") || decoded.split('/').any(dots) {
        return Err(
            "`.` and `..` in a path are refused, also encoded: give the path itself".into(),
        );
    }
    if query.is_empty() {
        return Ok(path.to_owned());
    }
    let values: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish();
    let separator = if path.contains('?') { '&' } else { '?' };
    Ok(format!("{path}{separator}{values}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_stay_on_their_path() {
        for path in [
            "https://evil.example/x",
            "//evil.example",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/%252e./b",
            "/a\\..\\b",
            "/a b",
            "/..;x/",
        ] {
            assert!(target(path, &[]).is_err(), "{path}");
        }
        let query = [("q".to_owned(), "a b&c".to_owned())];
        assert_eq!(
            target("/services/x?y=1", &query).unwrap(),
            "/services/x?y=1&q=a+b%26c"
        );
    }

    #[test]
    fn credentials_and_framing_are_not_the_callers() {
        for name in ["Authorization", "Cookie", "Host", "X-SFDC-Session"] {
            assert!(
                headers(&[(name.to_owned(), "secret".to_owned())])
                    .unwrap_err()
                    .contains("leave it out")
            );
        }
    }
}
