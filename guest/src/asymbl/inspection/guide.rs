//! How a Salesforce administrator links an Asymbl org, as data for a platform's form and as one Markdown page.
//!
//! The rights come from [`needs`], which the access check and the mapping rest on too.

mod permission_set;
mod text;

use std::collections::BTreeMap;

use super::needs::{self, ObjectNeed, Operation};
use crate::asymbl::models::{TABLES, Tenant, word};
use crate::asymbl::names::{ACTIONS, Names};
use crate::asymbl::profile::{JobLink, Organization, Profile};
use crate::asymbl::settings::{NameOr, Settings};
use crate::exports::ats::connector::inspection::{Guide, GuideInput, GuideProblem, GuideStep};

const TITLE: &str = "Connect Asymbl ATS (Salesforce)";

/// Returns the guide, for a tenant's settings and what it switched off.
pub fn connection_guide(settings: &Settings) -> Guide {
    let names = settings.names();
    let profile = usual_org(settings, &names);
    let tenant = Tenant {
        profile: &profile,
        settings,
        base_url: "",
    };
    let steps = steps(tenant);
    let inputs = text::inputs();
    let problems = text::problems();
    Guide {
        markdown: markdown(&inputs, &steps, &problems),
        title: TITLE.to_owned(),
        inputs,
        steps,
        problems,
    }
}

/// An org as most are: the package's own Job, unless the settings say all of another.
fn usual_org(settings: &Settings, names: &Names) -> Profile {
    let organization = Organization {
        id: String::new(),
        name: None,
        time_zone: "UTC".to_owned(),
        sandbox: None,
    };
    Profile::new(
        organization,
        settings.namespace.clone(),
        match &settings.job_object {
            Some(NameOr::Object(own)) => JobLink::own(own, names),
            Some(NameOr::Name(_)) | None => JobLink::standard(names),
        },
        Vec::new(),
        [],
    )
}

fn steps(tenant: Tenant<'_>) -> Vec<GuideStep> {
    let rights = format!(
        "{}\n\n{}\n\n{}\n\nRights on fields, where `edit` includes `read`:\n\n{}\n\n{}\n\n```xml\n{}```",
        text::RIGHTS,
        models_table(tenant),
        actions_table(tenant),
        fields_table(tenant),
        text::PERMISSION_SET,
        permission_set::xml(tenant)
    );
    text::STEPS
        .iter()
        .map(|(title, body)| GuideStep {
            title: (*title).to_owned(),
            body: body.replace("{rights}", &rights),
        })
        .collect()
}

/// `read, create` of an object.
fn operations(need: &ObjectNeed) -> String {
    let rest = need.operations.iter().map(|o| o.word());
    let words: Vec<&str> = std::iter::once(Operation::Read.word())
        .chain(rest)
        .collect();
    format!("`{}` ({})", need.object, words.join(", "))
}

fn objects(needs: &[ObjectNeed]) -> String {
    let (vital, others): (Vec<_>, Vec<_>) = needs.iter().partition(|need| need.essential);
    let list = |needs: Vec<&ObjectNeed>| {
        let texts: Vec<String> = needs.into_iter().map(operations).collect();
        texts.join(", ")
    };
    match others.is_empty() {
        true => list(vital),
        false => format!("{}; also {}", list(vital), list(others)),
    }
}

fn models_table(tenant: Tenant<'_>) -> String {
    let mut table = String::from("| to read | objects |\n| --- | --- |\n");
    for model in TABLES {
        let needs = needs::of_model(tenant, model);
        table.push_str(&format!("| {} | {} |\n", model.label, objects(&needs)));
    }
    table.trim_end().to_owned()
}

fn actions_table(tenant: Tenant<'_>) -> String {
    let mut table = String::from("| to carry out | objects |\n| --- | --- |\n");
    for (action, word) in ACTIONS {
        let needs = needs::of_action(tenant, action);
        let name = word.replace('-', " ");
        table.push_str(&format!("| {name} | {} |\n", objects(&needs)));
    }
    table.trim_end().to_owned()
}

/// Rights on fields, over everything: by object, `read` or `edit`, and what each feeds or takes.
fn fields_table(tenant: Tenant<'_>) -> String {
    #[derive(Default)]
    struct Line {
        write: bool,
        uses: Vec<String>,
    }
    let mut lines: BTreeMap<(String, String), Line> = BTreeMap::new();
    let mut add = |needs: Vec<ObjectNeed>, user: &str| {
        for need in needs {
            for field in need.fields {
                let line = lines.entry((need.object.clone(), field.name)).or_default();
                line.write |= field.operation != Operation::Read;
                for affected in field.affects {
                    // What is not a field is described in words.
                    let used = match affected.contains(' ') {
                        true => affected,
                        false => format!("{user}{affected}"),
                    };
                    if !line.uses.contains(&used) {
                        line.uses.push(used);
                    }
                }
            }
        }
    };
    for table in TABLES {
        let user = format!("{}.", word(table.model));
        add(needs::of_model(tenant, table), &user);
    }
    for (action, _) in ACTIONS {
        add(needs::of_action(tenant, action), "input ");
    }
    let mut table =
        String::from("| object | field | access | used for |\n| --- | --- | --- | --- |\n");
    for ((object, field), line) in lines {
        let access = if line.write { "edit" } else { "read" };
        table.push_str(&format!(
            "| `{object}` | `{field}` | {access} | {} |\n",
            line.uses.join(", ")
        ));
    }
    table.trim_end().to_owned()
}

fn markdown(inputs: &[GuideInput], steps: &[GuideStep], problems: &[GuideProblem]) -> String {
    let mut page = format!("# {TITLE}\n\n{}\n", text::INTRODUCTION);
    page.push_str("\n## What you will enter\n\n| input | what it is |\n| --- | --- |\n");
    for input in inputs {
        let secret = if input.secret { " Keep it secret." } else { "" };
        page.push_str(&format!(
            "| {} (`{}`) | {}{secret} |\n",
            input.label, input.name, input.help
        ));
    }
    for (i, step) in steps.iter().enumerate() {
        page.push_str(&format!(
            "\n## {}. {}\n\n{}\n",
            i + 1,
            step.title,
            step.body
        ));
    }
    page.push_str("\n## When it does not work\n\n| what you see | what to do |\n| --- | --- |\n");
    for problem in problems {
        page.push_str(&format!("| {} | {} |\n", problem.symptom, problem.fix));
    }
    page
}

/// The source fields that a model's table names; for tests of completeness.
#[cfg(test)]
fn every_source(table: &crate::asymbl::models::Table) -> Vec<String> {
    use crate::asymbl::models::Source;
    let own = table.rules.iter().flat_map(|r| r.sources);
    own.filter_map(|source| match source {
        Source::Own(name) | Source::Other(_, name) => Some((*name).to_owned()),
        _ => None,
    })
    .collect()
}

#[cfg(test)]
mod tests;
