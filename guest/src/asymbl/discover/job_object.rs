//! Which object is the Job: the package's own, or one of the org's (asymbl-schema.md 5).
//!
//! The package's metadata says so, but it is readable only with a grant, and otherwise looks absent. The setting
//! `job_object` decides where the metadata is silent or says several things.

use crate::asymbl::names::{self, Names};
use crate::asymbl::profile::JobLink;
use crate::asymbl::row::trimmed;
use crate::asymbl::settings::{JobNames, NameOr};
use salesforce::{self, Query, Record};

const OBJECT: &str = "bpats__Object_Name__c";
const APPLICANT_LOOKUP: &str = "bpats__Lookup_Name_on_Applicant_Object__c";
const STAGE_LOOKUP: &str = "bpats__Lookup_Name_on_Stage_Object__c";
const CLOSED_FIELD: &str = "bpats__Is_Closed_Field__c";

/// A row of the mapping metadata that names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MappingRow {
    object: String,
    applicant_lookup: Option<String>,
    stage_lookup: Option<String>,
    closed_field: Option<String>,
}

/// The query for the mapping metadata.
pub(super) fn query(names: &Names) -> Query {
    let columns = [OBJECT, APPLICANT_LOOKUP, STAGE_LOOKUP, CLOSED_FIELD].map(|c| names.api(c));
    Query::from(names.api(names::JOB_MAPPING)).select(columns)
}

/// The rows that name an object, each once.
pub(super) fn rows(names: &Names, records: &[Record]) -> Vec<MappingRow> {
    let mut found: Vec<MappingRow> = Vec::new();
    for row in records {
        let get = |column: &str| trimmed(row, &names.api(column));
        let Some(object) = get(OBJECT) else { continue };
        let mapping = MappingRow {
            object,
            applicant_lookup: get(APPLICANT_LOOKUP),
            stage_lookup: get(STAGE_LOOKUP),
            closed_field: get(CLOSED_FIELD),
        };
        if !found.contains(&mapping) {
            found.push(mapping);
        }
    }
    found
}

/// Decides; `rows` is none where the metadata can't be read.
pub(super) fn decide(
    names: &Names,
    setting: Option<&NameOr<JobNames>>,
    rows: Option<&[MappingRow]>,
) -> Result<JobLink, String> {
    let listed = rows.unwrap_or_default();
    match setting {
        Some(NameOr::Object(own)) => Ok(JobLink::own(own, names)),
        Some(NameOr::Name(wanted)) => {
            match listed
                .iter()
                .find(|r| r.object.eq_ignore_ascii_case(wanted))
            {
                Some(row) => row.link(names),
                None if wanted.eq_ignore_ascii_case(&names.api(names::JOB)) => {
                    Ok(JobLink::standard(names))
                }
                None => Err(format!(
                    "the setting `job_object` names {wanted}, of which {} says nothing ({}): give `job_object` as an object with \
                     `object`, `applicant_lookup`, `stage_lookup` and `closed_field`",
                    names.api(names::JOB_MAPPING),
                    match rows {
                        None => "it can't be read".to_owned(),
                        Some([]) => "it has no rows".to_owned(),
                        Some(rows) => format!("it has rows for {}", objects(rows)),
                    },
                )),
            }
        }
        None => match listed {
            [] => Ok(JobLink::standard(names)),
            [row] => row.link(names),
            several => Err(format!(
                "{} names several objects as the Job: {}. Say which one with the setting `job_object`",
                names.api(names::JOB_MAPPING),
                objects(several),
            )),
        },
    }
}

/// With the names as describe spells them: people write the mapping, and Salesforce does not mind their case.
pub(super) fn spelled(
    mut link: JobLink,
    names: &Names,
    shapes: &[salesforce::ObjectShape],
) -> JobLink {
    let shape = |name: &str| {
        let mut shapes = shapes.iter();
        shapes.find(|shape| shape.name.eq_ignore_ascii_case(name))
    };
    let spell = |field: &mut String, object: &str| {
        if let Some(described) = shape(object).and_then(|shape| shape.field(field)) {
            field.clone_from(&described.name);
        }
    };
    spell(&mut link.applicant_lookup, &names.api(names::APPLICANT));
    spell(&mut link.stage_lookup, &names.api(names::STAGE));
    if let Some(field) = &mut link.closed_field {
        spell(field, &link.object);
    }
    if let Some(described) = shape(&link.object) {
        link.object.clone_from(&described.name);
    }
    link
}

fn objects(rows: &[MappingRow]) -> String {
    rows.iter()
        .map(|r| r.object.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

impl MappingRow {
    fn link(&self, names: &Names) -> Result<JobLink, String> {
        let mut link = JobLink::standard(names);
        if !self.object.eq_ignore_ascii_case(&link.object) {
            link.standard = false;
            link.object = self.object.clone();
            link.closed_field = None;
            if self.applicant_lookup.is_none() || self.stage_lookup.is_none() {
                return Err(format!(
                    "{} names {} as the Job but not its lookups on the applicant and the stage: give `job_object` as an object with \
                     `object`, `applicant_lookup` and `stage_lookup`",
                    names.api(names::JOB_MAPPING),
                    self.object,
                ));
            }
        }
        if let Some(lookup) = &self.applicant_lookup {
            link.applicant_lookup = lookup.clone();
        }
        if let Some(lookup) = &self.stage_lookup {
            link.stage_lookup = lookup.clone();
        }
        if let Some(field) = &self.closed_field {
            link.closed_field = Some(field.clone());
        }
        Ok(link)
    }
}
