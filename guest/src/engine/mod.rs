//! The half of the connector that knows Salesforce and the contract, and nothing of Asymbl: listings in phases, cursors
//! and sync tokens, watermarks, caches, and what settings are read with. A second connector would share it as a crate;
//! the test below keeps it ready for that.

mod ahead;
mod beside;
mod cache;
pub mod cursor;
mod errors;
mod hash;
mod phase;
pub mod settings;
pub mod token;
mod versions;
pub mod watermarks;

pub use ahead::Ahead;
pub use beside::{Beside, BesideRows};
pub use cache::RowCache;
pub use errors::{failure, problem, resync};
pub use hash::hash;
pub use phase::{Phase, pointed_to_by};
pub use versions::Versions;

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Returns the lines of code that name the connector, with their files.
    fn lines_naming_asymbl(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(lines_naming_asymbl(&path));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let named = code.filter(|line| line.contains("asymbl") || line.contains("bpats"));
            found.extend(named.map(|line| format!("{}: {line}", path.display())));
        }
        found
    }

    #[test]
    fn the_engine_knows_nothing_of_asymbl() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine");
        assert_eq!(lines_naming_asymbl(&folder), [""; 0]);
    }
}
