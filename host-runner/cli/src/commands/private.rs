//! Files that only their owner can read: secrets, and personal data.

use std::io::{self, Write as _};
use std::path::Path;

use super::WrongInput;

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// [`WrongInput`] if it can't be written.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), WrongInput> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unwritable = |why: io::Error| WrongInput(format!("can't write {}: {why}", path.display()));
    // tempfile creates with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    file.write_all(text.as_bytes()).map_err(unwritable)?;
    file.persist(path).map_err(|why| unwritable(why.error))?;
    Ok(())
}
