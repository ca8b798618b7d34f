//! Code that runs inside writes, as a package's Apex triggers do.

use super::draft::Draft;
use super::write::Writer;
use crate::error::ApiError;
use crate::id::RecordId;
use crate::schema::ObjectId;

/// Behaviour attached to an object. An error refuses the write and undoes it.
#[allow(
    unused_variables,
    reason = "default methods do nothing with what they get"
)]
pub trait Trigger: Send + Sync {
    /// Is this a flow, which an admin may switch off?
    fn is_flow(&self) -> bool {
        false
    }

    /// Before a new row is checked and stored; may fill fields.
    ///
    /// # Errors
    /// Refuses the insert.
    fn before_insert(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a new row was stored, in the same transaction.
    ///
    /// # Errors
    /// Refuses the insert.
    fn after_insert(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// Before a changed row is checked and stored; may change fields.
    ///
    /// # Errors
    /// Refuses the update.
    fn before_update(&self, writer: &mut Writer<'_>, draft: &mut Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a changed row was stored, in the same transaction.
    ///
    /// # Errors
    /// Refuses the update.
    fn after_update(&self, writer: &mut Writer<'_>, draft: &Draft) -> Result<(), ApiError> {
        Ok(())
    }

    /// Before a row goes to the bin.
    ///
    /// # Errors
    /// Refuses the delete.
    fn before_delete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a row went to the bin.
    ///
    /// # Errors
    /// Refuses the delete.
    fn after_delete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        Ok(())
    }

    /// After a row came back from the bin.
    ///
    /// # Errors
    /// Refuses the undelete.
    fn after_undelete(&self, writer: &mut Writer<'_>, id: RecordId) -> Result<(), ApiError> {
        Ok(())
    }
}

impl Writer<'_> {
    pub(super) fn each_trigger(
        &mut self,
        object: ObjectId,
        mut run: impl FnMut(&dyn Trigger, &mut Self) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let triggers = self.database.triggers_of(object);
        triggers
            .iter()
            .try_for_each(|trigger| run(trigger.as_ref(), self))
    }
}
