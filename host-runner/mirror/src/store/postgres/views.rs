//! Views for people who ask with SQL: one a model, with a column of its own type for each field.

use host_runner::hex;
use sha2::{Digest, Sha256};

use super::link::Link;
use crate::store::MirrorError;
use crate::store::code::code;
use host_runner::unified::{Field, Kind, Model};

/// The name of a model's view.
fn name(model: Model) -> String {
    model.name().replace('-', "_")
}

/// The definition of a model's view. The content is read once a row, and only where a field of it is asked for; jsonb
/// does not know the character NUL, which stands there as U+FFFD.
pub(super) fn definition(model: Model) -> String {
    let mut columns = vec![
        "record.org".to_owned(),
        "record.remote_deleted_at IS NOT NULL AS deleted".to_owned(),
    ];
    let mut references = 0;
    for field in model.fields() {
        columns.extend(columns_of(field, references));
        references += usize::from(matches!(field.kind, Kind::Reference(_)));
    }
    format!(
        "SELECT {}\nFROM asymbl.record CROSS JOIN LATERAL\n    \
         (SELECT replace(record.content, '\\u0000', '\\ufffd')::jsonb AS value OFFSET 0) AS content\n\
         WHERE record.model = {}",
        columns.join(",\n    "),
        code(model)
    )
}

/// The columns of a field; `place` is the number of references before it.
fn columns_of(field: &Field, place: usize) -> Vec<String> {
    let named = |value: String| vec![format!("{value} AS {}", quoted(field.name))];
    let text = format!("(content.value ->> '{}')", field.name);
    match field.kind {
        Kind::UnifiedId => named("record.id".into()),
        Kind::MirrorStamp => named(format!(
            "to_timestamp(record.{}::numeric / 1000)",
            field.name
        )),
        Kind::RemoteId => named("record.key".into()),
        Kind::Text | Kind::Word(_) => named(text),
        Kind::DateTime => named(format!("{text}::timestamptz")),
        Kind::Number => named(format!("{text}::numeric")),
        // The unified id joins with the other view's `id`, as in records that the command prints.
        Kind::Reference(_) => vec![
            format!("record.ref{place}_id AS {}", quoted(field.name)),
            format!(
                "record.ref{place} AS {}",
                quoted(&format!("remote_{}", field.name))
            ),
        ],
        Kind::Object(_) | Kind::Objects(_) | Kind::Words(_) | Kind::FreeObject | Kind::FreeList => {
            named(format!("nullif(content.value -> '{}', 'null')", field.name))
        }
        Kind::RemoteData => {
            named("replace(record.remote_data, '\\u0000', '\\ufffd')::jsonb".into())
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// What tells the views of one version of this program from those of another.
fn signature() -> String {
    let mut digest = Sha256::new();
    for model in Model::ALL {
        digest.update(definition(model));
    }
    let digest: [u8; 32] = digest.finalize().into();
    hex(&digest[..12])
}

/// Returns true if the views are those of this version of the program.
pub(super) fn are_current(link: &Link) -> Result<bool, MirrorError> {
    let found = link.first("SELECT value FROM asymbl.meta WHERE name = 'views'", &[])?;
    let found: Option<String> = found.map(|row| row.try_get(0)).transpose()?;
    Ok(found.is_some_and(|found| found == signature()))
}

/// Makes the views anew. In a transaction.
pub(super) fn make(link: &Link) -> Result<(), MirrorError> {
    if are_current(link)? {
        return Ok(());
    }
    for model in Model::ALL {
        let (name, definition) = (name(model), definition(model));
        link.batch("SAVEPOINT view")?;
        // Keeps what was granted on it, and views that are built on it. It can't where a column moved.
        let replaced = link.batch(&format!(
            "CREATE OR REPLACE VIEW asymbl.{name} AS {definition}"
        ));
        if replaced.is_err() {
            link.batch(&format!(
                "ROLLBACK TO SAVEPOINT view; DROP VIEW asymbl.{name}; CREATE VIEW asymbl.{name} AS {definition}"
            ))?;
        }
        link.batch("RELEASE SAVEPOINT view")?;
    }
    link.execute(
        "INSERT INTO asymbl.meta (name, value) VALUES ('views', $1)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[&signature()],
    )?;
    Ok(())
}
