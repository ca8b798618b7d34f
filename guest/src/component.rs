//! The component's exports, each handed on in a line.
//!
//! This is the only place that exists in the sandbox alone, besides the transport.

mod session;

use session::with;

use crate::asymbl;
use crate::asymbl::actions::unsupported;
use crate::exports::ats::connector::actions::{
    ActionContext, AddAttachmentInput, Attached, Attachment, AttachmentSource, CreateInput,
    Created, MoveInput, Moved,
};
use crate::exports::ats::connector::inspection::{
    AccessReport, ConnectorDescription, Guide as ConnectionGuide, ModelTest, PassthroughRequest,
    PassthroughResponse, SourceField,
};
use crate::exports::ats::connector::reads::{
    ApplicationStagesPage, ApplicationsPage, CandidatesPage, Discovery, HiringTeamMembersPage,
    IdPage, JobStagesPage, JobsPage, ListQuery, ModelProbe, ModelToken, RecordBatch, UsersPage,
};
use crate::exports::ats::connector::types::{Error, Model};
use crate::exports::ats::connector::{actions, inspection, reads};

/// The component.
pub struct Connector;

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
    fn list_ids(profile: String, model: Model, cursor: Option<String>) -> Result<IdPage, Error> {
        with(|ctx| asymbl::reads::list_ids(ctx, &profile, model, cursor.as_deref()))
    }
    fn probe_changes(profile: String, tokens: Vec<ModelToken>) -> Result<Vec<ModelProbe>, Error> {
        with(|ctx| asymbl::reads::probe_changes(ctx, &profile, &tokens))
    }
}

impl actions::Guest for Connector {
    fn create_candidate(_context: ActionContext, _input: CreateInput) -> Result<Created, Error> {
        unsupported("create-candidate")
    }
    fn create_application(_context: ActionContext, _input: CreateInput) -> Result<Created, Error> {
        unsupported("create-application")
    }
    fn add_attachment_to_application(
        _context: ActionContext,
        _input: AddAttachmentInput,
    ) -> Result<Attached, Error> {
        unsupported("add-attachment-to-application")
    }
    fn move_application_to_stage(
        _context: ActionContext,
        _input: MoveInput,
    ) -> Result<Moved, Error> {
        unsupported("move-application-to-stage")
    }
    fn get_candidate_attachments(
        _profile: String,
        _candidate_id: String,
    ) -> Result<Vec<Attachment>, Error> {
        unsupported("get-candidate-attachments")
    }
    fn locate_attachment(
        _profile: String,
        _attachment_id: String,
    ) -> Result<AttachmentSource, Error> {
        unsupported("locate-attachment")
    }
}

impl inspection::Guest for Connector {
    fn describe_connector() -> ConnectorDescription {
        asymbl::inspection::describe::describe_connector()
    }
    fn check_access(_profile: String) -> Result<AccessReport, Error> {
        unsupported("check-access")
    }
    fn test_model(_profile: String, _model: Model, _limit: u32) -> Result<ModelTest, Error> {
        unsupported("test-model")
    }
    fn list_fields(
        _profile: String,
        _model: Model,
        _sample: u32,
    ) -> Result<Vec<SourceField>, Error> {
        unsupported("list-fields")
    }
    fn connection_guide() -> Result<ConnectionGuide, Error> {
        unsupported("connection-guide")
    }
    fn passthrough(_request: PassthroughRequest) -> Result<PassthroughResponse, Error> {
        unsupported("passthrough")
    }
}
