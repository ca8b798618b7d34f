//! What people, packages and administrators do in an org.

use practice_org::store::{Actor, Database, JsonMap, Transaction};
use practice_org::value::Value as OrgValue;
use practice_org::{ApiError, PracticeOrg};
use serde_json::{Value, json};

use super::dice::Dice;
use crate::world::{fields, ids, text};

const CONTACT: &str = "Contact";
const USER: &str = "User";
const JOB: &str = "bpats__Job__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const APPLICANT: &str = "bpats__ATS_Applicant__c";
const SITE: &str = "bpats__Work_Site_Location__c";

/// Fields whose rights come and go.
const SHY: [(&str, &str); 3] = [
    (CONTACT, "Title"),
    (JOB, "bpats__Location__c"),
    (APPLICANT, "bpats__Source__c"),
];

/// Changes an org at random.
pub struct Changes {
    actor: Actor,
    candidate_type: String,
    contact_types: Vec<String>,
    addresses: Vec<String>,
    deleted: Vec<(&'static str, String)>,
    added_fields: usize,
}

impl Changes {
    /// For an org as it is now.
    pub fn of(org: &PracticeOrg) -> Self {
        let db = org.db();
        let users = ids(db, USER);
        let kinds = ids(db, "RecordType");
        let named = |name: &str| {
            kinds
                .iter()
                .find(|id| text(db, "RecordType", **id, "DeveloperName").as_deref() == Some(name))
        };
        let mut contact_types: Vec<String> = ids(db, CONTACT)
            .into_iter()
            .filter_map(|id| text(db, CONTACT, id, "RecordTypeId"))
            .collect();
        contact_types.sort();
        contact_types.dedup();
        let mut addresses: Vec<String> = users
            .iter()
            .filter_map(|id| text(db, USER, *id, "Email"))
            .take(6)
            .collect();
        addresses.push("somebody@elsewhere.example".into());
        Self {
            actor: Actor::new(*users.first().expect("a user")),
            candidate_type: named("Candidate")
                .map(ToString::to_string)
                .unwrap_or_default(),
            contact_types,
            addresses,
            deleted: Vec::new(),
            added_fields: 0,
        }
    }

    /// One operation; whether it took effect.
    pub fn happen(
        &mut self,
        dice: &mut Dice,
        org: &PracticeOrg,
        open: &mut Vec<Transaction>,
        in_sync: bool,
    ) -> bool {
        let db = org.db();
        let object = [
            USER, CONTACT, CONTACT, SITE, JOB, STAGE, APPLICANT, APPLICANT,
        ][dice.roll(8)];
        let existing = one_of(dice, db, object);
        let what = dice.roll(21);
        let seen = existing.clone();
        let done = self.attempt(dice, org, open, in_sync, (what, object, existing));
        if done && std::env::var_os("SOAK_TRACE").is_some() {
            println!(
                "{} {what} {object} {seen:?}{}",
                db.clock().now_ms(),
                if in_sync { " in sync" } else { "" }
            );
        }
        done
    }

    fn attempt(
        &mut self,
        dice: &mut Dice,
        org: &PracticeOrg,
        open: &mut Vec<Transaction>,
        in_sync: bool,
        (what, object, existing): (usize, &'static str, Option<String>),
    ) -> bool {
        let db = org.db();
        match (what, existing) {
            (0..=2, _) if object != USER => {
                let row = self.values(dice, db, object, true);
                db.insert(&self.actor, object, &row).is_ok()
            }
            (3..=8, Some(id)) => {
                let mut row = self.values(dice, db, object, false);
                // The connected user: without it nobody could sign in.
                if id == self.actor.user.to_string() {
                    row.shift_remove("IsActive");
                }
                db.update(&self.actor, object, &id, &row).is_ok()
            }
            (9, Some(id)) if object != USER && ids(db, object).len() > 3 => {
                let done = db.delete(&self.actor, object, &id).is_ok();
                self.deleted.extend(done.then_some((object, id)));
                done
            }
            (10, _) => match dice.pick(&self.deleted).cloned() {
                Some((object, id)) => db.undelete(&self.actor, object, &id).is_ok(),
                None => false,
            },
            (11, Some(winner)) if object == CONTACT => {
                match one_of(dice, db, CONTACT).filter(|loser| *loser != winner) {
                    Some(loser) => db
                        .merge(
                            &self.actor,
                            CONTACT,
                            &winner,
                            &[loser.as_str()],
                            &JsonMap::new(),
                        )
                        .is_ok(),
                    None => false,
                }
            }
            (12 | 13, existing) if object != USER => self.late(dice, db, object, existing, open),
            (14, _) => self.bulk(dice, db),
            (15, Some(id)) if object != USER => {
                ids(db, object).len() > 3 && db.hard_delete(&self.actor, object, &id).is_ok()
            }
            (16, _) => db.purge_bin(Some(object), i64::MAX) > 0,
            (17, _) => {
                db.purge_delete_log(object, db.clock().now_ms());
                true
            }
            (18, _) if !in_sync => {
                self.added_fields += 1;
                let name = format!("Soak_{}__c", self.added_fields);
                let field = json!({ "name": name, "label": name, "type": "string", "length": 80 });
                control(org, "fields", &json!({ "object": CONTACT, "field": field }))
            }
            (19, _) if !in_sync => {
                let (object, field) = SHY[dice.roll(SHY.len())];
                control(
                    org,
                    if dice.once_in(2) { "hide" } else { "show" },
                    &json!({ "object": object, "field": field }),
                )
            }
            (20, _) => match one_of(dice, db, "RecordType") {
                // The candidates' own keeps its name: by that the tenant file knows it.
                Some(id) if id != self.candidate_type => {
                    let row = fields(json!({ "Name": format!("Type {}", dice.roll(9)) }));
                    db.update(&self.actor, "RecordType", &id, &row).is_ok()
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Gives back every right that was taken.
    pub fn show_all(&self, org: &PracticeOrg) {
        for (object, field) in SHY {
            assert!(
                control(org, "show", &json!({ "object": object, "field": field })),
                "the org gives the right back"
            );
        }
    }

    /// A row that is stamped now and seen when its transaction commits.
    fn late(
        &mut self,
        dice: &mut Dice,
        db: &Database,
        object: &str,
        existing: Option<String>,
        open: &mut Vec<Transaction>,
    ) -> bool {
        let mut transaction = db.begin(&self.actor);
        let done: Result<(), ApiError> = match existing {
            Some(id) if dice.once_in(2) => {
                let row = self.values(dice, db, object, false);
                transaction.run(|writer| writer.update(object, &id, &row))
            }
            _ => {
                let row = self.values(dice, db, object, true);
                transaction.run(|writer| writer.insert(object, &row).map(|_| ()))
            }
        };
        if done.is_ok() {
            open.push(transaction);
        }
        done.is_ok()
    }

    /// Every row of an object in one second.
    fn bulk(&self, dice: &mut Dice, db: &Database) -> bool {
        let (object, field, value) = [
            (STAGE, "bpats__Stage_Type__c", json!(null)),
            (APPLICANT, "bpats__Source__c", json!("Glassdoor")),
            (CONTACT, "Title", json!(format!("Title {}", dice.roll(9)))),
        ][dice.roll(3)]
        .clone();
        let row = fields(json!({ field: value }));
        let rows = ids(db, object);
        rows.iter()
            .filter(|id| {
                db.update(&self.actor, object, &id.to_string(), &row)
                    .is_ok()
            })
            .count()
            > 0
    }

    /// Values for a row, new or changed.
    fn values(&self, dice: &mut Dice, db: &Database, object: &str, is_new: bool) -> JsonMap {
        let n = dice.roll(6);
        let mut row = match object {
            USER => json!({
                "LastName": format!("User {n}"),
                "FirstName": format!("Given {n}"),
                "Email": dice.pick(&self.addresses),
                "IsActive": !dice.once_in(6),
            }),
            CONTACT => json!({
                "LastName": format!("Person {n}"),
                "Title": format!("Title {n}"),
                "Email": dice.pick(&self.addresses),
            }),
            SITE => json!({ "bpats__State_Code__c": (["CA", "NY", "TX"][n % 3]) }),
            JOB => json!({
                "Name": format!("Job {n}"),
                "bpats__Delivery_Lead__c": one_of(dice, db, USER),
                "bpats__Hiring_Manager__c": self.manager(dice, db),
                "bpats__Work_Site_Location__c": one_of(dice, db, SITE),
            }),
            STAGE => json!({
                "Name": (["New", "Interview", "Hired"][n % 3]),
                "bpats__Job__c": one_of(dice, db, JOB),
                "bpats__Sequence__c": n,
            }),
            _ => json!({
                "bpats__Job__c": one_of(dice, db, JOB),
                "bpats__Stage__c": one_of(dice, db, STAGE),
                "bpats__ATS_Applicant__c": one_of(dice, db, CONTACT),
                "bpats__Source__c": (["Website", "LinkedIn"][n % 2]),
                "bpats__Applicant_Status__c": (["Active", "Rejected"][n % 2]),
            }),
        };
        if is_new && object == CONTACT {
            row["RecordTypeId"] = json!(dice.pick(&self.contact_types));
        }
        if is_new && object == SITE {
            row["Name"] = json!(format!("Site {n}"));
        }
        fields(row)
    }

    /// A contact of a client's: candidates manage no jobs.
    fn manager(&self, dice: &mut Dice, db: &Database) -> Value {
        let is_client = |id: &practice_org::id::RecordId| {
            text(db, CONTACT, *id, "RecordTypeId").is_some_and(|kind| kind != self.candidate_type)
        };
        let clients: Vec<_> = ids(db, CONTACT).into_iter().filter(is_client).collect();
        dice.pick(&clients)
            .map_or(Value::Null, |id| json!(id.to_string()))
    }
}

fn one_of(dice: &mut Dice, db: &Database, object: &str) -> Option<String> {
    let mut ids = ids(db, object);
    if object == USER {
        ids.retain(|id| {
            db.read(USER, *id, |row| row.get("UserType").to_value())
                == Some(OrgValue::Text("Standard".into()))
        });
    }
    dice.pick(&ids).map(ToString::to_string)
}

/// The org's back door; whether it obeyed.
pub fn control(org: &PracticeOrg, what: &str, body: &Value) -> bool {
    use std::io::{Read, Write};
    let url = org.url();
    let address = url.trim_start_matches("http://");
    let body = body.to_string();
    let request = format!(
        "POST /__practice__/{what} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = std::net::TcpStream::connect(address).and_then(|mut stream| {
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
