//! Who is logged in: the identity URL of a token reply and OpenID userinfo (salesforce-api.md 1.6).

use serde_json::{Value, json};

use super::super::call::Call;
use super::super::call::{pair, pairs};
use super::super::org::Org;
use super::super::reply::Reply;
use super::super::sessions::Session;

fn urls(origin: &str, org: &Org) -> Value {
    let rest = format!("{origin}/services/data/v{{version}}/");
    json!({
        "enterprise": format!("{origin}/services/Soap/c/{{version}}/{}", org.org_id()),
        "partner": format!("{origin}/services/Soap/u/{{version}}/{}", org.org_id()),
        "rest": rest,
        "sobjects": format!("{rest}sobjects/"),
        "search": format!("{rest}search/"),
        "query": format!("{rest}query/"),
        "recent": format!("{rest}recent/"),
        "profile": format!("{origin}/{}", "005"),
        "custom_domain": origin,
    })
}

fn session(org: &Org, call: &Call) -> Result<Session, Reply> {
    // Refusals of these two resources are plain text with status 403 (1.5).
    let refused = |text: &'static str| Reply::other(403, "text/html;charset=UTF-8", text);
    let fields = pairs(&call.query);
    let token = call
        .bearer()
        .or_else(|| pair(&fields, "oauth_token"))
        .ok_or_else(|| refused("Missing_OAuth_Token"))?;
    org.sign_ins
        .session(token)
        .ok_or_else(|| refused("Bad_OAuth_Token"))
}

/// `GET /id/ORG/USER`.
pub fn identity(org: &Org, call: &Call, org_id: &str, user_id: &str) -> Reply {
    let session = match session(org, call) {
        Ok(session) => session,
        Err(refused) => return refused,
    };
    if org_id != org.org_id() || user_id != session.user_id {
        return Reply::other(403, "text/html;charset=UTF-8", "Wrong_Org");
    }
    let id = format!("{}/id/{org_id}/{user_id}", call.origin);
    let user = org.sign_ins.user_summary(&session.user_id);
    Reply::json(
        200,
        &json!({
            "id": id,
            "asserted_user": true,
            "user_id": session.user_id,
            "organization_id": org.org_id(),
            "username": user.username,
            "nick_name": user.username,
            "display_name": user.name,
            "email": user.email,
            "email_verified": true,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "timezone": user.time_zone,
            "active": true,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "last_modified_date": user.last_modified,
            "urls": urls(&call.origin, org),
        }),
    )
}

/// `GET /services/oauth2/userinfo`.
pub fn userinfo(org: &Org, call: &Call) -> Reply {
    let session = match session(org, call) {
        Ok(session) => session,
        Err(refused) => return refused,
    };
    let user = org.sign_ins.user_summary(&session.user_id);
    Reply::json(
        200,
        &json!({
            "sub": format!("{}/id/{}/{}", call.origin, org.org_id(), session.user_id),
            "user_id": session.user_id,
            "organization_id": org.org_id(),
            "preferred_username": user.username,
            "nickname": user.username,
            "name": user.name,
            "given_name": user.first_name,
            "family_name": user.last_name,
            "email": user.email,
            "email_verified": true,
            "zoneinfo": user.time_zone,
            "active": true,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
            "updated_at": user.last_modified,
            "urls": urls(&call.origin, org),
        }),
    )
}
