//! Ids of inputs: unified ones, looked up in the mirror, or the source's own.

use crate::store::Mirror;
use host_runner::unified::{Model, UnifiedId};

/// Turns ids of inputs into the source's own.
pub(super) struct Ids<'a> {
    /// None: there is none yet.
    pub(super) mirror: Option<&'a dyn Mirror>,
}

impl Ids<'_> {
    /// The source's id that a text means.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub(super) fn remote(&self, model: Model, text: &str) -> Result<String, String> {
        let text = text.strip_prefix("remote:").unwrap_or(text);
        if let Some(id) = UnifiedId::parse(text) {
            let Some(mirror) = self.mirror else {
                return Err(format!(
                    "there is no mirror yet that could hold {text}: sync first, or give the Salesforce id"
                ));
            };
            return match mirror.by_id(model, &id) {
                Ok(Some(stored)) if stored.stamps.remote_deleted_at.is_some() => {
                    Err(format!("{text} is deleted in Salesforce"))
                }
                Ok(Some(stored)) => Ok(stored.record.key().to_string()),
                Ok(None) => Err(format!(
                    "the mirror holds no {model} with the id {text}: sync first, or give the Salesforce id"
                )),
                Err(why) => Err(format!("the mirror can't be asked for {text}: {why}")),
            };
        }
        if matches!(text.len(), 15 | 18) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(text.to_owned());
        }
        Err("must be a unified id (24 characters) or a Salesforce id (15 or 18 characters)".into())
    }
}
