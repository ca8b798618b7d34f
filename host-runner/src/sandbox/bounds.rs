//! How much of a connector's answer is kept: bounds on whatever is stored or printed.
//!
//! One call may return 128 MiB. A profile of 100 MB, a key of 10 MB or a message of that size would be written into
//! every tenant's mirror, log and terminal. What identifies or continues something is refused above its bound, since
//! half of it would be wrong; what people read is cut.

use super::bindings::contract::{reads, types};
use super::error::CallError;

/// A profile: "up to a few hundred kilobytes" by the contract.
const PROFILE: Limit = Limit("profile", 1 << 20);
/// A cursor carries up to some 2,000 ids (of 18 characters) to its next page.
const CURSOR: Limit = Limit("cursor", 64 << 10);
const TOKEN: Limit = Limit("sync token", 64 << 10);
/// Natural keys and remote ids; Salesforce's have 18 characters, those of a join model 37.
const KEY: Limit = Limit("key", 255);
/// What people read: Salesforce's own longest messages are some 1,000 characters.
const MESSAGE: usize = 4_000;
/// Problems, warnings, notes of one answer.
const LIST: usize = 100;
/// Levels of JSON in a record, whose source row is the deepest of it: a query reaches five levels up and five down
/// (salesforce-api.md 2.3).
const NESTING: usize = 64;

/// The name of something, and how many bytes it may have.
struct Limit(&'static str, usize);

impl Limit {
    fn check(&self, text: &str) -> Result<(), CallError> {
        let Self(what, limit) = *self;
        if text.len() <= limit {
            return Ok(());
        }
        Err(CallError::BrokenContract(format!(
            "a {what} has {} bytes, more than the {limit} that one may have",
            text.len()
        )))
    }

    fn check_all(&self, texts: &[String]) -> Result<(), CallError> {
        texts.iter().try_for_each(|text| self.check(text))
    }
}

pub(super) fn discovery(mut found: reads::Discovery) -> Result<reads::Discovery, CallError> {
    PROFILE.check(&found.profile)?;
    KEY.check(&found.organization.id)?;
    cut_warnings(&mut found.warnings);
    found.facts.truncate(LIST);
    for fact in &mut found.facts {
        cut(&mut fact.name);
        cut(&mut fact.value);
    }
    Ok(found)
}

pub(super) fn keys(keys: &[String]) -> Result<(), CallError> {
    KEY.check_all(keys)
}

pub(super) fn page_info(info: &mut reads::PageInfo) -> Result<(), CallError> {
    match &info.progress {
        reads::Progress::More(cursor) => CURSOR.check(cursor)?,
        reads::Progress::Done(token) => TOKEN.check(token)?,
    }
    KEY.check_all(&info.deleted)?;
    cut_warnings(&mut info.notes);
    rechecks(&info.rechecks)
}

pub(super) fn rechecks(rechecks: &[reads::Recheck]) -> Result<(), CallError> {
    rechecks.iter().try_for_each(|recheck| match recheck {
        reads::Recheck::Referrers(referrers) => KEY.check_all(&referrers.ids),
        reads::Recheck::UsersOutsideTeams(ids) => KEY.check_all(ids),
        reads::Recheck::CandidatesWithoutApplication(candidates) => candidates
            .iter()
            .flat_map(|it| it.application_id.iter().chain([&it.candidate_id]))
            .try_for_each(|id| KEY.check(id)),
    })
}

pub(super) fn id_page(page: reads::IdPage) -> Result<reads::IdPage, CallError> {
    page.next.iter().try_for_each(|next| CURSOR.check(next))?;
    page.keys.iter().try_for_each(|key| KEY.check(&key.key))?;
    Ok(page)
}

pub(super) fn probes(probes: Vec<reads::ModelProbe>) -> Result<Vec<reads::ModelProbe>, CallError> {
    probes
        .iter()
        .try_for_each(|probe| TOKEN.check(&probe.token))?;
    Ok(probes)
}

/// Checks how deeply a JSON text is nested; it need not be valid.
pub(super) fn nesting(what: &str, json: &str) -> Result<(), CallError> {
    // Nearly every record has fewer brackets than levels that are allowed.
    let brackets = memchr::memchr2_iter(b'[', b'{', json.as_bytes());
    if brackets.take(NESTING + 1).count() <= NESTING {
        return Ok(());
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'[' | b'{' if !is_text => depth += 1,
            b']' | b'}' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING {
            return Err(CallError::BrokenContract(format!(
                "{what} is nested more than {NESTING} levels deep"
            )));
        }
    }
    Ok(())
}

/// A connector's error, cut to a size that can be stored and printed.
pub(super) fn error(mut error: types::Error) -> types::Error {
    use types::Error as E;
    match &mut error {
        E::Unauthenticated(f)
        | E::Permission(f)
        | E::Unavailable(f)
        | E::NotFound(f)
        | E::JobClosed(f)
        | E::ProfileOutdated(f)
        | E::ResyncRequired(f)
        | E::Unsupported(f)
        | E::Remote(f) => cut_failure(f),
        E::Other(other) => {
            cut(&mut other.code);
            cut_failure(&mut other.failure);
        }
        E::RateLimited(limit) => cut_failure(&mut limit.failure),
        E::AlreadyExists(conflict) => {
            cut(&mut conflict.existing_id);
            cut_failure(&mut conflict.failure);
        }
        E::InvalidInput(problems) => {
            problems.truncate(LIST);
            for problem in problems {
                cut(&mut problem.field);
                cut(&mut problem.message);
                cut_remote(&mut problem.remote);
            }
        }
    }
    error
}

fn cut_failure(failure: &mut types::Failure) {
    cut(&mut failure.message);
    cut_remote(&mut failure.remote);
}

fn cut_remote(remote: &mut Option<types::RemoteAnswer>) {
    if let Some(remote) = remote {
        cut(&mut remote.message);
        remote.code.iter_mut().for_each(cut);
        remote.fields.truncate(LIST);
        remote.fields.iter_mut().for_each(cut);
    }
}

fn cut_warnings(warnings: &mut Vec<types::Warning>) {
    warnings.truncate(LIST);
    for warning in warnings {
        cut(&mut warning.code);
        cut(&mut warning.message);
    }
}

fn cut(text: &mut String) {
    if text.len() > MESSAGE {
        text.truncate(text.floor_char_boundary(MESSAGE));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_texts_are_no_levels() {
        assert!(nesting("row", &format!(r#"{{"a":"{}\"["}}"#, "[".repeat(1_000))).is_ok());
        let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(nesting("row", &nested(NESTING)).is_ok());
        assert!(nesting("row", &nested(NESTING + 1)).is_err());
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let mut text = "é".repeat(10_000_000);
        cut(&mut text);
        assert_eq!(text.chars().count(), MESSAGE / 2 + 1);
        let failure = types::Failure {
            message: "x".repeat(10_000_000),
            remote: None,
        };
        let problem = types::Problem {
            field: "y".repeat(10_000_000),
            message: String::new(),
            remote: None,
        };
        for long in [
            types::Error::Remote(failure),
            types::Error::InvalidInput(vec![problem; 1_000]),
        ] {
            let message = CallError::Connector(Box::new(error(long))).to_string();
            assert!(
                message.len() < (LIST + 1) * (MESSAGE + 10),
                "{}",
                message.len()
            );
        }
    }
}
