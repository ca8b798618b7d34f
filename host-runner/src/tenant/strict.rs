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
        let is_auth = key.as_deref().is_some_and(is_in_auth);
        if is_auth {
            let problem = without_values(error.message());
            let key = key.filter(|key| is_key_of_auth::<T>(key));
            return TenantError::new(path, key.as_deref().or(Some("auth")), problem).at_line(line);
        }
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

/// Whether a dotted name is that of the table `[auth]` or lies in it.
fn is_in_auth(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    first.trim_matches([' ', '\t', '"', '\'', '[']) == "auth"
}

/// Whether a dotted name is one of the keys that `[auth]` has: what stands before a `=` may be a line of a secret.
fn is_key_of_auth<T: DeserializeOwned>(key: &str) -> bool {
    let known = known_keys::<T>(Some("auth"));
    key.strip_prefix("auth.")
        .is_some_and(|last| known.iter().any(|known| known == last))
}

/// What is wrong in `[auth]`, without what stands there: a secret may stand where a name belongs. The names that serde
/// lists are our own.
fn without_values(message: &str) -> String {
    let message = message.trim();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next().unwrap_or_default();
    let known: Vec<&str> = quoted.collect();
    let what = match message {
        field if field.starts_with("unknown field ") => Some("a key is unknown"),
        variant if variant.starts_with("unknown variant ") => Some("a value is unknown"),
        _ => None,
    };
    if let Some(what) = what {
        return suggesting(what.to_owned(), wrong, &known);
    }
    if message.starts_with("missing field ") {
        return message.replace("missing field", "missing key");
    }
    if message.starts_with("duplicate ") {
        return "a key is given twice".to_owned();
    }
    if message.starts_with("invalid type") {
        return "a value is of the wrong type: it must be a text, or for a secret also { env = \"NAME\" } or { file = \"PATH\" }"
            .to_owned();
    }
    if OWN.contains(&message) {
        return message.to_owned();
    }
    "not valid TOML: quote texts, and write each key once, as `key = \"value\"`".to_owned()
}

/// Messages about `[auth]` that quote nothing.
const OWN: [&str; 2] = [super::secret::EMPTY_TABLE, super::secret::TWO_PLACES];

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
    suggesting(format!("{what} `{wrong}`"), wrong, known)
}

/// The message with the known word that was probably meant, and all known ones.
fn suggesting(mut message: String, wrong: &str, known: &[&str]) -> String {
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

/// Whether a text is a name as keys and tables have them; anything else may be a part of a value.
fn is_name(text: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_-. ".contains(c);
    text.len() <= 60 && text.chars().all(is_of_name)
}

/// The dotted name of the key on the line at `offset`: its table header and the word before `=`.
fn key_at(text: &str, offset: usize) -> Option<String> {
    let line_number = line_of(text, offset);
    let lines: Vec<&str> = text.lines().collect();
    let line = lines.get(line_number - 1)?.trim();
    let header = |line: &str| {
        // A comment may follow.
        let name = line.strip_prefix('[')?.split(']').next()?;
        is_name(name).then(|| name.trim().to_owned())
    };
    if let Some(table) = header(line) {
        return Some(table);
    }
    let key = line.split_once('=').map(|(key, _)| key.trim());
    let key = key.filter(|key| is_name(key));
    let table = lines[..line_number - 1]
        .iter()
        .rev()
        .find_map(|line| header(line.trim()));
    match (table, key) {
        (Some(table), Some(key)) => Some(format!("{table}.{key}")),
        (Some(table), None) => Some(table),
        (None, key) => key.map(str::to_owned),
    }
}
