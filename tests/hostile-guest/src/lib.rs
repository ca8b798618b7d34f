//! A connector of the contract that does what its settings name: `discover` computes for ever, takes all memory, asks
//! for other hosts (`tests/tests/sandbox.rs` has a test for each behaviour); listings of users have no end
//! (`tests/tests/hostile_listings.rs`).
#![allow(
    clippy::result_large_err,
    reason = "the contract's error is what it is"
)]

#[allow(missing_docs, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit", world: "connector", generate_all });
}

mod behaviour;
mod behaviours;
mod listings;
mod refuse;

use bindings::exports::ats::connector::reads;

/// The component.
pub struct Hostile;

/// What the settings ask for.
fn behaviour_name() -> String {
    setting("behaviour").unwrap_or_default()
}

/// A text of the settings, which are as flat as `{"behaviour":"name"}`: a JSON parser would be the larger part of this
/// program.
fn setting(name: &str) -> Option<String> {
    let settings = bindings::ats::connector::host::get_connection().settings;
    let (_, value) = settings.split_once(&format!("\"{name}\":\""))?;
    value.split('"').next().map(str::to_owned)
}

fn discover() -> Result<reads::Discovery, reads::Error> {
    let name = behaviour_name();
    let known = behaviours::TABLE;
    let said = match known.iter().find(|(known, _)| format!("{known:?}") == name) {
        Some((_, behave)) => behave(),
        None => {
            listings::asked().map_or_else(|| format!("no behaviour {name:?}"), listings::profile)
        }
    };
    Ok(reads::Discovery {
        profile: said,
        organization: reads::Organization {
            id: "hostile".into(),
            name: None,
            time_zone: "UTC".into(),
        },
        facts: Vec::new(),
        warnings: Vec::new(),
    })
}

bindings::export!(Hostile with_types_in bindings);
