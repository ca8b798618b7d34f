//! A token kept on disk between runs, so that a command line does not sign in each time.
//!
//! Logins are limited per user and hour (salesforce-api.md 1.3). The file is the owner's alone and is named by a hash,
//! so it says nothing by itself. What is in it may be stale: the org decides, and a 401 leads to a new sign-in.

use super::Secret;
use super::oauth::{Prepared, hash};
use crate::egress::Origin;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

pub(crate) struct TokenCache {
    path: PathBuf,
    instance: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    instance_url: String,
    access_token: String,
}

impl TokenCache {
    /// The cache of one tenant and one way to sign in.
    pub(crate) fn new(folder: PathBuf, tenant: &str, instance: &Origin, identity: &str) -> Self {
        let instance = instance.to_string();
        let name = hash(&format!("{tenant}\0{instance}\0{identity}"));
        Self {
            path: folder.join(format!("token-{}.json", &name[..32])),
            instance,
        }
    }

    /// The kept token; anything odd counts as none.
    pub(crate) fn read(&self) -> Option<Secret> {
        let text = zeroize::Zeroizing::new(std::fs::read(&self.path).ok()?);
        let kept: Kept = serde_json::from_slice(&text).ok()?;
        (kept.instance_url == self.instance && !kept.access_token.is_empty())
            .then(|| Secret::new(kept.access_token))
    }

    /// Keeps a token; failing to costs one sign-in later, so it is only logged.
    pub(crate) fn write(&self, token: &Secret) {
        let kept =
            serde_json::json!({ "instance_url": self.instance, "access_token": token.expose() })
                .to_string();
        let folder = self.path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let file = folder.and_then(|()| Prepared::new(&self.path));
        if let Err(error) = file.and_then(|file| file.commit(kept.as_bytes())) {
            tracing::warn!(path = %self.path.display(), %error, "the token can't be kept for the next run");
        }
    }
}
