//! A random life of an org, mirrored: operations, deltas, faults and crashes in an order that a seed repeats, nearly
//! always: the connector reads ahead, so two requests can meet at the org's door in either order. At quiet points the
//! mirror must hold what the org's rows say.

mod changes;
mod dice;

use std::collections::BTreeMap;

use host_runner::unified::{Model, Timestamp};
use mirror::actions::{Action, run as run_action};
use mirror::store::{Mirror, RecordFilter, Records, RunEnd, RunInfo, SqliteMirror};
use mirror::sync::{Events, SyncOptions, SyncReport, discover, sync};
use practice_org::store::RowView;
use practice_org::value::ValueRef;
use practice_org::{Action as Fault, FaultBody, PracticeOrg, Rule};
use serde_json::Value;

use crate::expected;
use crate::world::{Moment, World, session};
use changes::Changes;
pub use changes::{OPERATIONS, control};
pub use dice::Dice;

/// Monday, 2026-11-23, noon UTC: the org's clock at the beginning.
const START_MS: i64 = 1_795_435_200_000;
const MINUTE_MS: i64 = 60_000;
/// Formulas over rows of objects that the model does not depend on otherwise: nothing that a delta reads moves when
/// those do. The periodic full listing refreshes them (docs/sync.md, "Stale values").
const FAR_FORMULAS: [&str; 2] = [
    "bpats__Hiring_Manager_Name__c",
    "bpats__Hiring_Manager_Email__c",
];
/// Calls of a day.
const QUOTA: u64 = 100_000;
/// Quiet points of a run.
const ROUNDS: usize = 3;

/// From where the next delta starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// From where the token says.
    OfTheToken,
    /// From the newest stamp that anyone could have seen, as a naive sync would.
    NewestStampSeen,
}

/// What a run was made of.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Operations on the org that took effect, by kind.
    pub changes: BTreeMap<&'static str, usize>,
    /// Syncs that were dropped in the middle.
    pub crashes: usize,
    /// Syncs that went on from an earlier one's page.
    pub resumed: usize,
    /// Actions of ours that moved an application and read it back.
    pub actions: usize,
    /// Syncs in all.
    pub syncs: usize,
    /// Requests of the syncs in whose course the org went on living.
    pub requests: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (what, times) in other.changes {
            *self.changes.entry(what).or_default() += times;
        }
        self.crashes += other.crashes;
        self.resumed += other.resumed;
        self.actions += other.actions;
        self.syncs += other.syncs;
        self.requests += other.requests;
    }
}

/// How a sync ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// By itself.
    Itself,
    /// Killed at this request.
    Crash(usize),
    /// Asked at this request to stop.
    Stop(usize),
}

struct Soak {
    world: World,
    changes: Changes,
    dice: Dice,
    tally: Tally,
}

/// Lives through one seed; the mirror is in a file, or in the database of a URL.
///
/// # Errors
/// What differs between mirror and org, in words.
pub async fn run(seed: u64, mark: Mark, database: Option<String>) -> Result<Tally, String> {
    let dice = Dice::new(seed);
    let builder = PracticeOrg::builder()
        .candidates(12)
        .seed(seed % 5 + 1)
        .start_at(START_MS);
    // Purges and merges are large shares of so small an org.
    let mut world = World::with(builder, "\n[sync]\nmass_delete_percent = 100\n").await;
    if let Some(url) = database {
        world.keep_mirror_in(url);
    }
    world.db().clock().freeze();
    // Not by how long the start took.
    world.db().clock().set(START_MS + 60 * MINUTE_MS);
    let changes = Changes::of(&world);
    let mut soak = Soak {
        world,
        changes,
        dice,
        tally: Tally::default(),
    };
    for round in 0..ROUNDS {
        for _ in 0..1 + soak.dice.roll(2) {
            soak.busy().await;
            if mark == Mark::NewestStampSeen {
                soak.forget_open_transactions();
            }
        }
        soak.quiet()
            .await
            .map_err(|what| format!("seed {seed}, round {round}: {what}"))?;
    }
    soak.tally.changes = soak.changes.done().clone();
    Ok(soak.tally)
}

impl Soak {
    /// Some work in the org, then a sync under bad conditions.
    async fn busy(&mut self) {
        for _ in 0..self.dice.roll(30) {
            self.changes.happen(&mut self.dice, &self.world, false);
        }
        if self.dice.once_in(2) {
            self.act().await;
        }
        if self.dice.once_in(6) {
            let hold = self.world.db().clock().now_ms() - 90 * MINUTE_MS;
            self.world.db().hold_watermark(Some(hold));
        }
        self.world.org.set_page_size(1 + self.dice.roll(40));
        if let Some(rule) = fault(&mut self.dice) {
            self.world.org.fault(rule);
        }
        let end = match self.dice.roll(6) {
            0..3 => End::Crash(1 + self.dice.roll(60)),
            3 => End::Stop(1 + self.dice.roll(60)),
            _ => End::Itself,
        };
        self.sync(end).await;
        self.world.org.clear_faults();
        self.world.org.set_quota(0, QUOTA);
    }

    /// An action of ours, which writes to the org and reads into the mirror what no listing has brought yet.
    async fn act(&mut self) {
        let Some(input) = changes::a_move(&mut self.dice, self.world.db()) else {
            return;
        };
        let session = session(&self.world.tenant());
        let Ok(discovered) = discover(&session).await else {
            return;
        };
        let (profile, mut mirror) = (discovered.discovery.profile, self.world.store());
        let moved = run_action(
            &session,
            mirror.as_mut(),
            &profile,
            Action::Move,
            &input,
            None,
        )
        .await;
        if tracing() {
            println!("{input}: {:?}", moved.as_ref().map(|moved| &moved.data));
        }
        // The application may be not visible, or locked by an open transaction.
        self.tally.actions += usize::from(moved.is_ok());
    }

    /// A sync in whose course the org goes on living.
    async fn sync(&mut self, end: End) {
        self.tally.syncs += 1;
        let options = options(&mut self.dice);
        if tracing() {
            println!("sync, {end:?}, {options:?}");
        }
        // A new process: nothing in memory but the tenant file and the mirror.
        let session = session(&self.world.tenant());
        let Self {
            world,
            changes,
            dice,
            tally,
        } = self;
        let (mut requests, mut stopping) = (0, false);
        let ended = world.sync_between(&session, &options, |moment| {
            // A sync that is to stop may have asked for its next page or not, as it happens.
            if stopping || !matches!(moment, Moment::Request) {
                return true;
            }
            requests += 1;
            tally.requests += 1;
            match end {
                End::Crash(at) if at == requests => {
                    tally.crashes += 1;
                    return false;
                }
                End::Stop(at) if at == requests => {
                    options.stop.cancel();
                    stopping = true;
                    return true;
                }
                _ => {}
            }
            if dice.once_in(8) {
                changes.happen(dice, world, true);
            }
            if dice.once_in(20) {
                world.org.expire_locators();
            }
            if dice.once_in(40) {
                world.org.kill_sessions();
            }
            if dice.once_in(20) {
                world.org.set_page_size(1 + dice.roll(40));
            }
            if dice.once_in(200) {
                world.org.set_quota(QUOTA - 1, QUOTA);
                stopping = true;
            }
            true
        });
        // What a fault left undone is done by the next one.
        if let Some(Ok(report)) = ended.await {
            trace(&report);
            let resumed = report.models.iter().any(|model| model.resumed);
            self.tally.resumed += usize::from(resumed);
        }
    }

    /// Nothing happens any more; now the mirror must catch up.
    async fn quiet(&mut self) -> Result<(), String> {
        self.changes.settle();
        self.world.db().hold_watermark(None);
        self.changes.restore(&self.world);
        self.world.org.set_page_size(200);
        self.world.db().clock().advance(3 * MINUTE_MS);
        let mut mirror = self.world.store();
        // What changed while it was hidden, a comparison finds; what others show of it, and what it shows of others,
        // only reading them again (docs/sync.md).
        let was_hidden = self.changes.take_hidden();
        let options = SyncOptions {
            reconcile: was_hidden,
            full: was_hidden,
            ..SyncOptions::default()
        };
        let report = undisturbed(&self.world, mirror.as_mut(), &options).await?;
        trace(&report);
        self.tally.syncs += 1;
        self.tally.resumed += usize::from(report.models.iter().any(|model| model.resumed));
        // A candidate's source is of its first application, which may have been hidden when the candidate was read.
        let far = |name: &str| FAR_FORMULAS.contains(&name) || (was_hidden && name == "source");
        match expected::difference(&self.world, far) {
            Some(what) => Err(format!("differ:\n{what}")),
            None => Ok(()),
        }
    }

    /// Moves every mark to the newest stamp that a reader can have seen.
    fn forget_open_transactions(&self) {
        let mut mirror = self.world.store();
        let Ok(claim) = mirror.claim(&RunInfo::this_process("edit tokens"), Timestamp::now())
        else {
            return;
        };
        for model in Model::ALL {
            let Some(token) = mirror.model_state(model).ok().and_then(|state| state.token) else {
                continue;
            };
            let mut token: Value = serde_json::from_str(&token).expect("a token is JSON");
            for (object, mark) in token["k"].as_object_mut().expect("marks") {
                let mut newest = 0;
                self.world.db().scan(object, |row: &RowView<'_>| {
                    if let ValueRef::DateTime(stamp) = row.get("SystemModstamp") {
                        newest = newest.max(stamp);
                    }
                });
                *mark = Timestamp::from_millis(newest).to_string().into();
            }
            // An open listing keeps its own token.
            let _ = mirror.set_token(&claim, model, &token.to_string(), Timestamp::now());
        }
        let _ = mirror.release(claim, &RunEnd::succeeded(), Timestamp::now());
    }
}

/// Whether the mirror holds what a fresh full sync of the org gives.
///
/// # Errors
/// What differs, in words.
pub async fn equals_the_org(world: &World) -> Result<(), String> {
    let path = world.folder().join("fresh.sqlite");
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(world.folder().join(format!("fresh.sqlite{ending}")));
    }
    let mut fresh =
        SqliteMirror::open(&path, &world.org_id()).map_err(|error| error.to_string())?;
    undisturbed(world, &mut fresh, &SyncOptions::default()).await?;
    difference(world.store().as_ref(), &fresh)
}

async fn undisturbed(
    world: &World,
    mirror: &mut dyn Mirror,
    options: &SyncOptions,
) -> Result<SyncReport, String> {
    let session = world.session();
    let discovered = discover(session).await.map_err(|error| error.to_string())?;
    let report = sync(session, mirror, &discovered, options, &Events::default())
        .await
        .map_err(|error| error.to_string())?;
    match report
        .models
        .iter()
        .find_map(|model| model.failure.as_ref())
    {
        Some(failure) => Err(failure.to_string()),
        None => Ok(report),
    }
}

/// Whether each step is to be printed.
fn tracing() -> bool {
    std::env::var_os("SOAK_TRACE").is_some()
}

/// Prints how each model was read.
fn trace(report: &SyncReport) {
    for model in report.models.iter().filter(|_| tracing()) {
        let how = (
            model.coverage,
            model.resumed,
            model.unchanged,
            &model.failure,
        );
        println!(
            "  {} {how:?} {:?} {:?}",
            model.model, model.counts, model.notes
        );
    }
}

/// What a person may ask a sync for.
fn options(dice: &mut Dice) -> SyncOptions {
    let mut options = SyncOptions {
        full: dice.once_in(12),
        reconcile: dice.once_in(8),
        ..SyncOptions::default()
    };
    if dice.once_in(6) {
        options.models.retain(|_| dice.once_in(2));
    }
    options
}

/// Something that networks and servers do, or nothing.
fn fault(dice: &mut Dice) -> Option<Rule> {
    let action = match dice.roll(18) {
        16 | 17 => Fault::CutRows {
            rows: 1 + dice.roll(5),
            end: dice.once_in(2),
        },
        0 => Fault::KillSessions,
        1 | 2 => Fault::ExpireLocators,
        3 => Fault::Truncate {
            bytes: dice.roll(200),
        },
        4 => Fault::Malformed,
        5 => Fault::DropBefore,
        6 => Fault::Status {
            status: 503,
            code: None,
            message: None,
            body: FaultBody::Html,
            retry_after: None,
        },
        _ => return None,
    };
    Some(Rule::next(action).skip(dice.roll(30) as u32))
}

/// What differs between two mirrors of one org, apart from rows as received and stamps of the mirrors' own.
fn difference(mirror: &dyn Mirror, fresh: &dyn Mirror) -> Result<(), String> {
    for model in Model::ALL {
        let (held, is) = (contents(mirror, model), contents(fresh, model));
        let mut lines = String::new();
        let mut keys: Vec<&String> = held.keys().chain(is.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            match (held.get(key), is.get(key)) {
                (Some(held), Some(is)) => {
                    for (field, value) in is
                        .iter()
                        .filter(|(field, value)| held.get(*field) != Some(value))
                    {
                        let held = held.get(field).cloned().unwrap_or_default();
                        lines.push_str(&format!("\n  {key} {field}: mirror {held}, org {value}"));
                    }
                }
                (Some(_), None) => lines.push_str(&format!("\n  {key}: only in the mirror")),
                (None, _) => lines.push_str(&format!("\n  {key}: only in the org")),
            }
        }
        if !lines.is_empty() {
            return Err(format!("{model} differ:{lines}"));
        }
    }
    Ok(())
}

fn contents(mirror: &dyn Mirror, model: Model) -> BTreeMap<String, serde_json::Map<String, Value>> {
    let records = Records::new(mirror, model, RecordFilter::default())
        .map(|stored| stored.expect("a record"));
    let comparable = |mut content: serde_json::Map<String, Value>| {
        if let Some(Value::Object(custom)) = content.get_mut("custom_fields") {
            custom.retain(|name, _| !FAR_FORMULAS.contains(&name.as_str()));
        }
        content
    };
    records
        .map(|stored| {
            (
                stored.record.key().to_string(),
                comparable(stored.record.content()),
            )
        })
        .collect()
}
