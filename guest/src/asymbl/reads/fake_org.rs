//! A small org for tests of the engine, written from the API facts: tables with stamps, a recycle bin, queries with
//! locators, composites, and a change log whose `latestDateCovered` stands still while a transaction is open.

mod http;
pub mod soql;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};

use self::soql::{Row, Select};
use salesforce::{SalesforceId, Timestamp};

pub const JOB: &str = "bpats__Job__c";
pub const STAGE: &str = "bpats__ATS_Stage__c";
pub const APPLICANT: &str = "bpats__ATS_Applicant__c";
pub const SITE: &str = "bpats__Work_Site_Location__c";
pub const CANDIDATE_TYPE: &str = "012000000000001AAA";
pub const CLIENT_TYPE: &str = "012000000000002AAA";

/// Name, type and target of a field.
type FieldSpec = (&'static str, &'static str, &'static str);

/// Name, key prefix and fields of each table, besides the fields of every table.
const SCHEMA: &[(&str, &str, &[FieldSpec])] = &[
    (
        "Organization",
        "00D",
        &[
            ("Name", "string", ""),
            ("TimeZoneSidKey", "string", ""),
            ("IsSandbox", "boolean", ""),
            ("OrganizationType", "string", ""),
        ],
    ),
    (
        "User",
        "005",
        &[
            ("FirstName", "string", ""),
            ("LastName", "string", ""),
            ("Email", "email", ""),
            ("IsActive", "boolean", ""),
            ("UserType", "picklist", ""),
        ],
    ),
    (
        "Contact",
        "003",
        &[
            ("IsDeleted", "boolean", ""),
            ("MasterRecordId", "reference", "Contact"),
            ("RecordTypeId", "reference", "RecordType"),
            ("FirstName", "string", ""),
            ("LastName", "string", ""),
            ("Email", "email", ""),
            ("LeadSource", "picklist", ""),
            ("Level__c", "string", ""),
        ],
    ),
    (
        JOB,
        "a01",
        &[
            ("IsDeleted", "boolean", ""),
            ("Name", "string", ""),
            ("OwnerId", "reference", "User"),
            ("bpats__Status__c", "picklist", ""),
            ("bpats__Delivery_Lead__c", "reference", "User"),
            ("bpats__Hiring_Manager__c", "reference", "Contact"),
            ("bpats__Work_Site_Location__c", "reference", SITE),
        ],
    ),
    (
        SITE,
        "a02",
        &[
            ("IsDeleted", "boolean", ""),
            ("bpats__State_Code__c", "picklist", ""),
            ("bpats__Country_Code__c", "picklist", ""),
        ],
    ),
    (
        STAGE,
        "a03",
        &[
            ("IsDeleted", "boolean", ""),
            ("Name", "string", ""),
            ("bpats__Job__c", "reference", JOB),
            ("bpats__Sequence__c", "double", ""),
            ("bpats__Stage_Type__c", "picklist", ""),
        ],
    ),
    (
        APPLICANT,
        "a04",
        &[
            ("IsDeleted", "boolean", ""),
            ("bpats__Job__c", "reference", JOB),
            ("bpats__Stage__c", "reference", STAGE),
            ("bpats__ATS_Applicant__c", "reference", "Contact"),
            ("bpats__Applicant_Status__c", "picklist", ""),
            ("bpats__Source__c", "picklist", ""),
        ],
    ),
];
const EVERYWHERE: &[FieldSpec] = &[
    ("Id", "id", ""),
    ("CreatedDate", "datetime", ""),
    ("LastModifiedDate", "datetime", ""),
    ("SystemModstamp", "datetime", ""),
];

pub struct Table {
    prefix: &'static str,
    fields: Vec<(String, String, String)>,
    pub rows: BTreeMap<String, Row>,
}

pub type Tables = BTreeMap<String, Table>;

/// A write whose transaction is open: it has its stamp but is not seen.
struct Open {
    object: String,
    id: String,
    row: Row,
    stamp: Timestamp,
}

struct State {
    tables: Tables,
    now: Timestamp,
    page: usize,
    /// Whether each result of several rows begins with a page without any.
    late: bool,
    made: u32,
    open: Vec<Open>,
    /// What a delete cleared, for an undelete to restore: object, id, field, and the deleted row's id.
    cleared: Vec<(String, String, String, String)>,
    results: BTreeMap<String, (Vec<Row>, Select)>,
    without_log: Vec<String>,
    /// When rows of an object were last purged from the recycle bin.
    purged: BTreeMap<String, Timestamp>,
    log: DeleteLog,
}

/// What `/deleted` tells of rows that were purged.
#[derive(Clone, Copy, PartialEq)]
pub enum DeleteLog {
    /// When the last one was.
    Kept,
    /// Nothing: it was purged too.
    Purged,
    /// Nothing: there are too many.
    TooLong,
}

/// The org.
#[derive(Clone)]
pub struct FakeOrg(Rc<RefCell<State>>);

impl FakeOrg {
    pub fn new() -> Self {
        let tables = SCHEMA.iter().map(|(name, prefix, fields)| {
            let fields = EVERYWHERE
                .iter()
                .chain(*fields)
                .map(|(n, t, r)| ((*n).into(), (*t).into(), (*r).into()));
            let table = Table {
                prefix,
                fields: fields.collect(),
                rows: BTreeMap::new(),
            };
            ((*name).to_owned(), table)
        });
        let org = Self(Rc::new(RefCell::new(State {
            tables: tables.collect(),
            now: Timestamp::parse("2026-11-23T08:00:00Z").unwrap(),
            page: 2_000,
            late: false,
            made: 0,
            open: Vec::new(),
            cleared: Vec::new(),
            results: BTreeMap::new(),
            without_log: Vec::new(),
            purged: BTreeMap::new(),
            log: DeleteLog::Kept,
        })));
        org.insert(
            "Organization",
            json!({"Name": "Acme", "TimeZoneSidKey": "Europe/Berlin", "IsSandbox": false}),
        );
        org
    }

    /// How many rows a page has from now on, whatever was asked for.
    pub fn page(&self, rows: usize) {
        self.0.borrow_mut().page = rows;
    }

    /// From now on each result of several rows begins with a page without any.
    pub fn begin_late(&self) {
        self.0.borrow_mut().late = true;
    }

    pub fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    pub fn pass(&self, seconds: u64) {
        let mut state = self.0.borrow_mut();
        state.now = state.now.after(Duration::from_secs(seconds));
    }

    /// Every open result is forgotten, as after a new login.
    pub fn lose_locators(&self) {
        self.0.borrow_mut().results.clear();
    }

    pub fn add_field(&self, object: &str, field: &str) {
        let mut state = self.0.borrow_mut();
        let fields = &mut state.tables.get_mut(object).unwrap().fields;
        fields.push((field.into(), "string".into(), String::new()));
    }

    pub fn hide_field(&self, object: &str, field: &str) {
        self.0
            .borrow_mut()
            .tables
            .get_mut(object)
            .unwrap()
            .fields
            .retain(|(n, ..)| n != field);
    }

    pub fn hide_object(&self, object: &str) {
        self.0.borrow_mut().tables.remove(object);
    }

    /// From now on `/updated` refuses the object.
    pub fn no_change_log(&self, object: &str) {
        self.0.borrow_mut().without_log.push(object.to_owned());
    }

    /// Takes a row out of the user's sight.
    pub fn hide_row(&self, object: &str, id: &str) {
        let mut state = self.0.borrow_mut();
        state.tables.get_mut(object).unwrap().rows.remove(id);
    }

    /// Removes a row for good.
    pub fn purge(&self, object: &str, id: &str, log: DeleteLog) {
        let mut state = self.0.borrow_mut();
        let now = state.now;
        state.tables.get_mut(object).unwrap().rows.remove(id);
        state.purged.insert(object.to_owned(), now);
        state.log = log;
    }

    pub fn insert(&self, object: &str, values: Value) -> String {
        let id = self.new_id(object);
        self.write(object, &id, values);
        id
    }

    fn new_id(&self, object: &str) -> String {
        let mut state = self.0.borrow_mut();
        state.made += 1;
        let short = format!("{}{:012}", state.tables[object].prefix, state.made);
        SalesforceId::parse(&short).unwrap().to_string()
    }

    /// Changes fields, and the stamp.
    pub fn write(&self, object: &str, id: &str, values: Value) {
        let (row, _) = self.written(object, id, &values);
        self.0
            .borrow_mut()
            .tables
            .get_mut(object)
            .unwrap()
            .rows
            .insert(id.to_owned(), row);
    }

    fn written(&self, object: &str, id: &str, values: &Value) -> (Row, Timestamp) {
        let state = self.0.borrow();
        let table = &state.tables[object];
        let stamp = Value::from(state.now.to_string().replace('Z', "+0000"));
        let mut row = table.rows.get(id).cloned().unwrap_or_else(|| {
            let mut row = Row::new();
            row.insert("Id".into(), id.into());
            row.insert("CreatedDate".into(), stamp.clone());
            if table.fields.iter().any(|(n, ..)| n == "IsDeleted") {
                row.insert("IsDeleted".into(), false.into());
            }
            row
        });
        row.insert("SystemModstamp".into(), stamp.clone());
        row.insert("LastModifiedDate".into(), stamp);
        for (field, value) in values.as_object().unwrap() {
            row.insert(field.clone(), value.clone());
        }
        (row, state.now)
    }

    /// Writes in a transaction that stays open: the stamp is set now, the row is seen at [`commit`](Self::commit).
    pub fn write_late(&self, object: &str, id: Option<&str>, values: Value) -> String {
        let id = id.map_or_else(|| self.new_id(object), str::to_owned);
        let (row, stamp) = self.written(object, &id, &values);
        let open = Open {
            object: object.to_owned(),
            id: id.clone(),
            row,
            stamp,
        };
        self.0.borrow_mut().open.push(open);
        id
    }

    /// Ends all open transactions.
    pub fn commit(&self) {
        let mut state = self.0.borrow_mut();
        for open in std::mem::take(&mut state.open) {
            state
                .tables
                .get_mut(&open.object)
                .unwrap()
                .rows
                .insert(open.id, open.row);
        }
    }

    /// Ids of live rows that no open transaction holds.
    pub fn ids(&self, object: &str) -> Vec<String> {
        let state = self.0.borrow();
        let live = state.tables[object].rows.iter().filter(|(id, row)| {
            row.get("IsDeleted") != Some(&Value::Bool(true))
                && !state.open.iter().any(|o| o.id == **id)
        });
        live.map(|(id, _)| id.clone()).collect()
    }

    pub fn deleted_ids(&self, object: &str) -> Vec<String> {
        let state = self.0.borrow();
        let bin = state.tables[object].rows.iter().filter(|(_, row)| {
            row.get("IsDeleted") == Some(&Value::Bool(true))
                && row.get("MasterRecordId").is_none_or(Value::is_null)
        });
        bin.map(|(id, _)| id.clone()).collect()
    }

    /// Moves every lookup to `id` elsewhere, without a stamp: the platform does so without triggers.
    fn repoint(&self, id: &str, to: Option<&str>) {
        let mut state = self.0.borrow_mut();
        let mut cleared = Vec::new();
        for (name, table) in &mut state.tables {
            for row in table.rows.values_mut() {
                let own = row["Id"].as_str().unwrap().to_owned();
                for (field, value) in row.iter_mut() {
                    if field != "Id" && field != "MasterRecordId" && value.as_str() == Some(id) {
                        *value = to.map_or(Value::Null, Value::from);
                        cleared.push((name.clone(), own.clone(), field.clone(), id.to_owned()));
                    }
                }
            }
        }
        if to.is_none() {
            state.cleared.extend(cleared);
        }
    }

    pub fn delete(&self, object: &str, id: &str) {
        self.write(object, id, json!({"IsDeleted": true}));
        self.repoint(id, None);
    }

    pub fn undelete(&self, object: &str, id: &str) {
        self.write(object, id, json!({"IsDeleted": false}));
        let mut state = self.0.borrow_mut();
        let (mine, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut state.cleared)
            .into_iter()
            .partition(|c| c.3 == id);
        state.cleared = rest;
        for (object, own, field, id) in mine {
            if let Some(value) = state
                .tables
                .get_mut(&object)
                .and_then(|t| t.rows.get_mut(&own)?.get_mut(&field))
                && value.is_null()
            {
                *value = id.into();
            }
        }
    }

    pub fn merge(&self, loser: &str, winner: &str) {
        self.write(
            "Contact",
            loser,
            json!({"IsDeleted": true, "MasterRecordId": winner}),
        );
        self.repoint(loser, Some(winner));
        self.write("Contact", winner, json!({}));
    }
}
