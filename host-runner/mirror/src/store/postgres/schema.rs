//! The tables, and how a database comes to have them.

use std::path::PathBuf;

use super::link::Link;
use super::views;
use crate::store::MirrorError;
use host_runner::unified::OrgId;

/// The format this program writes. [`STEPS`] has an entry for each.
pub(super) const VERSION: i64 = 4;

/// From format n to n + 1.
const STEPS: [&str; 4] = [
    include_str!("format_1.sql"),
    include_str!("format_2.sql"),
    include_str!("format_3.sql"),
    include_str!("format_4.sql"),
];

/// Serialises those who make or change the tables: "ATSm", as in the mirror's file.
const LOCK: i64 = 0x4154_536D;

/// What a database has in its schema `asymbl`.
enum Found {
    Nothing,
    Version(i64),
}

/// Looks at the schema. Something else of that name stays untouched.
fn look(link: &Link, place: &str) -> Result<Found, MirrorError> {
    let row = link.one(
        "SELECT to_regclass('asymbl.meta') IS NOT NULL,
                EXISTS (SELECT 1 FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace
                        ON pg_namespace.oid = relnamespace WHERE nspname = 'asymbl')",
        &[],
    )?;
    match (row.try_get(0)?, row.try_get(1)?) {
        (true, _) => {}
        (false, false) => return Ok(Found::Nothing),
        (false, true) => {
            return Err(MirrorError::NotAMirror {
                path: PathBuf::from(format!("the schema \"asymbl\" of {place}")),
            });
        }
    }
    let version: Option<String> = link
        .first("SELECT value FROM asymbl.meta WHERE name = 'version'", &[])?
        .map(|row| row.try_get(0))
        .transpose()?;
    let version = version.and_then(|version| version.parse().ok());
    let version =
        version.ok_or_else(|| MirrorError::damaged("it does not say which format it has"))?;
    if version > VERSION {
        return Err(MirrorError::SchemaNewer {
            path: place.into(),
            found: version,
            supported: VERSION,
        });
    }
    Ok(Found::Version(version))
}

/// Returns true if there are tables; those of an older format are brought to the present one.
pub(super) fn is_there(link: &Link, place: &str) -> Result<bool, MirrorError> {
    match look(link, place)? {
        Found::Nothing => Ok(false),
        Found::Version(VERSION) => Ok(true),
        Found::Version(_) => make(link, place).map(|()| true),
    }
}

/// Makes the tables and views, or brings them to the present format.
pub(super) fn make(link: &Link, place: &str) -> Result<(), MirrorError> {
    let is_current = matches!(look(link, place)?, Found::Version(VERSION));
    if is_current && views::are_current(link)? {
        return Ok(());
    }
    link.transaction(|link| {
        link.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        let version = match look(link, place)? {
            Found::Nothing => 0,
            Found::Version(version) => version,
        };
        for (step, target) in STEPS.iter().zip(1_i64..) {
            if target > version {
                link.batch(step)?;
            }
        }
        link.execute(
            "INSERT INTO asymbl.meta (name, value) VALUES ('version', $1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&VERSION.to_string()],
        )?;
        views::make(link)
    })
}

/// Enters an org and the name under which its mirror is found.
pub(super) fn enter(link: &Link, place: &str, name: &str, org: &OrgId) -> Result<(), MirrorError> {
    // Looked at first: most often both are there, and a statement that writes would wait for other writers.
    if org_of(link, name)?.is_none() {
        link.execute(
            "INSERT INTO asymbl.mirror (name, org) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[&name, &org.as_str()],
        )?;
    }
    let found =
        org_of(link, name)?.ok_or_else(|| MirrorError::damaged("the name of a mirror vanished"))?;
    if found != *org {
        return Err(MirrorError::OtherOrg {
            path: place.into(),
            found,
            wanted: org.clone(),
        });
    }
    link.execute(
        "INSERT INTO asymbl.org (org) SELECT $1
         WHERE NOT EXISTS (SELECT 1 FROM asymbl.org WHERE org = $1) ON CONFLICT DO NOTHING",
        &[&org.as_str()],
    )?;
    Ok(())
}

/// Returns the org of the mirror of a name, or `None` if there is none.
pub(super) fn org_of(link: &Link, name: &str) -> Result<Option<OrgId>, MirrorError> {
    let found: Option<String> = link
        .first("SELECT org FROM asymbl.mirror WHERE name = $1", &[&name])?
        .map(|row| row.try_get(0))
        .transpose()?;
    found
        .map(|org| OrgId::parse(org).map_err(|error| MirrorError::damaged(error.to_string())))
        .transpose()
}
