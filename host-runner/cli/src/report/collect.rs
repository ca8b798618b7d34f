//! Reads from a mirror what the page shows. Counts are of live records.

use serde_json::Value;

use super::pipeline::Pipelines;
use super::syncs::RUNS_SHOWN;
use super::{ModelPart, Problem, Report};
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Mirror, MirrorError, RecordFilter, Records, Run, RunOutcome};

/// Runs that are shown.
const RUNS: usize = 30;

/// Earlier runs that did not succeed, which stay on the page when later ones do.
const FAILURES: usize = 10;

/// Runs that are looked at: during an outage a schedule fails again and again, and the syncs before it must still show.
const RUNS_READ: usize = 1_000;

/// A mirror whose last good sync is older is stale, unless its syncs are usually further apart: 24 hours.
const STALE: i64 = 24 * 3_600_000;

/// Fields that are always filled, or whose fill says nothing.
const UNTELLING: [&str; 7] = [
    "id",
    "remote_id",
    "changed_at",
    "remote_deleted_at",
    "remote_data",
    "remote_created_at",
    "remote_updated_at",
];

/// Reads the whole mirror once: some 60,000 records a second.
///
/// # Errors
/// Only those of the storage.
pub fn collect(mirror: &dyn Mirror, title: &str, now: Timestamp) -> Result<Report, MirrorError> {
    let mut runs = mirror.runs(RUNS_READ)?;
    runs.reverse();
    let mut pipelines = Pipelines::default();
    let mut models = Vec::new();
    // Jobs and stages come before what refers to them.
    for model in Model::SYNC_ORDER {
        let mut filled: Vec<(&'static str, u64)> = model
            .fields()
            .iter()
            .map(|field| (field.name, 0))
            .filter(|(name, _)| !UNTELLING.contains(name))
            .collect();
        for stored in Records::new(mirror, model, RecordFilter::default()) {
            let stored = stored?;
            let content = stored.record.content();
            for (name, count) in &mut filled {
                *count += u64::from(content.get(*name).is_some_and(has_value));
            }
            pipelines.see(model, &stored.record);
        }
        // Only tenants that name some have any.
        filled.retain(|(name, count)| *name != "integration_fields" || *count > 0);
        let totals = mirror.totals(model)?;
        models.push(ModelPart {
            model,
            totals,
            filled,
        });
    }
    let quota = runs.iter().rev().find_map(|run| run.quota);
    let mut problems = of_runs(&runs);
    problems.extend(stale(&runs, now));
    problems.extend(pipelines.problems());
    let failures = earlier_failures(&runs);
    runs.drain(..runs.len().saturating_sub(RUNS));
    Ok(Report {
        title: title.to_owned(),
        org: mirror.org().to_string(),
        now,
        runs,
        failures,
        models,
        outcomes: pipelines.outcomes(),
        pipelines: pipelines.open_first(),
        quota,
        problems,
    })
}

/// The last runs that did not succeed, of those that the list of the last syncs does not show.
fn earlier_failures(runs: &[Run]) -> Vec<Run> {
    let earlier = runs.iter().rev().skip(RUNS_SHOWN);
    let failed = earlier.filter(|run| run.outcome != RunOutcome::Succeeded);
    failed.take(FAILURES).cloned().collect()
}

fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => members.values().any(|value| !value.is_null()),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A mirror that nothing brought up to date for long, whether runs failed or none began.
fn stale(runs: &[Run], now: Timestamp) -> Option<Problem> {
    let good: Vec<i64> = runs
        .iter()
        .filter(|run| run.outcome == RunOutcome::Succeeded)
        .map(|run| run.ended_at.unwrap_or(run.started_at).millis())
        .collect();
    if runs.is_empty() {
        return None;
    }
    let Some(last) = good.last() else {
        return Some(Problem {
            serious: true,
            what: format!(
                "None of the last {} syncs brought every model up to date.",
                runs.len()
            ),
        });
    };
    let mut gaps: Vec<i64> = good.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    let age = now.millis() - last;
    (age > STALE.max(3 * usual)).then(|| Problem {
        serious: true,
        what: format!(
            "The mirror is stale: the last sync that succeeded ended {} ago.",
            match age / 3_600_000 {
                hours @ 0..48 => format!("{hours} hours"),
                hours => format!("{} days", hours / 24),
            }
        ),
    })
}

/// What went wrong in the last run, and in how many before it.
fn of_runs(runs: &[Run]) -> Vec<Problem> {
    let runs = &runs[runs.len().saturating_sub(RUNS)..];
    let Some((last, before)) = runs.split_last() else {
        return vec![Problem::new(true, "There was no sync so far.".to_owned())];
    };
    let serious = |outcome| matches!(outcome, RunOutcome::Failed | RunOutcome::Partial);
    let reason = |message: &Option<String>| {
        let message = message.as_deref();
        message.unwrap_or("no reason is kept").to_owned()
    };
    let mut problems = Vec::new();
    if last.outcome != RunOutcome::Succeeded {
        let (command, outcome) = (&last.command, last.outcome.name());
        let what = format!(
            "The last run ({command}) ended as {outcome}: {}",
            reason(&last.message)
        );
        problems.push(Problem::new(serious(last.outcome), what));
    }
    for model in &last.models {
        if model.outcome != RunOutcome::Succeeded {
            let (name, outcome) = (model.model, model.outcome.name());
            let what = format!(
                "{name}: {outcome} in the last run: {}",
                reason(&model.message)
            );
            problems.push(Problem::new(serious(model.outcome), what));
        }
    }
    let failed = before.iter().filter(|run| serious(run.outcome)).count();
    if failed > 0 {
        let what = format!(
            "{failed} of the {} runs before it failed, wholly or in part; \"Last syncs\" says why.",
            before.len()
        );
        problems.push(Problem::new(false, what));
    }
    if let Some(quota) = last.quota.filter(|quota| quota.used * 10 >= quota.max * 9) {
        let what = format!(
            "{} of the org's {} API calls a day are used.",
            quota.used, quota.max
        );
        problems.push(Problem::new(true, what));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use mirror::store::{Counts, ModelRun};
    use serde_json::json;

    fn run(number: u64, inserted: u64, deleted: u64) -> Run {
        let at = Timestamp::from_millis(number as i64 * 60_000);
        Run {
            number,
            command: "sync".into(),
            host: "h".into(),
            pid: 1,
            started_at: at,
            ended_at: Some(at),
            outcome: RunOutcome::Succeeded,
            message: None,
            api_calls: 1,
            quota: None,
            models: vec![ModelRun {
                model: Model::Users,
                kind: None,
                started_at: at,
                ended_at: Some(at),
                outcome: RunOutcome::Succeeded,
                message: None,
                pages: 1,
                rows: 1,
                counts: Counts {
                    inserted,
                    deleted,
                    ..Counts::default()
                },
                api_calls: 1,
            }],
            totals: Default::default(),
        }
    }

    #[test]
    fn a_mirror_that_nothing_brought_up_to_date_for_long_is_stale() {
        let hour = 3_600_000;
        let at = |hours: i64| Timestamp::from_millis(hours * hour);
        let run_at = |hours: i64, outcome| Run {
            started_at: at(hours),
            ended_at: Some(at(hours)),
            outcome,
            ..run(1, 0, 0)
        };
        let good = RunOutcome::Succeeded;
        let runs = [
            run_at(0, good),
            run_at(1, good),
            run_at(2, RunOutcome::Failed),
        ];
        assert!(stale(&runs, at(25)).is_none());
        let problem = stale(&runs, at(26)).unwrap();
        assert!(
            problem.serious && problem.what.contains("25 hours ago"),
            "{problem:?}"
        );
        assert!(stale(&runs, at(73)).unwrap().what.contains("3 days"));
        // Once a week is a choice.
        let weekly = [run_at(0, good), run_at(168, good), run_at(336, good)];
        assert!(stale(&weekly, at(336 + 400)).is_none());
        assert!(stale(&weekly, at(336 + 505)).is_some());
        assert!(stale(&[run_at(0, RunOutcome::Failed)], at(1)).is_some());
        assert!(stale(&[], at(1)).is_none());
    }

    #[test]
    fn empty_texts_lists_and_objects_of_nulls_are_no_values() {
        for (value, filled) in [
            (json!(null), false),
            (json!(""), false),
            (json!([]), false),
            (json!({ "city": null }), false),
            (json!({ "city": "Rome" }), true),
            (json!(0), true),
            (json!(false), true),
        ] {
            assert_eq!(has_value(&value), filled, "{value}");
        }
    }

    #[test]
    fn a_failure_stays_when_many_later_runs_succeed() {
        let mut runs: Vec<Run> = (0..50).map(|number| run(number, 0, 0)).collect();
        runs[3].outcome = RunOutcome::Partial;
        runs[48].outcome = RunOutcome::Failed;
        let numbers: Vec<u64> = earlier_failures(&runs)
            .iter()
            .map(|run| run.number)
            .collect();
        // The other one is in the list of the last syncs.
        assert_eq!(numbers, [3]);
    }

    #[test]
    fn failures_of_the_last_run_are_serious_and_older_ones_a_remark() {
        let mut runs = [run(1, 1, 0), run(2, 1, 0)];
        assert!(of_runs(&runs).is_empty());
        runs[0].outcome = RunOutcome::Failed;
        assert!(!of_runs(&runs)[0].serious);
        runs[1].outcome = RunOutcome::Partial;
        runs[1].models[0].outcome = RunOutcome::Failed;
        runs[1].models[0].message = Some("no right".into());
        let problems = of_runs(&runs);
        assert!(
            problems[0].serious
                && problems[1]
                    .what
                    .contains("users: failed in the last run: no right")
        );
        assert!(of_runs(&[])[0].what.contains("no sync"));
    }
}
