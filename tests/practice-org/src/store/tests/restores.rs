//! What coming back from the bin does to lookups and locks.

use serde_json::json;

use super::*;

/// A site, and a job there.
fn job_at_a_site(db: &Database, actor: &Actor) -> (String, RecordId) {
    let account = map(json!({ "Name": "Acme" }));
    let account = db.insert(actor, "Account", &account).unwrap();
    let site = json!({ "Name": "Plant", "bpats__Account__c": account.to_string() });
    let site = db
        .insert(actor, "bpats__Work_Site_Location__c", &map(site))
        .unwrap()
        .to_string();
    let job = json!({ "Name": "Welder", "bpats__Work_Site_Location__c": site });
    let job = db.insert(actor, "bpats__Job__c", &map(job)).unwrap();
    (site, job)
}

#[test]
fn a_row_restored_after_its_parent_was_deleted_has_none() {
    let (db, actor) = org();
    let (job, stage, applicant) = applied(&db, &actor);
    let id = applicant.to_string();
    db.delete(&actor, "bpats__ATS_Applicant__c", &id).unwrap();
    db.delete(&actor, "bpats__ATS_Stage__c", &stage).unwrap();
    db.undelete(&actor, "bpats__ATS_Applicant__c", &id).unwrap();
    let lookup = |field: &str| {
        db.read("bpats__ATS_Applicant__c", applicant, |row| {
            row.get(field).as_id()
        })
        .unwrap()
    };
    assert_eq!(lookup("bpats__Stage__c"), None);
    assert_eq!(lookup("bpats__Job__c").unwrap().to_string(), job);
}

#[test]
fn a_row_is_not_restored_while_its_parent_is_being_deleted() {
    let (db, actor) = org();
    let (site, job) = job_at_a_site(&db, &actor);
    db.delete(&actor, "bpats__Job__c", &job.to_string())
        .unwrap();
    let mut late = db.begin(&actor);
    late.run(|writer| writer.delete("bpats__Work_Site_Location__c", &site))
        .unwrap();
    let restore = || db.undelete(&actor, "bpats__Job__c", &job.to_string());
    assert_eq!(restore().unwrap_err().code, "UNABLE_TO_LOCK_ROW");
    late.commit().unwrap();
    restore().unwrap();
}

#[test]
fn a_restore_changes_no_row_that_an_open_transaction_wrote() {
    let (db, actor) = org();
    let (site, job) = job_at_a_site(&db, &actor);
    db.delete(&actor, "bpats__Work_Site_Location__c", &site)
        .unwrap();
    let mut late = db.begin(&actor);
    let name = map(json!({ "Name": "Fitter" }));
    late.run(|writer| writer.update("bpats__Job__c", &job.to_string(), &name))
        .unwrap();
    let restore = || db.undelete(&actor, "bpats__Work_Site_Location__c", &site);
    assert_eq!(restore().unwrap_err().code, "UNABLE_TO_LOCK_ROW");
    late.commit().unwrap();
    restore().unwrap();
    let name = db.read("bpats__Job__c", job, |row| {
        row.get("Name").as_str().map(str::to_owned)
    });
    assert_eq!(name.flatten().as_deref(), Some("Fitter"));
}
