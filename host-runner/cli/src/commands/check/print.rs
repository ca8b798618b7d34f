//! The check's result for people: the org, a line for each model and action, then what is missing and how to fix it.

use std::io::{self, Write};

use super::super::Exit;
use super::super::output::{count, counted, duration, paragraph};
use super::super::table::{Table, Tone};
use super::super::text::Styled;
use super::{Checked, access_word, outcome_word, records_of};
use host_runner::sandbox::contract::inspection::{
    AccessFinding, AccessLevel, MissingRight, ModelAccess, TestOutcome,
};
use host_runner::sandbox::unified_model;
use mirror::actions::name_of;

pub(super) fn print(checked: &Checked, out: &mut impl Styled) -> io::Result<()> {
    let organization = &checked.discovery.organization;
    let name = organization.name.as_deref().unwrap_or("the org");
    paragraph(
        &format!("Signed in to {name} ({}).", organization.id),
        2,
        out,
    )?;
    writeln!(out)?;
    for fact in checked.discovery.facts.iter().chain(&checked.access.facts) {
        paragraph(&format!("  {}: {}", fact.name, fact.value), 4, out)?;
    }
    writeln!(out)?;
    tables(checked, out)?;
    let models = checked.access.models.iter();
    let models = models.map(|m| (unified_model(m.model).to_string(), &m.finding));
    let actions = checked.access.actions.iter();
    let actions = actions.map(|a| (name_of(a.action).to_owned(), &a.finding));
    let findings: Vec<_> = models.chain(actions).collect();
    lacking(&findings, out)?;
    for tested in &checked.tests {
        // What lacks is said above, with its fix.
        let is_said = |found: &&ModelAccess| {
            unified_model(found.model) == tested.model && !found.finding.missing.is_empty()
        };
        let is_news = match tested.test.outcome {
            TestOutcome::Failing => true,
            TestOutcome::Denied => !checked.access.models.iter().any(|found| is_said(&found)),
            TestOutcome::Ok | TestOutcome::Empty => false,
        };
        if is_news {
            let line = format!("{}: {}", tested.model, tested.test.message);
            writeln!(out)?;
            paragraph(&line, 2, out)?;
        }
    }
    let mut printed: Vec<&str> = Vec::new();
    for (code, message) in checked.warnings() {
        // What the user does not see is said above, with what it costs.
        if !HIDDEN.contains(&code) && !printed.contains(&message) {
            if printed.is_empty() {
                writeln!(out)?;
            }
            paragraph(&format!("note: {message}"), 2, out)?;
            printed.push(message);
        }
    }
    let verdict = match checked.exit() {
        Exit::Success => "All that is switched on works",
        Exit::WrongInput => "A setting can't work",
        Exit::NotAllowed => "Rights are missing",
        _ => "Some models fail",
    };
    let line = format!(
        "{verdict} ({}: {} and {} to sign in).",
        counted(checked.sign_in_requests + checked.requests, "request"),
        counted(checked.requests, "API call"),
        count(checked.sign_in_requests)
    );
    writeln!(out)?;
    paragraph(&line, 0, out)
}

/// The warnings of a discovery about missing rights, which the check of the rights names one by one.
const HIDDEN: [&str; 2] = ["object-hidden", "field-hidden"];

/// The columns of what the user may do, and of what came of the test.
const ACCESS: usize = 1;
const TEST: usize = 2;

fn tone(finding: &AccessFinding) -> Tone {
    match (finding.switched_off, finding.access) {
        (true, _) | (_, AccessLevel::Full) => Tone::Good,
        (_, AccessLevel::Partial) => Tone::Warning,
        (_, AccessLevel::Denied) => Tone::Bad,
    }
}

fn test_tone(outcome: TestOutcome) -> Tone {
    match outcome {
        TestOutcome::Ok => Tone::Good,
        TestOutcome::Empty => Tone::Warning,
        TestOutcome::Denied | TestOutcome::Failing => Tone::Bad,
    }
}

/// A line a model and a line an action.
fn tables(checked: &Checked, out: &mut impl Styled) -> io::Result<()> {
    let mut models = Table::new(
        &["model", "access", "test", "records", "requests", "time"],
        &["time", "requests", "records"],
    );
    let mut around = checked.sign_in_requests + checked.requests;
    for found in &checked.access.models {
        let model = unified_model(found.model);
        let mut row = vec![model.to_string(), access_word(&found.finding).to_owned()];
        if let Some(tested) = checked.tested(model) {
            row.push(outcome_word(tested.test.outcome).to_owned());
            row.push(records_of(&tested.test).len().to_string());
            row.push(tested.requests.to_string());
            row.push(duration(tested.elapsed));
            around -= tested.requests.min(around);
        }
        models.row(row);
        models.tone(ACCESS, tone(&found.finding));
        if let Some(tested) = checked.tested(model) {
            models.tone(TEST, test_tone(tested.test.outcome));
        }
    }
    let around = count(around);
    let [model, empty] = ["sign-in, rights", ""].map(str::to_owned);
    models.row(vec![model, empty.clone(), empty.clone(), empty, around]);
    models.print(out)?;
    writeln!(out)?;
    let mut actions = Table::new(&["action", "access"], &[]);
    for found in &checked.access.actions {
        actions.row(vec![
            name_of(found.action).to_owned(),
            access_word(&found.finding).to_owned(),
        ]);
        actions.tone(ACCESS, tone(&found.finding));
    }
    actions.print(out)
}

/// What lacks on one object or field.
struct Lacking<'a> {
    what: &'a str,
    /// What may not be done with it: `read`, `create`.
    verbs: Vec<&'a str>,
    costs: Vec<String>,
    /// That of the verb that comes last: who may edit may read too.
    fix: &'a str,
}

/// Each thing that lacks once, with everything that it costs.
fn lacking(findings: &[(String, &AccessFinding)], out: &mut impl Write) -> io::Result<()> {
    let mut things: Vec<Lacking<'_>> = Vec::new();
    let mut said: Vec<&str> = Vec::new();
    for (name, finding) in findings {
        for missing in &finding.missing {
            add(&mut things, name, missing);
        }
        for note in &finding.notes {
            if said.contains(&note.message.as_str()) {
                continue;
            }
            said.push(&note.message);
            writeln!(out)?;
            paragraph(&format!("{name}: {}", note.message), 2, out)?;
        }
    }
    for thing in things {
        let right = format!("{} {}", thing.verbs.join(", "), thing.what);
        writeln!(out)?;
        paragraph(&format!("missing: {right}"), 2, out)?;
        paragraph(&format!("  costs:   {}", thing.costs.join(", ")), 11, out)?;
        paragraph(&format!("  fix:     {}", thing.fix), 11, out)?;
    }
    Ok(())
}

fn add<'a>(things: &mut Vec<Lacking<'a>>, name: &str, missing: &'a MissingRight) {
    let (verb, what) = missing
        .right
        .split_once(' ')
        .unwrap_or(("", &missing.right));
    let costs = match missing.affects.is_empty() {
        true => vec![name.to_owned()],
        false => {
            let affects = missing.affects.iter();
            affects
                .map(|affected| format!("{name}: {affected}"))
                .collect()
        }
    };
    match things.iter_mut().find(|known| known.what == what) {
        Some(known) => {
            if !known.verbs.contains(&verb) {
                known.verbs.push(verb);
                known.fix = &missing.fix;
            }
            let new = costs.into_iter().filter(|cost| !known.costs.contains(cost));
            let new: Vec<String> = new.collect();
            known.costs.extend(new);
        }
        None => things.push(Lacking {
            what,
            verbs: vec![verb],
            costs,
            fix: &missing.fix,
        }),
    }
}
