//! How an org differs from the plain one: other value sets, state and country picklists, an address on work sites,
//! awkward text. Each is a change to the schema and to the values of the rows that go with it.

use serde_json::{Value as Json, json};

use super::words::{AWKWARD, PLACES};
use crate::schema::{SchemaError, SchemaSpec};
use crate::server::config::Variations;
use crate::value::Value;

/// Values of the plain org and what an org with its own words says instead.
const OTHER_WORDS: [(&str, &str); 18] = [
    ("Open", "Live"),
    ("Draft", "In Preparation"),
    ("On Hold", "Paused"),
    ("Filled", "Hired"),
    ("Closed", "Done"),
    ("Cancelled", "Called Off"),
    ("Permanent", "Perm"),
    ("Consulting", "Statement of Work"),
    ("Direct Hire", "Straight to Client"),
    ("Contract", "Temp (long)"),
    ("Contract to Hire", "Try & Hire"),
    ("Temporary", "Temp (short)"),
    ("Application", "Inbox"),
    ("Internal Review", "Desk Check"),
    ("Offer", "Proposal"),
    ("Client Submission", "Sent Over"),
    ("Interview", "Conversation"),
    ("Placement", "Start"),
];

/// Fields whose values come from the package's value sets.
const WORD_FIELDS: [&str; 3] = ["bpats__Status__c", "bpats__Type__c", "bpats__Stage_Type__c"];
/// The value sets that differ.
const WORD_SETS: [&str; 3] = ["bpats__Job_Status", "bpats__Job_Type", "bpats__Stage_Type"];

/// States that the made-up places lie in, by code.
const STATES: [(&str, &str); 22] = [
    ("AZ", "Arizona"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("FL", "Florida"),
    ("IA", "Iowa"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("KY", "Kentucky"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("NC", "North Carolina"),
    ("NE", "Nebraska"),
    ("NY", "New York"),
    ("OH", "Ohio"),
    ("OR", "Oregon"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WI", "Wisconsin"),
];
/// Countries, by code.
const COUNTRIES: [(&str, &str); 3] = [("US", "United States"), ("CA", "Canada"), ("DE", "Germany")];

/// Addresses of standard objects.
const ADDRESSES: [(&str, &str); 4] = [
    ("Account", "Billing"),
    ("Account", "Shipping"),
    ("Contact", "Mailing"),
    ("Contact", "Other"),
];

/// Text worse than the ordinary seed's: control characters, NUL, a bidirectional override, a byte order mark.
const CONTROLS: &str = "bell\u{7} nul\u{0} unit\u{1f} del\u{7f} \u{202e}right to left\u{202c} \u{feff}mark \u{2028}line";

/// The package's data file with the words of this org.
pub fn package(text: &str, variations: &Variations) -> Result<String, SchemaError> {
    if !variations.other_value_sets {
        return Ok(text.to_owned());
    }
    let mut file: Json = serde_json::from_str(text)?;
    for name in WORD_SETS {
        for list in ["seen", "assumed"] {
            for value in file["global_value_sets"][name][list]
                .as_array_mut()
                .into_iter()
                .flatten()
            {
                if let Some(other) = value.as_str().and_then(other_word) {
                    *value = json!(other);
                }
            }
        }
    }
    Ok(file.to_string())
}

fn other_word(word: &str) -> Option<&'static str> {
    OTHER_WORDS
        .iter()
        .find(|(plain, _)| *plain == word)
        .map(|(_, other)| *other)
}

/// Fields that the variations add.
pub fn fields(variations: &Variations) -> Result<SchemaSpec, SchemaError> {
    let mut objects = Vec::new();
    if variations.state_country_picklists {
        fn values(table: &[(&'static str, &'static str)]) -> Vec<&'static str> {
            table.iter().map(|(code, _)| *code).collect()
        }
        for (object, prefix) in ADDRESSES {
            let field = |part: &str, label: &str, values: Vec<&str>| {
                json!({"name": format!("{prefix}{part}"), "label": format!("{prefix} {label}"), "type": "picklist", "length": 10,
                       "values": values, "restricted": true, "compound": format!("{prefix}Address")})
            };
            let own = [
                field("StateCode", "State/Province Code", values(&STATES)),
                field("CountryCode", "Country Code", values(&COUNTRIES)),
            ];
            objects.push(json!({"name": object, "label": object, "fields": own}));
        }
    }
    if variations.work_site_address && !variations.no_package {
        let part = |name: &str, kind: &str, length: u32| {
            json!({"name": format!("Address__{name}__s"), "label": format!("Address ({name})"), "type": kind, "length": length,
                   "compound": "Address__c"})
        };
        let place = |name: &str| {
            json!({"name": format!("Address__{name}__s"), "label": format!("Address ({name})"), "type": "double", "precision": 18,
                   "scale": 15, "compound": "Address__c"})
        };
        let own = [
            part("Street", "textarea", 255),
            part("City", "string", 40),
            part("PostalCode", "string", 20),
            part("StateCode", "picklist", 10),
            part("CountryCode", "picklist", 10),
            place("Latitude"),
            place("Longitude"),
            json!({"name": "Address__c", "label": "Address", "type": "address", "read_only": true}),
        ];
        objects.push(json!({"name": "bpats__Work_Site_Location__c", "label": "Work Site Location", "fields": own}));
    }
    Ok(serde_json::from_value(json!({"objects": objects}))?)
}

/// Brings the values of one row into the form of this org.
pub fn shape(
    variations: &Variations,
    object: &str,
    number: usize,
    values: &mut Vec<(&'static str, Value)>,
) {
    if variations.other_value_sets && object.starts_with("bpats__") {
        other_words(values);
    }
    if variations.state_country_picklists && matches!(object, "Account" | "Contact") {
        codes(values);
    }
    if variations.work_site_address && object == "bpats__Work_Site_Location__c" {
        address(number, values);
    }
    if variations.awkward_text {
        awkward(object, number, values);
    }
}

fn other_words(values: &mut [(&'static str, Value)]) {
    for (field, value) in values {
        let Value::Text(text) = value else { continue };
        if WORD_FIELDS.contains(field)
            && let Some(other) = other_word(text)
        {
            *value = other.into();
        } else if *field == "bpats__Filter_Criteria__c" {
            let changed = OTHER_WORDS
                .iter()
                .find(|(plain, _)| text.contains(&format!("\"{plain}\"")));
            if let Some((plain, other)) = changed {
                *value = text
                    .replace(&format!("\"{plain}\""), &format!("\"{other}\""))
                    .into();
            }
        }
    }
}

/// The codes go into fields of their own, the text fields hold the names.
fn codes(values: &mut Vec<(&'static str, Value)>) {
    /// Text field, code field, names by code.
    type Coded = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
    );
    const FIELDS: [Coded; 4] = [
        ("MailingState", "MailingStateCode", &STATES),
        ("MailingCountry", "MailingCountryCode", &COUNTRIES),
        ("BillingState", "BillingStateCode", &STATES),
        ("BillingCountry", "BillingCountryCode", &COUNTRIES),
    ];
    let mut more = Vec::new();
    for (field, value) in values.iter_mut() {
        let known = FIELDS.iter().find(|(text, ..)| text == field);
        let (Some((_, code_field, names)), Some(code)) = (known, value.as_str()) else {
            continue;
        };
        if let Some((code, name)) = names.iter().find(|(known, _)| *known == code) {
            more.push((*code_field, Value::from(*code)));
            *value = (*name).into();
        }
    }
    values.append(&mut more);
}

fn address(number: usize, values: &mut Vec<(&'static str, Value)>) {
    let abroad = values
        .iter()
        .any(|(_, value)| value.as_str() == Some("Other"));
    let name = values
        .iter()
        .find(|(field, _)| *field == "Name")
        .and_then(|(_, name)| name.as_str());
    let place = name.and_then(|name| PLACES.iter().find(|(city, ..)| name.starts_with(city)));
    let street = format!("{} Dock Road\r\nGate {}", number + 1, number % 9);
    values.push(("Address__Street__s", street.into()));
    match place {
        Some((city, state, postal)) if !abroad => values.extend([
            ("Address__City__s", Value::from(*city)),
            ("Address__PostalCode__s", (*postal).into()),
            ("Address__StateCode__s", (*state).into()),
            ("Address__CountryCode__s", "US".into()),
        ]),
        _ => values.extend([
            ("Address__City__s", Value::from("Toronto")),
            ("Address__PostalCode__s", "M5H 2N2".into()),
            ("Address__StateCode__s", "ON".into()),
            ("Address__CountryCode__s", "CA".into()),
        ]),
    }
}

/// Every second row gets text that breaks careless clients; every fifth job a description as long as the field.
fn awkward(object: &str, number: usize, values: &mut [(&'static str, Value)]) {
    const NAMES: [(&str, &str); 5] = [
        ("Contact", "LastName"),
        ("Contact", "Title"),
        ("Account", "Name"),
        ("bpats__Job__c", "Name"),
        ("bpats__ATS_Applicant__c", "bpats__Application_Notes__c"),
    ];
    for (at, (field, value)) in values.iter_mut().enumerate() {
        if *field == "bpats__Job_Description__c" && number.is_multiple_of(5) {
            *value = longest_html().into();
        } else if NAMES.contains(&(object, *field)) && number % 2 == 1 {
            let text = match (number / 2 + at) % (AWKWARD.len() + 1) {
                0 => CONTROLS,
                n => AWKWARD[n - 1],
            };
            *value = text.into();
        }
    }
}

/// Rich text of exactly 32,768 UTF-16 units, the most that the field holds.
fn longest_html() -> String {
    const PIECE: &str = "<p>“quoted” &amp; 日本語 שלום <b>bold</b><br></p>\r\n";
    const FRAME: [&str; 2] = ["<p>", "</p>"];
    let piece = PIECE.encode_utf16().count();
    let room = 32_768 - FRAME.concat().len();
    let filler = "x".repeat(room % piece);
    format!(
        "{}{}{filler}{}",
        PIECE.repeat(room / piece),
        FRAME[0],
        FRAME[1]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_html_fills_the_field_exactly() {
        assert_eq!(longest_html().encode_utf16().count(), 32_768);
    }

    #[test]
    fn every_state_of_the_places_has_a_name() {
        for (city, state, _) in PLACES {
            assert!(STATES.iter().any(|(code, _)| *code == state), "{city}");
        }
    }
}
