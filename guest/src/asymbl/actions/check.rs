//! Checks an action's input against its table: every problem is found before anything is sent, and all are reported
//! at once.

use serde_json::{Map, Value};

use super::inputs::{self, Input, Kind, Role};
use super::{day, file_name};
use crate::asymbl::context::Context;
use crate::asymbl::errors::problem;
use crate::asymbl::models::common::is_email;
use crate::asymbl::models::location::is_country_code;
use crate::asymbl::settings::did_you_mean;
use crate::exports::ats::connector::about::Action;
use crate::exports::ats::connector::types::{Error, Problem};
use salesforce::composite::holds_reference;
use salesforce::transport::{FileUrl, Transport};
use salesforce::{Date, SalesforceId, Timestamp};

/// Returns every problem of an input that shows without asking the org. The actions make the same checks.
///
/// # Errors
/// `invalid-input` with all of them.
pub fn check_input<T: Transport>(
    ctx: &Context<T>,
    action: Action,
    input: &str,
) -> Result<(), Error> {
    let Ok(Value::Object(members)) = serde_json::from_str(input) else {
        let message = "the input must be a JSON object";
        return Err(Error::InvalidInput(vec![problem("", message)]));
    };
    let found = check(action, &members, ctx.settings.attachment_cap);
    match found.problems.is_empty() {
        true => Ok(()),
        false => Err(Error::InvalidInput(found.problems)),
    }
}

/// What a check found.
#[derive(Default)]
pub struct Found {
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// Inputs that Asymbl has no place for.
    pub ignored: Vec<String>,
}

/// Checks the input of an action. `cap` is the most bytes of a file.
pub fn check(action: Action, input: &Map<String, Value>, cap: u64) -> Found {
    let mut check = Check {
        table: inputs::table(action),
        cap,
        found: Found::default(),
    };
    let outside = action == Action::CreateApplication && given(input, "application").is_none();
    // The platform's create-application also takes job and stage outside of `application` (unified-model.md 3.1).
    let parents: &[&str] = if outside { &["", "application"] } else { &[""] };
    check.object(parents, "", input);
    check.found
}

/// Returns a member unless it is null.
fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn join(parent: &str, name: &str) -> String {
    match parent {
        "" => name.to_owned(),
        parent => format!("{parent}.{name}"),
    }
}

/// A check under way.
struct Check {
    table: &'static [Input],
    /// The most bytes of a file.
    cap: u64,
    found: Found,
}

impl Check {
    fn report(&mut self, at: &str, message: impl Into<String>) {
        self.found.problems.push(problem(at, message));
    }

    /// Checks an object whose members the table has under `parents`; `at` is its path in messages.
    fn object(&mut self, parents: &[&str], at: &str, members: &Map<String, Value>) {
        let declared: Vec<&Input> = (self.table.iter())
            .filter(|input| input.role != Role::Beside && parents.contains(&input.place().0))
            .collect();
        for input in &declared {
            let name = input.place().1;
            let at = join(at, name);
            match given(members, name) {
                Some(value) => self.value(input, &at, value),
                None if parents.contains(&input.path) => {}
                None if input.required => self.report(&at, "is required"),
                None => {}
            }
        }
        let known: Vec<&str> = declared.iter().map(|input| input.place().1).collect();
        for name in members.keys().map(String::as_str) {
            if !known.contains(&name) {
                let hint = did_you_mean(name, known.iter().copied());
                self.report(&join(at, name), format!("there is no such input{hint}"));
            }
        }
    }

    fn value(&mut self, input: &Input, at: &str, value: &Value) {
        if input.role == Role::Ignored && value != &Value::Array(Vec::new()) {
            self.found.ignored.push(input.name());
        }
        match (input.kind, value) {
            (Kind::Part, value) => self.part(input, at, value),
            (Kind::List, Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.part(input, &format!("{at}[{i}]"), item);
                }
            }
            (Kind::List, _) => self.report(at, "must be an array"),
            _ => {
                if let Err(why) = self.leaf(input, value) {
                    self.report(at, why);
                }
            }
        }
    }

    fn part(&mut self, input: &Input, at: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                self.object(&[input.path], at, members);
                self.content_of(input, at, members);
            }
            _ => self.report(at, "must be an object"),
        }
    }

    /// Checks that a file has its bytes or an address.
    fn content_of(&mut self, input: &Input, at: &str, members: &Map<String, Value>) {
        let mut inner = self.table.iter().filter(|i| i.place().0 == input.path);
        if !inner.any(|i| i.kind == Kind::FileUrl) {
            return;
        }
        let has = |name: &str| given(members, name).is_some();
        match (has("data"), has("data_url")) {
            (true, true) => self.report(at, "give `data` or `data_url`, not both"),
            (false, false) => self.report(at, "give `data` or `data_url`"),
            (true, false) if !has("content_type") => {
                self.report(&join(at, "content_type"), "is required with `data`");
            }
            _ => {}
        }
    }

    /// Checks a value that holds no further inputs.
    fn leaf(&self, input: &Input, value: &Value) -> Result<(), String> {
        match (input.kind, value) {
            (Kind::Any, _) | (Kind::Open, Value::Object(_)) | (Kind::Flag, Value::Bool(_)) => {
                Ok(())
            }
            (Kind::Open, _) => Err("must be an object".to_owned()),
            (Kind::Flag, _) => Err("must be true or false".to_owned()),
            (Kind::Amount, value) => match value.as_f64() {
                Some(number) if number >= 0.0 => Ok(()),
                _ => Err("must be a number, 0 or more".to_owned()),
            },
            (Kind::Data, Value::Number(bytes)) => self.size(bytes.as_u64().unwrap_or(u64::MAX)),
            // Base64 has four characters for three bytes.
            (Kind::Data, Value::String(text)) => self.size(text.len() as u64 / 4 * 3),
            (_, Value::String(text)) if input.required && text.trim().is_empty() => {
                Err("must not be empty".to_owned())
            }
            (kind, Value::String(text)) => text_of(kind, text),
            _ => Err("must be a string".to_owned()),
        }
    }

    fn size(&self, bytes: u64) -> Result<(), String> {
        match bytes > self.cap {
            true => Err(format!(
                "has {bytes} bytes, more than the {} of the setting `attachment_cap`",
                self.cap
            )),
            false => Ok(()),
        }
    }
}

/// Checks a text.
fn text_of(kind: Kind, text: &str) -> Result<(), String> {
    let is = |what: &str| Err(format!("{:?} is {what}", shortened(text)));
    let trimmed = text.trim();
    match kind {
        Kind::Line => writable(text),
        Kind::Email if is_email(trimmed) => writable(text),
        Kind::Email => is("not an e-mail address"),
        Kind::Word(words) if words.contains(&text) => Ok(()),
        Kind::Word(words) => Err(format!("must be one of {}", words.join(", "))),
        Kind::Country if is_country_code(text) => Ok(()),
        Kind::Country => is("not a country: give two capital letters of ISO 3166-1, such as US"),
        // The zone decides about a day, not about what is wrong.
        Kind::Date => match day::date(text, "UTC") {
            Ok(_) => Ok(()),
            Err(why) => is(why),
        },
        Kind::Moment if Timestamp::parse(trimmed).is_ok() || Date::parse(trimmed).is_ok() => Ok(()),
        Kind::Moment => is("not a date or a moment, such as 2026-12-01T00:00:00Z"),
        Kind::Id => salesforce_id(text).map(drop),
        Kind::FileName if file_name::clean(text, None).name.is_empty() => {
            is("not a file name, such as CV.pdf")
        }
        Kind::ContentType if !file_name::is_content_type(text) => {
            is("not a content type, such as application/pdf")
        }
        Kind::FileUrl => FileUrl::parse(text).map(drop).map_err(|why| why.text),
        Kind::Link if !is_absolute(trimmed) => {
            is("not an absolute URL, such as https://example.com/me")
        }
        _ => Ok(()),
    }
}

/// Reads the id of a record, of 15 or 18 characters.
///
/// # Errors
/// Why it is not one.
pub fn salesforce_id(text: &str) -> Result<SalesforceId, String> {
    SalesforceId::parse(text.trim()).map_err(|why| format!("is not an id of Salesforce: {why}"))
}

/// Refuses a text that can't be written as it is.
fn writable(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err("must not hold line breaks or other control characters".to_owned());
    }
    match holds_reference(text) {
        true => Err(
            "must not hold `@{`, which Salesforce would replace by another record's value"
                .to_owned(),
        ),
        false => Ok(()),
    }
}

/// Returns true if a text begins with a scheme and says something behind it.
fn is_absolute(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else {
        return false;
    };
    let scheme_like = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(scheme_like)
        && !rest.trim_start_matches('/').is_empty()
        && !url.contains(char::is_whitespace)
}

/// Returns the beginning of a text, for a message.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
