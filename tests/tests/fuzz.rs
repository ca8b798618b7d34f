//! What comes from outside may be anything: mutations of real cursors, tokens, profiles, inputs and tenant files,
//! through the real component. Each ends in an answer or in a typed error; none ends the connector, and none shows a
//! secret.
//!
//! `make fuzz` runs these, and the property tests of all crates, for hours (`FUZZ_CASES`).

use std::path::Path;

use connector_tests::world::{World, small_org};
use host_runner::sandbox::contract::reads::{ListQuery, Progress};
use host_runner::sandbox::{CallError, Job};
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::Model;
use mirror::actions::{Action, ActionError, check};
use serde_json::{Value, json};

/// A generator of numbers that need not be good, but the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// Pieces that parsers stumble over.
const PIECES: [&str; 20] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "-1",
    "1e999",
    "18446744073709551616",
    "\u{0}",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "é",
    "' OR Id != '",
    "0035g00000AbCdEAAV",
    "2026-02-30T00:00:00Z",
];

/// A text with some changes.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(characters.len() + 1);
        let end = (at + random.below(12)).min(characters.len());
        match random.below(6) {
            0 => drop(characters.drain(at..end)),
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                characters.splice(at..at, piece.chars());
            }
            2 => {
                let copied: Vec<char> = characters[at..end].to_vec();
                let to = random.below(characters.len() + 1);
                characters.splice(to..to, copied);
            }
            3 if at < characters.len() => {
                characters[at] =
                    char::from_u32(u32::try_from(random.below(0x180)).unwrap()).unwrap_or('x');
            }
            4 => characters.truncate(at),
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                characters.splice(at..end, piece.chars());
            }
        }
    }
    characters.into_iter().collect()
}

fn cases(usual: u64) -> u64 {
    std::env::var("FUZZ_CASES").map_or(usual, |cases| cases.parse().expect("a number"))
}

/// An error that a caller can act on, or none.
fn assert_typed<T>(result: Result<T, CallError>, what: &str, text: &str) {
    if let Err(error) = result {
        let is_typed =
            matches!(error, CallError::Connector(_)) || error.to_string().contains("64 KiB");
        assert!(is_typed, "{what} {text:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutated_cursor_token_or_profile_ends_no_connector() {
    let world = World::of(small_org().candidates(60).page_size(25)).await;
    let mut job: Job = world.session().start().await.unwrap();
    let profile = job.discover().await.unwrap().profile;
    let ask = |since: Option<&str>, cursor: Option<&str>| ListQuery {
        since: since.map(str::to_owned),
        cursor: cursor.map(str::to_owned),
        page_size: None,
    };
    let mut cursors = Vec::new();
    let (mut cursor, mut token) = (None::<String>, String::new());
    while token.is_empty() {
        let page = job
            .list(Model::Candidates, &profile, &ask(None, cursor.as_deref()))
            .await
            .unwrap();
        match page.info.progress {
            Progress::More(next) => {
                cursors.push(next.clone());
                cursor = Some(next);
            }
            Progress::Done(end) => token = end,
        }
    }
    assert!(!cursors.is_empty());
    for seed in 0..cases(300) {
        let random = &mut Random(seed);
        if seed % 100 == 99 {
            // A job may send only so many requests.
            job = world.session().start().await.unwrap();
        }
        let model = Model::ALL[random.below(7)];
        match seed % 3 {
            0 => {
                let text = mutated(&cursors[random.below(cursors.len())], random);
                let asked = job.list(model, &profile, &ask(None, Some(&text))).await;
                assert_typed(asked, "cursor", &text);
            }
            1 => {
                let text = mutated(&token, random);
                let asked = job.list(model, &profile, &ask(Some(&text), None)).await;
                assert_typed(asked, "token", &text);
            }
            _ => {
                let text = mutated(&profile, random);
                let asked = job.list(model, &text, &ask(None, None)).await;
                assert_typed(asked, "profile", &text);
            }
        }
    }
}

fn inputs() -> Vec<(Action, String)> {
    let file = json!({ "name": "cv.pdf", "content_type": "application/pdf", "data": "JVBERi0xLjQK", "type": "CV" });
    let create = json!({
        "candidate": {
            "first_name": "Ada", "last_name": "Lovelace", "email_address": "ada@example.com", "title": "Engineer",
            "location": { "city": "Berlin", "country": "DE" }, "availability_date": "2026-12-01",
            "salary_expectations": { "amount": 5000, "period": "MONTH" },
        },
        "application": { "job_id": "a015g00000AbCdEAAV" }, "attachments": [file], "source": { "name": "linkedin" },
    });
    let of = |action, input: Value| (action, input.to_string());
    vec![
        of(Action::CreateCandidate, create.clone()),
        of(Action::CreateApplication, create),
        of(
            Action::AddAttachment,
            json!({ "application_id": "a015g00000AbCdEAAV", "attachment": file }),
        ),
        of(
            Action::Move,
            json!({ "application_id": "a015g00000AbCdEAAV", "stage_id": "a025g00000AbCdEAAV" }),
        ),
        of(
            Action::GetAttachments,
            json!({ "candidate_id": "0035g00000AbCdEAAV" }),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mutated_input_is_checked_to_the_end() {
    let world = World::of(small_org().candidates(20)).await;
    let (inputs, mut checked) = (inputs(), 0);
    for seed in 0..cases(300) {
        let random = &mut Random(seed);
        let (action, text) = &inputs[random.below(inputs.len())];
        let Ok(input) = serde_json::from_str::<Value>(&mutated(text, random)) else {
            continue;
        };
        checked += 1;
        match check(world.session(), None, *action, &input, None).await {
            Ok(()) | Err(ActionError::Input(_)) => {}
            Err(error) => panic!("{action:?} {input}: {error}"),
        }
    }
    assert!(checked > 10, "too few are JSON: {checked}");
}

#[test]
fn a_mutated_tenant_file_shows_no_secret() {
    const SECRETS: [&str; 4] = [
        "S3cretOfTheApp",
        "K3yOfTheApp",
        "U5er@example.com",
        "T0kenOfAPerson",
    ];
    let files = [
        "kind = \"client-credentials\"\nclient_id = \"K3yOfTheApp\"\nclient_secret = \"S3cretOfTheApp\"\n",
        "kind = \"client-credentials\"\nclient_id = { env = \"K3yOfTheApp\" }\nclient_secret = { file = \"S3cretOfTheApp\" }\n",
        "kind = \"jwt-bearer\"\nclient_id = \"K3yOfTheApp\"\nusername = \"U5er@example.com\"\nprivate_key = \"S3cretOfTheApp\"\n",
        "kind = \"refresh-token\"\nclient_id = \"K3yOfTheApp\"\nrefresh_token = \"T0kenOfAPerson\"\n",
        "kind = \"T0kenOfAPerson\"\naudience = \"S3cretOfTheApp\"\ntoken_url = \"K3yOfTheApp\"\n",
        "kind = \"access-token\"\naccess_token = { env = \"T0kenOfAPerson\", file = \"x\" }\n",
        "kind = \"access-token\"\naccess_token = [\"T0kenOfAPerson\"]\nclient_id = 7\n",
        "kind = \"access-token\"\naccess_token = \"\"\"\nT0kenOfAPerson=\n\"\"\"\ntoken_url = \"https://T0kenOfAPerson\"\n",
    ];
    let head = "name = \"acme\"\ninstance_url = \"https://acme.my.salesforce.com\"\n[limits]\nmax_in_flight = 4\n[auth]\n";
    let path = Path::new("tenant.toml");
    let mut refused = 0;
    for seed in 0..cases(3_000) {
        let random = &mut Random(seed);
        let text = format!("{head}{}", files[random.below(files.len())]);
        let text = if seed < 100 {
            text
        } else {
            mutated(&text, random)
        };
        let opened = TenantFile::parse(path, &text)
            .and_then(|file| Tenant::open(file, TokenSourceOptions::default()));
        let Err(error) = opened else {
            continue;
        };
        refused += 1;
        let message = error.to_string();
        let shown = SECRETS.iter().find(|secret| message.contains(**secret));
        assert_eq!(shown, None, "{message}\n{text}");
    }
    assert!(refused > 100, "{refused}");
}
