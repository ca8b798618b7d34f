//! The unified model in shape A: seven flat models with exactly the fields of the coverage page.
//! The connector speaks remote ids; `id`, `changed_at` and `remote_deleted_at` are added by whoever holds a mirror.
//! Here live the field tables, the deterministic id, the checked record and its one-line JSON form.

mod id;
mod line;
mod model;
mod print;
mod record;
mod schema;
mod text;
mod timestamp;

pub use id::{KeyError, NaturalKey, OrgId, UnifiedId};
pub use line::RecordError;
pub use model::{Field, Kind, Model, UnknownModel};
pub use print::{MirrorStamps, list_line, mirror_line};
pub use record::{UnifiedRecord, stored_text};
pub use schema::schema;
pub use text::{lines, members};
pub use timestamp::{BadTimestamp, Timestamp};

#[cfg(test)]
mod tests;
