//! What the actions take, for people and platforms: from the tables that the inputs are checked by.

use super::inputs::{self, Input, Role};
use super::schema::schema;
use crate::exports::ats::connector::about::{Action, ActionCoverage, FieldCoverage};

const EXISTING: &str =
    "A contact with the same e-mail address is used as it is: its data is not updated.";

const ACTIONS: [(Action, &str, &str); 5] = [
    (Action::CreateCandidate, "Create candidate", EXISTING),
    (Action::CreateApplication, "Create application", EXISTING),
    (
        Action::AddAttachmentToApplication,
        "Add attachment to application",
        "The file is linked to the candidate.",
    ),
    (
        Action::MoveApplicationToStage,
        "Move application to stage",
        "A move to the current stage changes nothing.",
    ),
    (
        Action::GetCandidateAttachments,
        "Get candidate attachments",
        "Files in their latest version, and attachments of the old kind; notes and links are not files.",
    ),
];

/// The five actions.
pub fn coverage() -> Vec<ActionCoverage> {
    let field = |input: &Input| FieldCoverage {
        name: input.name(),
        note: input.about(),
    };
    let one = |(action, label, note): &(Action, &str, &str)| {
        let table = inputs::table(*action);
        let of = |roles: &'static [Role]| {
            table
                .iter()
                .filter(move |input| roles.contains(&input.role))
        };
        ActionCoverage {
            action: *action,
            label: (*label).to_owned(),
            inputs: of(&[Role::Promised]).map(field).collect(),
            further_inputs: of(&[Role::Further, Role::Beside]).map(field).collect(),
            ignored_inputs: of(&[Role::Ignored]).map(Input::name).collect(),
            input_schema: schema(*action),
            notes: vec![(*note).to_owned()],
        }
    };
    ACTIONS.iter().map(one).collect()
}
