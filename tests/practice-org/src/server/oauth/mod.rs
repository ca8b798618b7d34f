//! `/services/oauth2/*`: tokens by client credentials, refresh token, a person's consent, JWT bearer and password;
//! authorize, revoke, userinfo, introspect.
//!
//! Bodies and error texts follow salesforce-api.md 1.1 to 1.6; clients match on the exact texts.

mod consent;
pub mod identity;
pub mod jwt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::call::Call;
use super::call::{pair, pairs};
use super::org::Org;
use super::reply::Reply;

/// Serves one resource of the OAuth endpoint.
pub fn handle(org: &Org, call: &Call, resource: &str) -> Reply {
    match resource {
        "token" if call.method == "POST" => token(org, call),
        "authorize" => consent::authorize(org, call),
        "revoke" => revoke(org, call),
        "userinfo" => identity::userinfo(org, call),
        "introspect" => introspect(org, call),
        _ => error("invalid_request", "must use HTTP POST"),
    }
}

/// A refusal of the token endpoint: 400 with `error` and `error_description`.
pub fn error(error: &str, description: &str) -> Reply {
    Reply::json(
        400,
        &json!({"error": error, "error_description": description}),
    )
}

fn form(call: &Call) -> Vec<(String, String)> {
    let mut fields = pairs(&String::from_utf8_lossy(&call.body));
    if fields.is_empty() {
        fields = pairs(&call.query);
    }
    if let Some((id, secret)) = basic(call) {
        fields.push(("client_id".to_owned(), id));
        fields.push(("client_secret".to_owned(), secret));
    }
    fields
}

/// Client id and secret from HTTP Basic, as simple-salesforce sends them.
fn basic(call: &Call) -> Option<(String, String)> {
    let value = call.headers.get("authorization")?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn check_client(org: &Org, fields: &[(String, String)], secret_needed: bool) -> Result<(), Reply> {
    let config = org.config();
    if pair(fields, "client_id") != Some(config.client_id.as_str()) {
        return Err(error("invalid_client_id", "client identifier invalid"));
    }
    match pair(fields, "client_secret") {
        Some(secret) if secret == config.client_secret => Ok(()),
        None if !secret_needed => Ok(()),
        _ => Err(error("invalid_client", "invalid client credentials")),
    }
}

fn token(org: &Org, call: &Call) -> Reply {
    let fields = form(call);
    let granted = match pair(&fields, "grant_type") {
        Some("client_credentials") => client_credentials(org, call, &fields),
        Some("refresh_token") => refresh(org, &fields),
        Some("authorization_code") => consent::trade(org, &fields),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => jwt_bearer(org, call, &fields),
        // The password flow is off in new orgs since Summer '23 (1.1).
        Some("password") if org.config().password_login => password(org, &fields),
        _ => Err(error("unsupported_grant_type", "grant type not supported")),
    };
    match granted {
        Ok(granted) => success(org, call, &granted),
        Err(refused) => refused,
    }
}

/// A session just opened.
struct Granted {
    access_token: String,
    refresh_token: Option<String>,
    user_id: String,
}

/// Client credentials work on the org's own domain only (salesforce-api.md 1.1).
fn client_credentials(
    org: &Org,
    call: &Call,
    fields: &[(String, String)],
) -> Result<Granted, Reply> {
    let host = call.origin.rsplit('/').next().unwrap_or_default();
    if matches!(host, "login.salesforce.com" | "test.salesforce.com") {
        return Err(error(
            "invalid_grant",
            "request not supported on this domain",
        ));
    }
    check_client(org, fields, true)?;
    let user_id = org
        .sign_ins
        .run_as_user()
        .ok_or_else(|| error("invalid_grant", "no client credentials user enabled"))?;
    let access_token = org.sign_ins.open(&user_id);
    Ok(Granted {
        access_token,
        refresh_token: None,
        user_id,
    })
}

/// Username, and password with the security token glued to it.
fn password(org: &Org, fields: &[(String, String)]) -> Result<Granted, Reply> {
    check_client(org, fields, true)?;
    let given = |name: &str| pair(fields, name).unwrap_or_default();
    let user_id = org
        .sign_ins
        .user_by_password(given("username"), given("password"), "")
        .ok_or_else(|| error("invalid_grant", "authentication failure"))?;
    Ok(Granted {
        access_token: org.sign_ins.open(&user_id),
        refresh_token: None,
        user_id,
    })
}

fn refresh(org: &Org, fields: &[(String, String)]) -> Result<Granted, Reply> {
    check_client(org, fields, false)?;
    let expired = || error("invalid_grant", "expired access/refresh token");
    let token = pair(fields, "refresh_token").ok_or_else(expired)?;
    let (access_token, refresh_token, user_id) =
        org.sign_ins.refresh(token).map_err(|_| expired())?;
    Ok(Granted {
        access_token,
        refresh_token,
        user_id,
    })
}

fn jwt_bearer(org: &Org, call: &Call, fields: &[(String, String)]) -> Result<Granted, Reply> {
    let audiences = [
        "https://login.salesforce.com".to_owned(),
        "https://test.salesforce.com".to_owned(),
        call.origin.clone(),
        call.origin.replacen("http://", "https://", 1),
    ];
    // The caller's machine signs with the real time, also when the org's clock is simulated.
    let now = crate::clock::Clock::system().now_ms() / 1_000;
    let config = org.config();
    let assertion = pair(fields, "assertion").unwrap_or_default();
    let username = jwt::check(
        assertion,
        config.jwt_key.as_ref(),
        &config.client_id,
        &audiences,
        now,
    )
    .map_err(|jwt::Refused(code, description)| error(code, description))?;
    let user_id = org
        .sign_ins
        .user_by_username(&username)
        .ok_or_else(|| error("invalid_grant", "user hasn't approved this consumer"))?;
    let access_token = org.sign_ins.open(&user_id);
    Ok(Granted {
        access_token,
        refresh_token: None,
        user_id,
    })
}

fn success(org: &Org, call: &Call, granted: &Granted) -> Reply {
    let issued_at = org.now_ms().to_string();
    let id = format!("{}/id/{}/{}", call.origin, org.org_id(), granted.user_id);
    let signature = STANDARD.encode(format!("{id}{issued_at}"));
    let mut body = json!({
        "access_token": granted.access_token,
        "signature": signature,
        "scope": "api web refresh_token",
        "instance_url": org.sign_ins.instance_url().unwrap_or_else(|| call.origin.clone()),
        "id": id,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "token_format": "opaque",
    });
    if let Some(refresh_token) = &granted.refresh_token {
        body["refresh_token"] = json!(refresh_token);
    }
    Reply::json(200, &body).with_header("Cache-Control", "no-cache, no-store")
}

fn revoke(org: &Org, call: &Call) -> Reply {
    let mut fields = form(call);
    fields.extend(pairs(&call.query));
    match pair(&fields, "token") {
        Some(token) if org.sign_ins.revoke(token) => Reply::empty(200),
        _ => error(
            "unsupported_token_type",
            "this token type is not supported or the token is invalid",
        ),
    }
}

fn introspect(org: &Org, call: &Call) -> Reply {
    let fields = form(call);
    if let Err(refused) = check_client(org, &fields, true) {
        return refused;
    }
    let session = pair(&fields, "token").and_then(|token| org.sign_ins.session(token));
    Reply::json(
        200,
        &match session {
            None => json!({"active": false}),
            Some(session) => json!({
                "active": true,
                "scope": "api web refresh_token",
                "client_id": org.config().client_id,
                "sub": format!("{}/id/{}/{}", call.origin, org.org_id(), session.user_id),
                "token_type": "access_token",
                "iat": session.issued_ms / 1_000,
            }),
        },
    )
}
