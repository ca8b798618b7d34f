//! Recorded answers of real orgs, for tests.

use std::path::Path;

/// The text of a recorded answer; none, said loudly, where the recordings are not at hand.
pub fn read(name: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("SALESFORCE_FIXTURES") else {
        eprintln!(
            "SKIPPED: SALESFORCE_FIXTURES is not set, so the recorded answer {name} is not tried"
        );
        return None;
    };
    let path = Path::new(&folder).join(name);
    let text = std::fs::read_to_string(&path);
    Some(text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
