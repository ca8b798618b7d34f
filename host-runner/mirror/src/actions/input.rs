//! The JSON input of an action, made ready for the connector: ids become the source's own, a file's bytes are taken out
//! and decoded. What an input must be stands in the connector's table alone, which checks it next.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::action::Action;
use super::error::Problem;
use super::file_url;
use super::ids::Ids;
use host_runner::egress::Origin;
use host_runner::unified::Model;

/// The members of a JSON object.
pub(super) type Members = Map<String, Value>;

/// What the host alone knows about inputs.
pub(super) struct Rules<'a> {
    /// Turns ids into the source's own.
    pub(super) ids: Ids<'a>,
    /// Most bytes of a file.
    pub(super) cap: u64,
    /// The tenant's own origin, which no file may be fetched from.
    pub(super) own: &'a Origin,
}

/// An input without the bytes of its files.
pub(super) struct Prepared {
    pub(super) action: Action,
    /// A file's `data` is the number of its bytes here.
    pub(super) members: Members,
    /// The bytes of each file, in order; none where it has an address.
    pub(super) bytes: Vec<Option<Vec<u8>>>,
    /// The source's id of the user for whom the platform acts.
    pub(super) acting_user: Option<String>,
}

/// The user for whom the platform acts: an input of every action that writes, which goes into the call's context.
const ACTING_USER: &str = "acting_user_id";

/// The ids of an application.
const OF_APPLICATION: &[(&str, Model)] = &[
    ("job_id", Model::Jobs),
    ("stage_id", Model::ApplicationStages),
];

/// Makes an input ready for the connector's check, and notes what only the host can find; none where it is not an
/// object.
pub(super) fn prepare(
    action: Action,
    input: &Value,
    rules: &Rules<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Prepared> {
    let Value::Object(given) = input else {
        problems.push(Problem::new("", "the input must be a JSON object"));
        return None;
    };
    let mut members = given.clone();
    let acting_user = match action.writes() {
        true => take_acting_user(&mut members, &rules.ids, problems),
        false => None,
    };
    resolve(
        &mut members,
        "",
        ids_of(action, given),
        &rules.ids,
        problems,
    );
    if let Some(Value::Object(application)) = members.get_mut("application") {
        resolve(
            application,
            "application.",
            OF_APPLICATION,
            &rules.ids,
            problems,
        );
    }
    let mut bytes = Vec::new();
    let mut take = |at: &str, file: &mut Value, problems: &mut Vec<Problem>| {
        if let Value::Object(file) = file {
            bytes.push(take_bytes(file, at, rules, problems));
        }
    };
    if let Some(file) = members.get_mut("attachment") {
        take("attachment", file, problems);
    }
    if let Some(Value::Array(files)) = members.get_mut("attachments") {
        for (i, file) in files.iter_mut().enumerate() {
            take(&format!("attachments[{i}]"), file, problems);
        }
    }
    Some(Prepared {
        action,
        members,
        bytes,
        acting_user,
    })
}

fn take_acting_user(
    members: &mut Members,
    ids: &Ids<'_>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    resolve(members, "", &[(ACTING_USER, Model::Users)], ids, problems);
    match members.shift_remove(ACTING_USER)? {
        Value::Null => None,
        Value::String(user) => Some(user),
        _ => {
            problems.push(Problem::new(ACTING_USER, "must be a string"));
            None
        }
    }
}

/// The ids that stand in the input itself.
fn ids_of(action: Action, input: &Members) -> &'static [(&'static str, Model)] {
    match action {
        // The platform's create-application has job and stage in the input itself (unified-model.md 3.1).
        Action::CreateApplication if input.get("application").is_none_or(Value::is_null) => {
            OF_APPLICATION
        }
        Action::CreateCandidate | Action::CreateApplication => &[],
        Action::AddAttachment => &[("application_id", Model::Applications)],
        Action::Move => &[
            ("application_id", Model::Applications),
            ("stage_id", Model::ApplicationStages),
        ],
        Action::GetAttachments => &[("candidate_id", Model::Candidates)],
    }
}

/// Puts the source's own ids in place of unified ones.
fn resolve(
    members: &mut Members,
    whole: &str,
    names: &[(&str, Model)],
    ids: &Ids<'_>,
    problems: &mut Vec<Problem>,
) {
    for (name, model) in names {
        let Some(Value::String(text)) = members.get_mut(*name) else {
            continue;
        };
        if text.trim().is_empty() {
            continue;
        }
        match ids.remote(*model, text.trim()) {
            Ok(id) => *text = id,
            Err(why) => problems.push(Problem::new(format!("{whole}{name}"), why)),
        }
    }
}

/// Takes a file's bytes out and leaves their number in place of them.
fn take_bytes(
    file: &mut Members,
    at: &str,
    rules: &Rules<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<u8>> {
    let mut say =
        |name: &str, why: String| problems.push(Problem::new(format!("{at}.{name}"), why));
    if let Some(Value::String(text)) = file.get_mut("data_url") {
        match file_url::fetched(text, rules.own) {
            Ok(url) => *text = url,
            Err(why) => say("data_url", why),
        }
    }
    let data = file.get_mut("data").filter(|data| !data.is_null())?;
    let bytes = match data {
        Value::String(text) => decode(text, rules.cap),
        // A number would be taken for the number of bytes.
        _ => Err("must be a string".to_owned()),
    };
    let bytes = bytes.unwrap_or_else(|why| {
        say("data", why);
        Vec::new()
    });
    *data = json!(bytes.len());
    Some(bytes)
}

fn decode(text: &str, cap: u64) -> Result<Vec<u8>, String> {
    let limit = "the tenant file's `limits.attachment_size`";
    // Known before anything is decoded.
    if text.len() as u64 / 4 * 3 > cap + 3 {
        return Err(format!("is larger than the {cap} bytes of {limit}"));
    }
    if let Some((prefix, _)) = text.split_once(',').filter(|_| text.starts_with("data:")) {
        let shown: String = prefix.chars().take(80).collect();
        return Err(format!(
            "is a data: URL: leave out `{shown},` and give the base64 text alone"
        ));
    }
    let bytes = STANDARD
        .decode(text)
        .map_err(|why| format!("is not valid base64: {why}"))?;
    match bytes.len() as u64 > cap {
        true => Err(format!(
            "has {} bytes, more than the {cap} of {limit}",
            bytes.len()
        )),
        false => Ok(bytes),
    }
}

impl Prepared {
    /// Returns the input for the connector's check.
    pub(super) fn json(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }
}
