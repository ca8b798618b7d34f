//! Writes the page on the actions' inputs, and the help of the command, from their tables, and finds them out of date.
//! `INSTA_UPDATE=always cargo test -p asymbl-connector documents` writes them anew.

use super::coverage;
use super::inputs::{self, Input, Kind, Role};
use super::table::{APPLICANT, CONTACT};
use crate::asymbl::settings::documents::assert_written;
use crate::exports::ats::connector::about::Action;

/// What a value must be, in words.
fn kind(kind: Kind) -> String {
    let words = match kind {
        Kind::Part => "an object",
        Kind::List => "an array of objects",
        Kind::Open => "an object of any members",
        Kind::Line => "text of one line",
        Kind::Free => "text",
        Kind::Word(words) => {
            return words
                .iter()
                .map(|w| format!("`{w}`"))
                .collect::<Vec<_>>()
                .join(", ");
        }
        Kind::Email => "an e-mail address",
        Kind::Country => "ISO 3166-1 alpha-2",
        Kind::Date => "a date or a moment, 1700 to 4000",
        Kind::Moment => "a date or a moment",
        Kind::Amount => "a number, 0 or more",
        Kind::Flag => "true or false",
        Kind::Any => "any value",
        Kind::Id => "a unified id or a Salesforce id",
        Kind::FileName => "a file name",
        Kind::ContentType => "`type/subtype`",
        Kind::Data => "base64",
        Kind::FileUrl => "an https URL",
        Kind::Link => "an absolute URL",
    };
    words.to_owned()
}

fn row(input: &Input) -> String {
    let effect = match input.role {
        Role::Ignored => "accepted, not written: a warning says so",
        Role::Beside | Role::Promised | Role::Further | Role::Inner => "",
    };
    let required = if input.required { "yes" } else { "" };
    let about = [input.note, effect]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("; ");
    format!(
        "| `{}` | {} | {required} | {about} |\n",
        input.path,
        kind(input.kind)
    )
}

/// The actions that differ in their inputs, with the titles of their parts.
const TITLES: [(Action, &str); 4] = [
    (
        Action::CreateCandidate,
        "Create candidate, create application",
    ),
    (
        Action::AddAttachmentToApplication,
        "Add attachment to application",
    ),
    (Action::MoveApplicationToStage, "Move application to stage"),
    (Action::GetCandidateAttachments, "Get candidate attachments"),
];

/// The inputs that are written or steer an action, as the help of the command shows them.
fn help() -> String {
    let mut help = "Inputs, as members of one JSON object (* needed where the object that they are in is given):\n".to_owned();
    for (action, title) in TITLES {
        let title = title.to_lowercase().replace(' ', "-").replace(",-", ", ");
        help += &format!("\n  {title}\n");
        let inputs = inputs::table(action).iter();
        let shown = inputs.filter(|input| {
            let is_whole = matches!(input.kind, Kind::Part | Kind::List);
            !is_whole && matches!(input.role, Role::Promised | Role::Further)
        });
        for input in shown {
            let watermark = if input.required { '*' } else { ' ' };
            let kind = kind(input.kind).replace('`', "");
            help += &format!("  {watermark} {:36} {kind}\n", input.path);
        }
    }
    help + "\nFurther ones are accepted and not written, which a warning says: see docs/inputs.md.\n"
}

fn page() -> String {
    let mut page = "# Inputs of the actions\n\n\
        Each action takes a JSON object; any other member is an error. An input is required where the object that it is \
        in is\ngiven. `create-application` also takes `job_id` and `stage_id` outside of `application`. This page is \
        written by a test\nfrom the tables in `guest/src/asymbl/actions/inputs.rs`, by which the inputs are checked.\n"
        .to_owned();
    for (action, title) in TITLES {
        page += &format!(
            "\n## {title}\n\n| input | value | required | meaning |\n| --- | --- | --- | --- |\n"
        );
        page.extend(inputs::table(action).iter().map(row));
    }
    page
}

#[test]
fn the_page_on_inputs_is_up_to_date() {
    assert_written("../docs/inputs.md", &page());
    assert_written("../host-runner/cli/src/commands/inputs.txt", &help());
}

#[test]
fn each_input_that_fills_a_field_is_declared() {
    let known: Vec<&str> = inputs::table(Action::CreateCandidate)
        .iter()
        .map(|input| input.path)
        .collect();
    for place in CONTACT
        .iter()
        .chain(APPLICANT)
        .filter(|p| !p.path.starts_with("settings."))
    {
        assert!(known.contains(&place.path), "{}", place.path);
    }
}

#[test]
fn each_input_stands_in_an_object_of_the_table() {
    for action in coverage().iter().map(|coverage| coverage.action) {
        let table = inputs::table(action);
        for input in table {
            let (whole, _) = input.place();
            assert!(
                whole.is_empty() || table.iter().any(|i| i.path == whole),
                "{}",
                input.path
            );
        }
    }
}
