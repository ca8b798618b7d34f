//! SOAP `login()` and `logout()`: the old way to a session, which simple-salesforce takes when it is given a security
//! token, and jsforce without OAuth (salesforce-api.md 1.1 and 10.3, point 10). No other SOAP call is here.

use quick_xml::Writer;
use serde_json::{Value, json};
use std::io;

use super::call::Call;
use super::org::LOWEST_VERSION;
use super::org::Org;
use super::reply::Reply;
use super::xml::{document, element, leaves};

/// `login()` never existed in v65 and later (salesforce-api.md 1.1).
const FIRST_WITHOUT_LOGIN: u32 = 65;

/// A fault: HTTP 500, code and text.
struct Fault {
    code: &'static str,
    message: String,
}

fn fault(code: &'static str, message: impl Into<String>) -> Fault {
    let message = message.into();
    Fault { code, message }
}

/// Serves a SOAP call.
pub fn handle(org: &Org, call: &Call, version: &str) -> Reply {
    let (status, body) = match answer(org, call, version) {
        Ok(body) => (200, body),
        Err(fault) => (500, fault_body(&fault)),
    };
    Reply::other(status, "text/xml;charset=UTF-8", envelope(&body))
}

/// The platform answers in the partner namespace on both of its paths' logins.
fn envelope((name, body): &(&str, Value)) -> Vec<u8> {
    let attributes = [
        ("xmlns:soapenv", "http://schemas.xmlsoap.org/soap/envelope/"),
        ("xmlns", "urn:partner.soap.sforce.com"),
        ("xmlns:sf", "urn:fault.partner.soap.sforce.com"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ];
    let content = |writer: &mut Writer<Vec<u8>>| -> io::Result<()> {
        writer
            .create_element("soapenv:Body")
            .write_inner_content(|writer| element(writer, name, body))
            .map(|_| ())
    };
    document(|writer| {
        writer
            .create_element("soapenv:Envelope")
            .with_attributes(attributes)
            .write_inner_content(content)
            .map(|_| ())
    })
}

/// The fault with the members that simple-salesforce reads, `sf:exceptionCode` and `sf:exceptionMessage`.
fn fault_body(fault: &Fault) -> (&'static str, Value) {
    let body = json!({
        "faultcode": format!("sf:{}", fault.code),
        "faultstring": format!("{}: {}", fault.code, fault.message),
        "detail": {"sf:LoginFault": {"sf:exceptionCode": fault.code, "sf:exceptionMessage": fault.message}},
    });
    ("soapenv:Fault", body)
}

fn answer(org: &Org, call: &Call, version: &str) -> Result<(&'static str, Value), Fault> {
    let text = String::from_utf8_lossy(&call.body);
    let leaves = leaves(&text).map_err(|error| fault("UNKNOWN_EXCEPTION", error))?;
    let leaf = |wanted: &str| {
        leaves
            .iter()
            .find(|(name, _)| name == wanted)
            .map_or("", |(_, text)| text.as_str())
    };
    let number = version
        .split('.')
        .next()
        .and_then(|number| number.parse::<u32>().ok())
        .filter(|number| (LOWEST_VERSION..FIRST_WITHOUT_LOGIN).contains(number))
        .ok_or_else(|| {
            fault(
                "UNSUPPORTED_API_VERSION",
                format!("Invalid Api version specified on URL: {version}"),
            )
        })?;
    // `logout` has no children, so it is not among the leaves' names when it is written as one empty tag.
    if leaves.iter().all(|(name, _)| name != "username") {
        return if org.sign_ins.revoke(leaf("sessionId")) {
            Ok(("logoutResponse", json!({})))
        } else {
            Err(fault(
                "INVALID_SESSION_ID",
                "Invalid Session ID found in SessionHeader: Illegal Session",
            ))
        };
    }
    if !org.config().password_login {
        return Err(fault(
            "INVALID_OPERATION",
            "SOAP API login() is disabled by default in this org.",
        ));
    }
    let user_id = org
        .sign_ins
        .user_by_password(leaf("username"), leaf("password"), leaf("token"))
        .ok_or_else(|| {
            fault(
                "INVALID_LOGIN",
                "Invalid username, password, security token; or user locked out.",
            )
        })?;
    Ok(("loginResponse", logged_in(org, call, number, &user_id)))
}

fn logged_in(org: &Org, call: &Call, version: u32, user_id: &str) -> Value {
    let user = org.sign_ins.user_summary(user_id);
    let org_15: String = org.org_id().chars().take(15).collect();
    let url = |letter: char| {
        format!(
            "{}/services/Soap/{letter}/{version}.0/{org_15}",
            call.origin
        )
    };
    json!({"result": {
        "metadataServerUrl": url('m'),
        "passwordExpired": false,
        "sandbox": org.config().variations.sandbox,
        "serverUrl": url('u'),
        "sessionId": org.sign_ins.open(user_id),
        "userId": user_id,
        "userInfo": {
            "organizationId": org.org_id(),
            "organizationMultiCurrency": org.config().variations.multi_currency,
            "sessionSecondsValid": org.config().session_timeout.as_secs(),
            "userEmail": user.email,
            "userFullName": user.name,
            "userId": user_id,
            "userName": user.username,
            "userTimeZone": user.time_zone,
        },
    }})
}
