//! `asymbl attachment` and `asymbl action --input -`: what goes past the sandbox, and what comes from a pipe.

use std::io::Write as _;
use std::process::Stdio;

use connector_tests::command;
use connector_tests::world::{World, small_org};
use mirror::actions::Action;
use practice_org::id::RecordId;
use practice_org::value::Value as OrgValue;
use serde_json::{Value, json};

use super::{act, id, input, open_job};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_takes_piped_input_with_a_byte_order_mark() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "pipe@example.com");
    let arguments = ["action", "create-application", "--input", "-"];
    let mut command = command::command(world.folder(), &arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(format!("\u{feff}{wanted}").as_bytes())
        .unwrap();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let output = ended.unwrap().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["data"]["candidate"]["first_name"], "Ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_are_handed_out() {
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let made = act(
        &world,
        Action::CreateCandidate,
        &input(&job, "note@example.com"),
    )
    .await
    .unwrap();
    let contact = id(&made.data["remote_id"]);
    let add = |name: &str, content: (&'static str, OrgValue)| {
        world.write(|writer| {
            let values = [
                ("PathOnClient", OrgValue::copied(name)),
                ("Title", OrgValue::copied(name)),
                ("FirstPublishLocationId", OrgValue::Id(contact)),
                content,
            ];
            writer.insert_values("ContentVersion", &values)
        })
    };
    let bytes = || ("VersionData", OrgValue::Blob(b"hello".to_vec().into()));
    let note = add("Debrief.snote", bytes());
    let link = add(
        "Portfolio",
        ("ContentUrl", OrgValue::from("https://example.com/cv")),
    );
    let file = add("CV.pdf", bytes());
    let wanted = json!({ "candidate_id": contact.to_string() });
    let listed = act(&world, Action::GetAttachments, &wanted).await.unwrap();
    let listed = listed.data["results"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["remote_id"], file.to_string());
    for (other, what) in [(note, "note"), (link, "link")] {
        let arguments = ["attachment", &other.to_string(), "--output", "other"];
        let done = command::asymbl(world.folder(), &arguments).await;
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(done.err.contains(what), "{}", done.err);
    }
}

/// A file of a contact.
fn file_of(world: &World, contact: RecordId, bytes: Vec<u8>) -> String {
    world
        .write(|writer| {
            let values = [
                ("PathOnClient", OrgValue::from("large.bin")),
                ("Title", OrgValue::from("large")),
                ("FirstPublishLocationId", OrgValue::Id(contact)),
                ("VersionData", OrgValue::Blob(bytes.into())),
            ];
            writer.insert_values("ContentVersion", &values)
        })
        .to_string()
}

/// The most memory that the command had while it downloaded, in bytes.
#[cfg(target_os = "linux")]
async fn peak_of_download(world: &World, file: &str) -> u64 {
    let arguments = ["attachment", file, "--output", "large.bin"];
    let mut child = command::start(world.folder(), &arguments);
    let ended = tokio::task::spawn_blocking(move || {
        let mut peak = 0;
        loop {
            peak = peak.max(connector_tests::process::peak(child.id()));
            if let Some(status) = child.try_wait().unwrap() {
                return (status.code(), peak);
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    });
    let (code, peak) = ended.await.unwrap();
    assert_eq!(code, Some(0));
    peak
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_downloaded_in_pieces_and_never_held_whole() {
    const LARGE: usize = 192 << 20;
    let world = World::of(small_org()).await;
    let (job, _) = open_job(&world);
    let wanted = input(&job, "large@example.com");
    let made = act(&world, Action::CreateCandidate, &wanted).await.unwrap();
    let contact = id(&made.data["remote_id"]);
    let small = file_of(&world, contact, vec![7]);
    let bytes: Vec<u8> = (0..LARGE).map(|n| (n % 251) as u8).collect();
    let large = file_of(&world, contact, bytes.clone());
    let few = peak_of_download(&world, &small).await;
    let most = peak_of_download(&world, &large).await;
    let read = std::fs::read(world.folder().join("large.bin")).unwrap();
    assert!(read == bytes, "{} bytes", read.len());
    assert!(
        few > 0 && most < few + (48 << 20),
        "{few} for a byte, {most} for {LARGE}"
    );
    // What get-candidate-attachments tells is what is downloaded.
    let who = json!({ "candidate_id": made.data["remote_id"] });
    let listed = act(&world, Action::GetAttachments, &who).await.unwrap();
    let file = listed.data["results"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["remote_id"] == large);
    assert_eq!(file.unwrap()["size"], LARGE);
}
