//! The tenant file: everything about one tenant in one TOML file.
//!
//! Unknown keys are refused with a suggestion, and what is read is checked at once, so that the rest of the host deals
//! only in values that make sense. Secrets are not read here but when the tenant is opened: a command that only looks
//! at the mirror needs none.

use super::auth::AuthTable;
use super::files::{beside, without_mark};
use super::limits::LimitsTable;
use super::scopes::ScopesTable;
use super::sync::SyncTable;
use super::webhook::{Webhook, WebhookTable};
use super::{Auth, Limits, Scopes, SecretRef, SyncSettings, TenantError, strict};
use crate::egress::{Origin, ProxySetting, default_user_agent};
use crate::sandbox::PublicKey;
use http::HeaderValue;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::path::{Path, PathBuf};

/// A tenant file, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantFile {
    path: PathBuf,
    name: String,
    instance: Origin,
    api_version: ApiVersion,
    ca_file: Option<PathBuf>,
    proxy: Option<ProxySetting>,
    attachment_origins: Vec<Origin>,
    user_agent: HeaderValue,
    scopes: Scopes,
    auth: Auth,
    public_key: Option<PublicKey>,
    limits: Limits,
    sync: SyncSettings,
    webhook: Option<Webhook>,
    connector: Map<String, Value>,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    instance_url: Origin,
    #[serde(default)]
    api_version: ApiVersion,
    ca_file: Option<PathBuf>,
    proxy: Option<ProxySetting>,
    #[serde(default)]
    attachment_origins: Vec<Origin>,
    user_agent: Option<String>,
    #[serde(default)]
    scopes: ScopesTable,
    auth: AuthTable,
    #[serde(default)]
    component: ComponentTable,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    sync: SyncTable,
    webhook: Option<WebhookTable>,
    #[serde(default)]
    connector: toml::Table,
}

/// `[component]` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentTable {
    public_key: Option<PublicKey>,
}

impl TenantFile {
    /// Reads a tenant file.
    ///
    /// # Errors
    /// [`TenantError`] naming the file, and where possible line, key and fix.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TenantError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|error| {
            TenantError::new(
                path,
                None,
                format!("the tenant file can't be read: {error}"),
            )
        })?;
        let file = Self::parse(path, &text)?;
        if file.holds_secrets() && readable_by_others(path) {
            tracing::warn!(path = %path.display(), "the tenant file holds secrets and others may read it; run chmod 600");
        }
        Ok(file)
    }

    /// Reads the text of a tenant file; `path` is what errors name and relative paths start from.
    ///
    /// # Errors
    /// As for [`TenantFile::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, TenantError> {
        let written: Written = strict::parse(path, without_mark(text))?;
        let wrong = |(key, problem): (&str, String)| TenantError::new(path, Some(key), problem);
        // What the connector knows is its own matter; a key of the host's that stands there is known to be misplaced.
        for key in written.connector.keys() {
            if let Some(home) = strict::home::<Written>(key) {
                let place = format!("connector.{key}");
                return Err(wrong((&place, format!("`{key}` belongs {home}"))));
            }
        }
        if written.name.trim().is_empty() || written.name.chars().any(char::is_control) {
            return Err(wrong((
                "name",
                "must be a text of one line, not empty".to_owned(),
            )));
        }
        Ok(Self {
            name: written.name,
            instance: written.instance_url,
            api_version: written.api_version,
            ca_file: written.ca_file.map(|file| beside(path, &file)),
            proxy: written.proxy,
            attachment_origins: written.attachment_origins,
            user_agent: user_agent(written.user_agent)
                .map_err(|problem| wrong(("user_agent", problem)))?,
            scopes: written.scopes.checked().map_err(wrong)?,
            auth: written
                .auth
                .checked()
                .map_err(|(key, problem)| wrong((&key, problem)))?,
            public_key: written.component.public_key,
            limits: written.limits.checked().map_err(wrong)?,
            sync: written.sync.checked().map_err(wrong)?,
            webhook: written
                .webhook
                .map(WebhookTable::checked)
                .transpose()
                .map_err(wrong)?,
            connector: json(written.connector).map_err(|problem| wrong(("connector", problem)))?,
            path: path.to_owned(),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What people call the tenant.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The org's own origin (`instance_url`).
    pub fn instance(&self) -> &Origin {
        &self.instance
    }

    /// The Salesforce API version.
    pub fn api_version(&self) -> &ApiVersion {
        &self.api_version
    }

    /// PEM certificates to trust besides the platform's.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// The proxy to use, if the environment is not to decide.
    pub fn proxy(&self) -> Option<&ProxySetting> {
        self.proxy.as_ref()
    }

    /// Origins that a `data_url` may name although they are not public https ones.
    pub fn attachment_origins(&self) -> &[Origin] {
        &self.attachment_origins
    }

    /// What requests say in `User-Agent`.
    pub fn user_agent(&self) -> &HeaderValue {
        &self.user_agent
    }

    /// What is switched off.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// How the tenant signs in.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The key that the component must be signed with, if the tenant requires a signature.
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// What the tenant may cost.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How its mirror is kept.
    pub fn sync(&self) -> &SyncSettings {
        &self.sync
    }

    /// Where `asymbl serve` posts what changed.
    pub fn webhook(&self) -> Option<&Webhook> {
        self.webhook.as_ref()
    }

    /// `[connector]`: the mapping settings that the guest gets as JSON. The host does not look inside.
    pub fn connector(&self) -> &Map<String, Value> {
        &self.connector
    }

    /// Lowers each limit that is higher than the operator's.
    pub(super) fn limit(&mut self, most: &Limits) {
        self.limits = self.limits.at_most(most);
    }

    fn holds_secrets(&self) -> bool {
        if self.proxy.as_ref().is_some_and(ProxySetting::holds_secret) {
            return true;
        }
        let inline = |secret: &SecretRef| matches!(secret, SecretRef::Inline(_));
        if self.webhook.as_ref().is_some_and(Webhook::holds_secret) {
            return true;
        }
        match &self.auth {
            Auth::ClientCredentials { client_secret, .. } => inline(client_secret),
            Auth::JwtBearer { private_key, .. } => inline(private_key),
            Auth::RefreshToken {
                client_secret,
                refresh_token,
                ..
            } => inline(refresh_token) || client_secret.as_ref().is_some_and(inline),
            Auth::AccessToken { access_token } => inline(access_token),
        }
    }
}

fn user_agent(written: Option<String>) -> Result<HeaderValue, String> {
    let Some(text) = written else {
        return Ok(default_user_agent());
    };
    let plain = !text.trim().is_empty() && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    plain
        .then(|| HeaderValue::try_from(text).ok())
        .flatten()
        .ok_or_else(|| "must be visible ASCII characters, such as \"my-platform/1.2\"".to_owned())
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable_by_others(_path: &Path) -> bool {
    false
}

/// A Salesforce API version, such as `66.0`. Written as `"66.0"`, `"v66.0"`, `66.0` or `66`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiVersion(String);

/// Versions below 31.0 are retired (salesforce-api.md 1.8).
const OLDEST_VERSION: u16 = 31;

impl ApiVersion {
    /// `66.0`, without a `v`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not an API version; write it like \"66.0\"");
        let bare = text.trim().trim_start_matches(['v', 'V']);
        let number = bare.strip_suffix(".0").unwrap_or(bare);
        if number.is_empty() || number.len() > 3 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: u16 = number.parse().map_err(|_| wrong())?;
        if number < OLDEST_VERSION {
            return Err(format!("API version {number}.0 is retired; use \"66.0\""));
        }
        Ok(Self(format!("{number}.0")))
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self("66.0".to_owned())
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ApiVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Versions;
        impl Visitor<'_> for Versions {
            type Value = ApiVersion;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an API version such as \"66.0\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ApiVersion, E> {
                ApiVersion::parse(text).map_err(E::custom)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<ApiVersion, E> {
                ApiVersion::parse(&number.to_string()).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ApiVersion, E> {
                ApiVersion::parse(&number.to_string()).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Versions)
    }
}

/// TOML as JSON: dates become texts; numbers that JSON lacks (`nan`, `inf`) are refused.
fn json(table: toml::Table) -> Result<Map<String, Value>, String> {
    table
        .into_iter()
        .map(|(key, value)| json_value(&key, value).map(|value| (key, value)))
        .collect()
}

fn json_value(key: &str, value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| format!("`{key}` is {number}, which JSON can't hold"))?,
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(date) => Value::String(date.to_string()),
        toml::Value::Array(items) => Value::Array(
            items
                .into_iter()
                .map(|item| json_value(key, item))
                .collect::<Result<_, _>>()?,
        ),
        toml::Value::Table(table) => Value::Object(json(table)?),
    })
}
