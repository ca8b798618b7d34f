//! `/services/oauth2/authorize`: a page on which a person allows the app, and the code that the app gets for it
//! (salesforce-api.md 1.1a).
//!
//! The person is the run-as user, signed in already. What is wrong with the app or its callback is said on a page: the
//! address to send people back to can't be trusted then. Anything else goes back to the app.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use form_urlencoded::Serializer;

use super::super::call::{Call, pair, pairs};
use super::super::org::Org;
use super::super::page::text;
use super::super::reply::Reply;
use super::super::sessions::Code;
use super::{Granted, check_client, error};

/// What the app asks for.
struct Request {
    fields: Vec<(String, String)>,
}

impl Request {
    /// Reads a request; one of an unknown app or for another callback is refused on a page.
    fn read(org: &Org, fields: Vec<(String, String)>) -> Result<Self, Reply> {
        let config = org.config();
        let page = |code: &str, description: &str| {
            let body = format!("error={code}&error_description={description}");
            Reply::other(400, "text/html;charset=UTF-8", body)
        };
        if pair(&fields, "client_id") != Some(config.client_id.as_str()) {
            return Err(page("invalid_client_id", "client identifier invalid"));
        }
        if pair(&fields, "redirect_uri") != Some(config.callback_url.as_str()) {
            let code = "redirect_uri_mismatch";
            return Err(page(code, "redirect_uri must match configuration"));
        }
        Ok(Self { fields })
    }

    fn field(&self, name: &str) -> &str {
        pair(&self.fields, name).unwrap_or_default()
    }

    /// Sends the person back to the app.
    fn back(&self, with: &[(&str, &str)]) -> Reply {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(with);
        if let Some(state) = pair(&self.fields, "state") {
            query.append_pair("state", state);
        }
        let callback = self.field("redirect_uri");
        Reply::empty(302).with_header("Location", format!("{callback}?{}", query.finish()))
    }

    fn refused(&self, code: &str, description: &str) -> Reply {
        self.back(&[("error", code), ("error_description", description)])
    }
}

/// Serves the page, and what comes of its buttons.
pub fn authorize(org: &Org, call: &Call) -> Reply {
    let fields = match call.method.as_str() {
        "POST" => pairs(&String::from_utf8_lossy(&call.body)),
        _ => pairs(&call.query),
    };
    let request = match Request::read(org, fields) {
        Ok(request) => request,
        Err(refusal) => return refusal,
    };
    if request.field("response_type") != "code" {
        return request.refused("unsupported_response_type", "response type not supported");
    }
    if org.config().pkce_required && request.field("code_challenge").is_empty() {
        return request.refused("invalid_request", "missing required code challenge");
    }
    match (call.method.as_str(), request.field("decision")) {
        ("POST", "allow") => {
            let code = org.sign_ins.issue_code(|user_id, issued_ms| Code {
                user_id,
                issued_ms,
                redirect_uri: request.field("redirect_uri").to_owned(),
                challenge: pair(&request.fields, "code_challenge").map(str::to_owned),
                is_lasting: is_lasting(request.field("scope")),
            });
            request.back(&[("code", &code)])
        }
        ("POST", "deny") => request.refused("access_denied", "end-user denied authorization"),
        _ => page(org, &request),
    }
}

/// Whether the scopes include a refresh token; left out they are those of the app, which do.
fn is_lasting(scope: &str) -> bool {
    let lasting = ["refresh_token", "offline_access", "full"];
    scope.is_empty() || scope.split(' ').any(|scope| lasting.contains(&scope))
}

fn page(org: &Org, request: &Request) -> Reply {
    let user = text(&org.sign_ins.run_as_username());
    let fields = request.fields.iter().filter(|(name, _)| name != "decision");
    let hidden: String = fields
        .map(|(name, value)| {
            let (name, value) = (text(name), text(value));
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
        })
        .collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>Allow access?</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}}\
         button{{font:inherit;padding:.4rem 1.2rem;margin-right:.6rem}}</style></head><body><h1>Allow access?</h1>\
         <p>You are signed in to this practice org as <b>{user}</b>. The app wants to access your data at any time.</p>\
         <form method=\"post\" action=\"/services/oauth2/authorize\">{hidden}\
         <button name=\"decision\" value=\"allow\">Allow</button><button name=\"decision\" value=\"deny\">Deny</button>\
         </form></body></html>"
    );
    Reply::other(200, "text/html;charset=UTF-8", page)
}

/// Trades a code for tokens. It works once, within fifteen minutes, for who has the verifier of its challenge.
pub fn trade(org: &Org, fields: &[(String, String)]) -> Result<Granted, Reply> {
    check_client(org, fields, false)?;
    let refused = |description| Err(error("invalid_grant", description));
    let given = pair(fields, "code").and_then(|code| org.sign_ins.take_code(code));
    let Some(code) = given else {
        return refused("expired authorization code");
    };
    if pair(fields, "redirect_uri") != Some(code.redirect_uri.as_str()) {
        let description = "redirect_uri must match configuration";
        return Err(error("redirect_uri_mismatch", description));
    }
    let verifier = pair(fields, "code_verifier");
    match (&code.challenge, verifier.map(challenge)) {
        (Some(challenge), Some(derived)) if *challenge == derived => {}
        (None, None) => {}
        (None, Some(_)) => return refused("unexpected code verifier"),
        _ => return refused("invalid code verifier"),
    }
    let (access_token, refresh_token) = org.sign_ins.open_grant(&code);
    Ok(Granted {
        access_token,
        refresh_token,
        user_id: code.user_id,
    })
}

/// The challenge of a verifier: its SHA-256 (RFC 7636, method S256, the only one that Salesforce knows).
fn challenge(verifier: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
    URL_SAFE_NO_PAD.encode(hash)
}
