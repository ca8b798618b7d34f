//! A connector of the contract whose `discover` does what its settings name: compute for ever, take all memory, ask for
//! other hosts. `tests/tests/sandbox.rs` has a test for each behaviour.
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
mod refuse;

use bindings::exports::ats::connector::reads;

/// The component.
pub struct Hostile;

fn discover() -> Result<reads::Discovery, reads::Error> {
    let settings = bindings::ats::connector::host::get_connection().settings;
    // The settings are `{"behaviour":"name"}`; a JSON parser would be the larger part of this program.
    let name = settings.split('"').nth(3).unwrap_or_default();
    let known = behaviours::TABLE;
    let said = match known.iter().find(|(known, _)| format!("{known:?}") == name) {
        Some((_, behave)) => behave(),
        None => format!("no behaviour {name:?}"),
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
