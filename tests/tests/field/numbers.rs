//! Values come through as they were sent.

use std::collections::BTreeMap;

use connector_tests::command::asymbl;
use connector_tests::world::{World, fields, ids, small_org};
use practice_org::{Action, Rule};
use serde_json::{Value, json};

const FIELD: &str = "bpats__Current_Salary__c";
/// Doubles of 16 and 17 digits, as formulas and geolocations give them, each with a spelling of its own.
const NUMBERS: [&str; 6] = [
    "99999999999999.99",
    "-122.39427869999999",
    "9.876543209876543",
    "127.88120886958711",
    "1.0E7",
    "0.1",
];

/// The custom field of each candidate that a command prints, as text.
async fn printed(world: &World, command: &str) -> BTreeMap<String, (String, String)> {
    let arguments = [command, "candidates", "--json", "--tenant", "tenant.toml"];
    let outcome = asymbl(world.folder(), &arguments).await;
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let after = |text: &str, name: &str| {
        let rest = text
            .split_once(&format!("\"{name}\":"))
            .expect("the field")
            .1;
        let end = rest.find([',', '}']).expect("an end");
        rest[..end].to_owned()
    };
    let lines = outcome.out.lines().map(|line| {
        let record: Value = serde_json::from_str(line).expect("strict JSON");
        let id = record["remote_id"].as_str().expect("an id").to_owned();
        let (custom, remote) = line.split_once("\"remote_data\"").expect("the row");
        (id, (after(custom, FIELD), after(remote, FIELD)))
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_stay_as_exact_as_the_org_sent_them() {
    let world = World::of(small_org().candidates(40)).await;
    let value = fields(json!({ FIELD: 4242.0 }));
    for id in ids(world.db(), "Contact") {
        world.write(|writer| writer.update("Contact", &id.to_string(), &value));
    }
    for number in NUMBERS {
        // The org spells all of them alike; the answer is changed on its way.
        let field = Action::Replace {
            find: "4242.0".into(),
            with: number.into(),
        };
        world.org.clear_faults();
        world.org.fault(Rule::next(field).on_kind("query").times(0));
        let outcome = asymbl(
            world.folder(),
            &["sync", "candidates", "--full", "--tenant", "tenant.toml"],
        )
        .await;
        assert_eq!(outcome.code, 0, "{}", outcome.err);
        for command in ["records", "list"] {
            let printed = printed(&world, command).await;
            assert!(!printed.is_empty());
            for (id, (custom, remote)) in &printed {
                assert_eq!(remote, number, "{command} {id}");
                assert_eq!(
                    custom.parse::<f64>(),
                    number.parse::<f64>(),
                    "{command} {id}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_surrogate_pair_reaches_no_reader() {
    let world = World::of(small_org().candidates(40)).await;
    let cut = fields(json!({ "Title": "CutHere" }));
    for id in ids(world.db(), "Contact") {
        world.write(|writer| writer.update("Contact", &id.to_string(), &cut));
    }
    let half = Action::Replace {
        find: "CutHere".into(),
        with: "Cut\\ud83d".into(),
    };
    world.org.fault(Rule::next(half).on_kind("query").times(0));
    world.sync().await;
    for command in ["records", "list"] {
        let arguments = [command, "candidates", "--json", "--tenant", "tenant.toml"];
        let outcome = asymbl(world.folder(), &arguments).await;
        for line in outcome.out.lines() {
            let record: Value = serde_json::from_str(line).expect("strict JSON");
            assert_eq!(record["title"], "Cut\u{FFFD}", "{command}");
            assert_eq!(record["remote_data"]["Title"], "Cut\u{FFFD}", "{command}");
        }
    }
}
