//! Damaged mirrors: what is wrong is found, repaired or refused, and never printed as if it were right.

use std::collections::HashSet;
use std::path::PathBuf;

use connector_tests::command::asymbl;
use connector_tests::world::{World, ids, small_org, without_stamps};
use host_runner::unified::{Model, Timestamp};
use mirror::store::{Health, MirrorError, RecordFilter, Records, SqliteMirror};
use mirror::sync::{SyncError, SyncOptions};
use serde_json::Value;

/// The pages of a mirror.
const PAGE: usize = 8192;

/// A generator of numbers that need not be good, but the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }
}

/// A synced mirror with deleted records, as bytes, and the bytes of an earlier state.
struct Synced {
    world: World,
    earlier: Vec<u8>,
    bytes: Vec<u8>,
    contents: Vec<String>,
}

impl Synced {
    async fn new() -> Self {
        let world = World::of(small_org()).await;
        world.sync().await;
        let earlier = std::fs::read(world.mirror_path()).unwrap();
        for id in ids(world.db(), "bpats__ATS_Applicant__c").iter().step_by(9) {
            world.write(|writer| writer.delete("bpats__ATS_Applicant__c", &id.to_string()));
        }
        world.sync().await;
        let bytes = std::fs::read(world.mirror_path()).unwrap();
        let contents = world.contents();
        assert!(
            contents.iter().any(|line| line.contains(" true ")),
            "no deleted records"
        );
        Self {
            world,
            earlier,
            bytes,
            contents,
        }
    }

    /// Puts a file in the mirror's place.
    fn put(&self, bytes: &[u8]) {
        for end in ["-wal", "-shm", ".lock"] {
            let beside = format!("{}{end}", self.world.mirror_path().display());
            let _ = std::fs::remove_file(PathBuf::from(beside));
        }
        std::fs::write(self.world.mirror_path(), bytes).unwrap();
    }

    /// The mirror's bytes with a damage.
    fn damaged(&self, random: &mut Random) -> (&'static str, Vec<u8>) {
        let mut bytes = self.bytes.clone();
        let pages = bytes.len() / PAGE;
        let at = random.below(bytes.len());
        let page = |number: usize| number * PAGE..(number + 1) * PAGE;
        let (one, other) = (random.below(pages), random.below(pages));
        let kind = match random.below(10) {
            0 | 1 => {
                bytes[at] ^= 1 << random.below(8);
                "a bit"
            }
            2 => {
                bytes[at] = u8::try_from(random.below(256)).unwrap();
                "a byte"
            }
            3 => {
                bytes[random.below(100)] ^= 1 << random.below(8);
                "the head"
            }
            4 => {
                let end = bytes.len().min(at + 16);
                bytes[at..end]
                    .iter_mut()
                    .for_each(|byte| *byte = u8::try_from(random.below(256)).unwrap());
                "16 bytes"
            }
            5 => {
                bytes[at / 512 * 512..][..512].fill(0);
                "a sector of zeroes"
            }
            6 => {
                let first = bytes[page(one)].to_vec();
                bytes.copy_within(page(other), one * PAGE);
                bytes[page(other)].copy_from_slice(&first);
                "pages swapped"
            }
            7 => {
                bytes.copy_within(page(other), one * PAGE);
                "a page over another"
            }
            8 => {
                bytes.truncate(at);
                "cut off"
            }
            _ => {
                let old = one.min(self.earlier.len() / PAGE - 1);
                bytes[page(old)].copy_from_slice(&self.earlier[page(old)]);
                "an old page"
            }
        };
        (kind, bytes)
    }

    /// What can be read, all records of a model or an error.
    fn read(&self) -> Vec<Result<Vec<String>, MirrorError>> {
        let mirror = match SqliteMirror::open_existing(&self.world.mirror_path()) {
            Ok(mirror) => mirror,
            Err(error) => return vec![Err(error)],
        };
        let filter = RecordFilter {
            include_deleted: true,
            ..RecordFilter::default()
        };
        let model = |model| {
            let lines = Records::new(&mirror, model, filter).map(|stored| {
                let stored = stored?;
                let line = stored.line(&self.world.org_id());
                let gone = stored.stamps.remote_deleted_at.is_some();
                Ok(format!(
                    "{model} {gone} {}",
                    without_stamps(&line, &self.world.org.url())
                ))
            });
            lines.collect()
        };
        Model::ALL.into_iter().map(model).collect()
    }
}

/// How a repair and a sync ended.
#[derive(Debug, PartialEq)]
enum End {
    /// Nothing was found, or all of it came back.
    Well,
    /// Something was found that can't be brought back, or the file can't be used: exit code 6.
    Refused,
}

async fn repair_and_sync(synced: &Synced) -> Result<End, String> {
    let path = synced.world.mirror_path();
    let health: Health = match SqliteMirror::check(&path, true, Timestamp::now()) {
        Ok(health) => health,
        Err(_) => return Ok(End::Refused),
    };
    let report = match synced.world.try_sync(&SyncOptions::default()).await {
        Ok(report) => report,
        Err(SyncError::Mirror(_)) if !health.is_repaired => return Ok(End::Refused),
        Err(error) => return Err(format!("{error} after {health:?}")),
    };
    if let Some(failure) = report
        .models
        .iter()
        .find_map(|model| model.failure.as_ref())
    {
        return Err(format!("{failure} after {health:?}"));
    }
    let again = SqliteMirror::check(&path, false, Timestamp::now());
    if !again.as_ref().is_ok_and(|again| again.problems.is_empty()) {
        return Err(format!("still damaged: {again:?} after {health:?}"));
    }
    if !health.is_well() {
        return Ok(End::Refused);
    }
    let contents = synced.world.contents();
    if contents == synced.contents {
        return Ok(End::Well);
    }
    let wrong = contents.iter().find(|line| !synced.contents.contains(line));
    let missing = synced.contents.iter().find(|line| !contents.contains(line));
    Err(format!(
        "wrong: {wrong:?}, missing: {missing:?}, after {health:?}"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_mirror_is_repaired_or_refused() {
    let number: u64 =
        std::env::var("DAMAGES").map_or(40, |number| number.parse().expect("a number"));
    let synced = Synced::new().await;
    let all: HashSet<&String> = synced.contents.iter().collect();
    let mut ends = [0, 0];
    for seed in 0..number {
        let (kind, bytes) = synced.damaged(&mut Random(seed));
        // As it is: what is printed must be right. A page that the disk did not write holds what was right once, and
        // shows only in the check.
        synced.put(&bytes);
        let read = if kind == "an old page" {
            Vec::new()
        } else {
            synced.read()
        };
        for lines in read.into_iter().flatten() {
            let wrong = lines.iter().find(|line| !all.contains(line));
            assert_eq!(wrong, None, "seed {seed}, {kind}: read as it is");
        }
        synced.put(&bytes);
        let end = repair_and_sync(&synced).await;
        let end = end.unwrap_or_else(|error| panic!("seed {seed}, {kind}: {error}"));
        ends[usize::from(end == End::Refused)] += 1;
    }
    println!("{} came back, {} were refused", ends[0], ends[1]);
    assert!(ends.iter().all(|count| *count > 0), "{ends:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_finds_and_repairs_a_damage() {
    let synced = Synced::new().await;
    let folder = synced.world.folder();
    let well = asymbl(folder, &["mirror", "check", "--json"]).await;
    assert_eq!(well.code, 0, "{}", well.err);
    let found: Value = serde_json::from_str(&well.out).unwrap();
    assert_eq!(found["records"], synced.contents.len());
    // A damage that leaves the file readable: seeds differ in what they hit.
    for seed in 0.. {
        let mut bytes = synced.bytes.clone();
        let at = Random(seed).below(bytes.len());
        bytes[at] ^= 4;
        synced.put(&bytes);
        let check = asymbl(folder, &["mirror", "check", "--json"]).await;
        if check.code == 0 {
            continue;
        }
        assert_eq!(check.code, 6, "{}", check.err);
        let found: Value = serde_json::from_str(&check.out).unwrap_or_default();
        let problems = found["problems"].as_array();
        if !problems.is_some_and(|all| all.iter().all(|one| one["consequence"] == "read-again")) {
            continue;
        }
        assert!(check.err.contains("mirror check --repair"), "{}", check.err);
        let repair = asymbl(folder, &["mirror", "check", "--repair"]).await;
        assert_eq!(repair.code, 0, "{}{}", repair.out, repair.err);
        assert!(repair.out.contains("is damaged"), "{}", repair.out);
        assert_eq!(asymbl(folder, &["sync"]).await.code, 0);
        assert_eq!(synced.world.contents(), synced.contents);
        return;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_sqlite_takes_for_others_are_files() {
    let world = World::of(small_org()).await;
    for name in [":memory:", "file:a.sqlite?mode=memory", "-x", "50%.sqlite"] {
        let mirror = format!("--mirror={name}");
        let sync = asymbl(world.folder(), &["sync", "users", &mirror]).await;
        assert_eq!(sync.code, 0, "{name}: {}", sync.err);
        assert!(
            world
                .folder()
                .join(name)
                .metadata()
                .is_ok_and(|file| file.len() > 0),
            "{name}"
        );
        let records = asymbl(world.folder(), &["records", "users", &mirror]).await;
        assert!(records.out.lines().count() > 1, "{name}: {}", records.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_storage_say_what_to_do() {
    let world = World::of(small_org()).await;
    std::fs::create_dir(world.folder().join("folder")).unwrap();
    std::fs::write(world.folder().join("text"), "no mirror").unwrap();
    for (name, advice) in [
        ("no/such/folder/m.sqlite", "check that its folder exists"),
        ("folder", "check that its folder exists"),
        ("text/m.sqlite", "check that its folder exists"),
        ("text", "choose another path"),
    ] {
        let sync = asymbl(world.folder(), &["sync", "--json", "--mirror", name]).await;
        assert_eq!(sync.code, 6, "{name}: {}", sync.err);
        assert!(sync.err.contains(advice), "{name}: {}", sync.err);
    }
}
