//! One job: a fresh store, one instance, calls one after the other, each bounded in CPU and time.
//!
//! A guest that trapped, ran out of time or was cancelled can't be entered again: the job says so on every later call,
//! and whoever drives it starts a new one from the last cursor.

use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use super::bindings::contract::{actions, inspection, reads, types};
use super::bindings::{Exchange, host};
use super::component::LoadedConnector;
use super::convert::{self, Page, RecordBatch};
use super::engine::TICK;
use super::error::{CallError, Outage};
use super::limits::{HANDLES, HOST_CALL_BYTES, Limits};
use super::state::{JobState, LogSink};
use crate::egress::{Gate, JobStats, Problem};
use crate::unified::Model;

/// What a job needs.
pub struct JobSetup {
    /// What the guest is told of its tenant. Holds no secret.
    pub(super) connection: host::Connection,
    /// Its only way out.
    pub(super) gate: Option<Gate>,
    /// What it may use.
    pub(super) limits: Limits,
    /// Where its log lines go.
    pub(super) log: LogSink,
}

impl JobSetup {
    /// `base_url` is an origin without a path; `settings` the connector's own settings, a JSON object; `disabled` the
    /// models, fields and actions that the tenant switched off.
    pub fn new(
        base_url: String,
        api_version: Option<String>,
        settings: &serde_json::Value,
        disabled: Vec<String>,
        gate: Gate,
    ) -> Self {
        Self {
            connection: host::Connection {
                base_url,
                api_version,
                settings: settings.to_string(),
                disabled,
                access_token: None,
            },
            gate: Some(gate),
            limits: Limits::default(),
            log: std::sync::Arc::new(|_| {}),
        }
    }

    /// For what needs neither a tenant nor the network, such as [`Job::describe_connector`]: every request is refused.
    pub fn offline() -> Self {
        Self {
            connection: host::Connection {
                base_url: "https://offline.invalid".into(),
                api_version: None,
                settings: "{}".into(),
                disabled: Vec::new(),
                access_token: None,
            },
            gate: None,
            limits: Limits::default(),
            log: std::sync::Arc::new(|_| {}),
        }
    }

    /// With the connector's own settings, a JSON object.
    #[must_use]
    pub fn settings(mut self, settings: &serde_json::Value) -> Self {
        self.connection.settings = settings.to_string();
        self
    }

    /// With other limits than the default.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With log lines going somewhere.
    #[must_use]
    pub fn log(mut self, log: LogSink) -> Self {
        self.log = log;
        self
    }
}

/// A running instance of a connector, for one tenant.
pub struct Job {
    store: Store<JobState>,
    world: Exchange,
    limits: Limits,
    gate: Option<Gate>,
    ended: bool,
}

impl LoadedConnector {
    /// Starts a job. When all slots of the engine are taken, this fails rather than waits.
    ///
    /// # Errors
    /// [`CallError::Outage`] where no instance can be made.
    pub async fn start(&self, setup: JobSetup) -> Result<Job, CallError> {
        let limits = setup.limits;
        let gate = setup.gate.clone();
        let mut store = Store::new(&self.engine, JobState::new(setup));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(HOST_CALL_BYTES);
        store.set_max_component_handles(HANDLES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            let state = store.data_mut();
            state.ticks += 1;
            if state.ticks > state.ticks_allowed {
                state.out_of_cpu = true;
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store.data_mut().ticks_allowed = ticks(limits.cpu_per_call);
        let world = self.instantiate(&mut store).await.map_err(|error| {
            if error.is::<wasmtime::Trap>() {
                CallError::from(Outage::Trap { reason: format!("{error:#}") })
            } else {
                CallError::BrokenContract(format!(
                    "its functions are not those of ats:connector@0.1.0, or no instance can be made: {error:#}"
                ))
            }
        })?;
        Ok(Job {
            store,
            world,
            limits,
            gate,
            ended: false,
        })
    }
}

fn ticks(time: Duration) -> u32 {
    u32::try_from(time.as_millis() / TICK.as_millis())
        .unwrap_or(u32::MAX)
        .max(1)
}

/// Enters the guest with one exported function, under this job's limits.
macro_rules! enter {
    ($job:ident, $interface:ident . $function:ident ( $($argument:expr),* )) => {{
        let wall = $job.begin()?;
        let exports = $job.world.$interface();
        let call = exports.$function(&mut $job.store, $($argument),*);
        let result = tokio::time::timeout(wall, call).await;
        $job.end(result)
    }};
}

impl Job {
    /// Guest memory in use, in bytes.
    pub fn memory_used(&self) -> usize {
        self.store.data().memory.used()
    }

    /// What this job's requests came to so far.
    pub fn stats(&self) -> JobStats {
        self.gate.as_ref().map(Gate::stats).unwrap_or_default()
    }

    /// The last request that the gate refused or that failed on the way, in plain words; the guest knows less.
    pub fn last_problem(&self) -> Option<Problem> {
        self.gate.as_ref().and_then(Gate::last_problem)
    }

    /// Learn what the tenant's system looks like.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn discover(&mut self) -> Result<reads::Discovery, CallError> {
        contract(enter!(self, ats_connector_reads.call_discover())?)
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
        macro_rules! list {
            ($function:ident, $convert:ident) => {{
                let page = enter!(self, ats_connector_reads.$function(profile, query))?;
                convert::$convert(contract(page)?)
            }};
        }
        match model {
            Model::Users => list!(call_list_users, users),
            Model::Jobs => list!(call_list_jobs, jobs),
            Model::Candidates => list!(call_list_candidates, candidates),
            Model::ApplicationStages => list!(call_list_application_stages, application_stages),
            Model::Applications => list!(call_list_applications, applications),
            Model::JobStages => list!(call_list_job_stages, job_stages),
            Model::HiringTeamMembers => list!(call_list_hiring_team_members, hiring_team_members),
        }
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
        let model = convert::contract_model(model);
        let batch = enter!(
            self,
            ats_connector_reads.call_get_records(profile, model, ids)
        )?;
        convert::record_batch(contract(batch)?)
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
        contract(enter!(
            self,
            ats_connector_reads.call_list_ids(profile, model, cursor)
        )?)
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
        contract(enter!(
            self,
            ats_connector_reads.call_probe_changes(profile, tokens)
        )?)
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
            ats_connector_actions.call_create_candidate(context, input)
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
            ats_connector_actions.call_create_application(context, input)
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
            ats_connector_actions.call_add_attachment_to_application(context, input)
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
            ats_connector_actions.call_move_application_to_stage(context, input)
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
            ats_connector_actions.call_get_candidate_attachments(profile, &candidate_id)
        )?)
    }

    /// Where a file's bytes are; [`Gate::fetch`] reads them.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn locate_attachment(
        &mut self,
        profile: &types::Profile,
        attachment_id: &str,
    ) -> Result<actions::AttachmentSource, CallError> {
        let attachment_id = attachment_id.to_owned();
        contract(enter!(
            self,
            ats_connector_actions.call_locate_attachment(profile, &attachment_id)
        )?)
    }

    /// This job's way out, for grants and for downloads past the sandbox; none for a job that is offline.
    pub fn gate(&self) -> Option<&Gate> {
        self.gate.as_ref()
    }

    /// What the connector can do. Needs no network.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn describe_connector(
        &mut self,
    ) -> Result<inspection::ConnectorDescription, CallError> {
        enter!(self, ats_connector_inspection.call_describe_connector())
    }

    /// How a customer's administrator links the system. Needs no network.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn connection_guide(&mut self) -> Result<inspection::Guide, CallError> {
        contract(enter!(
            self,
            ats_connector_inspection.call_connection_guide()
        )?)
    }

    /// What the connected user may do, found without writing anything.
    ///
    /// # Errors
    /// As every call: [`CallError`].
    pub async fn check_access(
        &mut self,
        profile: &types::Profile,
    ) -> Result<inspection::AccessReport, CallError> {
        contract(enter!(
            self,
            ats_connector_inspection.call_check_access(profile)
        )?)
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
            ats_connector_inspection.call_test_model(profile, model, limit)
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
            ats_connector_inspection.call_list_fields(profile, model, sample)
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
        contract(enter!(
            self,
            ats_connector_inspection.call_passthrough(request)
        )?)
    }

    fn begin(&mut self) -> Result<Duration, Outage> {
        if self.ended {
            return Err(Outage::Ended);
        }
        let limits = self.limits;
        let state = self.store.data_mut();
        state.ticks = 0;
        state.ticks_allowed = ticks(limits.cpu_per_call);
        state.last_words = None;
        self.store.set_epoch_deadline(1);
        // Until the call came back: a call that is cancelled leaves an instance that can't be entered again.
        self.ended = true;
        Ok(limits.wall_per_call)
    }

    fn end<T>(
        &mut self,
        result: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, CallError> {
        match result {
            Ok(Ok(value)) => {
                self.ended = false;
                Ok(value)
            }
            Ok(Err(_)) if self.store.data().out_of_cpu => {
                Err(Outage::Cpu(self.limits.cpu_per_call).into())
            }
            Ok(Err(trap)) => {
                let last_words = self.store.data_mut().last_words.take();
                let reason = match last_words {
                    Some(words) => format!("{words} ({})", trap.root_cause()),
                    None => format!("{:#}", trap.root_cause()),
                };
                Err(Outage::Trap { reason }.into())
            }
            Err(_) => Err(Outage::Wall(self.limits.wall_per_call).into()),
        }
    }
}

fn contract<T>(result: Result<T, types::Error>) -> Result<T, CallError> {
    result.map_err(|error| CallError::Connector(Box::new(error)))
}
