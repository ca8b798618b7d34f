//! Which input goes into which field, and what the actions look up: the table that the actions work by, and that the
//! access check and the connection guide are made from (asymbl-schema.md 3).

use crate::asymbl::models::{Tenant, is_on, jobs};
use crate::asymbl::names::{self, STAGE};
use crate::exports::ats::connector::types::Model;

/// The contact's flag of the primary CV's file.
pub const PRIMARY_CV: &str = "bpats__Is_Primary__c";
/// Of the applicant, unique: contact and job in one text. The package fills it.
pub const UNIQUE_KEY: &str = "bpats__Contact_Job_Relationship__c";
/// The order of a job's stages.
pub const STAGE_ORDER: &str = "bpats__Sequence__c";
/// What brought the candidate: the picklist, and the free text for what it does not hold.
pub const SOURCE: [&str; 2] = ["bpats__Source__c", "bpats__Internal_Source__c"];
/// Objects of files. Their standard fields can't be hidden from who sees the object.
pub const FILE: &str = "ContentVersion";
/// Where a file hangs.
pub const FILE_LINK: &str = "ContentDocumentLink";
/// Files of the old kind.
pub const LEGACY_FILE: &str = "Attachment";

/// A part of an input that takes one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    FirstName,
    LastName,
    Email,
    Title,
    Phone,
    Availability,
    City,
    ZipCode,
    Country,
    SalaryOfYear,
    SalaryOfHour,
    RecordType,
    Account,
    EmailHash,
    Job,
    Stage,
    Candidate,
    Status,
    Applied,
    Source,
}

/// Which field takes an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// This one; package names are written with `bpats__`.
    Field(&'static str),
    /// That of the setting `phone_field`.
    Phone,
    /// The country's code where the org's picklists are on, else its text.
    Country,
    /// The record type, where the org has one for candidates.
    RecordType,
    /// The account of the setting `candidate_account`.
    Account,
    /// That of the setting `contact_external_id_field`.
    EmailHash,
    /// The applicant's lookup to the Job, whatever it is called in the org.
    JobLookup,
}

/// A line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub input: Input,
    /// The input's unified path, as problems and warnings name it.
    pub path: &'static str,
    /// The candidate's unified field that reads it back; empty where none does. A tenant's choice of source moves the
    /// input there too, and switching the field off leaves it unwritten.
    pub unified: &'static str,
    pub to: To,
    /// Nothing can be written without it.
    pub vital: bool,
}

const fn place(input: Input, path: &'static str, unified: &'static str, to: To) -> Place {
    Place {
        input,
        path,
        unified,
        to,
        vital: false,
    }
}

const fn vital(input: Input, path: &'static str, unified: &'static str, to: To) -> Place {
    Place {
        vital: true,
        ..place(input, path, unified, to)
    }
}

/// The input of a salary; its period chooses the field.
pub const SALARY: &str = "candidate.salary_expectations.amount";

/// What a new contact is made of.
#[rustfmt::skip]
pub const CONTACT: &[Place] = &[
    place(Input::FirstName, "candidate.first_name", "first_name", To::Field("FirstName")),
    vital(Input::LastName, "candidate.last_name", "last_name", To::Field("LastName")),
    vital(Input::Email, "candidate.email_address", "", To::Field("Email")),
    place(Input::Title, "candidate.title", "title", To::Field("Title")),
    place(Input::Phone, "candidate.phone_number", "phone_numbers", To::Phone),
    place(Input::Availability, "candidate.availability_date", "", To::Field("bpats__Earliest_Available_Date__c")),
    place(Input::City, "candidate.location.city", "location.city", To::Field("MailingCity")),
    place(Input::ZipCode, "candidate.location.zip_code", "location.zip_code", To::Field("MailingPostalCode")),
    place(Input::Country, "candidate.location.country", "location.country", To::Country),
    place(Input::SalaryOfYear, SALARY, "", To::Field("bpats__Desired_Salary__c")),
    place(Input::SalaryOfHour, SALARY, "", To::Field("bpats__Pay_Rate__c")),
    place(Input::RecordType, "candidate", "", To::RecordType),
    vital(Input::Account, "settings.candidate_account", "", To::Account),
    vital(Input::EmailHash, "candidate.email_address", "", To::EmailHash),
];

/// What a new applicant is made of.
#[rustfmt::skip]
pub const APPLICANT: &[Place] = &[
    vital(Input::Job, "application.job_id", "", To::JobLookup),
    vital(Input::Stage, "application.stage_id", "", To::Field("bpats__Stage__c")),
    vital(Input::Candidate, "candidate", "", To::Field("bpats__ATS_Applicant__c")),
    place(Input::Status, "application", "", To::Field("bpats__Applicant_Status__c")),
    place(Input::Applied, "application", "", To::Field("bpats__Initial_Application_Date__c")),
    place(Input::Source, "source", "", To::Field(SOURCE[0])),
    place(Input::Source, "source", "", To::Field(SOURCE[1])),
];

impl Place {
    /// Returns true if the tenant switched off the unified field that reads the input back; it is not written then.
    pub fn is_off(&self, tenant: Tenant<'_>) -> bool {
        !self.unified.is_empty() && !self.vital && !is_on(tenant, Model::Candidates, self.unified)
    }

    /// The fields that take the input in this tenant's org: one, none where setting or org lack what it is for, two for
    /// the last name when the tenant reads it from elsewhere, since Salesforce requires its own.
    pub fn fields(&self, tenant: Tenant<'_>) -> Vec<String> {
        let unset = self.to == To::Account && tenant.settings.candidate_account.is_none();
        if unset || self.is_off(tenant) {
            return Vec::new();
        }
        self.targets(tenant)
    }

    /// As [`fields`](Place::fields), whether or not something is to be written there.
    pub fn targets(&self, tenant: Tenant<'_>) -> Vec<String> {
        let settings = tenant.settings;
        let usual = match self.to {
            To::Field(name) => Some(tenant.profile.names().api(name)),
            To::Phone => Some(settings.phone_field.clone()),
            To::Country if tenant.profile.address_codes() => Some("MailingCountryCode".to_owned()),
            To::Country => Some("MailingCountry".to_owned()),
            To::RecordType => {
                (!tenant.profile.candidate_types.is_empty()).then(|| "RecordTypeId".to_owned())
            }
            To::Account => Some("AccountId".to_owned()),
            To::EmailHash => settings.contact_external_id_field.clone(),
            To::JobLookup => Some(tenant.profile.job_link.applicant_lookup.clone()),
        };
        let chosen = match self.unified {
            "" => None,
            unified => settings
                .override_of(Model::Candidates, unified)
                .and_then(|sources| sources.first().cloned()),
        };
        match (chosen, self.vital) {
            (None, _) => usual.into_iter().collect(),
            (Some(chosen), false) => vec![chosen],
            (Some(chosen), true) => usual.into_iter().chain([chosen]).collect(),
        }
    }
}

/// Fields of an object that an action looks up, with what they are for; the action is lost without them.
pub struct LookUp {
    pub object: String,
    pub fields: Vec<(String, &'static str)>,
}

/// How a job's stages are found and put in order.
pub fn stages(tenant: Tenant<'_>, input: &'static str) -> LookUp {
    let names = tenant.profile.names();
    LookUp {
        object: names.api(STAGE),
        fields: vec![
            ("Name".to_owned(), input),
            (tenant.profile.job_link.stage_lookup.clone(), input),
            (names.api(STAGE_ORDER), input),
        ],
    }
}

/// How it is told that a job takes applications. Any of the fields is enough.
pub fn open_job(tenant: Tenant<'_>) -> LookUp {
    LookUp {
        object: tenant.profile.job_link.object.clone(),
        fields: jobs::TABLE
            .source_fields(tenant, "status")
            .into_iter()
            .map(|field| (field, "application.job_id"))
            .collect(),
    }
}

/// The setting whose field holds the hash of an address, by which an existing contact is found where no e-mail field
/// can be searched.
pub const HASH_SETTING: &str = "contact_external_id_field";

/// The e-mail fields by which an existing contact is found.
pub fn emails(tenant: Tenant<'_>) -> LookUp {
    let further = tenant.settings.candidate_email_fields.iter();
    let fields = std::iter::once("Email".to_owned()).chain(further.map(|e| e.field.clone()));
    LookUp {
        object: names::CONTACT.to_owned(),
        fields: fields.map(|f| (f, "candidate.email_address")).collect(),
    }
}
