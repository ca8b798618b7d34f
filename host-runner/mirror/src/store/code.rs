//! The numbers that stand for the models in a store.

use super::MirrorError;
use host_runner::unified::Model;

/// The number that stands for a model. Never change one.
const CODES: [(Model, i16); 7] = [
    (Model::Users, 1),
    (Model::Jobs, 2),
    (Model::Candidates, 3),
    (Model::ApplicationStages, 4),
    (Model::Applications, 5),
    (Model::JobStages, 6),
    (Model::HiringTeamMembers, 7),
];

/// Returns the number of a model.
pub(super) fn code(model: Model) -> i16 {
    CODES
        .iter()
        .find(|(known, _)| *known == model)
        .map_or(0, |(_, code)| *code)
}

/// Returns the model of a number.
pub(super) fn model_of(code: i16) -> Result<Model, MirrorError> {
    CODES
        .iter()
        .find(|(_, known)| *known == code)
        .map(|(model, _)| *model)
        .ok_or_else(|| MirrorError::damaged(format!("there is no model number {code}")))
}
