//! The rest of the contract, which a hostile guest does not need: listings that end at once, and refusals.

use crate::bindings::exports::ats::connector::{actions, inspection, reads, types};
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

macro_rules! end_well {
    ($($name:ident -> $page:ident;)*) => {
        $(fn $name(_: String, _: reads::ListQuery) -> Result<reads::$page, types::Error> {
            Ok(reads::$page { items: Vec::new(), info: listings::done() })
        })*
    };
}

impl reads::Guest for Hostile {
    fn discover() -> Result<reads::Discovery, reads::Error> {
        crate::discover()
    }
    fn list_users(_: String, query: reads::ListQuery) -> Result<reads::UsersPage, types::Error> {
        listings::users(&query)
    }
    fn get_records(
        _: String,
        _: reads::Model,
        ids: Vec<String>,
    ) -> Result<reads::RecordBatch, types::Error> {
        listings::get_records(ids)
    }
    end_well! {
        list_jobs -> JobsPage;
        list_candidates -> CandidatesPage;
        list_application_stages -> ApplicationStagesPage;
        list_applications -> ApplicationsPage;
        list_job_stages -> JobStagesPage;
        list_hiring_team_members -> HiringTeamMembersPage;
    }
    refuse! {
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
        check_input(input: actions::ActionInput) -> ();
        locate_attachment(profile: String, attachment: String) -> actions::AttachmentSource;
    }
}

impl inspection::Guest for Hostile {
    fn describe_connector() -> inspection::ConnectorDescription {
        inspection::ConnectorDescription {
            slug: "hostile".into(),
            label: "Hostile guest".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            models: Vec::new(),
            actions: Vec::new(),
            features: Vec::new(),
            deletions_visible_days: None,
            shortest_poll_interval_seconds: None,
            idempotency_key_hours: None,
            settings_schema: "{}".into(),
        }
    }
    refuse! {
        check_access(profile: String) -> inspection::AccessReport;
        test_model(profile: String, model: inspection::Model, limit: u32) -> inspection::ModelTest;
        list_fields(profile: String, model: inspection::Model, sample: u32) -> Vec<inspection::SourceField>;
        connection_guide() -> inspection::Guide;
        passthrough(request: inspection::PassthroughRequest) -> inspection::PassthroughResponse;
    }
}
