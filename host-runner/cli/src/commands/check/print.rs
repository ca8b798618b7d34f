//! The check's result for people: the org, a line for each model and action, then what is missing and how to fix it.

use std::io::{self, Write};

use super::super::Exit;
use super::super::output::{Table, action_name, count, duration};
use super::{Checked, access_word, outcome_word, records_of};
use host_runner::sandbox::contract::inspection::{AccessFinding, TestOutcome};
use host_runner::sandbox::unified_model;

pub(super) fn print(checked: &Checked, out: &mut impl Write) -> io::Result<()> {
    let organization = &checked.discovery.organization;
    let name = organization.name.as_deref().unwrap_or("the org");
    writeln!(out, "Signed in to {name} ({}).", organization.id)?;
    writeln!(out)?;
    for fact in checked.discovery.facts.iter().chain(&checked.access.facts) {
        writeln!(out, "  {}: {}", fact.name, fact.value)?;
    }
    writeln!(out)?;
    tables(checked, out)?;
    let models = checked.access.models.iter();
    let models = models.map(|m| (unified_model(m.model).to_string(), &m.finding));
    let actions = checked.access.actions.iter();
    let actions = actions.map(|a| (action_name(a.action).to_owned(), &a.finding));
    let findings: Vec<_> = models.chain(actions).collect();
    lacking(&findings, out)?;
    for tested in &checked.tests {
        if matches!(
            tested.test.outcome,
            TestOutcome::Denied | TestOutcome::Failing
        ) {
            writeln!(out)?;
            writeln!(out, "{}: {}", tested.model, tested.test.message)?;
        }
    }
    let mut printed: Vec<&str> = Vec::new();
    for (_, message) in checked.warnings() {
        if !printed.contains(&message) {
            if printed.is_empty() {
                writeln!(out)?;
            }
            writeln!(out, "note: {message}")?;
            printed.push(message);
        }
    }
    let verdict = match checked.exit() {
        Exit::Success => "All that is switched on works",
        Exit::WrongInput => "A setting can't work",
        Exit::NotAllowed => "Rights are missing",
        _ => "Some models fail",
    };
    writeln!(out)?;
    writeln!(out, "{verdict} ({} requests).", count(checked.requests))
}

/// A line a model and a line an action.
fn tables(checked: &Checked, out: &mut impl Write) -> io::Result<()> {
    let mut models = Table::new(&["model", "access", "test", "records", "requests", "time"]);
    for found in &checked.access.models {
        let model = unified_model(found.model);
        let mut row = vec![model.to_string(), access_word(&found.finding).to_owned()];
        if let Some(tested) = checked.tested(model) {
            row.push(outcome_word(tested.test.outcome).to_owned());
            row.push(records_of(&tested.test).len().to_string());
            row.push(tested.test.requests.to_string());
            row.push(duration(tested.elapsed));
        }
        models.row(row);
    }
    models.print(out)?;
    writeln!(out)?;
    let mut actions = Table::new(&["action", "access"]);
    for found in &checked.access.actions {
        actions.row(vec![
            action_name(found.action).to_owned(),
            access_word(&found.finding).to_owned(),
        ]);
    }
    actions.print(out)
}

/// Each missing right once, with everything that it costs.
fn lacking(findings: &[(String, &AccessFinding)], out: &mut impl Write) -> io::Result<()> {
    let mut rights: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for (name, finding) in findings {
        for missing in &finding.missing {
            let cost = if missing.affects.is_empty() {
                vec![name.clone()]
            } else {
                missing
                    .affects
                    .iter()
                    .map(|affected| format!("{name}: {affected}"))
                    .collect()
            };
            match rights
                .iter_mut()
                .find(|(right, _, _)| *right == missing.right)
            {
                Some((_, _, costs)) => costs.extend(cost),
                None => rights.push((&missing.right, &missing.fix, cost)),
            }
        }
        for note in &finding.notes {
            writeln!(out)?;
            writeln!(out, "{name}: {}", note.message)?;
        }
    }
    for (right, fix, costs) in rights {
        writeln!(out)?;
        writeln!(out, "missing: {right}")?;
        writeln!(out, "  costs:   {}", costs.join(", "))?;
        writeln!(out, "  fix:     {fix}")?;
    }
    Ok(())
}
