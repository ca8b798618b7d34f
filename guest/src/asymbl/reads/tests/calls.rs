//! Records by id, keys, probes, and refusals.

use std::collections::BTreeSet;

use serde_json::json;

use super::mirror::{Held, page, units};
use super::reading::{delta, ids, query, read, token};
use super::{MODELS, cast, instance, profile};
use crate::asymbl::reads::fake_org::{APPLICANT, DeleteLog, FakeOrg, JOB, STAGE};
use crate::asymbl::reads::{get_records, list_ids, probe_changes};
use crate::exports::ats::connector::reads::ModelToken;
use crate::exports::ats::connector::types::{Error, Model};

#[test]
fn a_token_of_another_org_or_model_asks_for_a_full_listing() {
    let (one, other) = (cast(), cast());
    let users = token(&one.org, Model::Users);
    let ctx = instance(&one.org, "{}");
    let refused = |org: &FakeOrg, model| {
        let error = page(&ctx, &profile(org), model, &query(Some(&users), None))
            .map(|_| ())
            .unwrap_err();
        let Error::ResyncRequired(failure) = error else {
            panic!("{error:?}")
        };
        failure.message
    };
    assert!(refused(&one.org, Model::Jobs).contains("is of the model users, not jobs"));
    other.org.insert("Organization", json!({}));
    let moved = profile(&one.org).replace("00D", "00E");
    let error = page(&ctx, &moved, Model::Users, &query(Some(&users), None))
        .map(|_| ())
        .unwrap_err();
    assert!(
        matches!(error, Error::ResyncRequired(f) if f.message.contains("the sync token is of org 00D"))
    );
}

#[test]
fn a_hidden_object_and_a_switched_off_model_are_told_apart() {
    let cast = cast();
    cast.org.hide_object(JOB);
    let known = profile(&cast.org);
    let error = page(
        &instance(&cast.org, "{}"),
        &known,
        Model::Jobs,
        &query(None, None),
    )
    .map(|_| ())
    .unwrap_err();
    let Error::Permission(failure) = error else {
        panic!("{error:?}")
    };
    assert!(
        failure.message.contains(JOB) && failure.message.contains("Asymbl ATS User"),
        "{}",
        failure.message
    );

    let connection = crate::asymbl::context::Connection {
        disabled: vec!["jobs".into()],
        ..Default::default()
    };
    let ctx =
        crate::asymbl::Context::new(&connection, cast.org.clone(), Box::new(|_, _, _| ())).unwrap();
    let error = page(&ctx, &known, Model::Jobs, &query(None, None))
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, Error::Unsupported(f) if f.message.contains("`jobs`")));
}

#[test]
fn records_come_by_short_ids_and_what_is_not_of_the_model_is_gone() {
    let cast = cast();
    let known = profile(&cast.org);
    let ctx = instance(&cast.org, "{}");
    let asked = [
        cast.contacts[0][..15].to_owned(),
        cast.contacts[4].clone(),
        cast.users[0].clone(),
    ];
    let batch = get_records(&ctx, &known, Model::Candidates, &asked).unwrap();
    assert_eq!(
        units(batch.found).into_keys().collect::<Vec<_>>(),
        [cast.contacts[0].clone()]
    );
    // A contact that is no candidate, and what is no contact.
    assert_eq!(batch.gone, [cast.contacts[4].clone()]);
    assert_eq!(batch.unseen, [cast.users[0].clone()]);
    let error = get_records(&ctx, &known, Model::Jobs, &["nonsense".into()]).unwrap_err();
    assert!(matches!(error, Error::InvalidInput(p) if p[0].field == "ids[0]"));
}

#[test]
fn keys_are_those_of_the_records() {
    let cast = cast();
    cast.org.page(2);
    let known = profile(&cast.org);
    for model in MODELS {
        let mut keys = BTreeSet::new();
        let mut cursor = None;
        loop {
            let page =
                list_ids(&instance(&cast.org, "{}"), &known, model, cursor.as_deref()).unwrap();
            keys.extend(page.keys.into_iter().map(|listed| listed.key));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let whole = read(&cast.org, "{}", model, None, None).0;
        let of_rows = |(id, rows): (&String, &Vec<Held>)| -> Vec<String> {
            match model {
                Model::JobStages | Model::HiringTeamMembers => rows
                    .iter()
                    .map(|r| format!("{id}:{}", r.refers_to[0].1))
                    .collect(),
                _ => vec![id.clone()],
            }
        };
        let expected: BTreeSet<String> = whole
            .iter()
            .flat_map(|(units, _)| units.iter().flat_map(of_rows))
            .collect();
        assert_eq!(keys, expected, "{model:?}");
    }
}

#[test]
fn a_probe_says_which_models_changed_and_moves_the_other_tokens_on() {
    let cast = cast();
    let known = profile(&cast.org);
    let given = |model| ModelToken {
        model,
        token: token(&cast.org, model),
    };
    let tokens: Vec<ModelToken> = MODELS.into_iter().map(given).collect();
    cast.org.pass(3_600);
    let ctx = instance(&cast.org, "{}");
    let answers = probe_changes(&ctx, &known, &tokens).unwrap();
    assert!(answers.iter().all(|a| !a.changed));
    assert!(ctx.client.calls() <= 6, "{} calls", ctx.client.calls());
    let moved: Vec<ModelToken> = answers
        .iter()
        .map(|a| ModelToken {
            model: a.model,
            token: a.token.clone(),
        })
        .collect();
    assert!(moved.iter().zip(&tokens).all(|(m, t)| m.token != t.token));

    let late = cast.org.write_late(
        STAGE,
        None,
        json!({"Name": "Late", "bpats__Job__c": cast.jobs[0]}),
    );
    cast.org.pass(600);
    let answers = probe_changes(&ctx, &known, &moved).unwrap();
    assert!(answers.iter().all(|a| !a.changed));
    cast.org.commit();
    cast.org.pass(600);
    let again: Vec<ModelToken> = answers
        .iter()
        .map(|a| ModelToken {
            model: a.model,
            token: a.token.clone(),
        })
        .collect();
    let changed: Vec<Model> = probe_changes(&ctx, &known, &again)
        .unwrap()
        .iter()
        .filter(|a| a.changed)
        .map(|a| a.model)
        .collect();
    assert_eq!(
        changed,
        [
            Model::ApplicationStages,
            Model::Applications,
            Model::JobStages
        ]
    );
    assert!(ids(&delta(&cast.org, Model::ApplicationStages, &again[3].token)).contains(&late));
}

#[test]
fn rows_that_vanish_without_a_trace_are_said_by_the_probe_and_by_the_delta() {
    for log in [DeleteLog::Kept, DeleteLog::Purged, DeleteLog::TooLong] {
        let cast = cast();
        let token = token(&cast.org, Model::Applications);
        cast.org.pass(600);
        cast.org.purge(APPLICANT, &cast.applicants[0], log);
        let known = profile(&cast.org);
        let ctx = instance(&cast.org, "{}");
        let given = ModelToken {
            model: Model::Applications,
            token: token.clone(),
        };
        assert!(probe_changes(&ctx, &known, &[given]).unwrap()[0].changed);
        let (_, info) = page(
            &ctx,
            &known,
            Model::Applications,
            &query(Some(&token), None),
        )
        .unwrap();
        assert!(info.deletes_unknown);
        let (_, info) = page(&ctx, &known, Model::Jobs, &query(None, None)).unwrap();
        assert!(
            !info.deletes_unknown && info.notes.is_empty(),
            "jobs are not concerned"
        );
    }
}
