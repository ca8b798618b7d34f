//! Inputs of the platform that Asymbl has no place for: their shapes are checked, the connector says that it leaves
//! them out (unified-model.md 3.1).

use serde_json::{Map, Value};

use super::object::Object;
use host_runner::sandbox::contract::actions::ContactDetail;

/// An e-mail address without fault.
pub(super) const BLANK_ADDRESS: &str = "blank@example.com";

/// Those of the two creates, as the contract's `extra`.
pub(super) fn of_creates(object: &mut Object<'_>) -> Option<String> {
    let extra = extra(
        object,
        &[
            "screening_question_answers",
            "sourced_by",
            "gdpr_consent",
            "remote_fields",
        ],
    );
    let answer = |one: &mut Object<'_>| {
        one.required("question_id");
        one.any("answer");
    };
    object.list("screening_question_answers", || (), answer);
    object.inner("sourced_by", false, |by| by.text("user_id"));
    object.inner("gdpr_consent", false, |consent| {
        consent.flag("given");
        consent.moment("expires_at");
    });
    object.open("remote_fields");
    extra
}

/// Those of the other actions that write.
pub(super) fn of_others(object: &mut Object<'_>) -> Option<String> {
    let extra = extra(object, &["remote_fields"]);
    object.open("remote_fields");
    extra
}

fn extra(object: &Object<'_>, names: &[&str]) -> Option<String> {
    let given = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), object.given(name)?.clone())));
    let given: Map<String, Value> = given.collect();
    (!given.is_empty()).then(|| Value::Object(given).to_string())
}

/// `additional_email_addresses`. Whether they are addresses is for the connector to say.
pub(super) fn addresses(object: &mut Object<'_>) -> Vec<ContactDetail> {
    let kinds = ["PERSONAL", "WORK", "OTHER"].map(|kind| (kind, kind));
    let blank = || ContactDetail {
        value: BLANK_ADDRESS.into(),
        kind: None,
    };
    object.list("additional_email_addresses", blank, |one| ContactDetail {
        value: one.required("email_address"),
        kind: one.word("type", &kinds).map(str::to_owned),
    })
}

/// `additional_phone_numbers`.
pub(super) fn numbers(object: &mut Object<'_>) -> Vec<ContactDetail> {
    let blank = || ContactDetail {
        value: String::new(),
        kind: None,
    };
    object.list("additional_phone_numbers", blank, |one| ContactDetail {
        value: one.required("phone_number"),
        kind: one.text("type"),
    })
}

/// `social_links`.
pub(super) fn social_links(object: &mut Object<'_>) -> Vec<String> {
    object.list("social_links", String::new, |link| {
        let url = link.required("url");
        if !url.trim().is_empty() && url::Url::parse(url.trim()).is_err() {
            link.say("url", "is no absolute URL, such as https://example.com/me");
        }
        url
    })
}
