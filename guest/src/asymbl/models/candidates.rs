//! Candidates, from the contacts that are candidates.

mod membership;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::common::{Frame, distinct, is_email, pick};
use super::json::{Lines, WriteJson};
use super::location::OwnAddress;
use super::table::{
    FurtherNeed, Object,
    Source::{EmailFields, Other, Own},
    Table, always, computed, field, host_assigned, is_on,
};
use super::takes::TEXT;
use super::{Fetch, Mapping, Missing, Tenant};
use crate::asymbl::names::{APPLICANT, CONTACT};
use crate::asymbl::row::{row_id, trimmed};
use crate::asymbl::settings::{CandidateRule, Settings};
use crate::exports::ats::connector::types::Model;
use crate::exports::ats::connector::unified::{Candidate, EmailAddress, PhoneNumber};
use salesforce::Record;

pub use membership::{Candidacy, Membership};

const M: Model = Model::Candidates;

/// The contact's telephone fields and what kind each is.
const PHONES: [(&str, &str); 4] = [
    ("Phone", "WORK"),
    ("MobilePhone", "MOBILE"),
    ("HomePhone", "HOME"),
    ("OtherPhone", "OTHER"),
];
/// What the first applicant says of the source, in order of preference.
const APPLICANT_SOURCES: [&str; 2] = ["bpats__Source__c", "bpats__Internal_Source__c"];
/// The applicant's lookup to the contact.
const CONTACT_LOOKUP: &str = "bpats__ATS_Applicant__c";

/// The table.
#[rustfmt::skip]
pub const TABLE: Table = Table {
    rules: &[
        host_assigned("id"),
        field("remote_id", &[Own("Id")]),
        host_assigned("changed_at"),
        host_assigned("remote_deleted_at"),
        field("first_name", &[Own("FirstName")]).choosable(TEXT),
        field("last_name", &[Own("LastName")]).choosable(TEXT),
        field("title", &[Own("Title")]).choosable(TEXT)
            .note("the present job title"),
        field("source", &[Own("LeadSource"), Other(APPLICANT, APPLICANT_SOURCES[0]), Other(APPLICANT, APPLICANT_SOURCES[1])]).choosable(TEXT)
            .note("the lead source, else the source or internal source of the first applicant"),
        field("phone_numbers", &[Own(PHONES[0].0), Own(PHONES[1].0), Own(PHONES[2].0), Own(PHONES[3].0)])
            .note("WORK, MOBILE, HOME, OTHER; equal numbers once"),
        field("email_addresses", &[Own("Email"), EmailFields])
            .note("with the fields of the setting `candidate_email_fields`; invalid ones left out"),
        field("location", &[])
            .note("the mailing address"),
        field("location.street_1", &[Own("MailingStreet")]).choosable(TEXT),
        field("location.city", &[Own("MailingCity")]).choosable(TEXT),
        field("location.state", &[Own("MailingStateCode"), Own("MailingState")]).choosable(TEXT),
        field("location.zip_code", &[Own("MailingPostalCode")]).choosable(TEXT),
        field("location.country", &[Own("MailingCountryCode"), Own("MailingCountry")]).choosable(TEXT),
        computed("custom_fields", "custom fields by API name"),
        computed("integration_fields", "the fields of the setting `integration_fields`"),
        computed("remote_url", "the record's page in Lightning"),
        field("remote_created_at", &[Own("CreatedDate")]),
        field("remote_updated_at", &[Own("LastModifiedDate")]),
        computed("remote_data", "the source row as received"),
    ],
    extra_columns: &[always(Own("RecordTypeId"))],
    needs: &[
        FurtherNeed {
            object: Object::Named(APPLICANT),
            field: CONTACT_LOOKUP,
            affects: "candidates with an application",
            when: |tenant| asks_for_applicants(&tenant.settings.candidates),
        },
        FurtherNeed {
            object: Object::Named(CONTACT),
            field: "RecordTypeId",
            affects: "candidates by their record type",
            when: |tenant| asks_for_types(&tenant.settings.candidates) && !tenant.profile.candidate_types.is_empty(),
        },
    ],
    steered_by: |settings| {
        let Settings { candidates, candidate_record_type, candidate_email_fields, .. } = settings;
        format!("{:?};", (candidates, candidate_record_type, candidate_email_fields))
    },
    notes: &["Contacts of the candidate record type or with an application; the setting `candidates` says otherwise."],
    ..Table::new(M, "Candidates", Object::Named(CONTACT))
};

fn asks_for_applicants(rule: &CandidateRule) -> bool {
    matches!(rule, CandidateRule::AppliedOrTyped | CandidateRule::Applied)
}

fn asks_for_types(rule: &CandidateRule) -> bool {
    matches!(rule, CandidateRule::AppliedOrTyped | CandidateRule::Typed)
}

/// How a contact row becomes a candidate.
#[derive(Debug, Clone)]
pub struct Candidates {
    frame: Frame,
    applicants: Option<Applicants>,
    phones: Vec<(String, &'static str)>,
    emails: Vec<(String, Option<String>)>,
    address: OwnAddress,
}

/// Where the source of a contact without a lead source is looked up.
#[derive(Debug, Clone)]
struct Applicants {
    object: String,
    columns: Vec<String>,
    contact: String,
    sources: Vec<String>,
}

/// The first applicant of each contact without a lead source, by contact id.
pub type FirstApplicants = HashMap<String, FirstApplicant>;

/// An applicant who describes a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstApplicant {
    /// The applicant's id.
    pub id: String,
    /// The source that it names.
    pub source: Option<String>,
}

impl Mapping for Candidates {
    const TABLE: &'static Table = &TABLE;
    type Record = Candidate;
    type Related = FirstApplicants;

    fn new(tenant: Tenant<'_>) -> Result<Self, Missing> {
        let (frame, shape) = Frame::new(tenant, &TABLE)?;
        let on = |field: &str| is_on(tenant, M, field);
        let phones = PHONES
            .iter()
            .filter(|(f, _)| on("phone_numbers") && shape.has(f));
        let further = tenant.settings.candidate_email_fields.iter();
        let emails = std::iter::once(("Email".to_owned(), None))
            .chain(further.map(|e| (e.field.clone(), e.kind.clone())))
            .filter(|(f, _)| on("email_addresses") && shape.has(f));
        Ok(Self {
            applicants: Applicants::new(tenant),
            phones: phones.map(|(f, kind)| ((*f).to_owned(), *kind)).collect(),
            emails: emails.collect(),
            address: OwnAddress::new(tenant, &TABLE, shape),
            frame,
        })
    }

    fn frame(&self) -> &Frame {
        &self.frame
    }

    fn related<F: Fetch>(
        &self,
        fetch: &mut F,
        rows: &[Record],
    ) -> Result<FirstApplicants, F::Error> {
        let Some(applicants) = &self.applicants else {
            return Ok(FirstApplicants::new());
        };
        let without_own = rows
            .iter()
            .filter(|row| pick!(self, "source").text(row).is_none());
        let ids = distinct(without_own.map(row_id));
        if ids.is_empty() {
            return Ok(FirstApplicants::new());
        }
        let rows = fetch.rows(
            &applicants.object,
            &applicants.columns,
            &applicants.contact,
            &ids,
        )?;
        Ok(applicants.first(&rows))
    }

    fn map(&self, row: &Record, first: &FirstApplicants) -> Option<Candidate> {
        let id = row_id(row)?;
        let rest = self.frame.members(row, &id);
        Some(Candidate {
            first_name: pick!(self, "first_name").text(row),
            last_name: pick!(self, "last_name").text(row),
            title: pick!(self, "title").text(row),
            source: pick!(self, "source")
                .text(row)
                .or_else(|| first.get(&id)?.source.clone()),
            phone_numbers: self.phone_numbers(row),
            email_addresses: self.email_addresses(row),
            location: self.address.read(row, None),
            custom_fields: rest.custom_fields,
            integration_fields: rest.integration_fields,
            remote_url: rest.remote_url,
            remote_created_at: rest.remote_created_at,
            remote_updated_at: rest.remote_updated_at,
            extra: None,
            remote_data: rest.remote_data,
            remote_id: id,
        })
    }
}

impl Candidates {
    fn phone_numbers(&self, row: &Record) -> Vec<PhoneNumber> {
        let mut numbers: Vec<PhoneNumber> = Vec::new();
        for (field, kind) in &self.phones {
            let Some(phone_number) = trimmed(row, field) else {
                continue;
            };
            let is_same = |held: &PhoneNumber| bare(&held.phone_number).eq(bare(&phone_number));
            if !numbers.iter().any(is_same) {
                numbers.push(PhoneNumber {
                    phone_number,
                    kind: Some((*kind).to_owned()),
                });
            }
        }
        numbers
    }

    fn email_addresses(&self, row: &Record) -> Vec<EmailAddress> {
        let mut addresses: Vec<EmailAddress> = Vec::new();
        for (field, kind) in &self.emails {
            let address = trimmed(row, field).filter(|address| is_email(address));
            let Some(email_address) = address else {
                continue;
            };
            // An address is ASCII.
            let is_same =
                |held: &EmailAddress| held.email_address.eq_ignore_ascii_case(&email_address);
            if !addresses.iter().any(is_same) {
                addresses.push(EmailAddress {
                    email_address,
                    kind: kind.clone(),
                });
            }
        }
        addresses
    }
}

/// A telephone number without what people put between its digits.
fn bare(number: &str) -> impl Iterator<Item = char> {
    let between = |c: &char| c.is_whitespace() || matches!(c, '-' | '.' | '(' | ')' | '/');
    number.chars().filter(move |c| !between(c))
}

impl Applicants {
    fn new(tenant: Tenant<'_>) -> Option<Self> {
        // A tenant that chose another source field wants that one alone.
        if !is_on(tenant, M, "source") || tenant.settings.override_of(M, "source").is_some() {
            return None;
        }
        let names = tenant.profile.names();
        let shape = tenant.profile.applicant()?;
        let contact = names.api(CONTACT_LOOKUP);
        let mut sources: Vec<String> = APPLICANT_SOURCES.iter().map(|n| names.api(n)).collect();
        sources.retain(|s| shape.has(s));
        if sources.is_empty() || !shape.has(&contact) {
            return None;
        }
        let mut columns = vec!["Id".to_owned(), "CreatedDate".to_owned(), contact.clone()];
        columns.extend(sources.iter().cloned());
        columns.retain(|c| shape.has(c));
        Some(Self {
            object: shape.name.clone(),
            columns,
            contact,
            sources,
        })
    }

    /// Of each contact's first applicant by (CreatedDate, Id). The stamps are of one form, so they compare as texts.
    fn first(&self, rows: &[Record]) -> FirstApplicants {
        let mut first: HashMap<String, (String, &Record)> = HashMap::new();
        for row in rows {
            let Some(contact) = trimmed(row, &self.contact) else {
                continue;
            };
            let created = trimmed(row, "CreatedDate").unwrap_or_default();
            match first.entry(contact) {
                Entry::Vacant(entry) => {
                    entry.insert((created, row));
                }
                Entry::Occupied(mut entry) => {
                    let (earliest, held) = entry.get();
                    if (&created, row_id(row)) < (earliest, row_id(held)) {
                        entry.insert((created, row));
                    }
                }
            }
        }
        let first = first.into_iter();
        let found = first.filter_map(|(contact, (_, row))| {
            let source = self.sources.iter().find_map(|s| trimmed(row, s));
            Some((
                contact,
                FirstApplicant {
                    id: row_id(row)?,
                    source,
                },
            ))
        });
        found.collect()
    }
}

/// The applicant object and its lookup to the contact; none where the user may not read them.
pub fn applicant_link(tenant: Tenant<'_>) -> Option<(String, String)> {
    let shape = tenant.profile.applicant()?;
    let contact = tenant.profile.names().api(CONTACT_LOOKUP);
    shape.has(&contact).then(|| (shape.name.clone(), contact))
}

impl WriteJson for Candidate {
    fn write_json(&self, lines: &mut Lines) {
        lines.record(|record| {
            record.text("remote_id", Some(&self.remote_id));
            record.text("first_name", self.first_name.as_deref());
            record.text("last_name", self.last_name.as_deref());
            record.text("title", self.title.as_deref());
            record.text("source", self.source.as_deref());
            record.objects("phone_numbers", &self.phone_numbers, |item, phone| {
                item.text("phone_number", Some(&phone.phone_number));
                item.text("type", phone.kind.as_deref());
            });
            record.objects("email_addresses", &self.email_addresses, |item, email| {
                item.text("email_address", Some(&email.email_address));
                item.text("type", email.kind.as_deref());
            });
            record.location("location", self.location.as_ref());
            record.json("custom_fields", Some(&self.custom_fields));
            record.json("integration_fields", Some(&self.integration_fields));
            record.text("remote_url", self.remote_url.as_deref());
            record.text("remote_created_at", self.remote_created_at.as_deref());
            record.text("remote_updated_at", self.remote_updated_at.as_deref());
            record.json("remote_data", self.remote_data.as_deref());
        });
    }
}
