//! What a create writes, and whom it writes it for.

use connector_tests::world::{World, ids, small_org, text};
use host_runner::unified::Model;
use mirror::actions::Action;
use mirror::store::Mirror;
use practice_org::id::RecordId;
use practice_org::value::Value as OrgValue;
use serde_json::json;

use super::{APPLICANT, JOB, STAGE, act, act_in, id, input, job_where, kind, open_job, words};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_candidate_is_in_the_mirror_before_any_sync() {
    let world = World::of(small_org()).await;
    world.sync().await;
    let (job, stages) = open_job(&world);
    let contacts = world.db().count("Contact");
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "Ada.New@example.com"),
    )
    .await
    .unwrap();
    assert!(
        words(&made).contains(&"input-ignored") && words(&made).contains(&"salary-converted"),
        "{:?}",
        made.warnings
    );
    let (contact, applied) = (id(&made.data["remote_id"]), &made.data["applications"][0]);
    let db = world.db();
    for (field, value) in [
        ("FirstName", "Ada"),
        ("LastName", "O'Hara \\' OR Name != '"),
        ("Email", "Ada.New@example.com"),
        ("Title", "Engineer"),
        ("MobilePhone", "+1 555 0100"),
        ("MailingCity", "Berlin"),
        ("MailingPostalCode", "10115"),
    ] {
        assert_eq!(
            text(db, "Contact", contact, field).as_deref(),
            Some(value),
            "{field}"
        );
    }
    assert_eq!(
        db.read("Contact", contact, |row| row
            .get("bpats__Desired_Salary__c")
            .to_value()),
        Some(OrgValue::Double(60_000.0))
    );
    let applicant = id(&applied["remote_id"]);
    assert_eq!(
        text(db, APPLICANT, applicant, "bpats__Stage__c").as_deref(),
        Some(stages[0].as_str())
    );
    assert_eq!(
        text(db, APPLICANT, applicant, "bpats__Source__c").as_deref(),
        Some("LinkedIn")
    );
    assert_eq!(applied["job"]["remote_id"], job);
    assert_eq!(applied["current_stage"]["index"], 0);
    assert_eq!(made.data["candidate_created"], true);
    // In the mirror at once, tracked, and no news to the next delta.
    let stored = world.record(Model::Candidates, made.data["remote_id"].as_str().unwrap());
    assert_eq!(made.data["id"], stored.id.to_string());
    assert!(
        world
            .mirror()
            .is_tracked(Model::Applications, &applicant.to_string())
            .unwrap()
    );
    let changed_at = world
        .record(Model::Applications, &applicant.to_string())
        .stamps
        .changed_at;
    world.sync().await;
    assert_eq!(
        world
            .record(Model::Candidates, &contact.to_string())
            .stamps
            .changed_at,
        stored.stamps.changed_at
    );
    assert_eq!(
        world
            .record(Model::Applications, &applicant.to_string())
            .stamps
            .changed_at,
        changed_at
    );
    // The same again returns the same records.
    let again = act(
        &world,
        Action::CreateApplication,
        &input(&job, "ada.new@EXAMPLE.com"),
    )
    .await
    .unwrap();
    assert_eq!(again.data["remote_id"], applied["remote_id"]);
    assert_eq!(again.data["application_created"], false);
    assert!(words(&again).contains(&"application-exists"));
    assert_eq!(db.count("Contact"), contacts + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_contact_is_used_and_left_untouched() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let (other, _) = job_where(&world, false);
    let first = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "x@example.com"),
    )
    .await
    .unwrap();
    let contact = id(&first.data["remote_id"]);
    let db = world.db();
    // A job that takes no applications.
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&other, "x@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "job-closed", "{error}");
    let applications = db.count(APPLICANT);
    let second = ids(db, JOB).into_iter().map(|j| j.to_string()).find(|j| {
        *j != job
            && text(db, JOB, RecordId::parse(j).unwrap(), "bpats__Status__c").as_deref()
                == Some("Open")
    });
    let mut changed = input(&second.unwrap(), "X@Example.com");
    changed["candidate"]["first_name"] = json!("Eve");
    let made = act(&world, Action::CreateApplication, &changed)
        .await
        .unwrap();
    assert_eq!(made.data["candidate"]["remote_id"], first.data["remote_id"]);
    assert_eq!(
        (
            made.data["candidate_created"].clone(),
            made.data["application_created"].clone()
        ),
        (json!(false), json!(true))
    );
    assert_eq!(
        text(db, "Contact", contact, "FirstName").as_deref(),
        Some("Ada")
    );
    assert_eq!(db.count(APPLICANT), applications + 1);
    // A stage of another job.
    let mut wrong = changed.clone();
    wrong["candidate"]["email_address"] = json!("y@example.com");
    wrong["application"]["stage_id"] = json!(stages[0]);
    let error = act(&world, Action::CreateApplication, &wrong)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("application.stage_id"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenant_can_make_existing_applications_errors() {
    let world = World::with(
        small_org(),
        "\n[connector]\nexisting_application = \"error\"\n",
    )
    .await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "e@example.com"),
    )
    .await
    .unwrap();
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "e@example.com"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&error), "already-exists");
    assert!(
        error
            .to_string()
            .contains(made.data["applications"][0]["remote_id"].as_str().unwrap())
    );
    let again = act_in(
        world.session(),
        &mut world.mirror(),
        Action::CreateCandidate,
        &input(&job, "e@example.com"),
        Some("k-1"),
    )
    .await
    .unwrap_err();
    assert_eq!(kind(&again), "already-exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applied_contact_wins_over_older_ones() {
    let world = World::of(small_org()).await;
    let (job, stages) = open_job(&world);
    let db = world.db();
    let types = ids(db, "RecordType").into_iter();
    let candidate_type = types
        .filter(|kind| text(db, "RecordType", *kind, "SobjectType").as_deref() == Some("Contact"))
        .find(|kind| text(db, "RecordType", *kind, "DeveloperName").as_deref() == Some("Candidate"))
        .expect("the package's record type");
    let person = |name: &str, more: &[(&str, OrgValue)]| {
        let mut values = vec![
            ("LastName", OrgValue::copied(name)),
            ("Email", OrgValue::from("Several@Example.com")),
        ];
        values.extend(more.iter().cloned());
        world.write(|writer| writer.insert_values("Contact", &values))
    };
    // New rows get the candidate type by default.
    let client = db
        .add_record_type("Contact", "Client", "Client", false)
        .unwrap();
    let oldest = person("Oldest", &[("RecordTypeId", OrgValue::Id(client))]);
    let typed = person("Typed", &[("RecordTypeId", OrgValue::Id(candidate_type))]);
    let applied = person("Applied", &[("RecordTypeId", OrgValue::Id(client))]);
    let applicant = world.write(|writer| {
        writer.insert_values(
            APPLICANT,
            &[
                (
                    "bpats__Job__c",
                    OrgValue::Id(RecordId::parse(&job).unwrap()),
                ),
                (
                    "bpats__Stage__c",
                    OrgValue::Id(RecordId::parse(&stages[0]).unwrap()),
                ),
                ("bpats__ATS_Applicant__c", OrgValue::Id(applied)),
            ],
        )
    });
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&job, "several@example.com"),
    )
    .await
    .unwrap();
    assert_eq!(made.data["remote_id"], applicant.to_string());
    assert_eq!(made.data["candidate"]["remote_id"], applied.to_string());
    let other = ids(db, JOB).into_iter().map(|j| j.to_string()).find(|j| {
        let staged = ids(db, STAGE)
            .into_iter()
            .any(|s| text(db, STAGE, s, "bpats__Job__c").as_deref() == Some(j));
        let id = RecordId::parse(j).unwrap();
        *j != job && staged && text(db, JOB, id, "bpats__Status__c").as_deref() == Some("Open")
    });
    let made = act(
        &world,
        Action::CreateApplication,
        &input(&other.unwrap(), "several@example.com"),
    )
    .await
    .unwrap();
    assert_eq!(made.data["candidate"]["remote_id"], typed.to_string());
    assert!(
        words(&made).contains(&"several-candidates"),
        "{:?}",
        made.warnings
    );
    assert_ne!(made.data["candidate"]["remote_id"], oldest.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_contact_with_the_address_is_ignored() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let gone = world.write(|writer| {
        writer.insert_values(
            "Contact",
            &[
                ("LastName", OrgValue::from("Gone")),
                ("Email", OrgValue::from("gone@example.com")),
            ],
        )
    });
    world.write(|writer| writer.delete("Contact", &gone.to_string()));
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "gone@example.com"),
    )
    .await
    .unwrap();
    assert_eq!(made.data["candidate_created"], true);
    assert_ne!(made.data["remote_id"], gone.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_job_takes_applications_only_where_the_tenant_says_so() {
    let world = World::of(small_org()).await;
    let (closed, _) = job_where(&world, false);
    let contacts = world.db().count("Contact");
    let wanted = input(&closed, "closed@example.com");
    let error = act(&world, Action::CreateCandidate, &wanted)
        .await
        .unwrap_err();
    assert_eq!(kind(&error), "job-closed");
    let message = error.to_string();
    assert!(
        message.contains("application.job_id") && message.contains("allow_closed_jobs"),
        "{message}"
    );
    assert_eq!(world.db().count("Contact"), contacts);
    let open = super::tenant_with(&world, "", "[connector]\nallow_closed_jobs = true");
    let made = act_in(
        &open,
        &mut world.mirror(),
        Action::CreateCandidate,
        &wanted,
        None,
    )
    .await
    .unwrap();
    assert_eq!(made.data["applications"][0]["job"]["remote_id"], closed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_stages_is_refused_with_what_it_lacks() {
    let world = World::of(small_org()).await;
    let bare = world.write(|writer| {
        writer.insert_values(
            JOB,
            &[
                ("Name", OrgValue::from("Bare")),
                ("bpats__Status__c", OrgValue::from("Open")),
            ],
        )
    });
    // What the package made with it.
    for stage in ids(world.db(), STAGE) {
        if text(world.db(), STAGE, stage, "bpats__Job__c") == Some(bare.to_string()) {
            world.write(|writer| writer.delete(STAGE, &stage.to_string()));
        }
    }
    let contacts = world.db().count("Contact");
    let error = act(
        &world,
        Action::CreateCandidate,
        &input(&bare.to_string(), "bare@example.com"),
    )
    .await
    .unwrap_err();
    let message = error.to_string();
    assert_eq!(kind(&error), "invalid-input");
    assert!(
        message.contains("application.job_id") && message.contains("ATS template"),
        "{message}"
    );
    assert_eq!(world.db().count("Contact"), contacts);
    assert_eq!(id(&json!(bare.to_string())), bare);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_found_by_each_named_address_field() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let field = json!({ "name": "Private_Email__c", "label": "Private Email", "type": "email", "length": 80 });
    let field: practice_org::schema::FieldSpec = serde_json::from_value(field).unwrap();
    let added = world
        .db()
        .alter_schema(|schema| schema.add_field("Contact", field));
    assert!(added.is_ok());
    let known = world.write(|writer| {
        writer.insert_values(
            "Contact",
            &[
                ("LastName", OrgValue::from("Known")),
                ("Email", OrgValue::from("work@example.com")),
                ("Private_Email__c", OrgValue::from("Home@Example.com")),
            ],
        )
    });
    let settings = "[connector]\ncandidate_email_fields = [\"Private_Email__c\"]";
    let session = super::tenant_with(&world, "", settings);
    let wanted = input(&job, "home@example.COM");
    let mirror = &mut world.mirror();
    let made = act_in(&session, mirror, Action::CreateCandidate, &wanted, None)
        .await
        .unwrap();
    assert_eq!(made.data["remote_id"], known.to_string());
    assert_eq!(made.data["candidate_created"], false);
    assert_eq!(text(world.db(), "Contact", known, "FirstName"), None);
}
