//! A practice org with a tenant file and a mirror: what almost every end-to-end test starts from.

use std::path::{Path, PathBuf};

use host_runner::session::Session;
use host_runner::tenant::{Tenant, TenantFile, TokenSourceOptions};
use host_runner::unified::{Model, OrgId};
use mirror::store::{Login, Mirror, Mirrors, RecordFilter, Records, SqliteMirror, StoredRecord};
use mirror::sync::{
    Discovered, Event, Events, ModelReport, SyncError, SyncOptions, SyncReport, discover, sync,
};
use practice_org::id::RecordId;
use practice_org::server::Builder;
use practice_org::store::{Actor, JsonMap};
use practice_org::value::Value as OrgValue;
use practice_org::{PracticeOrg, store::Database};
use serde_json::Value;

/// When something can happen in the course of a sync.
#[derive(Debug)]
pub enum Moment<'a> {
    /// The sync reported this.
    Event(&'a Event),
    /// A request of the sync waits at the org's door.
    Request,
}

/// One org, one tenant file, one mirror, in a folder that goes with it.
pub struct World {
    /// The org.
    pub org: PracticeOrg,
    folder: tempfile::TempDir,
    session: Session,
    /// The URL of the database that holds the mirror.
    database: Option<String>,
}

/// A small org: big enough for every kind of record, small enough to sync in a moment.
pub fn small_org() -> Builder {
    PracticeOrg::builder().candidates(120).seed(7)
}

impl World {
    /// Starts the org and writes a tenant file for it.
    pub async fn of(builder: Builder) -> Self {
        Self::with(builder, "").await
    }

    /// As [`World::of`], with more lines (tables) at the end of the tenant file.
    pub async fn with(builder: Builder, more: &str) -> Self {
        let org = builder.start().await.expect("a practice org");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tenant.toml");
        write_private(&file, &format!("{}{more}", org.tenant_toml()));
        let session = session(&file);
        Self {
            org,
            folder,
            session,
            database: None,
        }
    }

    /// The tenant file.
    pub fn tenant(&self) -> PathBuf {
        self.folder.path().join("tenant.toml")
    }

    /// The mirror's file, which is also the one that the command takes by default.
    pub fn mirror_path(&self) -> PathBuf {
        self.folder.path().join("tenant.mirror.sqlite")
    }

    /// The folder of both.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The connector bound to the tenant.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The org's rows.
    pub fn db(&self) -> &Database {
        self.org.db()
    }

    /// The org's id.
    pub fn org_id(&self) -> OrgId {
        OrgId::parse(self.org.org_id()).expect("an org id")
    }

    /// The mirror, opened anew.
    pub fn mirror(&self) -> SqliteMirror {
        SqliteMirror::open(&self.mirror_path(), &self.org_id()).expect("a mirror")
    }

    /// Keeps the mirror in a database from now on; [`World::mirror`] is still the file.
    pub fn keep_mirror_in(&mut self, url: String) {
        self.database = Some(url);
    }

    /// The URL of the database that holds the mirror, if one does.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The mirror, opened anew, wherever it is.
    pub fn store(&self) -> Box<dyn Mirror> {
        let mirrors = Mirrors::parse(self.database(), &Login::default()).expect("a URL");
        let location = mirrors.of(&self.tenant());
        location.open(&self.org_id()).expect("a mirror")
    }

    /// What the connector finds out about the org.
    pub async fn discover(&self) -> Discovered {
        discover(&self.session).await.expect("a discovery")
    }

    /// A sync that may fail.
    pub async fn try_sync(&self, options: &SyncOptions) -> Result<SyncReport, SyncError> {
        let discovered = discover(&self.session).await?;
        sync(
            &self.session,
            self.store().as_mut(),
            &discovered,
            options,
            &Events::default(),
        )
        .await
    }

    /// A sync by another session, in whose course something happens; it is dropped, with no answer, where `at` says
    /// false.
    pub async fn sync_while(
        &self,
        session: &Session,
        mut at: impl FnMut(&Event) -> bool,
    ) -> Option<SyncReport> {
        let options = SyncOptions::default();
        let ended = self.sync_between(session, &options, |moment| match moment {
            Moment::Event(event) => at(event),
            Moment::Request => true,
        });
        Some(ended.await?.expect("the sync"))
    }

    /// As [`World::sync_while`], also between requests, and it may fail. No request is let into the org while `at`
    /// runs.
    pub async fn sync_between(
        &self,
        session: &Session,
        options: &SyncOptions,
        mut at: impl FnMut(Moment<'_>) -> bool,
    ) -> Option<Result<SyncReport, SyncError>> {
        let mut mirror = self.store();
        let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
        let sending = Events::to(sender);
        let mut held = self.org.hold_requests();
        let running = async {
            let discovered = discover(session).await?;
            sync(session, mirror.as_mut(), &discovered, options, &sending).await
        };
        tokio::pin!(running);
        loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => if !at(Moment::Event(&event)) {
                    return None;
                },
                Some(request) = held.next() => if at(Moment::Request) {
                    request.go();
                } else {
                    return None;
                },
                ended = &mut running => {
                    // It need not have waited since.
                    while let Ok(event) = events.try_recv() {
                        if !at(Moment::Event(&event)) {
                            return None;
                        }
                    }
                    return Some(ended);
                }
            }
        }
    }

    /// Another session, whose tenant file has more lines at its end.
    pub fn session_with(&self, more: &str) -> Session {
        let base = std::fs::read_to_string(self.tenant()).expect("the tenant file");
        let file = self.folder().join("other.toml");
        write_private(&file, &format!("{base}{more}"));
        session(&file)
    }

    /// A sync of all that must succeed in every model.
    pub async fn sync(&self) -> SyncReport {
        self.sync_with(&SyncOptions::default()).await
    }

    /// A sync that must succeed in every model.
    pub async fn sync_with(&self, options: &SyncOptions) -> SyncReport {
        let report = self.try_sync(options).await.expect("the sync");
        for model in &report.models {
            if let Some(failure) = &model.failure {
                panic!("{failure}");
            }
        }
        report
    }

    /// The records of a model, with those that are gone.
    pub fn records(&self, model: Model) -> Vec<StoredRecord> {
        let mirror = self.store();
        let filter = RecordFilter {
            include_deleted: true,
            ..RecordFilter::default()
        };
        Records::new(mirror.as_ref(), model, filter)
            .collect::<Result<_, _>>()
            .expect("records")
    }

    /// The records of a model that are not gone.
    pub fn live(&self, model: Model) -> Vec<StoredRecord> {
        let mut records = self.records(model);
        records.retain(|record| record.stamps.remote_deleted_at.is_none());
        records
    }

    /// The record with this key, gone or not.
    ///
    /// # Panics
    /// Where the mirror holds none.
    pub fn record(&self, model: Model, key: &str) -> StoredRecord {
        let key = host_runner::unified::NaturalKey::parse(model, key).expect("a key");
        let found = self.store().by_key(model, &key).expect("the mirror");
        found.unwrap_or_else(|| panic!("no {model} {key}"))
    }

    /// Everything that the mirror holds, a line a record, without the stamps that differ from run to run.
    pub fn contents(&self) -> Vec<String> {
        let org = self.org_id();
        let mut lines = Vec::new();
        for model in Model::ALL {
            for stored in self.records(model) {
                let gone = stored.stamps.remote_deleted_at.is_some();
                let line = without_stamps(&stored.line(&org), &self.org.url());
                lines.push(format!("{model} {gone} {line}"));
            }
        }
        lines
    }

    /// Changes a row as a colleague in the org would, in a transaction of its own.
    pub fn write<T>(
        &self,
        run: impl FnOnce(&mut practice_org::store::Writer<'_>) -> Result<T, practice_org::ApiError>,
    ) -> T {
        let mut user = None;
        self.db().scan("User", |row| {
            user.get_or_insert(row.id());
        });
        let actor = Actor::new(user.expect("a user"));
        self.db()
            .write(&actor, run)
            .expect("the org takes the write")
    }
}

/// The named model of a report.
pub fn of_model(report: &SyncReport, model: Model) -> &ModelReport {
    report
        .models
        .iter()
        .find(|report| report.model == model)
        .expect("a report of the model")
}

/// A record's line without `changed_at` and the port of its org, for comparing runs and orgs.
pub fn without_stamps(line: &str, url: &str) -> String {
    let mut record: Value = serde_json::from_str(line).expect("a line of JSON");
    if let Some(fields) = record.as_object_mut() {
        fields.shift_remove("changed_at");
        fields.shift_remove("remote_deleted_at");
    }
    record.to_string().replace(url, "http://org")
}

/// A session with the tenant of this file.
pub fn session(file: &Path) -> Session {
    let file = TenantFile::load(file).expect("a tenant file");
    let tenant = Tenant::open(file, TokenSourceOptions::default()).expect("a tenant");
    Session::new(crate::asymbl(), tenant)
}

/// Writes a file that only this user can read.
pub fn write_private(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("rights");
    }
}

/// A caller's record.
pub fn fields(value: Value) -> JsonMap {
    match value {
        Value::Object(fields) => fields,
        other => panic!("not an object: {other}"),
    }
}

/// The ids of an object's rows, in order.
pub fn ids(db: &Database, object: &str) -> Vec<RecordId> {
    let mut ids = Vec::new();
    db.scan(object, |row| ids.push(row.id()));
    ids
}

/// A text field of a row, bin included.
pub fn text(db: &Database, object: &str, id: RecordId, field: &str) -> Option<String> {
    match db.read(object, id, |row| row.get(field).to_value())? {
        OrgValue::Text(text) => Some(text.into_owned()),
        OrgValue::Id(id) => Some(id.to_string()),
        _ => None,
    }
}
