//! What a job can be asked: one method for each function that the contract's interfaces export.

use std::sync::Arc;

use super::bindings::contract::{about, actions, inspection, reads, types};
use super::bounds;
use super::convert::{self, Page, RecordBatch, TextPage};
use super::error::CallError;
use super::exports::unsupported;
use super::job::Job;
use crate::unified::Model;

/// Enters the guest with one exported function, under this job's limits.
macro_rules! enter {
    ($job:ident, $interface:ident ? . $function:ident ( $($argument:expr),* )) => {{
        let exports = Arc::clone(&$job.exports);
        let Some(functions) = &exports.$interface else {
            return Err(unsupported(stringify!($interface)));
        };
        enter!(@ $job, functions.$function($($argument),*))
    }};
    ($job:ident, $interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let exports = Arc::clone(&$job.exports);
        let functions = &exports.$interface;
        enter!(@ $job, functions.$function($($argument),*))
    }};
    (@ $job:ident, $functions:ident . $function:ident ( $($argument:expr),* )) => {{
        let wall = $job.begin()?;
        let call = $functions.$function(&mut $job.store, $($argument),*);
        let result = tokio::time::timeout(wall, call).await;
        $job.end(result)
    }};
}

impl Job {
    /// Learn what the tenant's system looks like.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn discover(&mut self) -> Result<reads::Discovery, CallError> {
        bounds::discovery(contract(enter!(self, reads.call_discover())?)?)
    }

    /// The next page of a listing. `since` is the token of an earlier listing, or none for everything.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn list(
        &mut self,
        model: Model,
        profile: &types::Profile,
        query: &reads::ListQuery,
    ) -> Result<Page, CallError> {
        self.list_text(model, profile, query).await?.checked()
    }

    /// As [`Job::list`], with the records still to be checked.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn list_text(
        &mut self,
        model: Model,
        profile: &types::Profile,
        query: &reads::ListQuery,
    ) -> Result<TextPage, CallError> {
        let contract_model = convert::contract_model(model);
        let page = enter!(self, reads.call_list_page(profile, contract_model, query))?;
        let mut page = contract(page)?;
        bounds::page_info(&mut page.info)?;
        Ok(TextPage::new(model, page))
    }

    /// Records by remote id (for the two job relations: by job id).
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn get_records(
        &mut self,
        model: Model,
        profile: &types::Profile,
        ids: &[String],
    ) -> Result<RecordBatch, CallError> {
        let contract_model = convert::contract_model(model);
        let batch = enter!(self, reads.call_get_batch(profile, contract_model, ids))?;
        let batch = contract(batch)?;
        bounds::rechecks(&batch.rechecks)?;
        convert::record_batch(model, batch)
    }

    /// A page of all natural keys of a model.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn list_ids(
        &mut self,
        model: Model,
        profile: &types::Profile,
        cursor: Option<&types::Cursor>,
    ) -> Result<reads::IdPage, CallError> {
        let model = convert::contract_model(model);
        bounds::id_page(contract(enter!(
            self,
            reads.call_list_ids(profile, model, cursor)
        )?)?)
    }

    /// Which models changed since their tokens.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn probe_changes(
        &mut self,
        profile: &types::Profile,
        tokens: &[reads::ModelToken],
    ) -> Result<Vec<reads::ModelProbe>, CallError> {
        bounds::probes(contract(enter!(
            self,
            reads.call_probe_changes(profile, tokens)
        )?)?)
    }

    /// Every problem of an action's input that shows without asking the tenant's system. Needs no network.
    ///
    /// # Errors
    /// `invalid-input` with all of them; else as every call: [`CallError`].
    pub async fn check_input(
        &mut self,
        action: about::Action,
        input: &str,
    ) -> Result<(), CallError> {
        let input = input.to_owned();
        contract(enter!(self, actions?.call_check_input(action, &input))?)
    }

    /// Create a candidate with an application.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn create_candidate(
        &mut self,
        context: &actions::ActionContext,
        input: &actions::CreateInput,
    ) -> Result<actions::Created, CallError> {
        contract(enter!(
            self,
            actions?.call_create_candidate(context, input)
        )?)
    }

    /// Create an application, and its candidate where there is none with the e-mail address.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn create_application(
        &mut self,
        context: &actions::ActionContext,
        input: &actions::CreateInput,
    ) -> Result<actions::Created, CallError> {
        contract(enter!(
            self,
            actions?.call_create_application(context, input)
        )?)
    }

    /// Attach a file to an application.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn add_attachment_to_application(
        &mut self,
        context: &actions::ActionContext,
        input: &actions::AddAttachmentInput,
    ) -> Result<actions::Attached, CallError> {
        contract(enter!(
            self,
            actions?.call_add_attachment_to_application(context, input)
        )?)
    }

    /// Put an application into another stage of its job.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn move_application_to_stage(
        &mut self,
        context: &actions::ActionContext,
        input: &actions::MoveInput,
    ) -> Result<actions::Moved, CallError> {
        contract(enter!(
            self,
            actions?.call_move_application_to_stage(context, input)
        )?)
    }

    /// The files of a candidate, live.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn get_candidate_attachments(
        &mut self,
        profile: &types::Profile,
        candidate_id: &str,
    ) -> Result<Vec<actions::Attachment>, CallError> {
        let candidate_id = candidate_id.to_owned();
        contract(enter!(
            self,
            actions?.call_get_candidate_attachments(profile, &candidate_id)
        )?)
    }

    /// Where a file's bytes are; [`crate::egress::Gate::fetch`] reads them.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn locate_attachment(
        &mut self,
        profile: &types::Profile,
        attachment_id: &str,
    ) -> Result<actions::LocatedAttachment, CallError> {
        let attachment_id = attachment_id.to_owned();
        contract(enter!(
            self,
            actions?.call_locate_attachment(profile, &attachment_id)
        )?)
    }

    /// What the connector can do. Needs no network.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn describe_connector(&mut self) -> Result<about::ConnectorDescription, CallError> {
        enter!(self, about.call_describe_connector())
    }

    /// How a customer's administrator links the system. Needs no network.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn connection_guide(&mut self) -> Result<inspection::Guide, CallError> {
        contract(enter!(self, inspection?.call_connection_guide())?)
    }

    /// What the connected user may do, found without writing anything.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn check_access(
        &mut self,
        profile: &types::Profile,
    ) -> Result<inspection::AccessReport, CallError> {
        contract(enter!(self, inspection?.call_check_access(profile))?)
    }

    /// Really reads a few records of a model.
    ///
    /// # Errors
    /// As every call: [`CallError`]. A model that can't be read is an outcome, not an error.
    pub async fn test_model(
        &mut self,
        profile: &types::Profile,
        model: Model,
        limit: u32,
    ) -> Result<inspection::ModelTest, CallError> {
        let model = convert::contract_model(model);
        contract(enter!(
            self,
            inspection?.call_test_model(profile, model, limit)
        )?)
    }

    /// The source fields of a model; `sample` is how many recent rows to look at for values, 0 for none.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn list_fields(
        &mut self,
        profile: &types::Profile,
        model: Model,
        sample: u32,
    ) -> Result<Vec<inspection::SourceField>, CallError> {
        let model = convert::contract_model(model);
        contract(enter!(
            self,
            inspection?.call_list_fields(profile, model, sample)
        )?)
    }

    /// Sends a request to the tenant's system as it is; an HTTP error is an answer.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn passthrough(
        &mut self,
        request: &inspection::PassthroughRequest,
    ) -> Result<inspection::PassthroughResponse, CallError> {
        contract(enter!(self, inspection?.call_passthrough(request))?)
    }
}

fn contract<T>(result: Result<T, types::Error>) -> Result<T, CallError> {
    result.map_err(|error| CallError::Connector(Box::new(bounds::error(error))))
}
