//! The names of the actions.

use host_runner::sandbox::contract::about;

/// An action of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// create-candidate
    CreateCandidate,
    /// create-application
    CreateApplication,
    /// add-attachment-to-application
    AddAttachment,
    /// move-application-to-stage
    Move,
    /// get-candidate-attachments
    GetAttachments,
}

/// The names by which actions are called.
pub const NAMES: [(&str, Action); 5] = [
    ("create-candidate", Action::CreateCandidate),
    ("create-application", Action::CreateApplication),
    ("add-attachment-to-application", Action::AddAttachment),
    ("move-application-to-stage", Action::Move),
    ("get-candidate-attachments", Action::GetAttachments),
];

impl Action {
    /// Its name.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, action)| *action == self)
            .map_or("", |(name, _)| name)
    }

    /// The same action in the contract's types.
    pub(super) fn contract(self) -> about::Action {
        match self {
            Self::CreateCandidate => about::Action::CreateCandidate,
            Self::CreateApplication => about::Action::CreateApplication,
            Self::AddAttachment => about::Action::AddAttachmentToApplication,
            Self::Move => about::Action::MoveApplicationToStage,
            Self::GetAttachments => about::Action::GetCandidateAttachments,
        }
    }

    /// Whether it changes the org.
    pub fn writes(self) -> bool {
        self != Self::GetAttachments
    }

    /// The action of a name.
    pub fn of(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, action)| *action)
    }
}

/// The name of an action of the contract.
pub fn name_of(action: about::Action) -> &'static str {
    NAMES
        .iter()
        .find(|(_, known)| known.contract() == action)
        .map_or("", |(name, _)| name)
}
