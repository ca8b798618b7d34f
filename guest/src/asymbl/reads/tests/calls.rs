//! Records by id, keys, probes, and refusals.

use std::collections::BTreeSet;

use practice_org::PracticeOrg;
use serde_json::json;

use super::org::{APPLICANT, JOB, Org, STAGE};
use super::reading::{delta, ids, page, query, read, token, units};
use super::{MODELS, cast, instance, instance_with, profile};
use crate::asymbl::reads::{get_records, list_ids, probe_changes};
use crate::exports::ats::connector::reads::{Deletions, ModelToken};
use crate::exports::ats::connector::types::{Error, Model};

#[test]
fn a_token_of_another_org_or_model_asks_for_a_full_listing() {
    let org = Org::new();
    let users = token(&org, Model::Users);
    let refused = |org: &Org, model| {
        let result = page(
            &instance(org, "{}"),
            &profile(org),
            model,
            &query(Some(&users), None),
        );
        match result.map(|_| ()) {
            Err(Error::ResyncRequired(failure)) => failure.message,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(&org, Model::Jobs).contains("is of the model users, not jobs"));
    let other = Org::of(PracticeOrg::builder().candidates(40).seed(8));
    assert!(refused(&other, Model::Users).contains("the sync token is of org 00D"));
}

#[test]
fn a_hidden_object_and_a_switched_off_model_are_told_apart() {
    let org = Org::new();
    let jobs = |ctx: &_, known: &str| match page(ctx, known, Model::Jobs, &query(None, None)) {
        Err(error) => error,
        Ok(_) => panic!("jobs were listed"),
    };
    let off = instance_with(&org, "{}", vec!["jobs".into()]);
    let error = jobs(&off, &profile(&org));
    assert!(matches!(error, Error::Unsupported(f) if f.message.contains("`jobs`")));
    org.hide_object(JOB);
    let Error::Permission(failure) = jobs(&instance(&org, "{}"), &profile(&org)) else {
        panic!("another error")
    };
    let message = failure.message;
    assert!(
        message.contains(JOB) && message.contains("Asymbl ATS User"),
        "{message}"
    );
}

#[test]
fn records_come_by_short_ids_and_those_of_other_models_are_gone() {
    let cast = cast();
    let kind = cast
        .org
        .id("SELECT Id FROM RecordType WHERE DeveloperName = 'Client'");
    let client = json!({"LastName": "C", "RecordTypeId": kind});
    let (candidate, client) = (&cast.contacts[0], cast.org.insert("Contact", client));
    let known = profile(&cast.org);
    let ctx = instance(&cast.org, "{}");
    let asked = [
        candidate[..15].to_owned(),
        client.clone(),
        cast.users[0].clone(),
    ];
    let batch = get_records(&ctx, &known, Model::Candidates, &asked).unwrap();
    assert_eq!(
        units(batch.found).into_keys().collect::<Vec<_>>(),
        std::slice::from_ref(candidate)
    );
    // A contact that is not a candidate, and an id that is not of a contact.
    assert_eq!(batch.gone, [client]);
    assert_eq!(batch.unseen, [cast.users[0].clone()]);
    let error = get_records(&ctx, &known, Model::Jobs, &["nonsense".into()]).unwrap_err();
    assert!(matches!(error, Error::InvalidInput(p) if p[0].field == "ids[0]"));
}

#[test]
fn keys_are_those_of_the_records() {
    let cast = cast();
    cast.org.page(5);
    let known = profile(&cast.org);
    for model in MODELS {
        let (mut keys, mut cursor) = (BTreeSet::new(), None);
        loop {
            let ctx = instance(&cast.org, "{}");
            let page = list_ids(&ctx, &known, model, cursor.as_deref()).unwrap();
            keys.extend(page.keys.into_iter().map(|listed| listed.key));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let whole = read(&cast.org, model, None, None).0;
        let units = whole.iter().flat_map(|(units, _)| units.values());
        let expected: BTreeSet<String> = units.flat_map(|(keys, _)| keys.clone()).collect();
        assert_eq!(keys, expected, "{model:?}");
    }
}

#[test]
fn a_probe_names_changed_models_and_advances_other_tokens() {
    let cast = cast();
    let known = profile(&cast.org);
    let given = |model| ModelToken {
        model,
        token: token(&cast.org, model),
    };
    let tokens = MODELS.map(given);
    cast.org.pass(3_600);
    let ctx = instance(&cast.org, "{}");
    let probe = |tokens: &[ModelToken]| {
        let answers = probe_changes(&ctx, &known, tokens).unwrap();
        let changed = answers.iter().filter(|answer| answer.changed);
        let changed: Vec<Model> = changed.map(|answer| answer.model).collect();
        let tokens = answers.into_iter().map(|answer| ModelToken {
            model: answer.model,
            token: answer.token,
        });
        (changed, tokens.collect::<Vec<_>>())
    };
    let (changed, moved) = probe(&tokens);
    assert_eq!(changed, []);
    assert!(ctx.client.calls() <= 3, "{} calls", ctx.client.calls());
    assert!(
        moved
            .iter()
            .zip(&tokens)
            .all(|(moved, token)| moved.token != token.token)
    );

    let stage = json!({"Name": "Late", "bpats__Job__c": cast.jobs[0], "bpats__Sequence__c": 50});
    let (late, transaction) = cast.org.insert_late(STAGE, stage);
    cast.org.pass(600);
    let (changed, moved) = probe(&moved);
    assert_eq!(changed, []);
    cast.org.commit(&transaction);
    cast.org.pass(600);
    let (changed, _) = probe(&moved);
    let affected = [
        Model::ApplicationStages,
        Model::Applications,
        Model::JobStages,
    ];
    assert_eq!(changed, affected);
    let stages = moved
        .iter()
        .find(|token| token.model == Model::ApplicationStages);
    let pages = delta(&cast.org, Model::ApplicationStages, &stages.unwrap().token);
    assert!(ids(&pages).contains(&late));
}

#[test]
fn a_probe_counts_live_records_alone() {
    let cast = cast();
    let known = profile(&cast.org);
    let ctx = instance(&cast.org, "{}");
    let count = || {
        let given = [Model::ApplicationStages, Model::Jobs].map(|model| ModelToken {
            model,
            token: token(&cast.org, model),
        });
        let answers = probe_changes(&ctx, &known, &given).unwrap();
        answers.into_iter().map(|a| a.count).collect::<Vec<_>>()
    };
    let live = |object| cast.org.ids(&format!("SELECT Id FROM {object}"));
    let (stages, jobs) = (live(STAGE).len(), cast.jobs.len());
    assert_eq!(count(), [Some(stages as u64), Some(jobs as u64)]);
    for object in [APPLICANT, STAGE] {
        for id in live(object) {
            assert_ne!(count()[0], Some(0));
            cast.org.delete(object, &id);
        }
    }
    assert_eq!(count(), [Some(0), Some(jobs as u64)]);
}

#[test]
fn an_unreadable_delete_log_is_reported_by_probe_and_delta() {
    for code in ["INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"] {
        let org = Org::new();
        let token = token(&org, Model::Applications);
        org.pass(600);
        org.refuse_log("deleted", APPLICANT, code);
        let known = profile(&org);
        let ctx = instance(&org, "{}");
        let given = ModelToken {
            model: Model::Applications,
            token: token.clone(),
        };
        assert!(
            probe_changes(&ctx, &known, &[given]).unwrap()[0].changed,
            "{code}"
        );
        let listing = query(Some(&token), None);
        let (_, info) = page(&ctx, &known, Model::Applications, &listing).unwrap();
        assert_eq!(info.deletions, Deletions::Incomplete, "{code}");
        let (_, info) = page(&ctx, &known, Model::Jobs, &query(None, None)).unwrap();
        assert!(
            info.deletions == Deletions::Listed && info.notes.is_empty(),
            "jobs are not concerned"
        );
    }
}
