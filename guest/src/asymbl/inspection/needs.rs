//! What each model and action needs of the org: objects, fields, operations. The models' part follows from the tables that
//! the mapping works by, so that neither the access check nor the connection guide can drift from it.

use crate::asymbl::discover::OPTIONAL;
use crate::asymbl::models::{self, Source, Tenant, rules};
use crate::asymbl::names;
use crate::asymbl::settings::CandidateRule;
use crate::exports::ats::connector::inspection::Action;
use crate::exports::ats::connector::types::Model;

/// What must be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// To see it.
    Read,
    /// To create records of it, to set it at creation.
    Create,
    /// To change it.
    Edit,
}

impl Operation {
    /// As people say it: `read`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Edit => "edit",
        }
    }
}

/// A right on a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldNeed {
    /// API name.
    pub name: String,
    /// What must be allowed.
    pub operation: Operation,
    /// Unified fields that come from it, or inputs that go there.
    pub affects: Vec<String>,
    /// Without it nothing works.
    pub essential: bool,
}

/// Rights on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectNeed {
    /// API name.
    pub object: String,
    /// What must be allowed, besides reading.
    pub operations: Vec<Operation>,
    /// Without it nothing works.
    pub essential: bool,
    /// What is lost without it; empty where everything is.
    pub affects: Vec<String>,
    /// Rights on its fields.
    pub fields: Vec<FieldNeed>,
}

/// The needs of one model or action.
#[derive(Default)]
struct Needs(Vec<ObjectNeed>);

impl Needs {
    fn object(&mut self, object: &str, essential: bool) -> &mut ObjectNeed {
        let at = match self.0.iter().position(|n| n.object == object) {
            Some(at) => at,
            None => {
                self.0.push(ObjectNeed {
                    object: object.to_owned(),
                    operations: Vec::new(),
                    essential,
                    affects: Vec::new(),
                    fields: Vec::new(),
                });
                self.0.len() - 1
            }
        };
        &mut self.0[at]
    }
}

impl ObjectNeed {
    fn may(&mut self, operation: Operation) {
        if operation != Operation::Read && !self.operations.contains(&operation) {
            self.operations.push(operation);
        }
    }

    fn field(&mut self, name: &str, operation: Operation, affects: &str, essential: bool) {
        let known = self
            .fields
            .iter_mut()
            .find(|f| f.name == name && f.operation == operation);
        let affected = Some(affects.to_owned()).filter(|a| !a.is_empty());
        match known {
            Some(field) => {
                let new = affected.filter(|a| !field.affects.contains(a));
                field.affects.extend(new);
            }
            None => self.fields.push(FieldNeed {
                name: name.to_owned(),
                operation,
                affects: affected.into_iter().collect(),
                essential,
            }),
        }
        if !self.essential
            && !affects.is_empty()
            && !self.affects.iter().any(|known| known == affects)
        {
            self.affects.push(affects.to_owned());
        }
    }
}

/// Fields that every user sees where the object is seen.
const ALWAYS: [&str; 4] = ["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"];

/// What reading a model needs. Switched-off fields need nothing.
pub fn of_model(tenant: Tenant<'_>, model: Model) -> Vec<ObjectNeed> {
    let names = tenant.profile.names();
    let mut needs = Needs::default();
    let own = models::object_of(tenant, model);
    needs.object(&own, true);
    for rule in rules(model)
        .iter()
        .filter(|r| models::is_on(tenant, model, r.field))
    {
        let unified = rule.field.split('.').next().unwrap_or(rule.field);
        for name in models::source_fields(tenant, model, rule.field) {
            if !ALWAYS.contains(&name.as_str()) && !OPTIONAL.contains(&name.as_str()) {
                needs
                    .object(&own, true)
                    .field(&name, Operation::Read, unified, false);
            }
        }
        if tenant.settings.override_of(model, rule.field).is_some() {
            continue;
        }
        for source in rule.sources {
            if let Source::Other(object, field) = source {
                needs.object(&names.api(object), false).field(
                    &names.api(field),
                    Operation::Read,
                    unified,
                    false,
                );
            }
        }
    }
    let by_applicants = matches!(
        tenant.settings.candidates,
        CandidateRule::AppliedOrTyped | CandidateRule::Applied
    );
    if model == Model::Candidates && by_applicants {
        needs.object(&names.api(names::APPLICANT), false).field(
            &names.api(CONTACT_LOOKUP),
            Operation::Read,
            "candidates with an application",
            false,
        );
    }
    needs.0
}

const CONTACT_LOOKUP: &str = "bpats__ATS_Applicant__c";
const FILE: &str = "ContentVersion";
const FILE_LINK: &str = "ContentDocumentLink";

/// Stands for the lookup to the Job, whatever it is called in the org.
const JOB_LOOKUP: &str = "(job)";

/// A line of an action's table: object, operation, whether the action is lost without it, the fields with the inputs that go
/// there; an input with `!` is one that the action can't do without.
type Line = (
    &'static str,
    Operation,
    bool,
    &'static [(&'static str, &'static str)],
);

/// What the create actions write (asymbl-schema.md 3).
const CREATE: &[Line] = &[
    (
        names::CONTACT,
        Operation::Create,
        true,
        &[
            ("FirstName", "candidate.first_name"),
            ("LastName", "!candidate.last_name"),
            ("Email", "!candidate.email_address"),
            ("Title", "candidate.title"),
            ("MobilePhone", "candidate.phone_number"),
            ("MailingCity", "candidate.location.city"),
            ("MailingCountry", "candidate.location.country"),
            ("MailingPostalCode", "candidate.location.zip_code"),
            (
                "bpats__Earliest_Available_Date__c",
                "candidate.availability_date",
            ),
            (
                "bpats__Desired_Salary__c",
                "candidate.salary_expectations.amount",
            ),
        ],
    ),
    (
        names::APPLICANT,
        Operation::Create,
        true,
        &[
            (JOB_LOOKUP, "!application.job_id"),
            ("bpats__Stage__c", "!application.stage_id"),
            (CONTACT_LOOKUP, "!candidate"),
            ("bpats__Source__c", "source"),
            ("bpats__Internal_Source__c", "source"),
        ],
    ),
    (names::JOB, Operation::Read, true, &[]),
    (names::STAGE, Operation::Read, true, &[]),
    (
        FILE,
        Operation::Create,
        false,
        &[("VersionData", "attachments")],
    ),
];

const ADD_ATTACHMENT: &[Line] = &[
    (
        names::APPLICANT,
        Operation::Read,
        true,
        &[(CONTACT_LOOKUP, "!application_id")],
    ),
    (names::CONTACT, Operation::Read, true, &[]),
    (
        FILE,
        Operation::Create,
        true,
        &[("VersionData", "!attachment")],
    ),
];

const MOVE: &[Line] = &[
    (
        names::APPLICANT,
        Operation::Edit,
        true,
        &[("bpats__Stage__c", "!stage_id")],
    ),
    (names::STAGE, Operation::Read, true, &[]),
];

const GET_ATTACHMENTS: &[Line] = &[
    (names::CONTACT, Operation::Read, true, &[]),
    (FILE_LINK, Operation::Read, true, &[]),
    (FILE, Operation::Read, true, &[]),
];

/// The actions, with their names and tables.
pub const ACTIONS: [(Action, &str); 5] = [
    (Action::CreateCandidate, "create-candidate"),
    (Action::CreateApplication, "create-application"),
    (
        Action::AddAttachmentToApplication,
        "add-attachment-to-application",
    ),
    (Action::MoveApplicationToStage, "move-application-to-stage"),
    (Action::GetCandidateAttachments, "get-candidate-attachments"),
];

/// What carrying out an action needs.
pub fn of_action(tenant: Tenant<'_>, action: Action) -> Vec<ObjectNeed> {
    let lines = match action {
        Action::CreateCandidate | Action::CreateApplication => CREATE,
        Action::AddAttachmentToApplication => ADD_ATTACHMENT,
        Action::MoveApplicationToStage => MOVE,
        Action::GetCandidateAttachments => GET_ATTACHMENTS,
    };
    let names = tenant.profile.names();
    let mut needs = Needs::default();
    for (object, operation, essential, fields) in lines {
        let object = match *object {
            names::JOB => tenant.profile.job_link.object.clone(),
            other => names.api(other),
        };
        let need = needs.object(&object, *essential);
        need.may(*operation);
        for (field, input) in *fields {
            let field = match *field {
                JOB_LOOKUP => tenant.profile.job_link.applicant_lookup.clone(),
                "MailingCountry" if tenant.profile.address_codes() => {
                    "MailingCountryCode".to_owned()
                }
                other => names.api(other),
            };
            let (input, vital) = match input.strip_prefix('!') {
                Some(input) => (input, true),
                None => (*input, false),
            };
            need.field(&field, *operation, input, vital);
        }
    }
    needs.0
}
