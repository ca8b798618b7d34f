//! Takes personal data out of a record that is shown: enough stays to see that the field is filled.

use serde_json::Value;

/// Members whose texts say who somebody is or where they live.
const PERSONAL: [&str; 10] = [
    "first_name",
    "last_name",
    "email",
    "email_address",
    "phone_number",
    "street_1",
    "street_2",
    "city",
    "zip_code",
    "raw",
];

/// Members of which nothing is known: every text in them is masked.
const UNKNOWN: [&str; 3] = ["custom_fields", "integration_fields", "remote_data"];

/// Masks a record in place.
pub(super) fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if PERSONAL.contains(&name.as_str()) {
                    mask_texts(value);
                } else if UNKNOWN.contains(&name.as_str()) {
                    mask_values(value);
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(mask),
        _ => {}
    }
}

fn mask_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            let first: String = text.chars().take(1).collect();
            *text = format!("{first}***");
        }
        Value::Array(elements) => elements.iter_mut().for_each(mask_texts),
        Value::Object(members) => members.values_mut().for_each(mask_texts),
        _ => {}
    }
}

/// Also numbers: a salary or a social security number tells more than a name.
fn mask_values(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_empty() => *text = "***".to_owned(),
        Value::Number(_) => *value = Value::from("***"),
        Value::Array(elements) => elements.iter_mut().for_each(mask_values),
        Value::Object(members) => {
            for (name, value) in members {
                // What a promoted field is called is no datum.
                if !matches!(name.as_str(), "key" | "type" | "label") {
                    mask_values(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_names_addresses_and_unknown_fields_are_masked() {
        let mut record = json!({
            "remote_id": "003",
            "first_name": "Ada",
            "last_name": null,
            "title": "Engineer",
            "email_addresses": [{ "email_address": "ada@example.com", "type": "WORK" }],
            "location": { "city": "Paris", "country": "FR", "raw": null },
            "custom_fields": { "SSN__c": "078-05-1120", "Pay__c": 90000, "Ok__c": true, "Empty__c": null },
            "integration_fields": [{ "key": "Level__c", "type": "CUSTOM", "label": "Level", "value": "7" }],
        });
        mask(&mut record);
        assert_eq!(
            record,
            json!({
                "remote_id": "003",
                "first_name": "A***",
                "last_name": null,
                "title": "Engineer",
                "email_addresses": [{ "email_address": "a***", "type": "WORK" }],
                "location": { "city": "P***", "country": "FR", "raw": null },
                "custom_fields": { "SSN__c": "***", "Pay__c": "***", "Ok__c": true, "Empty__c": null },
                "integration_fields": [{ "key": "Level__c", "type": "CUSTOM", "label": "Level", "value": "***" }],
            })
        );
    }
}
