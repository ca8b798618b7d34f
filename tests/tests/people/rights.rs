//! The permission set of the guide, read back by the practice org: it suffices, and each of its lines is needed.

use super::*;
use practice_org::description::Description;
use practice_org::description::rights::{ObjectRights, PermissionSet};
use practice_org::schema::Schema;

const NAME: &str = "Asymbl_Integration";

/// What stands between two tags of a line.
fn tag<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!("<{name}>")).unwrap_or_default();
    rest.split('<').next().unwrap_or_default()
}

/// The set as the practice org takes it.
fn parsed(xml: &str, schema: &Schema) -> PermissionSet {
    let fields: Vec<(String, bool)> = xml
        .lines()
        .filter(|line| line.starts_with("<fieldPermissions>"))
        .map(|line| {
            (
                tag(line, "field").to_owned(),
                tag(line, "editable") == "true",
            )
        })
        .collect();
    let granted = |name: &str| fields.iter().any(|(field, _)| field == name);
    let objects = xml
        .lines()
        .filter(|line| line.starts_with("<objectPermissions>"));
    let objects = objects.map(|line| {
        let object = tag(line, "object").to_owned();
        let letters = [
            ("allowRead", 'r'),
            ("allowCreate", 'c'),
            ("allowEdit", 'e'),
            ("viewAllRecords", 'v'),
        ];
        let rights = letters.iter().filter(|(name, _)| tag(line, name) == "true");
        let of_schema = schema.object(&object).expect("a known object").fields();
        let hidden = of_schema.filter(|field| {
            let whole = field.compound.as_deref();
            let whole_is_granted =
                whole.is_some_and(|whole| whole == "Name" || granted(&format!("{object}.{whole}")));
            field.name != "Name"
                && !whole_is_granted
                && !granted(&format!("{object}.{}", field.name))
        });
        let prefix = format!("{object}.");
        let read_only = fields.iter().filter(|(_, editable)| !editable);
        ObjectRights {
            rights: rights.map(|(_, letter)| *letter).collect(),
            hidden_fields: hidden.map(|field| field.name.clone()).collect(),
            read_only_fields: read_only
                .filter_map(|(field, _)| field.strip_prefix(&prefix).map(str::to_owned))
                .collect(),
            object,
        }
    });
    PermissionSet {
        name: NAME.into(),
        label: NAME.into(),
        namespace: None,
        objects: objects.collect(),
    }
}

async fn world_with(xml: &str, schema: &Schema) -> World {
    let description = Description {
        permission_sets: vec![parsed(xml, schema)],
        ..Description::default()
    };
    World::of(small_org().description(description).permission_set(NAME)).await
}

async fn permission_set(folder: &Path) -> String {
    let run = asymbl(folder, &["guide", "--permission-set"]).await;
    assert_eq!(run.code, 0, "{}", run.err);
    run.out
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_permission_set_alone_all_works() {
    let plain = World::of(small_org()).await;
    let schema = plain.db().schema();
    let xml = permission_set(plain.folder()).await;
    let world = world_with(&xml, &schema).await;
    let check = asymbl(world.folder(), &["check"]).await;
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    let sync = asymbl(world.folder(), &["sync"]).await;
    assert_eq!(sync.code, 0, "{}{}", sync.out, sync.err);
    let act = async |action: &str, input: Value| -> Value {
        let run = machines::act(&world, action, &input).await;
        assert_eq!(run.code, 0, "{action}: {}{}", run.out, run.err);
        json_of(&run.out)["data"].clone()
    };
    let file =
        json!({ "name": "cv.txt", "type": "CV", "content_type": "text/plain", "data": "YQ==" });
    let open = machines::open_job(&world);
    let mut input = machines::candidate(&open);
    input["attachments"] = json!([file]);
    let made = act("create-candidate", input).await;
    let application = made["applications"][0]["remote_id"].clone();
    let mut other = machines::candidate(&open);
    other["candidate"]["email_address"] = json!("charles.babbage@example.com");
    act("create-application", other).await;
    let stage = machines::last_stage(&world, &open);
    let moved = json!({ "application_id": application, "stage_id": stage });
    act("move-application-to-stage", moved).await;
    let attached = json!({ "application_id": application, "attachment": file });
    act("add-attachment-to-application", attached).await;
    let of_candidate = json!({ "candidate_id": made["remote_id"] });
    let files = act("get-candidate-attachments", of_candidate).await;
    assert_eq!(files["results"].as_array().unwrap().len(), 2, "{files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_each_line_that_the_permission_set_lacks() {
    let plain = World::of(small_org()).await;
    let schema = plain.db().schema();
    let xml = permission_set(plain.folder()).await;
    // The account only goes with contacts in Salesforce itself; the set can't hold files, so nothing governs their
    // field here.
    let lines = xml.lines().filter(|line| {
        (line.starts_with("<fieldPermissions>") && !line.contains("ContentVersion"))
            || (line.starts_with("<objectPermissions>") && !line.contains(">Account<"))
    });
    for line in lines {
        let less = xml.replace(&format!("{line}\n"), "");
        let world = world_with(&less, &schema).await;
        let arguments = ["check", "--json", "--records", "0"];
        let check = asymbl(world.folder(), &arguments).await;
        let message = match tag(line, "field") {
            "" => tag(line, "object").to_owned(),
            "Contact.MailingAddress" => "Contact.Mailing".to_owned(),
            field => field.to_owned(),
        };
        assert_eq!(check.code, 3, "{line}: {}", check.out);
        assert!(check.out.contains(&message), "{line}: {}", check.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_each_thing_once_with_all_that_it_costs() {
    let stage = "bpats__ATS_Applicant__c.bpats__Stage__c";
    let world = World::of(small_org().hidden_field(stage)).await;
    let check = asymbl(world.folder(), &["check"]).await;
    assert_eq!(check.out.matches(stage).count(), 1, "{}", check.out);
    for part in [
        &format!("missing: read, create, edit {stage}"),
        "applications: outcome",
        "move-application-to-stage",
    ] {
        assert!(check.out.contains(part), "{part}: {}", check.out);
    }
    // A field of another object than the model's own.
    let world = World::of(small_org().hidden_field("Contact.Email")).await;
    let sync = asymbl(world.folder(), &["sync"]).await;
    let note = "hiring-team-members: the connected user does not see Contact.Email (user_id)";
    assert!(sync.out.contains(note), "{}", sync.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn check_does_not_advise_what_an_absent_package_brings() {
    let world = World::of(small_org().no_package()).await;
    let check = asymbl(world.folder(), &["check"]).await;
    assert_eq!(check.code, 3, "{}", check.out);
    assert!(!check.out.contains("Asymbl ATS User"), "{}", check.out);
    for line in check.out.lines().filter(|line| line.contains("bpats__")) {
        assert!(!line.contains("grant"), "{line}");
    }
    let field = "bpats__Desired_Salary__c belongs to it";
    assert!(check.out.contains(field), "{}", check.out);
}
