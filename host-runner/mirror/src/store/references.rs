//! What refers to what, as both stores ask for it. A place is the number of a reference column: 0, 1 or 2.

use host_runner::unified::Model;

/// The longest wait between two questions for the same record that is not there, in milliseconds: a day.
pub(super) const LONGEST_WAIT: i64 = 24 * 60 * 60 * 1_000;

/// Which of the reference columns of a model points at another.
pub(super) fn place_of(model: Model, target: Model) -> Option<usize> {
    model
        .references()
        .position(|(_, pointed)| pointed == target)
}

/// The models' references to `target` that lead to records to be asked for: model and place. Users are left out: those
/// that a team names are asked for with the team.
pub(super) fn leading_to(target: Model) -> impl Iterator<Item = (Model, usize)> {
    Model::ALL
        .into_iter()
        .filter(move |_| target != Model::Users)
        .flat_map(move |model| {
            let references = model.references().enumerate();
            let leading = references.filter(move |(_, (_, pointed))| *pointed == target);
            leading.map(move |(place, _)| (model, place))
        })
}

/// Models and places of references.
type Places = Vec<(Model, usize)>;

/// What belongs to a record of a model, so that a change of it counts as one of the record
/// ([`super::RecordFilter::touched_since`]): models that refer to it and models that it refers to, with the places.
pub(super) fn belonging(model: Model) -> (Places, Places) {
    let (by, to): (&[Model], &[Model]) = match model {
        Model::Jobs => (&[Model::JobStages, Model::HiringTeamMembers], &[]),
        Model::Candidates => (&[Model::Applications], &[]),
        Model::Applications => (&[], &[Model::Candidates, Model::ApplicationStages]),
        _ => (&[], &[]),
    };
    let with_place = |other: Model, place: Option<usize>| place.map(|place| (other, place));
    let by = by
        .iter()
        .filter_map(|other| with_place(*other, place_of(*other, model)));
    let to = to
        .iter()
        .filter_map(|other| with_place(*other, place_of(model, *other)));
    (by.collect(), to.collect())
}
