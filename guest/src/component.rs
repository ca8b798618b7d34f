//! The component's exports, each handed on in a line.
//!
//! This is the only place that exists in the sandbox alone, besides the transport.

mod session;

use session::with;

use crate::asymbl;
use crate::exports::ats::connector::about::{Action, ConnectorDescription};
use crate::exports::ats::connector::actions::{
    ActionContext, AddAttachmentInput, Attached, Attachment, CreateInput, Created,
    LocatedAttachment, MoveInput, Moved,
};
use crate::exports::ats::connector::inspection::{
    AccessReport, Guide as ConnectionGuide, ModelTest, PassthroughRequest, PassthroughResponse,
    SourceField,
};
use crate::exports::ats::connector::reads::{
    ApplicationStagesPage, ApplicationsPage, CandidatesPage, Discovery, HiringTeamMembersPage,
    IdPage, JobStagesPage, JobsPage, ListQuery, ModelProbe, ModelToken, RecordBatch, TextBatch,
    TextPage, UsersPage,
};
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::{about, actions, inspection, reads};

/// Faster than the standard library's for the many short texts of a page.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The component.
pub struct Connector;

crate::bindings::export!(Connector with_types_in crate::bindings);

impl reads::Guest for Connector {
    fn discover() -> Result<Discovery, Error> {
        with(asymbl::reads::discover)
    }
    fn list_users(profile: String, query: ListQuery) -> Result<UsersPage, Error> {
        with(|ctx| asymbl::reads::list_users(ctx, &profile, &query))
    }
    fn list_jobs(profile: String, query: ListQuery) -> Result<JobsPage, Error> {
        with(|ctx| asymbl::reads::list_jobs(ctx, &profile, &query))
    }
    fn list_candidates(profile: String, query: ListQuery) -> Result<CandidatesPage, Error> {
        with(|ctx| asymbl::reads::list_candidates(ctx, &profile, &query))
    }
    fn list_application_stages(
        profile: String,
        query: ListQuery,
    ) -> Result<ApplicationStagesPage, Error> {
        with(|ctx| asymbl::reads::list_application_stages(ctx, &profile, &query))
    }
    fn list_applications(profile: String, query: ListQuery) -> Result<ApplicationsPage, Error> {
        with(|ctx| asymbl::reads::list_applications(ctx, &profile, &query))
    }
    fn list_job_stages(profile: String, query: ListQuery) -> Result<JobStagesPage, Error> {
        with(|ctx| asymbl::reads::list_job_stages(ctx, &profile, &query))
    }
    fn list_hiring_team_members(
        profile: String,
        query: ListQuery,
    ) -> Result<HiringTeamMembersPage, Error> {
        with(|ctx| asymbl::reads::list_hiring_team_members(ctx, &profile, &query))
    }
    fn get_records(profile: String, model: Model, ids: Vec<String>) -> Result<RecordBatch, Error> {
        with(|ctx| asymbl::reads::get_records(ctx, &profile, model, &ids))
    }
    fn list_page(profile: String, model: Model, query: ListQuery) -> Result<TextPage, Error> {
        with(|ctx| asymbl::reads::list_page(ctx, &profile, model, &query))
    }
    fn get_batch(profile: String, model: Model, ids: Vec<String>) -> Result<TextBatch, Error> {
        with(|ctx| asymbl::reads::get_batch(ctx, &profile, model, &ids))
    }
    fn list_ids(profile: String, model: Model, cursor: Option<String>) -> Result<IdPage, Error> {
        with(|ctx| asymbl::reads::list_ids(ctx, &profile, model, cursor.as_deref()))
    }
    fn probe_changes(profile: String, tokens: Vec<ModelToken>) -> Result<Vec<ModelProbe>, Error> {
        with(|ctx| asymbl::reads::probe_changes(ctx, &profile, &tokens))
    }
}

impl actions::Guest for Connector {
    fn create_candidate(context: ActionContext, input: CreateInput) -> Result<Created, Error> {
        with(|ctx| asymbl::actions::create_candidate(ctx, &context, &input))
    }
    fn create_application(context: ActionContext, input: CreateInput) -> Result<Created, Error> {
        with(|ctx| asymbl::actions::create_application(ctx, &context, &input))
    }
    fn add_attachment_to_application(
        context: ActionContext,
        input: AddAttachmentInput,
    ) -> Result<Attached, Error> {
        with(|ctx| asymbl::actions::add_attachment_to_application(ctx, &context, &input))
    }
    fn move_application_to_stage(context: ActionContext, input: MoveInput) -> Result<Moved, Error> {
        with(|ctx| asymbl::actions::move_application_to_stage(ctx, &context, &input))
    }
    fn get_candidate_attachments(
        profile: String,
        candidate_id: String,
    ) -> Result<Vec<Attachment>, Error> {
        with(|ctx| asymbl::actions::get_candidate_attachments(ctx, &profile, &candidate_id))
    }
    fn check_input(action: Action, input: String) -> Result<(), Error> {
        with(|ctx| asymbl::actions::check_input(ctx, action, &input))
    }
    fn locate_attachment(
        profile: String,
        attachment_id: String,
    ) -> Result<LocatedAttachment, Error> {
        with(|ctx| asymbl::actions::locate_attachment(ctx, &profile, &attachment_id))
    }
}

impl about::Guest for Connector {
    fn describe_connector() -> ConnectorDescription {
        asymbl::inspection::describe::describe_connector()
    }
}

impl inspection::Guest for Connector {
    fn check_access(profile: String) -> Result<AccessReport, Error> {
        with(|ctx| asymbl::inspection::check_access::check_access(ctx, &profile))
    }
    fn test_model(profile: String, model: Model, limit: u32) -> Result<ModelTest, Error> {
        with(|ctx| asymbl::inspection::test_model::test_model(ctx, &profile, model, limit))
    }
    fn list_fields(profile: String, model: Model, sample: u32) -> Result<Vec<SourceField>, Error> {
        with(|ctx| asymbl::inspection::list_fields::list_fields(ctx, &profile, model, sample))
    }
    fn connection_guide() -> Result<ConnectionGuide, Error> {
        with(|ctx| Ok(asymbl::inspection::guide::connection_guide(&ctx.settings)))
    }
    fn passthrough(request: PassthroughRequest) -> Result<PassthroughResponse, Error> {
        with(|ctx| asymbl::inspection::passthrough::passthrough(ctx, request))
    }
}
