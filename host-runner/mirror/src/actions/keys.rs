//! Idempotency keys: a repeat of a call is answered from the mirror, and what its first call left open is finished.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::error::{ActionError, Problem};
use super::output::Outcome;
use super::signed::unsigned;
use crate::store::{Attempt, Earlier, Ending, Mirror};
use host_runner::sandbox::{CallError, ErrorKind, Job};
use host_runner::unified::Timestamp;

/// What is wrong with a key, if anything.
pub(super) fn problem(key: &str) -> Option<Problem> {
    let sound = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    (!sound).then(|| {
        Problem::new(
            "idempotency_key",
            "must be 1 to 255 visible ASCII characters",
        )
    })
}

/// For how long a key is remembered where the connector does not say.
const USUALLY_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// For how long this connector wants a key to be remembered.
pub(super) async fn kept(job: &mut Job) -> Result<Duration, CallError> {
    let hours = job.describe_connector().await?.idempotency_key_hours;
    Ok(hours.map_or(USUALLY_KEPT, |hours| {
        Duration::from_secs(u64::from(hours) * 60 * 60)
    }))
}

/// How a call with a key begins.
pub(super) enum Begun {
    /// It is done already.
    Repeated(Outcome),
    /// It goes on.
    On {
        /// What to end.
        attempt: Attempt,
        /// When the first call began, where this one repeats it; none for the first.
        since: Option<Timestamp>,
    },
}

/// Looks the key up and notes that its call begins.
pub(super) fn begin(
    mirror: &mut dyn Mirror,
    action: Action,
    key: &str,
    input: &Value,
    kept: Duration,
) -> Result<Begun, ActionError> {
    let attempt = Attempt {
        action: action.name().to_owned(),
        key: key.to_owned(),
        input: digest(input),
    };
    let action = action.name();
    let earlier = mirror.begin_attempt(&attempt, kept, Timestamp::now())?;
    let Attempt { key, .. } = &attempt;
    match earlier {
        Earlier::Answered(since, text) => Ok(Begun::Repeated(stored(&text, since)?)),
        Earlier::OtherInput(since) => Err(ActionError::KeyReused {
            key: key.clone(),
            action,
            since,
        }),
        Earlier::AtWork(since) => Err(ActionError::KeyAtWork {
            key: key.clone(),
            action,
            since,
        }),
        Earlier::Unanswered(since) => Ok(Begun::On {
            attempt,
            since: Some(since),
        }),
        Earlier::None => Ok(Begun::On {
            attempt,
            since: None,
        }),
    }
}

/// Notes how the call ended; `is_first` says whether any call had the key before. What was done stays done where that
/// fails: the answer is worth more than a note of it.
pub(super) fn end(
    mirror: &mut dyn Mirror,
    attempt: &Attempt,
    is_first: bool,
    mut result: Result<Outcome, ActionError>,
) -> Result<Outcome, ActionError> {
    let text;
    let ending = match &result {
        // The repeat is to store the files that are missing.
        Ok(outcome) if outcome.is_partial => Ending::Unanswered,
        Ok(outcome) => {
            text = json!({ "data": outcome.data, "warnings": outcome.warnings }).to_string();
            Ending::Answered(&text)
        }
        // A repeat speaks for itself only: what its first call wrote is still not known.
        Err(error) if is_first && wrote_nothing(error) => Ending::NothingWritten,
        Err(_) => Ending::Unanswered,
    };
    let ended = mirror.end_attempt(attempt, ending);
    if let (Ok(outcome), Err(why)) = (&mut result, ended) {
        let message = format!(
            "the answer could not be kept under the idempotency key ({why}): a repeat looks for the records instead"
        );
        outcome
            .warnings
            .push(json!({ "code": "key-not-kept", "message": message }));
    }
    result
}

/// Errors by which the contract promises that nothing was written, whatever the answers that got lost on the way.
fn wrote_nothing(error: &ActionError) -> bool {
    let error = match error {
        ActionError::Input(_) => return true,
        ActionError::Step(step) => &step.error,
        _ => return false,
    };
    matches!(
        error.kind(),
        ErrorKind::InvalidInput
            | ErrorKind::JobClosed
            | ErrorKind::AlreadyExists
            | ErrorKind::Unsupported
    )
}

fn stored(text: &str, since: Timestamp) -> Result<Outcome, ActionError> {
    let broken = || {
        let what = "an answer kept under an idempotency key can't be read";
        ActionError::Mirror(crate::store::MirrorError::damaged(what))
    };
    let mut kept: Value = serde_json::from_str(text).map_err(|_| broken())?;
    let data = kept.get_mut("data").map(Value::take).ok_or_else(broken)?;
    let mut warnings = match kept.get_mut("warnings").map(Value::take) {
        Some(Value::Array(warnings)) => warnings,
        _ => return Err(broken()),
    };
    let message = format!(
        "a call with this idempotency key was answered at {since}: that answer is given again, nothing was sent"
    );
    warnings.push(json!({ "code": "repeated", "message": message }));
    Ok(Outcome {
        data,
        warnings,
        is_partial: false,
    })
}

/// SHA-256 of an input. The order of its members and members that are null make no difference, as in the input itself,
/// nor do how a `data_url` is signed and how a number is written.
fn digest(input: &Value) -> [u8; 32] {
    let mut hash = Sha256::new();
    feed(&mut hash, input);
    hash.finalize().into()
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().filter(|(_, v)| !v.is_null()).collect();
            members.sort_by_key(|(name, _)| *name);
            hash.update([b'{']);
            for (name, value) in members {
                text(hash, name);
                match value {
                    Value::String(url) if name == "data_url" => text(hash, &unsigned(url)),
                    value => feed(hash, value),
                }
            }
            hash.update([b'}']);
        }
        Value::Array(items) => {
            hash.update([b'[']);
            items.iter().for_each(|item| feed(hash, item));
            hash.update([b']']);
        }
        // Straight from the string: a file in it need not be copied.
        Value::String(string) => text(hash, string),
        other => {
            hash.update([b'=']);
            let written = other.to_string();
            text(
                hash,
                &if other.is_number() {
                    by_value(&written)
                } else {
                    written
                },
            );
        }
    }
}

/// A JSON number written in one way for each value, with all its digits: `50000`, `50000.0` and `5e4` give `50000`.
fn by_value(number: &str) -> String {
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i32>() else {
        return format!("{sign}{number}");
    };
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let zeros =
        i64::from(exponent) - fraction.len() as i64 + (digits.len() - significant.len()) as i64;
    match usize::try_from(zeros) {
        // As integers are written, which keeps the digests of earlier versions.
        Ok(zeros @ 0..=20) => format!("{sign}{significant}{}", "0".repeat(zeros)),
        _ => format!("{sign}{significant}e{zeros}"),
    }
}

/// With its kind and length before it, so that no two inputs feed the same bytes.
fn text(hash: &mut Sha256, text: &str) {
    hash.update([b'"']);
    hash.update((text.len() as u64).to_be_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_members_and_nulls_make_no_other_input() {
        let one = json!({ "a": 1, "b": { "c": "x", "d": null }, "e": [1, 2] });
        assert_eq!(
            digest(&one),
            digest(&json!({ "e": [1, 2], "b": { "c": "x" }, "a": 1 }))
        );
        for other in [
            json!({ "a": 2, "b": { "c": "x" }, "e": [1, 2] }),
            json!({ "a": 1, "b": { "c": "x" }, "e": [2, 1] }),
            json!({ "a": 1, "b": {}, "c": "x", "e": [1, 2] }),
            json!({ "a": "1", "b": { "c": "x" }, "e": [1, 2] }),
        ] {
            assert_ne!(digest(&one), digest(&other), "{other}");
        }
    }

    #[test]
    fn numbers_compare_by_value_and_with_all_digits() {
        for (written, value) in [
            ("50000", "50000"),
            ("50000.0", "50000"),
            ("5e4", "50000"),
            ("1E+2", "100"),
            ("0.5", "5e-1"),
            ("5.0e-1", "5e-1"),
            ("-0.0", "0"),
            ("0e9", "0"),
            ("-12.50", "-125e-1"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("1e300", "1e300"),
        ] {
            assert_eq!(by_value(written), value, "{written}");
        }
        let amount = |text: &str| digest(&serde_json::from_str(&format!("[{text}]")).unwrap());
        assert_eq!(amount("50000"), amount("50000.0"));
        assert_eq!(amount("100"), amount("1e2"));
        assert_ne!(amount("9007199254740993"), amount("9007199254740992"));
        assert_ne!(amount("1"), amount("-1"));
        assert_ne!(amount("1"), amount("\"1\""));
    }
}
