//! Changes that leave no stamp on the record that they change.

use serde_json::json;

use super::cast;
use super::mirror::Mirror;
use super::reading::{delta, gone, ids, read, token};
use crate::asymbl::reads::fake_org::{APPLICANT, DeleteLog, JOB, SITE, STAGE};
use crate::exports::ats::connector::types::Model;

#[test]
fn a_stage_with_a_new_name_turns_the_outcome_of_its_applications() {
    let cast = cast();
    let token = token(&cast.org, Model::Applications);
    cast.org
        .write(STAGE, &cast.stages[0], json!({"Name": "Pending"}));
    let pages = delta(&cast.org, Model::Applications, &token);
    let [turned] = &pages[0].0[&cast.applicants[0]][..] else {
        panic!()
    };
    assert!(
        turned.content.contains("Outcome::Hired"),
        "{}",
        turned.content
    );
}

#[test]
fn a_contact_is_a_candidate_while_it_has_an_applicant() {
    let cast = cast();
    let client = &cast.contacts[4];
    let first = token(&cast.org, Model::Candidates);
    assert!(!ids(&read(&cast.org, "{}", Model::Candidates, None, None).0).contains(client));
    cast.org.pass(600);
    let applicant = cast.org.insert(
        APPLICANT,
        json!({"bpats__ATS_Applicant__c": client, "bpats__Job__c": cast.jobs[1]}),
    );
    let (pages, _, second) = read(&cast.org, "{}", Model::Candidates, Some(&first), None);
    assert!(ids(&pages).contains(client));
    cast.org.pass(600);
    cast.org.delete(APPLICANT, &applicant);
    assert!(gone(&delta(&cast.org, Model::Candidates, &second)).contains(client));
}

#[test]
fn a_candidate_out_of_sight_is_not_gone_because_its_application_changed() {
    let cast = cast();
    let token = token(&cast.org, Model::Candidates);
    cast.org.pass(600);
    cast.org.write(
        APPLICANT,
        &cast.applicants[0],
        json!({"bpats__Source__c": "Website"}),
    );
    cast.org.hide_row("Contact", &cast.contacts[1]);
    assert!(gone(&delta(&cast.org, Model::Candidates, &token)).is_empty());
}

#[test]
fn applications_of_a_merged_candidate_follow_the_winner() {
    let cast = cast();
    let mut mirror = Mirror::default();
    mirror.sync(&cast.org, "{}", |_| ());
    cast.org.pass(600);
    cast.org.merge(&cast.contacts[1], &cast.contacts[0]);
    mirror.sync(&cast.org, "{}", |_| ());
    assert!(!mirror.models[&(Model::Candidates as u8)].contains_key(&cast.contacts[1]));
    let application = &mirror.models[&(Model::Applications as u8)][&cast.applicants[0]][0];
    assert!(
        application
            .refers_to
            .contains(&(Model::Candidates as u8, cast.contacts[0].clone()))
    );
}

#[test]
fn a_partner_is_a_user_only_while_on_a_team() {
    let cast = cast();
    let partner = &cast.users[2];
    let token = token(&cast.org, Model::Users);
    cast.org.pass(600);
    cast.org.write(
        JOB,
        &cast.jobs[0],
        json!({"bpats__Delivery_Lead__c": cast.users[3]}),
    );
    let pages = delta(&cast.org, Model::Users, &token);
    assert_eq!(
        (gone(&pages), ids(&pages)),
        ([partner.clone()].into(), [cast.users[3].clone()].into())
    );
}

#[test]
fn a_users_new_address_makes_and_breaks_hiring_managers() {
    let cast = cast();
    let mut mirror = Mirror::default();
    let manages = |mirror: &Mirror| {
        let teams = mirror.content(Model::HiringTeamMembers);
        teams
            .iter()
            .filter(|(_, rows)| rows.iter().any(|r| r.contains("HiringManager")))
            .count()
    };
    mirror.sync(&cast.org, "{}", |_| ());
    assert_eq!(manages(&mirror), 3);
    cast.org.pass(600);
    cast.org.write(
        "User",
        &cast.users[1],
        json!({"Email": "elsewhere@acme.example"}),
    );
    mirror.sync(&cast.org, "{}", |_| ());
    assert_eq!(manages(&mirror), 0);
    cast.org.pass(600);
    cast.org
        .write("User", &cast.users[0], json!({"Email": "U1@acme.example"}));
    mirror.sync(&cast.org, "{}", |_| ());
    assert_eq!(manages(&mirror), 3);
}

#[test]
fn a_stage_in_the_middle_moves_the_index_of_later_ones() {
    let cast = cast();
    let token = token(&cast.org, Model::JobStages);
    cast.org.pass(600);
    let new = cast.org.insert(
        STAGE,
        json!({"Name": "Phone", "bpats__Job__c": cast.jobs[1], "bpats__Sequence__c": 1}),
    );
    let pages = delta(&cast.org, Model::JobStages, &token);
    let pipeline = &pages[0].0[&cast.jobs[1]];
    let order: Vec<&String> = pipeline.iter().map(|s| &s.refers_to[0].1).collect();
    assert_eq!(
        order,
        [&cast.stages[3], &new, &cast.stages[4], &cast.stages[5]]
    );
    assert_eq!(ids(&pages).len(), 1, "other jobs are left alone");
}

#[test]
fn a_deleted_work_site_is_a_back_fill_of_jobs() {
    let cast = cast();
    let mut mirror = Mirror::default();
    mirror.sync(&cast.org, "{}", |_| ());
    cast.org.pass(600);
    cast.org.delete(SITE, &cast.sites[0]);
    mirror.sync(&cast.org, "{}", |_| ());
    assert!(mirror.notes.iter().any(|n| n == "work-site-deleted"));
    let mut fresh = Mirror::default();
    fresh.sync(&cast.org, "{}", |_| ());
    assert_eq!(mirror.difference(&fresh), None);
}

#[test]
fn a_work_site_that_is_deleted_for_good_is_a_back_fill_of_jobs() {
    let cast = cast();
    let mut mirror = Mirror::default();
    mirror.sync(&cast.org, "{}", |_| ());
    cast.org.pass(600);
    cast.org.delete(SITE, &cast.sites[0]);
    cast.org.purge(SITE, &cast.sites[0], DeleteLog::Kept);
    mirror.sync(&cast.org, "{}", |_| ());
    assert!(mirror.notes.iter().any(|n| n == "deleted-for-good"));
    let mut fresh = Mirror::default();
    fresh.sync(&cast.org, "{}", |_| ());
    assert_eq!(mirror.difference(&fresh), None);
}
