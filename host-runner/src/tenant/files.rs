//! Files beside the tenant file, and their texts.

use std::path::{Path, PathBuf};

/// A path of the tenant file, taken relative to that file's own folder.
pub(crate) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent()
        .map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

/// A text without the byte order mark that some editors put before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
