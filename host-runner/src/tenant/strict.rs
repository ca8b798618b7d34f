//! TOML read strictly: an unknown key is an error that says where it is and what was probably meant.
//!
//! A silently ignored `max_memroy` is a limit that does not hold. The known keys come from the serde structs themselves
//! (through serde's own message), so there is no second list to forget.

use super::TenantError;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Reads TOML into a struct that refuses unknown fields.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, TenantError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let key = error.span().and_then(|span| key_at(text, span.start));
        let secret = key.as_deref().is_some_and(holds_secret);
        let mut problem = explained(error.message(), secret);
        if let Some(wrong) = unknown_field(error.message()) {
            let is_typo = problem.contains("did you mean");
            problem += &match home::<T>(wrong) {
                Some(home) => format!(". `{wrong}` belongs {home}"),
                None if is_typo => String::new(),
                None => ". Settings of the connector belong in [connector]".to_owned(),
            };
        }
        TenantError::new(path, key.as_deref(), problem).at_line(line)
    })
}

/// The key that serde's message calls unknown.
fn unknown_field(message: &str) -> Option<&str> {
    let rest = message.trim().strip_prefix("unknown field `")?;
    rest.split('`').next()
}

/// The keys of a table, or of the top of the file: those that serde lists when it meets another one.
fn known_keys<T: DeserializeOwned>(table: Option<&str>) -> Vec<String> {
    const OTHER: &str = "no_key_is_called_so";
    let header = table.map_or_else(String::new, |table| format!("[{table}]\n"));
    let Err(error) = toml::from_str::<T>(&format!("{header}{OTHER} = 1\n")) else {
        return Vec::new();
    };
    if unknown_field(error.message()) != Some(OTHER) {
        return Vec::new();
    }
    let quoted = error.message().split('`').skip(1).step_by(2);
    quoted.skip(1).map(str::to_owned).collect()
}

/// Where in the file a key belongs, if it does anywhere.
pub(crate) fn home<T: DeserializeOwned>(key: &str) -> Option<String> {
    let top = known_keys::<T>(None);
    if top.iter().any(|known| known == key) {
        return Some("at the top of the file, before the first table".to_owned());
    }
    let table = top.iter().find(|table| {
        let keys = known_keys::<T>(Some(table));
        keys.iter().any(|known| known == key)
    })?;
    Some(format!("in [{table}]"))
}

/// Keys whose value must not be repeated in a message.
fn holds_secret(key: &str) -> bool {
    ["secret", "token", "key", "password"]
        .iter()
        .any(|part| key.contains(part))
        && !key.ends_with("token_url")
}

fn explained(message: &str, secret: bool) -> String {
    let message = message.trim();
    if let Some(rest) = message
        .strip_prefix("unknown field ")
        .or_else(|| message.strip_prefix("unknown variant "))
    {
        let what = if message.starts_with("unknown field") {
            "unknown key"
        } else {
            "unknown value"
        };
        let mut quoted = rest.split('`').skip(1).step_by(2);
        let wrong = quoted.next().unwrap_or_default();
        let known: Vec<&str> = quoted.collect();
        return unknown(what, wrong, &known);
    }
    if secret && message.contains("invalid type") {
        return "must be a text, { env = \"NAME\" } or { file = \"PATH\" }".to_owned();
    }
    message
        .replace("missing field", "missing key")
        .replace('\n', "; ")
}

/// The message for a word that is none of the known ones, with the closest as a suggestion.
pub(crate) fn unknown(what: &str, wrong: &str, known: &[&str]) -> String {
    let mut message = format!("{what} `{wrong}`");
    if let Some(close) = closest(wrong, known) {
        message += &format!("; did you mean `{close}`?");
    }
    if !known.is_empty() {
        let stop = if message.ends_with('?') { "" } else { "." };
        message += &format!("{stop} Known here: {}", known.join(", "));
    }
    message
}

/// The known word that a typing slip most likely meant.
fn closest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong = wrong.to_ascii_lowercase().replace('-', "_");
    // A word cut short is meant before one that merely looks alike: `requests` is `requests_per_job`.
    if let Some(longer) = known
        .iter()
        .find(|word| wrong.len() >= 3 && word.replace('-', "_").starts_with(&wrong))
    {
        return Some(longer);
    }
    let score = |word: &str| {
        let word = word.replace('-', "_");
        // Jaro-Winkler is blind to swapped letters in short words (`evn`).
        let swapped = strsim::osa_distance(&wrong, &word) == 1;
        if swapped {
            0.95
        } else {
            strsim::jaro_winkler(&wrong, &word)
        }
    };
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    // Below this, Jaro-Winkler pairs words that share only a few letters.
    (score(best) > 0.75).then_some(*best)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

/// The dotted name of the key on the line at `offset`: its table header and the word before `=`.
fn key_at(text: &str, offset: usize) -> Option<String> {
    let line_number = line_of(text, offset);
    let lines: Vec<&str> = text.lines().collect();
    let line = lines.get(line_number - 1)?.trim();
    let header = |line: &str| {
        line.strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .map(str::to_owned)
    };
    if let Some(table) = header(line) {
        return Some(table);
    }
    let key = line.split_once('=')?.0.trim();
    let table = lines[..line_number - 1]
        .iter()
        .rev()
        .find_map(|line| header(line.trim()));
    Some(match table {
        Some(table) => format!("{table}.{key}"),
        None => key.to_owned(),
    })
}
