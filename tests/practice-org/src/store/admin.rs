//! What an admin or a test does to the org besides writing rows: schema, settings, behaviour, bin.

use std::sync::Arc;

use chrono_tz::Tz;

use super::{Database, Formula, LoadRow, Settings, Trigger};
use crate::id::RecordId;
use crate::schema::{RecordTypeInfo, Schema, SchemaError};
use crate::value::Value;

impl Database {
    /// Changes the schema, as an admin would while clients are at work.
    pub fn alter_schema<T>(&self, change: impl FnOnce(&mut Schema) -> T) -> T {
        let mut state = self.write_state();
        let result = change(Arc::make_mut(&mut state.schema));
        state.prepare_tables();
        result
    }

    /// Characters 4 to 6 of new ids, which tell one Salesforce instance from another.
    pub fn set_instance(&self, instance: [u8; 3]) {
        self.write_state().instance = instance;
    }

    /// The org's time zone: what "today" means to formulas and defaults.
    pub fn set_time_zone(&self, zone: Tz) {
        self.write_state().time_zone = zone;
    }

    /// The org's time zone.
    pub fn time_zone(&self) -> Tz {
        self.read_state().time_zone
    }

    /// How uncertain platform behaviour is decided.
    pub fn set_settings(&self, settings: Settings) {
        self.write_state().settings = settings;
    }

    /// Adds a record type: an entry of the object's describe and a row in `RecordType`.
    ///
    /// # Errors
    /// When the object or `RecordType` does not exist.
    pub fn add_record_type(
        &self,
        object: &str,
        developer_name: &str,
        label: &str,
        default: bool,
    ) -> Result<RecordId, SchemaError> {
        let now = self.clock.now_ms();
        let by = RecordId::from_parts(*b"005", *b"000", 0);
        let values = vec![
            ("Name", Value::copied(label)),
            ("DeveloperName", Value::copied(developer_name)),
            ("SobjectType", Value::copied(object)),
            ("IsActive", Value::Bool(true)),
        ];
        let row = LoadRow {
            id: None,
            created_ms: now,
            modified_ms: now,
            by,
            values,
        };
        let id = self
            .bulk_load("RecordType", [row])?
            .first()
            .copied()
            .unwrap_or(RecordId::MIN);
        let info = RecordTypeInfo {
            id,
            developer_name: developer_name.to_owned(),
            name: label.to_owned(),
            active: true,
            available: true,
            default,
        };
        self.alter_schema(|schema| schema.add_record_type(object, info))?;
        Ok(id)
    }

    /// Holds `latestDateCovered` back to this time, as a long transaction elsewhere on the instance
    /// does; `None` lets it go.
    pub fn hold_watermark(&self, ms: Option<i64>) {
        self.write_state().hold_watermark = ms;
    }

    /// Empties the bin, of one object or all, of rows deleted before a time; answers how many.
    pub fn purge_bin(&self, object: Option<&str>, deleted_before_ms: i64) -> usize {
        let mut state = self.write_state();
        let schema = state.schema.clone();
        let wanted = schema
            .objects()
            .filter(|o| object.is_none_or(|name| name.eq_ignore_ascii_case(&o.name)));
        wanted
            .map(|o| state.purge_bin(o.id, deleted_before_ms))
            .sum()
    }

    /// Purges the delete log of entries before a time: `/deleted` refuses earlier starts from then on.
    pub fn purge_delete_log(&self, object: &str, before_ms: i64) {
        let mut state = self.write_state();
        if let Some(id) = state.schema.object(object).map(|o| o.id) {
            let table = state.table_mut(id);
            table.log_purged_until = table.log_purged_until.max(before_ms);
        }
    }

    /// Attaches behaviour to an object. Unknown objects are ignored: the package may be absent.
    pub fn add_trigger(&self, object: &str, trigger: Arc<dyn Trigger>) {
        if let Some(id) = self.schema().object(object).map(|o| o.id) {
            self.change_triggers(|triggers| triggers.entry(id).or_default().push(trigger));
        }
    }

    /// Switches all flows off; answers how many there were.
    pub fn remove_flows(&self) -> usize {
        self.change_triggers(|triggers| {
            let mut removed = 0;
            for own in triggers.values_mut() {
                let before = own.len();
                own.retain(|trigger| !trigger.is_flow());
                removed += before - own.len();
            }
            removed
        })
    }

    /// Gives a formula field its computation. Unknown fields are ignored.
    pub fn register_formula(&self, object: &str, field: &str, formula: Formula) {
        let mut state = self.write_state();
        let schema = state.schema.clone();
        if let Some((object, field)) = schema
            .object(object)
            .and_then(|o| Some((o.id, o.field(field)?.id)))
        {
            state.formulas.insert((object, field), formula);
        }
    }
}
