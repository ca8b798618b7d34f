//! The rest of the contract, which a hostile guest does not need: listings that end at once, and refusals.

use crate::bindings::exports::ats::connector::{about, actions, inspection, reads, types};
use crate::{Hostile, listings};

pub fn refusal() -> types::Error {
    types::Error::Unsupported(types::Failure {
        message: "this connector only misbehaves".into(),
        remote: None,
    })
}

macro_rules! refuse {
    ($($name:ident($($argument:ident: $type:ty),*) -> $ok:ty;)*) => {
        $(fn $name($($argument: $type),*) -> Result<$ok, types::Error> {
            $(let _ = $argument;)*
            Err(refusal())
        })*
    };
}

impl reads::Guest for Hostile {
    fn discover() -> Result<reads::Discovery, reads::Error> {
        crate::discover()
    }
    fn list_page(
        _: String,
        model: reads::Model,
        query: reads::ListQuery,
    ) -> Result<reads::TextPage, types::Error> {
        match model {
            reads::Model::Users => listings::users(&query),
            _ => Ok(listings::page(String::new(), listings::done())),
        }
    }
    fn get_batch(
        _: String,
        _: reads::Model,
        ids: Vec<String>,
    ) -> Result<reads::TextBatch, types::Error> {
        Ok(listings::get_batch(ids))
    }
    fn list_users(_: String, _: reads::ListQuery) -> Result<reads::UsersPage, types::Error> {
        listings::typed_users()
    }
    // The host reads text.
    refuse! {
        list_jobs(profile: String, query: reads::ListQuery) -> reads::JobsPage;
        list_candidates(profile: String, query: reads::ListQuery) -> reads::CandidatesPage;
        list_application_stages(profile: String, query: reads::ListQuery) -> reads::ApplicationStagesPage;
        list_applications(profile: String, query: reads::ListQuery) -> reads::ApplicationsPage;
        list_job_stages(profile: String, query: reads::ListQuery) -> reads::JobStagesPage;
        list_hiring_team_members(profile: String, query: reads::ListQuery) -> reads::HiringTeamMembersPage;
        get_records(profile: String, model: reads::Model, ids: Vec<String>) -> reads::RecordBatch;
        list_ids(profile: String, model: reads::Model, cursor: Option<String>) -> reads::IdPage;
        probe_changes(profile: String, tokens: Vec<reads::ModelToken>) -> Vec<reads::ModelProbe>;
    }
}

impl actions::Guest for Hostile {
    refuse! {
        create_candidate(context: actions::ActionContext, input: actions::CreateInput) -> actions::Created;
        create_application(context: actions::ActionContext, input: actions::CreateInput) -> actions::Created;
        add_attachment_to_application(context: actions::ActionContext, input: actions::AddAttachmentInput)
            -> actions::Attached;
        move_application_to_stage(context: actions::ActionContext, input: actions::MoveInput) -> actions::Moved;
        get_candidate_attachments(profile: String, candidate: String) -> Vec<actions::Attachment>;
        check_input(action: about::Action, input: String) -> ();
    }
    fn locate_attachment(_: String, _: String) -> Result<actions::LocatedAttachment, types::Error> {
        let url = crate::setting("signed_url").filter(|_| crate::behaviour_name() == "SignUrls");
        Ok(actions::LocatedAttachment {
            source: actions::AttachmentSource::SignedUrl(url.ok_or_else(refusal)?),
            file_name: "cv.pdf".into(),
            content_type: "application/pdf".into(),
            size: None,
        })
    }
}

/// All models, so that a sync lists each.
fn reads_all() -> Vec<about::ModelCoverage> {
    use types::Model::*;
    let models = [
        Users,
        Jobs,
        Candidates,
        ApplicationStages,
        Applications,
        JobStages,
        HiringTeamMembers,
    ];
    let model = |model| about::ModelCoverage {
        model,
        label: format!("{model:?}"),
        fields: Vec::new(),
        notes: Vec::new(),
    };
    models.into_iter().map(model).collect()
}

impl about::Guest for Hostile {
    fn describe_connector() -> about::ConnectorDescription {
        about::ConnectorDescription {
            slug: "hostile".into(),
            label: "Hostile guest".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            models: reads_all(),
            actions: Vec::new(),
            features: Vec::new(),
            deletions_visible_days: None,
            shortest_poll_interval_seconds: None,
            idempotency_key_hours: None,
            settings_schema: "{}".into(),
        }
    }
}

impl inspection::Guest for Hostile {
    refuse! {
        check_access(profile: String) -> inspection::AccessReport;
        test_model(profile: String, model: inspection::Model, limit: u32) -> inspection::ModelTest;
        list_fields(profile: String, model: inspection::Model, sample: u32) -> Vec<inspection::SourceField>;
        connection_guide() -> inspection::Guide;
        passthrough(request: inspection::PassthroughRequest) -> inspection::PassthroughResponse;
    }
}
