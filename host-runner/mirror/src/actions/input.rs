//! The JSON input of an action, checked: every problem at once, before anything is sent.
//!
//! Inputs come in three classes: those that Asymbl writes, those of the platform that it lacks (accepted; the connector says so
//! in a warning), and anything else, which is a mistake. Ids become the source's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::ids::Ids;
use super::object::Object;
use super::platform::{self, BLANK_ADDRESS};
use super::{Action, Problem};
use host_runner::egress::Origin;
use host_runner::sandbox::contract::actions::{self as contract, ActionInput};
use host_runner::unified::Model;

/// What the inputs are judged by.
pub(super) struct Rules<'a> {
    /// Turns ids into the source's own.
    pub(super) ids: Ids<'a>,
    /// Most bytes of a file.
    pub(super) cap: u64,
    /// The tenant's own origin, which no file may be fetched from.
    pub(super) own: &'a Origin,
}

/// Reads an input and notes every problem. Where a part can't be read, one without fault stands for it, so that the connector can
/// judge the rest; none where there is nothing to judge.
pub(super) fn read(
    action: Action,
    input: &Value,
    rules: &Rules<'_>,
    problems: &mut Vec<Problem>,
) -> Option<ActionInput> {
    let Value::Object(members) = input else {
        problems.push(Problem::new("", "the input must be a JSON object"));
        return None;
    };
    let mut object = Object::new(String::new(), members, problems);
    let typed = match action {
        Action::CreateCandidate | Action::CreateApplication => create(action, &mut object, rules),
        Action::AddAttachment => attach(&mut object, rules),
        Action::Move => ActionInput::Move(contract::MoveInput {
            application_id: object.id("application_id", Model::Applications, rules),
            stage_id: object.id("stage_id", Model::ApplicationStages, rules),
            extra: platform::of_others(&mut object),
        }),
        Action::GetAttachments => {
            ActionInput::GetAttachments(object.id("candidate_id", Model::Candidates, rules))
        }
    };
    object.finish();
    Some(typed)
}

/// Whether job and stage stand in the input itself, as in the platform's call of create-application (unified-model.md 3.1).
pub(super) fn is_outside(action: Action, input: &Value) -> bool {
    action == Action::CreateApplication && input.get("application").is_none_or(Value::is_null)
}

fn create(action: Action, object: &mut Object<'_>, rules: &Rules<'_>) -> ActionInput {
    let candidate = object
        .inner("candidate", true, candidate)
        .unwrap_or_else(blank_candidate);
    let outside = action == Action::CreateApplication && !object.has("application");
    let application = if outside {
        // Null is as good as absent.
        object.skip("application");
        application(object, rules)
    } else {
        let inner = object.inner("application", true, |inner| application(inner, rules));
        inner.unwrap_or(contract::ApplicationInput {
            job_id: "0".repeat(15),
            stage_id: None,
        })
    };
    let attachments = object.list("attachments", blank_attachment, |file| {
        attachment(file, rules)
    });
    let source = object.inner("source", false, |source| contract::SourceInput {
        name: source.text("name"),
        unified_key: source.text("unified_key"),
        id: source.text("id"),
    });
    ActionInput::Create(contract::CreateInput {
        candidate,
        application,
        attachments,
        source,
        extra: platform::of_creates(object),
    })
}

fn application(object: &mut Object<'_>, rules: &Rules<'_>) -> contract::ApplicationInput {
    // Null is as good as absent.
    object.skip("stage_id");
    contract::ApplicationInput {
        job_id: object.id("job_id", Model::Jobs, rules),
        stage_id: object
            .has("stage_id")
            .then(|| object.id("stage_id", Model::ApplicationStages, rules)),
    }
}

fn attach(object: &mut Object<'_>, rules: &Rules<'_>) -> ActionInput {
    let application_id = object.id("application_id", Model::Applications, rules);
    let file = object.inner("attachment", true, |file| attachment(file, rules));
    ActionInput::AddAttachment(contract::AddAttachmentInput {
        application_id,
        attachment: file.unwrap_or_else(blank_attachment),
        extra: platform::of_others(object),
    })
}

/// Of no content, but without fault.
const BLANK_TYPE: &str = "application/octet-stream";

fn blank_attachment() -> contract::AttachmentInput {
    contract::AttachmentInput {
        name: "blank".into(),
        content_type: Some(BLANK_TYPE.into()),
        content: contract::AttachmentContent::Data(Vec::new()),
        kind: None,
    }
}

fn blank_candidate() -> contract::CandidateInput {
    contract::CandidateInput {
        first_name: "blank".into(),
        last_name: "blank".into(),
        email_address: BLANK_ADDRESS.into(),
        additional_email_addresses: Vec::new(),
        company: None,
        title: None,
        phone_number: None,
        additional_phone_numbers: Vec::new(),
        location: None,
        gender: None,
        availability_date: None,
        salary_expectations: None,
        social_links: Vec::new(),
    }
}

fn candidate(object: &mut Object<'_>) -> contract::CandidateInput {
    contract::CandidateInput {
        first_name: object.required("first_name"),
        last_name: object.required("last_name"),
        email_address: object.required("email_address"),
        additional_email_addresses: platform::addresses(object),
        company: object.text("company"),
        title: object.text("title"),
        phone_number: object.text("phone_number"),
        additional_phone_numbers: platform::numbers(object),
        location: object.inner("location", false, |location| contract::LocationInput {
            city: location.text("city"),
            country: location.required("country"),
            state: location.text("state"),
            street1: location.text("street_1"),
            zip_code: location.text("zip_code"),
        }),
        gender: object
            .word(
                "gender",
                &[("MALE", "MALE"), ("FEMALE", "FEMALE"), ("OTHER", "OTHER")],
            )
            .map(str::to_owned),
        availability_date: object.text("availability_date"),
        salary_expectations: object.inner("salary_expectations", false, |salary| {
            use contract::SalaryPeriod as Period;
            let periods = [
                ("YEAR", Period::Year),
                ("MONTH", Period::Month),
                ("HOUR", Period::Hour),
            ];
            contract::SalaryExpectations {
                period: salary.word("period", &periods).unwrap_or(Period::Year),
                amount: salary.number("amount"),
            }
        }),
        social_links: platform::social_links(object),
    }
}

fn attachment(file: &mut Object<'_>, rules: &Rules<'_>) -> contract::AttachmentInput {
    use contract::AttachmentKind as Kind;
    let kinds = [
        ("CV", Kind::Cv),
        ("COVER_LETTER", Kind::CoverLetter),
        ("OTHER", Kind::Other),
    ];
    file.skip("data");
    file.skip("data_url");
    let given = (file.has("data"), file.has("data_url"));
    match given {
        (true, true) => file.say("", "give `data` or `data_url`, not both"),
        (false, false) => file.say("", "give `data` or `data_url`"),
        _ => {}
    }
    // Of two contents both are looked at.
    let bytes = given.0.then(|| data(file, rules.cap));
    let url = given.1.then(|| url(file, rules.own));
    let mut content_type = file.text("content_type");
    if content_type.is_none() {
        match given {
            (true, false) => file.say("content_type", "is required with `data`"),
            (false, false) => content_type = Some(BLANK_TYPE.into()),
            _ => {}
        }
    }
    let content = match url {
        Some(url) => contract::AttachmentContent::Url(url),
        None => contract::AttachmentContent::Data(bytes.unwrap_or_default()),
    };
    contract::AttachmentInput {
        name: file.required("name"),
        content_type,
        content,
        kind: file.word("type", &kinds),
    }
}

fn data(file: &mut Object<'_>, cap: u64) -> Vec<u8> {
    let path = file.path("data");
    let Some(text) = file.string("data") else {
        return Vec::new();
    };
    // Known before anything is decoded.
    if text.len() as u64 / 4 * 3 > cap + 3 {
        file.problems.push(Problem::new(
            path,
            format!("is larger than the {cap} bytes of the tenant file's `limits.attachment_size`"),
        ));
        return Vec::new();
    }
    if let Some((prefix, _)) = text.split_once(',').filter(|_| text.starts_with("data:")) {
        let shown: String = prefix.chars().take(80).collect();
        let message =
            format!("is a data: URL: leave out `{shown},` and give the base64 text alone");
        file.problems.push(Problem::new(path, message));
        return Vec::new();
    }
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() as u64 > cap => {
            let message = format!(
                "has {} bytes, more than the {cap} of the tenant file's `limits.attachment_size`",
                bytes.len()
            );
            file.problems.push(Problem::new(path, message));
            Vec::new()
        }
        Ok(bytes) => bytes,
        Err(why) => {
            file.problems
                .push(Problem::new(path, format!("is not valid base64: {why}")));
            Vec::new()
        }
    }
}

/// A file's URL as it is asked for: what a URL can't hold (spaces, other than ASCII) is encoded.
fn url(file: &mut Object<'_>, own: &Origin) -> String {
    let text = file.string("data_url").unwrap_or_default().to_owned();
    match parsed(&text) {
        Err(why) => file.say("data_url", &why),
        // The gate would add the tenant's credentials there.
        Ok((_, origin)) if origin == *own => {
            file.say("data_url", "must not point into the tenant's own org")
        }
        Ok((url, _)) => return url.into(),
    }
    text
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
        return Err("is no absolute URL: it holds control characters".into());
    }
    let url = url::Url::parse(text).map_err(|why| format!("is no absolute URL: {why}"))?;
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
