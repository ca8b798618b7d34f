//! An org for the tests: the package's own objects, a contact and a user, and rows as JSON text.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Fetch, Mapping, Tenant, read_settings};
use crate::asymbl::names::{self, Names};
use crate::asymbl::profile::{JobLink, ObjectShape, Organization, Profile};
use crate::asymbl::settings::Settings;
use salesforce::{self, Json, Record};

const PACKAGE: &str = include_str!("../../../../tests/practice-org/data/asymbl-package.json");

pub const CANDIDATE_TYPE: &str = "012000000000001AAA";
pub const BASE: &str = "https://acme.my.salesforce.com";

const SYSTEM: [(&str, &str); 6] = [
    ("Id", "id"),
    ("IsDeleted", "boolean"),
    ("CreatedDate", "datetime"),
    ("LastModifiedDate", "datetime"),
    ("SystemModstamp", "datetime"),
    ("Name", "string"),
];

const CONTACT: [(&str, &str); 19] = [
    ("FirstName", "string"),
    ("LastName", "string"),
    ("Title", "string"),
    ("LeadSource", "picklist"),
    ("Department", "string"),
    ("Email", "email"),
    ("Phone", "phone"),
    ("MobilePhone", "phone"),
    ("HomePhone", "phone"),
    ("OtherPhone", "phone"),
    ("MailingAddress", "address"),
    ("MailingStreet", "textarea"),
    ("MailingCity", "string"),
    ("MailingState", "string"),
    ("MailingPostalCode", "string"),
    ("MailingCountry", "string"),
    ("RecordTypeId", "reference"),
    ("Photo__c", "base64"),
    ("Second_Email__c", "email"),
];

const USER: [(&str, &str); 6] = [
    ("FirstName", "string"),
    ("LastName", "string"),
    ("Email", "email"),
    ("IsActive", "boolean"),
    ("UserType", "picklist"),
    ("Department", "string"),
];

/// An org that a test may change before it looks at it.
pub struct TestOrg {
    pub objects: BTreeMap<String, salesforce::ObjectShape>,
    pub link: JobLink,
    pub settings: String,
    pub disabled: Vec<String>,
    pub base_url: String,
}

impl TestOrg {
    pub fn new() -> Self {
        let package: Value = serde_json::from_str(PACKAGE).unwrap();
        let mut objects = BTreeMap::new();
        for object in package["objects"].as_array().unwrap() {
            let name = object["name"].as_str().unwrap();
            let mut shape = object_shape(name, object["label"].as_str().unwrap());
            for f in object["fields"].as_array().unwrap() {
                let mut described = field(f["name"].as_str().unwrap(), f["type"].as_str().unwrap());
                described.label = f["label"].as_str().unwrap().to_owned();
                described
                    .reference_to
                    .extend(f["reference_to"].as_str().map(str::to_owned));
                shape.fields.push(described);
            }
            objects.insert(name.to_owned(), shape);
        }
        objects.insert(names::USER.to_owned(), object_shape(names::USER, "User"));
        let mut org = Self {
            objects,
            link: JobLink::standard(&Names::new("bpats")),
            settings: "{}".to_owned(),
            disabled: Vec::new(),
            base_url: BASE.to_owned(),
        };
        for (name, kind) in CONTACT {
            org.add(names::CONTACT, name, kind, "");
        }
        for (name, kind) in USER {
            org.add(names::USER, name, kind, "");
        }
        org.hide(names::USER, "IsDeleted");
        org.add(names::JOB, "OwnerId", "reference", "User");
        let contact = org.objects.get_mut(names::CONTACT).unwrap();
        for f in contact
            .fields
            .iter_mut()
            .filter(|f| f.name.starts_with("Mailing") && f.kind != "address")
        {
            f.compound_field_name = Some("MailingAddress".to_owned());
        }
        org
    }

    pub fn with_settings(settings: &str) -> Self {
        let mut org = Self::new();
        org.settings = settings.to_owned();
        org
    }

    pub fn add(&mut self, object: &str, name: &str, kind: &str, reference_to: &str) {
        let mut described = field(name, kind);
        if !reference_to.is_empty() {
            described.reference_to.push(reference_to.to_owned());
        }
        self.objects.get_mut(object).unwrap().fields.push(described);
    }

    pub fn hide(&mut self, object: &str, name: &str) {
        self.objects
            .get_mut(object)
            .unwrap()
            .fields
            .retain(|f| f.name != name);
    }

    /// As Shield does at random: the field can be read and not asked for.
    pub fn encrypt(&mut self, object: &str, name: &str) {
        let fields = &mut self.objects.get_mut(object).unwrap().fields;
        fields
            .iter_mut()
            .find(|f| f.name == name)
            .unwrap()
            .filterable = false;
    }

    pub fn profile(&self) -> Profile {
        let organization = Organization {
            id: "00D000000000001AAA".to_owned(),
            name: Some("Acme".to_owned()),
            time_zone: "America/New_York".to_owned(),
            sandbox: Some(false),
        };
        Profile::new(
            organization,
            "bpats".to_owned(),
            self.link.clone(),
            vec![CANDIDATE_TYPE.to_owned()],
            self.objects.values().map(ObjectShape::of),
        )
    }

    pub fn parsed_settings(&self) -> Settings {
        read_settings(&self.settings, &self.disabled).unwrap()
    }

    /// Calls `run` with the tenant.
    pub fn tenant<R>(&self, run: impl FnOnce(Tenant<'_>) -> R) -> R {
        let (profile, settings) = (self.profile(), self.parsed_settings());
        run(Tenant {
            profile: &profile,
            settings: &settings,
            base_url: &self.base_url,
        })
    }

    pub fn mapping<M: Mapping>(&self) -> M {
        self.tenant(|t| M::new(t).unwrap())
    }

    /// Maps one row, with `others` to be found by second queries.
    pub fn map<M: Mapping>(&self, row: &str, others: &[(&str, &str)]) -> M::Record {
        let mapping: M = self.mapping();
        let rows = [record(row)];
        let mut fetch = Rows::new(others);
        let related = mapping
            .related(&mut fetch, &rows)
            .unwrap_or_else(|e: Never| match e {});
        mapping.map(&rows[0], &related).unwrap()
    }
}

fn object_shape(name: &str, label: &str) -> salesforce::ObjectShape {
    salesforce::ObjectShape {
        name: name.to_owned(),
        label: label.to_owned(),
        replicateable: true,
        queryable: true,
        fields: SYSTEM.iter().map(|(n, k)| field(n, k)).collect(),
        ..Default::default()
    }
}

fn field(name: &str, kind: &str) -> salesforce::FieldShape {
    salesforce::FieldShape {
        name: name.to_owned(),
        label: name.trim_end_matches("__c").replace('_', " "),
        kind: kind.to_owned(),
        custom: name.ends_with("__c"),
        filterable: true,
        ..Default::default()
    }
}

pub fn record(json: &str) -> Record {
    Record::from_json(&Json::new(json.to_owned())).unwrap()
}

/// Rows of other objects, found as Salesforce would: by the field asked for, without regard to case.
pub struct Rows {
    rows: Vec<(String, Record)>,
    /// Object and field of each query.
    pub asked: Vec<(String, String)>,
}

impl Rows {
    pub fn new(rows: &[(&str, &str)]) -> Self {
        Self {
            rows: rows
                .iter()
                .map(|(object, json)| ((*object).to_owned(), record(json)))
                .collect(),
            asked: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub enum Never {}

impl Fetch for Rows {
    type Error = Never;

    fn rows(
        &mut self,
        object: &str,
        _: &[String],
        field: &str,
        values: &[String],
    ) -> Result<Vec<Record>, Never> {
        self.asked.push((object.to_owned(), field.to_owned()));
        let wanted = |row: &Record| {
            row.text(field)
                .is_some_and(|t| values.iter().any(|v| v.eq_ignore_ascii_case(&t)))
        };
        let found = self
            .rows
            .iter()
            .filter(|(o, row)| o == object && wanted(row));
        Ok(found.map(|(_, row)| row.clone()).collect())
    }
}
