//! What an operator sees of requests: counts and log lines that name no record, and no secret.

use connector_tests::command::{asymbl, command, run};
use connector_tests::world::{World, ids, small_org};
use host_runner::unified::Model;
use practice_org::{Action, FaultBody, Rule};

/// The sum of a metric's values over the lines that hold all of these labels.
fn sum(text: &str, metric: &str, labels: &[&str]) -> f64 {
    let lines = text
        .lines()
        .filter(|line| line.starts_with(&format!("{metric}{{")));
    let lines = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

fn assert_names_no_record(world: &World, text: &str) {
    for object in [
        "Contact",
        "User",
        "bpats__Job__c",
        "bpats__ATS_Applicant__c",
    ] {
        for id in ids(world.db(), object) {
            assert!(!text.contains(&id.to_string()), "{object} {id}");
        }
    }
    let file = std::fs::read_to_string(world.tenant()).unwrap();
    let secret = file
        .lines()
        .find_map(|line| line.strip_prefix("client_secret = "));
    assert!(!text.contains(secret.unwrap().trim_matches('"')));
    assert!(!text.contains("SELECT"), "a query is data");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_requests_and_records() {
    let world = World::of(small_org()).await;
    let busy = Action::Status {
        status: 503,
        code: None,
        message: None,
        body: FaultBody::Json,
        retry_after: None,
    };
    world.org.fault(Rule::next(busy).on_kind("query"));
    let sync = asymbl(world.folder(), &["sync", "--metrics", "metrics.txt"]).await;
    assert_eq!(sync.code, 0, "{}", sync.err);
    let text = std::fs::read_to_string(world.folder().join("metrics.txt")).unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(
        sum(&text, "asymbl_requests_total", &["status=\"503\""]),
        1.0,
        "{text}"
    );
    let queries = ["path=\"/services/data/v66.0/query\"", "status=\"200\""];
    assert!(
        sum(&text, "asymbl_requests_total", &queries) > 5.0,
        "{text}"
    );
    let sign_in = ["path=\"/services/oauth2/token\"", "status=\"200\""];
    assert_eq!(sum(&text, "asymbl_requests_total", &sign_in), 1.0, "{text}");
    let counted = sum(&text, "asymbl_request_duration_seconds_count", &[]);
    assert_eq!(counted, sum(&text, "asymbl_requests_total", &[]), "{text}");
    assert!(
        sum(&text, "asymbl_received_bytes_total", &[]) > 10_000.0,
        "{text}"
    );
    for model in [Model::Candidates, Model::Jobs] {
        let labels = [
            format!("model=\"{model}\""),
            "change=\"inserted\"".to_owned(),
        ];
        let labels = [labels[0].as_str(), labels[1].as_str()];
        let held = world.live(model).len();
        assert_eq!(
            sum(&text, "asymbl_records_total", &labels),
            held as f64,
            "{text}"
        );
    }
    assert_eq!(
        sum(
            &text,
            "asymbl_synced_models_total",
            &["outcome=\"succeeded\""]
        ),
        7.0,
        "{text}"
    );
    assert_names_no_record(&world, &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_of_requests_name_tenant_job_and_kind_alone() {
    let world = World::of(small_org()).await;
    let mut sync = command(world.folder(), &["sync"]);
    sync.env("ASYMBL_LOG", "host_runner=debug");
    let sync = run(sync).await;
    assert_eq!(sync.code, 0, "{}", sync.err);
    let lines: Vec<&str> = sync
        .err
        .lines()
        .filter(|line| line.contains("millis="))
        .collect();
    assert!(lines.len() > 10, "{}", sync.err);
    for line in &lines {
        for part in [
            "job{tenant=\"practice-org\" job=",
            "method=\"",
            "path=\"/services/",
            "status=200",
            "bytes=",
            "retries=0",
        ] {
            assert!(line.contains(part), "{part} is missing: {line}");
        }
    }
    assert_names_no_record(&world, &lines.join("\n"));
}
