//! Refresh token, with rotation: every use may hand out a new token and kill the old one (salesforce-api.md 1.1).
//!
//! Losing a rotated token locks the tenant out until a person consents again. So before a token is spent, a lock file
//! keeps other processes away and the new file is prepared on the disk; the new token goes into it before anything else
//! of the answer is looked at, and the file is renamed over the old one; and the sign-in runs in a task of its own that
//! no cancelled call can cut short.

use super::endpoint::{Endpoint, Form};
use super::{OAuthError, Token, request};
use crate::egress::Gate;
use crate::hex;
use crate::tenant::files::{beside, without_mark};
use crate::tenant::vault::{Shared, Tokens, mark_of};
use crate::tenant::{Secret, SecretRef, TakenTokens, TenantError, TenantFile, TokenVault};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub(crate) struct RefreshToken {
    client_id: Secret,
    client_secret: Option<Secret>,
    store: Store,
    /// Where the tokens are in place of the store's file.
    shared: Option<Box<Shared>>,
}

/// The key of the tenant file.
const KEY: &str = "auth.refresh_token";

/// Where the current refresh token is.
pub(super) struct Store {
    /// The token that the tenant file gives or points to; none while a file that it points to is to be filled.
    seed: Option<Secret>,
    place: Place,
    /// A rotated token that could not be written; the only copy there is.
    unsaved: Mutex<Option<Secret>>,
}

#[derive(Clone)]
enum Place {
    /// The file that the tenant file points to holds the token and is replaced.
    Pointed(PathBuf),
    /// The token came from the tenant file or the environment; rotated ones go to a file beside the tenant file.
    Beside(PathBuf),
}

/// The file beside the tenant file.
#[derive(Serialize, Deserialize)]
struct Rotated {
    /// SHA-256 of the token that it all began with: a new one in the tenant file wins over this file.
    first: String,
    refresh_token: String,
}

impl RefreshToken {
    pub(crate) fn new(
        file: &TenantFile,
        client_id: &SecretRef,
        client_secret: Option<&SecretRef>,
        refresh_token: &SecretRef,
        vault: Option<Arc<dyn TokenVault>>,
    ) -> Result<Self, TenantError> {
        let secret = client_secret.map(|secret| secret.resolve(file.path(), "auth.client_secret"));
        let seed = refresh_token.resolve(file.path(), KEY);
        let seed = seed.map_err(|mut error| {
            if matches!(refresh_token, SecretRef::File(_)) {
                error.problem += "; `asymbl sign-in` fills it";
            }
            error
        })?;
        Ok(Self {
            client_id: client_id.resolve(file.path(), "auth.client_id")?,
            client_secret: secret.transpose()?,
            shared: vault.map(|vault| Box::new(Shared::new(vault, &seed))),
            store: Store::new(file, refresh_token, Some(seed)),
        })
    }

    /// Which token it all began with, without telling it.
    pub(crate) fn seed_hash(&self) -> String {
        match &self.store.place {
            // The file's content changes with every rotation, its path does not.
            Place::Pointed(path) => hash(&path.to_string_lossy()),
            Place::Beside(_) => self.store.first(),
        }
    }

    pub(crate) async fn sign_in(
        &self,
        gate: &Gate,
        endpoint: &Endpoint,
        stale: Option<&Secret>,
    ) -> Result<Token, OAuthError> {
        if let Some(shared) = &self.shared {
            return self.sign_in_for_all(shared, gate, endpoint, stale).await;
        }
        let _lock = self.store.lock().await?;
        let current = self.store.current()?;
        let prepared = Prepared::new(self.store.path());
        let prepared = prepared.map_err(|error| self.store.problem(error.to_string()))?;
        let form = self.form(current.clone());
        let answer = request::post(gate, endpoint, &form).await?;
        if let Some(rotated) = answer.refresh_token().filter(|token| *token != current) {
            self.store.keep(&rotated, prepared);
        }
        answer.access_token(endpoint, &form).map(Token::Issued)
    }

    /// As `sign_in`, where other machines share the tokens: one of them signs in, the others take what it got.
    async fn sign_in_for_all(
        &self,
        shared: &Shared,
        gate: &Gate,
        endpoint: &Endpoint,
        stale: Option<&Secret>,
    ) -> Result<Token, OAuthError> {
        let problem = |detail: String| OAuthError::CannotShare { detail };
        let mut taken = shared.take().await.map_err(problem)?;
        let damaged = || problem("what it keeps is damaged".to_owned());
        let kept = taken
            .kept()
            .map(|kept| shared.open(kept).ok_or_else(damaged));
        let kept = kept.transpose()?;
        let of_kept = |kept: &Tokens| Secret::new(kept.access_token.as_str());
        let token = kept.as_ref().map(of_kept);
        if let Some(token) = token
            && !token.expose().is_empty()
            && Some(&token) != stale
        {
            return Ok(Token::Shared(token));
        }
        let unsaved = crate::lock(&self.store.unsaved).clone();
        let current = unsaved.or(kept.map(|kept| Secret::new(kept.refresh_token.as_str())));
        let current = match current {
            Some(current) => current,
            None => self.store.of_this_machine()?,
        };
        let form = self.form(current.clone());
        let answer = request::post(gate, endpoint, &form).await?;
        let rotated = answer.refresh_token().filter(|token| *token != current);
        if rotated.is_some() {
            *crate::lock(&self.store.unsaved) = rotated.clone();
            self.store.mark_replaced();
        }
        let issued = answer.access_token(endpoint, &form);
        let access = issued.as_ref().ok().map_or("", Secret::expose);
        let refresh = rotated.unwrap_or(current);
        match keep(shared, taken.as_mut(), refresh.expose(), access).await {
            Ok(()) => *crate::lock(&self.store.unsaved) = None,
            Err(error) => {
                tracing::error!(%error, "a refresh token can't be kept for the other machines; a rotated one is lost when this program ends");
            }
        }
        issued.map(Token::Issued)
    }

    /// Writes a rotated token that could not be written when it came.
    pub(crate) async fn save(&self) -> Result<(), OAuthError> {
        let Some(unsaved) = crate::lock(&self.store.unsaved).clone() else {
            return Ok(());
        };
        if let Some(shared) = &self.shared {
            let problem = |detail: String| OAuthError::CannotShare { detail };
            let mut taken = shared.take().await.map_err(problem)?;
            let kept = keep(shared, taken.as_mut(), unsaved.expose(), "").await;
            return kept.map_err(problem);
        }
        let prepared = Prepared::new(self.store.path());
        let written = prepared.and_then(|file| self.store.write(&unsaved, file));
        written.map_err(|error| self.store.problem(error.to_string()))
    }

    fn form(&self, refresh_token: Secret) -> Form {
        let mut form = vec![
            ("grant_type", Secret::new("refresh_token")),
            ("client_id", self.client_id.clone()),
            ("refresh_token", refresh_token),
        ];
        form.extend(
            self.client_secret
                .clone()
                .map(|secret| ("client_secret", secret)),
        );
        form
    }
}

/// Seals tokens and keeps them.
async fn keep(
    shared: &Shared,
    taken: &mut dyn TakenTokens,
    refresh_token: &str,
    access_token: &str,
) -> Result<(), String> {
    let sealed = shared.seal(&Tokens {
        refresh_token: refresh_token.to_owned(),
        access_token: access_token.to_owned(),
    })?;
    taken.keep(sealed).await
}

impl Store {
    fn new(file: &TenantFile, refresh_token: &SecretRef, seed: Option<Secret>) -> Self {
        let place = match refresh_token {
            SecretRef::File(path) => {
                let path = beside(file.path(), path);
                // Through a link, so that the file behind it is replaced and not the link.
                Place::Pointed(path.canonicalize().unwrap_or(path))
            }
            _ => Place::Beside(with_suffix(file.path(), ".refresh-token")),
        };
        Self {
            seed,
            place,
            unsaved: Mutex::new(None),
        }
    }

    /// The place of a token that is still to come: a file that the tenant file points to need not be there.
    pub(super) fn to_fill(file: &TenantFile, place: &SecretRef) -> Result<Self, TenantError> {
        let seed = match place {
            SecretRef::File(_) => None,
            // A file beside the tenant file holds for the token that it began with.
            _ => Some(place.resolve(file.path(), KEY)?),
        };
        Ok(Self::new(file, place, seed))
    }

    /// Which token it all began with.
    fn first(&self) -> String {
        hash(self.seed.as_ref().map_or("", Secret::expose))
    }

    pub(super) fn path(&self) -> &Path {
        match &self.place {
            Place::Pointed(path) | Place::Beside(path) => path,
        }
    }

    pub(super) fn problem(&self, detail: String) -> OAuthError {
        OAuthError::CannotKeep {
            path: self.path().to_owned(),
            detail,
        }
    }

    /// Waits until no other process is between spending a token and writing the next.
    pub(super) async fn lock(&self) -> Result<File, OAuthError> {
        let path = with_suffix(self.path(), ".lock");
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        });
        match locked.await {
            Ok(Ok(file)) => Ok(file),
            Ok(Err(error)) => Err(self.problem(format!("its lock file: {error}"))),
            Err(_) => Err(OAuthError::Interrupted),
        }
    }

    /// The file that says that this machine's token was replaced by one which other machines share.
    fn mark(&self) -> PathBuf {
        with_suffix(self.path(), ".shared")
    }

    /// Leaves a mark, so that no program of this machine that does not know of the sharing spends its token again: that
    /// would end the login of all.
    fn mark_replaced(&self) {
        let Ok(own) = self.of_this_machine() else {
            return;
        };
        let mark = mark_of(&own);
        if std::fs::read_to_string(self.mark()).is_ok_and(|held| held == mark) {
            return;
        }
        if let Err(error) = std::fs::write(self.mark(), mark) {
            tracing::warn!(path = %self.mark().display(), %error, "can't note that the refresh token is shared now");
        }
    }

    /// The newest token: read anew each time, since another process may have rotated it.
    fn current(&self) -> Result<Secret, OAuthError> {
        if let Some(unsaved) = crate::lock(&self.unsaved).clone() {
            return Ok(unsaved);
        }
        let current = self.of_this_machine()?;
        match std::fs::read_to_string(self.mark()) {
            Ok(mark) if mark == mark_of(&current) => {
                Err(OAuthError::SharedElsewhere { mark: self.mark() })
            }
            _ => Ok(current),
        }
    }

    /// The newest token in the files of this machine.
    fn of_this_machine(&self) -> Result<Secret, OAuthError> {
        let problem = |detail: String| self.problem(detail);
        match (&self.place, std::fs::read_to_string(self.path())) {
            (_, Err(error)) => match &self.seed {
                Some(seed) if error.kind() == std::io::ErrorKind::NotFound => Ok(seed.clone()),
                _ => Err(problem(error.to_string())),
            },
            (Place::Pointed(_), Ok(text)) => match without_mark(text.trim()).trim() {
                "" => Err(problem("it is empty".to_owned())),
                token => Ok(Secret::new(token)),
            },
            (Place::Beside(_), Ok(text)) => {
                let kept: Rotated = serde_json::from_str(&text).map_err(|_| {
                    problem(
                        "it is not as this program wrote it; remove it to start anew".to_owned(),
                    )
                })?;
                Ok(match &self.seed {
                    Some(seed) if kept.first != self.first() => seed.clone(),
                    _ => Secret::new(kept.refresh_token),
                })
            }
        }
    }

    /// Writes a rotated token; one that can't be written stays in memory, since the old one is spent.
    fn keep(&self, rotated: &Secret, file: Prepared) {
        *crate::lock(&self.unsaved) = Some(rotated.clone());
        if let Err(error) = self.write(rotated, file) {
            tracing::error!(path = %self.path().display(), %error, "a rotated refresh token can't be written; it is lost when this program ends");
        }
    }

    /// Writes a token; the old one is gone when it returns.
    pub(super) fn write(&self, rotated: &Secret, file: Prepared) -> std::io::Result<()> {
        let text = match &self.place {
            Place::Pointed(_) => rotated.expose().to_owned(),
            Place::Beside(_) => {
                let kept = serde_json::json!({
                    "first": self.first(),
                    "refresh_token": rotated.expose(),
                });
                kept.to_string()
            }
        };
        file.commit(text.as_bytes())?;
        *crate::lock(&self.unsaved) = None;
        Ok(())
    }
}

/// A file that will replace another in one step; only the owner may read it. Its space is taken beforehand, so that a
/// full disk or a folder without write access shows before anything depends on it.
pub(crate) struct Prepared {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

/// More than any refresh token and what stands around it.
const SPACE: [u8; 4096] = [0; 4096];

impl Prepared {
    /// Prepares a file beside `path`.
    pub(crate) fn new(path: &Path) -> std::io::Result<Self> {
        // tempfile creates with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(folder_of(path))?;
        file.write_all(&SPACE)?;
        file.as_file().sync_all()?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Gives it its content and puts it in the other's place.
    pub(crate) fn commit(mut self, content: &[u8]) -> std::io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(content)?;
        self.file.as_file().set_len(content.len() as u64)?;
        self.file.as_file().sync_all()?;
        self.file.persist(&self.path)?;
        // The rename itself must survive a power cut; folders can't be opened everywhere.
        if let Ok(folder) = File::open(folder_of(&self.path)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// SHA-256 in hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
