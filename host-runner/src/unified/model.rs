//! Which models there are and which fields each has, in the order in which they are printed.
//! The tables below are the coverage page in code: nothing else in the host lists fields by hand.
//! A reference names the model it points at, so that its value can be turned into a unified id without a lookup.

use std::fmt;
use std::str::FromStr;

/// One of the seven models of the unified contract.
///
/// The order of the variants is the order of the coverage page; [`Model::SYNC_ORDER`] is the order of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// People of the customer's company who use the ATS.
    Users,
    /// Open and closed positions.
    Jobs,
    /// People who applied or may apply.
    Candidates,
    /// Steps of a hiring pipeline.
    ApplicationStages,
    /// One candidate on one job.
    Applications,
    /// Join of a job and a stage, with the stage's position in that job.
    JobStages,
    /// Join of a job and a user, with that person's roles.
    HiringTeamMembers,
}

/// What a field holds, and with that what it holds when it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The platform's own id: present only where a mirror stands behind the record.
    UnifiedId,
    /// A stamp that only the mirror sets (`changed_at`, `remote_deleted_at`).
    MirrorStamp,
    /// The source system's id of this record, never null.
    RemoteId,
    /// A string or null.
    Text,
    /// A date-time `YYYY-MM-DDTHH:mm:ss.sssZ` or null.
    DateTime,
    /// A number or null; whole numbers carry no fraction.
    Number,
    /// An id of a record of another model, or null.
    Reference(Model),
    /// An object with exactly these members, each a string or null; the whole may be null.
    Object(&'static [&'static str]),
    /// An array of objects with exactly these members, each a string or null; empty is `[]`.
    Objects(&'static [&'static str]),
    /// A word of a closed list, or null.
    Word(&'static [&'static str]),
    /// An array of words of a closed list; empty is `[]`.
    Words(&'static [&'static str]),
    /// An object keyed by the source's own field names, values any JSON; empty is `{}`.
    FreeObject,
    /// An array of any JSON; empty is `[]`.
    FreeList,
    /// The source row as received, or null. It never takes part in the decision whether a record changed.
    RemoteData,
}

/// One field of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name on the wire, for example `first_name`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

impl Field {
    /// Whether the connector gives it; the others are the platform's own.
    pub const fn is_of_connector(&self) -> bool {
        !matches!(self.kind, Kind::UnifiedId | Kind::MirrorStamp)
    }

    /// Whether it takes part in the decision whether a record changed.
    pub const fn is_of_content(&self) -> bool {
        self.is_of_connector() && !matches!(self.kind, Kind::RemoteData)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::UnifiedId | Self::MirrorStamp => "nothing",
            Self::RemoteId => "a string without escapes",
            Self::Text => "a string or null",
            Self::DateTime => "a date-time such as \"2026-11-24T09:30:00.000Z\" or null",
            Self::Number => "a number or null",
            Self::Reference(_) => "a string without escapes, or null",
            Self::Object(names) => {
                return write!(
                    out,
                    "an object of strings with the members {}, or null",
                    names.join(", ")
                );
            }
            Self::Objects(names) => {
                return write!(
                    out,
                    "an array of objects of strings with the members {}",
                    names.join(", ")
                );
            }
            Self::Word(words) => return write!(out, "one of {}, or null", words.join(", ")),
            Self::Words(words) => return write!(out, "an array of {}", words.join(", ")),
            Self::FreeObject => "an object",
            Self::FreeList => "an array",
            Self::RemoteData => "JSON",
        })
    }
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

const LOCATION: Kind = Kind::Object(&[
    "city", "country", "state", "street_1", "street_2", "zip_code", "raw",
]);
const ROLES: &[&str] = &[
    "HIRING_MANAGER",
    "RECRUITER",
    "COORDINATOR",
    "SOURCER",
    "INTERVIEWER",
];
const ID: Field = field("id", Kind::UnifiedId);
const REMOTE_ID: Field = field("remote_id", Kind::RemoteId);
const CHANGED_AT: Field = field("changed_at", Kind::MirrorStamp);
const REMOTE_DELETED_AT: Field = field("remote_deleted_at", Kind::MirrorStamp);
const CUSTOM_FIELDS: Field = field("custom_fields", Kind::FreeObject);
const INTEGRATION_FIELDS: Field = field("integration_fields", Kind::FreeList);
const REMOTE_URL: Field = field("remote_url", Kind::Text);
const REMOTE_CREATED_AT: Field = field("remote_created_at", Kind::DateTime);
const REMOTE_UPDATED_AT: Field = field("remote_updated_at", Kind::DateTime);
const REMOTE_DATA: Field = field("remote_data", Kind::RemoteData);
const JOB_ID: Field = field("job_id", Kind::Reference(Model::Jobs));

const USERS: &[Field] = &[
    ID,
    REMOTE_ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
    field("first_name", Kind::Text),
    field("last_name", Kind::Text),
    field("email", Kind::Text),
    field("status", Kind::Word(&["ACTIVE", "INACTIVE"])),
    REMOTE_DATA,
];
const JOBS: &[Field] = &[
    ID,
    REMOTE_ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
    field("name", Kind::Text),
    field("job_code", Kind::Text),
    field("description", Kind::Text),
    field("employment_type", Kind::Text),
    field("status", Kind::Text),
    field("visibility", Kind::Text),
    field("salary_amount", Kind::Number),
    field("salary_currency", Kind::Text),
    field("location", LOCATION),
    CUSTOM_FIELDS,
    INTEGRATION_FIELDS,
    REMOTE_URL,
    field("opened_at", Kind::DateTime),
    REMOTE_CREATED_AT,
    REMOTE_UPDATED_AT,
    REMOTE_DATA,
];
const CANDIDATES: &[Field] = &[
    ID,
    REMOTE_ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
    field("first_name", Kind::Text),
    field("last_name", Kind::Text),
    field("title", Kind::Text),
    field("source", Kind::Text),
    field("phone_numbers", Kind::Objects(&["phone_number", "type"])),
    field("email_addresses", Kind::Objects(&["email_address", "type"])),
    field("location", LOCATION),
    CUSTOM_FIELDS,
    INTEGRATION_FIELDS,
    REMOTE_URL,
    REMOTE_CREATED_AT,
    REMOTE_UPDATED_AT,
    REMOTE_DATA,
];
const APPLICATION_STAGES: &[Field] = &[
    ID,
    REMOTE_ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
    field("name", Kind::Text),
    REMOTE_DATA,
];
const APPLICATIONS: &[Field] = &[
    ID,
    REMOTE_ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
    field("outcome", Kind::Word(&["PENDING", "HIRED", "DECLINED"])),
    field("rejection_reason_name", Kind::Text),
    field(
        "current_stage_id",
        Kind::Reference(Model::ApplicationStages),
    ),
    JOB_ID,
    field("candidate_id", Kind::Reference(Model::Candidates)),
    CUSTOM_FIELDS,
    INTEGRATION_FIELDS,
    REMOTE_URL,
    REMOTE_CREATED_AT,
    REMOTE_UPDATED_AT,
    REMOTE_DATA,
];
const JOB_STAGES: &[Field] = &[
    field("index", Kind::Number),
    JOB_ID,
    field("stage_id", Kind::Reference(Model::ApplicationStages)),
    ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
];
const HIRING_TEAM_MEMBERS: &[Field] = &[
    field("roles", Kind::Words(ROLES)),
    JOB_ID,
    field("user_id", Kind::Reference(Model::Users)),
    ID,
    CHANGED_AT,
    REMOTE_DELETED_AT,
];

impl Model {
    /// All models in the order of the coverage page.
    pub const ALL: [Model; 7] = [
        Model::Users,
        Model::Jobs,
        Model::Candidates,
        Model::ApplicationStages,
        Model::Applications,
        Model::JobStages,
        Model::HiringTeamMembers,
    ];

    /// All models in the order in which a sync reads them: what is pointed at comes before what points. The largest
    /// model that points at none is first: while it is read and written, the answers for the small ones come in.
    pub const SYNC_ORDER: [Model; 7] = [
        Model::Candidates,
        Model::Users,
        Model::ApplicationStages,
        Model::Jobs,
        Model::JobStages,
        Model::HiringTeamMembers,
        Model::Applications,
    ];

    /// The name on the command line and in WIT; also the name that goes into the unified id.
    pub const fn name(self) -> &'static str {
        match self {
            Model::Users => "users",
            Model::Jobs => "jobs",
            Model::Candidates => "candidates",
            Model::ApplicationStages => "application-stages",
            Model::Applications => "applications",
            Model::JobStages => "job-stages",
            Model::HiringTeamMembers => "hiring-team-members",
        }
    }

    /// The name for people, in tables and reports.
    pub const fn label(self) -> &'static str {
        match self {
            Model::Users => "Users",
            Model::Jobs => "Jobs",
            Model::Candidates => "Candidates",
            Model::ApplicationStages => "Application stages",
            Model::Applications => "Applications",
            Model::JobStages => "Job stages",
            Model::HiringTeamMembers => "Hiring team members",
        }
    }

    /// Every field of the model, in print order.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Model::Users => USERS,
            Model::Jobs => JOBS,
            Model::Candidates => CANDIDATES,
            Model::ApplicationStages => APPLICATION_STAGES,
            Model::Applications => APPLICATIONS,
            Model::JobStages => JOB_STAGES,
            Model::HiringTeamMembers => HIRING_TEAM_MEMBERS,
        }
    }

    /// The field of that name, if the model has it.
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// The fields that point at other models, in print order, with the model pointed at.
    pub fn references(self) -> impl Iterator<Item = (&'static str, Model)> {
        self.fields().iter().filter_map(|field| match field.kind {
            Kind::Reference(target) => Some((field.name, target)),
            _ => None,
        })
    }

    /// The model whose records come and go with those of this one, and the field that refers to them: a contact is a
    /// candidate while somebody applies, a user of another type than the company's own counts while on a team.
    pub const fn membership(self) -> Option<(&'static str, Model)> {
        match self {
            Model::Applications => Some(("candidate_id", Model::Candidates)),
            Model::HiringTeamMembers => Some(("user_id", Model::Users)),
            _ => None,
        }
    }

    /// For the two join models the pair of fields whose ids make the natural key; `None` for models with a remote id.
    ///
    /// The first of the pair is the parent (the job) whose complete set a page carries.
    pub const fn join_fields(self) -> Option<(&'static str, &'static str)> {
        match self {
            Model::JobStages => Some(("job_id", "stage_id")),
            Model::HiringTeamMembers => Some(("job_id", "user_id")),
            _ => None,
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

/// A model name that is none of the seven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no model \"{given}\"{}; the models are {}", self.hint(), names())]
pub struct UnknownModel {
    /// What was given.
    pub given: String,
    /// The nearest model name, when one is near enough to be meant.
    pub suggestion: Option<Model>,
}

impl UnknownModel {
    fn hint(&self) -> String {
        match self.suggestion {
            Some(model) => format!(", did you mean \"{model}\"?"),
            None => String::new(),
        }
    }
}

fn names() -> String {
    Model::ALL.map(Model::name).join(", ")
}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if let Some(model) = Model::ALL.into_iter().find(|model| model.name() == given) {
            return Ok(model);
        }
        let plain = given.trim().to_ascii_lowercase().replace(['_', ' '], "-");
        // 0.7 lets "candidate", "aplications" and "jobstages" through and keeps "contacts" out.
        let suggestion = Model::ALL
            .into_iter()
            .map(|model| (strsim::jaro_winkler(&plain, model.name()), model))
            .filter(|(likeness, _)| *likeness > 0.7)
            .max_by(|left, right| left.0.total_cmp(&right.0))
            .map(|(_, model)| model);
        Err(UnknownModel {
            given: given.to_owned(),
            suggestion,
        })
    }
}
