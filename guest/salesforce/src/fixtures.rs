//! Recorded answers of real orgs, for tests.

/// Returns the text of a recorded answer; `tests/data/salesforce/README.md` names the sources.
pub fn read(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/salesforce");
    let path = std::path::Path::new(folder).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
