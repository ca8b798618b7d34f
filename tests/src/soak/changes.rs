//! What people, packages and administrators do in an org.

use std::collections::BTreeMap;

use practice_org::store::{Actor, Database, JsonMap, Transaction};
use practice_org::{ApiError, PracticeOrg};
use serde_json::{Value, json};

use super::dice::Dice;
use super::tracing;
use crate::world::{World, fields, ids, text, write_private};

const CONTACT: &str = "Contact";
const USER: &str = "User";
const JOB: &str = "bpats__Job__c";
const STAGE: &str = "bpats__ATS_Stage__c";
const APPLICANT: &str = "bpats__ATS_Applicant__c";
const SITE: &str = "bpats__Work_Site_Location__c";

/// Fields, lookups and objects (no field) whose rights come and go.
const SHY: [(&str, Option<&str>); 9] = [
    (CONTACT, Some("Title")),
    (JOB, Some("bpats__Location__c")),
    (JOB, Some(SITE)),
    (JOB, Some("bpats__Hiring_Manager__c")),
    (APPLICANT, Some("bpats__Source__c")),
    (APPLICANT, Some(APPLICANT)),
    (APPLICANT, None),
    (STAGE, None),
    (SITE, None),
];

/// What `happen` may do, and what a run is counted by.
pub const OPERATIONS: [(&str, usize); 19] = [
    ("insert", 3),
    ("update", 6),
    ("delete", 1),
    ("undelete", 1),
    ("merge", 2),
    ("write late", 2),
    ("delete late", 1),
    ("undelete late", 1),
    ("merge late", 1),
    ("bulk stamp", 1),
    ("delete for good", 1),
    ("purge the bin", 1),
    ("purge the log", 1),
    ("add a field", 1),
    ("take or give a right", 1),
    ("rename a record type", 1),
    ("change a setting", 1),
    ("take or give sharing", 3),
    ("switch a flow", 1),
];

/// What a tenant may switch off for a while.
const SETTINGS: [&str; 5] = [
    "",
    "\n[scopes]\ndisabled_models = [\"jobs\", \"application-stages\"]\n",
    "\n[scopes]\ndisabled_models = [\"applications\"]\n",
    "\n[scopes]\ndisabled_models = [\"candidates\", \"hiring-team-members\"]\n",
    "\n[scopes]\ndisabled_fields = [\"candidates.title\", \"jobs.location\"]\n",
];

/// Changes an org at random.
pub struct Changes {
    actor: Actor,
    candidate_type: String,
    contact_types: Vec<String>,
    addresses: Vec<String>,
    deleted: Vec<(&'static str, String)>,
    open: Vec<Transaction>,
    done: BTreeMap<&'static str, usize>,
    added_fields: usize,
    tenant: String,
    /// Records that the connected user does not see, and whether it saw less than all since the last quiet point.
    unshared: Vec<String>,
    was_hidden: bool,
}

impl Changes {
    /// For an org as it is now.
    pub fn of(world: &World) -> Self {
        let db = world.db();
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
            open: Vec::new(),
            done: BTreeMap::new(),
            added_fields: 0,
            tenant: std::fs::read_to_string(world.tenant()).expect("the tenant file"),
            unshared: Vec::new(),
            was_hidden: false,
        }
    }

    /// What took effect so far, by kind.
    pub fn done(&self) -> &BTreeMap<&'static str, usize> {
        &self.done
    }

    /// One operation; then, now and then, the clock goes on and an open transaction commits.
    pub fn happen(&mut self, dice: &mut Dice, world: &World, in_sync: bool) {
        let db = world.db();
        let object = [
            USER, CONTACT, CONTACT, SITE, JOB, STAGE, APPLICANT, APPLICANT,
        ][dice.roll(8)];
        let existing = one_of(dice, db, object);
        let what = operation(dice);
        let seen = existing.clone();
        if self.attempt(dice, world, in_sync, (what, object, existing)) {
            *self.done.entry(what).or_default() += 1;
            if tracing() {
                let when = if in_sync { " in sync" } else { "" };
                println!("{} {what} {object} {seen:?}{when}", db.clock().now_ms());
            }
        }
        if dice.once_in(3) {
            db.clock().advance(1_000 * dice.roll(200) as i64);
        }
        if dice.once_in(20)
            && let Some(transaction) = self.open.pop()
        {
            // A unique value that was taken meanwhile rolls it back.
            let _ = transaction.commit();
        }
    }

    /// Ends every open transaction.
    pub fn settle(&mut self) {
        for transaction in self.open.drain(..) {
            // What was taken or deleted meanwhile rolls it back.
            let _ = transaction.commit();
        }
    }

    fn attempt(
        &mut self,
        dice: &mut Dice,
        world: &World,
        in_sync: bool,
        (what, object, existing): (&'static str, &'static str, Option<String>),
    ) -> bool {
        let (org, db) = (&world.org, world.db());
        let many = ids(db, object).len() > 3;
        match (what, existing) {
            ("insert", _) if object != USER => {
                let row = self.values(dice, db, object, true);
                db.insert(&self.actor, object, &row).is_ok()
            }
            ("update", Some(id)) => {
                let mut row = self.values(dice, db, object, false);
                // The connected user: without it nobody could sign in.
                if id == self.actor.user.to_string() {
                    row.shift_remove("IsActive");
                }
                db.update(&self.actor, object, &id, &row).is_ok()
            }
            ("delete", Some(id)) if object != USER && many => {
                let done = db.delete(&self.actor, object, &id).is_ok();
                self.deleted.extend(done.then_some((object, id)));
                done
            }
            ("undelete", _) => match dice.pick(&self.deleted).cloned() {
                Some((object, id)) => db.undelete(&self.actor, object, &id).is_ok(),
                None => false,
            },
            ("merge", _) => match pair(dice, db) {
                Some((winner, loser)) => {
                    let losers = [loser.as_str()];
                    let merged = db.merge(&self.actor, CONTACT, &winner, &losers, &JsonMap::new());
                    merged.is_ok()
                }
                None => false,
            },
            ("write late" | "delete late" | "undelete late" | "merge late", existing)
                if object != USER =>
            {
                let existing = existing.filter(|_| what != "delete late" || many);
                self.late(dice, db, (what, object, existing))
            }
            ("bulk stamp", _) => self.bulk(dice, db),
            ("delete for good", Some(id)) if object != USER => {
                many && db.hard_delete(&self.actor, object, &id).is_ok()
            }
            ("purge the bin", _) => db.purge_bin(Some(object), i64::MAX) > 0,
            ("purge the log", _) => {
                db.purge_delete_log(object, db.clock().now_ms());
                true
            }
            ("add a field", _) if !in_sync => {
                self.added_fields += 1;
                let name = format!("Soak_{}__c", self.added_fields);
                let field = json!({ "name": name, "label": name, "type": "string", "length": 80 });
                control(org, "fields", &json!({ "object": CONTACT, "field": field }))
            }
            ("take or give a right", _) if !in_sync => {
                let shy = SHY[dice.roll(SHY.len())];
                let verb = if dice.once_in(2) { "hide" } else { "show" };
                if tracing() {
                    println!("{verb} {shy:?}");
                }
                control(org, verb, &right(shy))
            }
            ("rename a record type", _) => match one_of(dice, db, "RecordType") {
                Some(id) => {
                    let n = dice.roll(9);
                    // What candidates are known by is found again now and then.
                    let api_name = if id == self.candidate_type && n > 3 {
                        "Candidate".into()
                    } else {
                        format!("Type_{n}_{id}")
                    };
                    let row =
                        fields(json!({ "Name": format!("Type {n}"), "DeveloperName": api_name }));
                    db.update(&self.actor, "RecordType", &id, &row).is_ok()
                }
                None => false,
            },
            ("change a setting", _) if !in_sync => {
                let more = SETTINGS[dice.roll(SETTINGS.len())];
                write_private(&world.tenant(), &format!("{}{more}", self.tenant));
                true
            }
            ("take or give sharing", _) => self.share(dice, world, object),
            ("switch a flow", _) => match dice.roll(3) {
                0 => world.org.control("DELETE", "flows", &json!({})).is_ok(),
                roll => {
                    // A flow that takes a value back, and one that sets another.
                    let flow = match roll {
                        1 => {
                            json!({ "object": APPLICANT, "on": "update", "restore": ["bpats__Source__c"] })
                        }
                        _ => json!({ "object": CONTACT, "set": { "Title": "Set by a flow" } }),
                    };
                    let flows = json!({ "flows": [flow] });
                    world.org.control("POST", "description", &flows).is_ok()
                }
            },
            _ => false,
        }
    }

    /// Takes a record out of the connected user's sharing, or gives one back.
    fn share(&mut self, dice: &mut Dice, world: &World, object: &str) -> bool {
        let gives = !self.unshared.is_empty() && dice.once_in(2);
        let (verb, id) = if gives {
            let at = dice.roll(self.unshared.len());
            ("give", Some(self.unshared.swap_remove(at)))
        } else {
            let shared = [CONTACT, JOB, STAGE, APPLICANT].contains(&object);
            let one = one_of(dice, world.db(), object);
            ("take", one.filter(|_| shared))
        };
        let Some(id) = id else { return false };
        if !gives {
            self.unshared.push(id.clone());
            self.was_hidden = true;
        }
        let with = json!({ verb: [id] });
        world.org.control("POST", "sharing", &with).is_ok()
    }

    /// Whether anything was hidden since this was last asked.
    pub fn take_hidden(&mut self) -> bool {
        std::mem::take(&mut self.was_hidden)
    }

    /// Gives back every right and all sharing that was taken, and the settings.
    pub fn restore(&mut self, world: &World) {
        let give = json!({ "give": std::mem::take(&mut self.unshared) });
        let given = world.org.control("POST", "sharing", &give);
        assert!(given.is_ok(), "the org gives the sharing back: {given:?}");
        for shy in SHY {
            assert!(
                control(&world.org, "show", &right(shy)),
                "the org gives the right back"
            );
        }
        write_private(&world.tenant(), &self.tenant);
    }

    /// A change that is stamped now and seen when its transaction commits.
    fn late(
        &mut self,
        dice: &mut Dice,
        db: &Database,
        (what, object, existing): (&'static str, &'static str, Option<String>),
    ) -> bool {
        let mut transaction = db.begin(&self.actor);
        let done: Result<(), ApiError> = match (what, existing) {
            ("delete late", Some(id)) => transaction.run(|writer| writer.delete(object, &id)),
            ("undelete late", _) => match dice.pick(&self.deleted).cloned() {
                Some((object, id)) => transaction.run(|writer| writer.undelete(object, &id)),
                None => return false,
            },
            ("merge late", _) => match pair(dice, db) {
                Some((winner, loser)) => transaction.run(|writer| {
                    writer.merge(CONTACT, &winner, &[loser.as_str()], &JsonMap::new())
                }),
                None => return false,
            },
            ("write late", Some(id)) if dice.once_in(2) => {
                let row = self.values(dice, db, object, false);
                transaction.run(|writer| writer.update(object, &id, &row))
            }
            ("write late", _) => {
                let row = self.values(dice, db, object, true);
                transaction.run(|writer| writer.insert(object, &row).map(|_| ()))
            }
            _ => return false,
        };
        if done.is_ok() {
            self.open.push(transaction);
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
                "LeadSource": (["Web", "Other", ""][n % 3]),
            }),
            SITE => json!({ "bpats__State_Code__c": (["CA", "NY", "TX"][n % 3]) }),
            JOB => json!({
                "Name": format!("Job {n}"),
                "OwnerId": one_of(dice, db, if n == 0 { "Group" } else { USER }),
                "bpats__Delivery_Lead__c": or_none(dice, db, USER),
                "bpats__Sales_Lead__c": or_none(dice, db, USER),
                "bpats__Hiring_Manager__c": or_none(dice, db, CONTACT),
                "bpats__Work_Site_Location__c": or_none(dice, db, SITE),
            }),
            STAGE => json!({
                "Name": (["New", "Interview", "Hired"][n % 3]),
                "bpats__Job__c": or_none(dice, db, JOB),
                "bpats__Sequence__c": n,
            }),
            _ => json!({
                "bpats__Job__c": or_none(dice, db, JOB),
                "bpats__Stage__c": or_none(dice, db, STAGE),
                "bpats__ATS_Applicant__c": or_none(dice, db, CONTACT),
                "bpats__Source__c": (["Website", "LinkedIn"][n % 2]),
                "bpats__Applicant_Status__c": (["Active", "Rejected"][n % 2]),
            }),
        };
        // Some of the values, as people change rows.
        if !is_new && let Some(values) = row.as_object_mut() {
            values.retain(|_, _| !dice.once_in(3));
        }
        if object == CONTACT && (is_new || dice.once_in(4)) {
            row["RecordTypeId"] = json!(dice.pick(&self.contact_types));
        }
        if is_new && object == SITE {
            row["Name"] = json!(format!("Site {n}"));
        }
        fields(row)
    }
}

/// One of the operations, by their weights.
fn operation(dice: &mut Dice) -> &'static str {
    let mut place = dice.roll(OPERATIONS.iter().map(|(_, weight)| weight).sum());
    for (what, weight) in OPERATIONS {
        if place < weight {
            return what;
        }
        place -= weight;
    }
    unreachable!("the roll is below the sum of the weights")
}

/// A row; now and then the newest, which a mirror may not hold yet.
fn one_of(dice: &mut Dice, db: &Database, object: &str) -> Option<String> {
    let ids = ids(db, object);
    let one = if dice.once_in(4) {
        ids.last()
    } else {
        dice.pick(&ids)
    };
    one.map(ToString::to_string)
}

/// An application and a stage of its job, as the action takes them.
pub fn a_move(dice: &mut Dice, db: &Database) -> Option<Value> {
    let application = dice.pick(&ids(db, APPLICANT)).copied()?;
    let job = text(db, APPLICANT, application, JOB)?;
    let mut stages = ids(db, STAGE);
    stages.retain(|stage| text(db, STAGE, *stage, JOB).as_deref() == Some(&job));
    let stage = dice.pick(&stages)?;
    Some(json!({ "application_id": application.to_string(), "stage_id": stage.to_string() }))
}

/// A row to refer to, or nothing.
fn or_none(dice: &mut Dice, db: &Database, object: &str) -> Option<String> {
    let some = !dice.once_in(8);
    one_of(dice, db, object).filter(|_| some)
}

/// Two contacts to merge.
fn pair(dice: &mut Dice, db: &Database) -> Option<(String, String)> {
    let (winner, loser) = (one_of(dice, db, CONTACT)?, one_of(dice, db, CONTACT)?);
    (winner != loser).then_some((winner, loser))
}

/// A right, as the back door takes it.
fn right((object, field): (&str, Option<&str>)) -> Value {
    match field {
        Some(field) => json!({ "object": object, "field": field }),
        None => json!({ "object": object }),
    }
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
