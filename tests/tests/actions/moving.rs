//! Moves from stage to stage.

use connector_tests::command;
use connector_tests::world::{World, ids, small_org, text};
use host_runner::unified::Model;
use mirror::actions::Action;
use practice_org::Action as Fault;
use practice_org::Rule;
use practice_org::id::RecordId;
use practice_org::value::Value as OrgValue;
use serde_json::{Value, json};

use super::{APPLICANT, STAGE, act, id, input, kind, open_job};

#[tokio::test(flavor = "multi_thread")]
async fn moving_checks_the_job_and_does_nothing_twice() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "m@example.com"),
    )
    .await
    .unwrap();
    // By unified id.
    let application = made.data["id"].clone();
    let to = |stage: &str| json!({ "application_id": application, "stage_id": stage });
    let moved = act(&world, Action::Move, &to(&stages[1])).await.unwrap();
    assert_eq!(
        (
            &moved.data["changed"],
            &moved.data["current_stage"]["remote_id"]
        ),
        (&json!(true), &json!(stages[1]))
    );
    let again = act(&world, Action::Move, &to(&stages[1][..15]))
        .await
        .unwrap();
    assert_eq!(again.data["changed"], false);
    let stored = world.record(
        Model::Applications,
        made.data["remote_id"].as_str().unwrap(),
    );
    assert_eq!(
        stored.record.reference("current_stage_id"),
        Some(stages[1].as_str())
    );
    let foreign = ids(world.db(), STAGE)
        .into_iter()
        .map(|s| s.to_string())
        .find(|s| !stages.contains(s))
        .unwrap();
    let error = act(&world, Action::Move, &to(&foreign)).await.unwrap_err();
    assert!(error.to_string().contains("stage_id"), "{error}");
    // The command takes names.
    let db = world.db();
    let name = text(db, STAGE, RecordId::parse(&stages[0]).unwrap(), "Name").unwrap();
    std::fs::write(
        world.folder().join("in.json"),
        json!({ "application_id": made.data["remote_id"] }).to_string(),
    )
    .unwrap();
    let done = command::asymbl(
        world.folder(),
        &[
            "action",
            "move-application-to-stage",
            "--input",
            "in.json",
            "--stage",
            &name,
        ],
    )
    .await;
    assert_eq!(done.code, 0, "{}", done.err);
    let answer: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(answer["data"]["current_stage"]["remote_id"], stages[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_name_must_be_unique_within_the_job() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "n@example.com"),
    )
    .await
    .unwrap();
    let applicant = made.data["remote_id"].clone();
    let db = world.db();
    let name = |stage: &str| text(db, STAGE, RecordId::parse(stage).unwrap(), "Name").unwrap();
    let (first, second) = (name(&stages[0]), name(&stages[1]));
    let move_to = async |input: Value, stage: &str| {
        std::fs::write(world.folder().join("in.json"), input.to_string()).unwrap();
        let arguments = [
            "action",
            "move-application-to-stage",
            "--input",
            "in.json",
            "--stage",
            stage,
        ];
        command::asymbl(world.folder(), &arguments).await
    };
    let done = move_to(
        json!({ "application_id": applicant }),
        &second.to_uppercase(),
    )
    .await;
    assert_eq!(done.code, 0, "{}", done.err);
    let held = text(db, APPLICANT, id(&applicant), "bpats__Stage__c");
    assert_eq!(held.as_deref(), Some(stages[1].as_str()));

    let done = move_to(json!({ "application_id": applicant }), "No such stage").await;
    assert_eq!(done.code, 8, "{}", done.err);
    assert!(
        done.err.contains(&first) && done.err.contains(&second),
        "{}",
        done.err
    );

    let both = json!({ "application_id": applicant, "stage_id": stages[0] });
    assert_eq!(move_to(both, &first).await.code, 8);

    world.write(|writer| {
        let id = RecordId::parse(&stages[0]).unwrap();
        writer.set_values(STAGE, id, &[("Name", OrgValue::copied(&second))])
    });
    let done = move_to(json!({ "application_id": applicant }), &second).await;
    assert_eq!(done.code, 8, "{}", done.err);
    assert!(done.err.contains("stage_id"), "{}", done.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_answer_is_lost_is_found_done() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "l@example.com"),
    )
    .await
    .unwrap();
    let to = json!({ "application_id": made.data["remote_id"], "stage_id": stages[1] });
    world
        .org
        .fault(Rule::next(Fault::DropAfter).on_kind("update"));
    let moved = act(&world, Action::Move, &to).await.unwrap();
    assert_eq!(moved.data["changed"], true);
    assert_eq!(moved.data["current_stage"]["remote_id"], stages[1]);
    let stored = world.record(
        Model::Applications,
        made.data["remote_id"].as_str().unwrap(),
    );
    let stage = stored
        .record
        .reference("current_stage_id")
        .map(str::to_owned);
    assert_eq!(stage.as_deref(), Some(stages[1].as_str()));
    let to = json!({ "application_id": "a02000000000009", "stage_id": stages[1] });
    let error = act(&world, Action::Move, &to).await.unwrap_err();
    assert_eq!(kind(&error), "not-found");
}
