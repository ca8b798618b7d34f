//! `[auth]`: which flow signs in, and where its secrets are.

use super::SecretRef;
use crate::egress::Origin;
use serde::Deserialize;

/// How the tenant signs in (salesforce-api.md 1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// The app's own Run As user; the flow to prefer: nothing rotates, nobody has to click.
    ClientCredentials {
        /// Consumer key.
        client_id: SecretRef,
        /// Consumer secret.
        client_secret: SecretRef,
        /// Token endpoint, if not the instance's own.
        token_url: Option<String>,
    },
    /// A signed assertion for a pre-authorised user.
    JwtBearer {
        /// Consumer key.
        client_id: SecretRef,
        /// The user who is signed in.
        username: String,
        /// PEM private key (PKCS#8 or PKCS#1) of the certificate in the app.
        private_key: SecretRef,
        /// The `aud` claim; by default login.salesforce.com, test.salesforce.com for a sandbox or scratch org, else the
        /// instance.
        audience: Option<String>,
        /// Token endpoint, if not the instance's own.
        token_url: Option<String>,
    },
    /// A refresh token from a person's consent; it may change with every use.
    RefreshToken {
        /// Consumer key.
        client_id: SecretRef,
        /// Consumer secret, unless the app needs none.
        client_secret: Option<SecretRef>,
        /// The first refresh token. A rotated one is written back to its file, or to a file beside the tenant file.
        refresh_token: SecretRef,
        /// Token endpoint, if not the instance's own.
        token_url: Option<String>,
    },
    /// A ready token, for trials: nothing renews it.
    AccessToken {
        /// The token.
        access_token: SecretRef,
    },
}

impl Auth {
    /// The token endpoint, if the file names one.
    pub fn token_url(&self) -> Option<&str> {
        match self {
            Self::ClientCredentials { token_url, .. }
            | Self::JwtBearer { token_url, .. }
            | Self::RefreshToken { token_url, .. } => token_url.as_deref(),
            Self::AccessToken { .. } => None,
        }
    }
}

/// `[auth]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthTable {
    kind: Kind,
    client_id: Option<SecretRef>,
    client_secret: Option<SecretRef>,
    username: Option<String>,
    private_key: Option<SecretRef>,
    audience: Option<String>,
    refresh_token: Option<SecretRef>,
    access_token: Option<SecretRef>,
    token_url: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    ClientCredentials,
    JwtBearer,
    RefreshToken,
    AccessToken,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client-credentials",
            Self::JwtBearer => "jwt-bearer",
            Self::RefreshToken => "refresh-token",
            Self::AccessToken => "access-token",
        }
    }

    /// The keys that the kind uses.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::ClientCredentials => &["client_id", "client_secret", "token_url"],
            Self::JwtBearer => &[
                "client_id",
                "username",
                "private_key",
                "audience",
                "token_url",
            ],
            Self::RefreshToken => &["client_id", "client_secret", "refresh_token", "token_url"],
            Self::AccessToken => &["access_token"],
        }
    }
}

type Keyed<T> = Result<T, (String, String)>;

impl AuthTable {
    /// Sorts the keys into a flow; an error is the key and what is wrong with it.
    pub(crate) fn checked(self) -> Keyed<Auth> {
        let kind = self.kind;
        self.no_stray_keys()?;
        let token_url = self.token_url.map(checked_token_url).transpose()?;
        Ok(match kind {
            Kind::ClientCredentials => Auth::ClientCredentials {
                client_id: needed(kind, "client_id", self.client_id)?,
                client_secret: needed(kind, "client_secret", self.client_secret)?,
                token_url,
            },
            Kind::JwtBearer => Auth::JwtBearer {
                client_id: needed(kind, "client_id", self.client_id)?,
                username: needed(kind, "username", self.username)?,
                private_key: needed(kind, "private_key", self.private_key)?,
                audience: self.audience,
                token_url,
            },
            Kind::RefreshToken => Auth::RefreshToken {
                client_id: needed(kind, "client_id", self.client_id)?,
                client_secret: self.client_secret,
                refresh_token: needed(kind, "refresh_token", self.refresh_token)?,
                token_url,
            },
            Kind::AccessToken => Auth::AccessToken {
                access_token: needed(kind, "access_token", self.access_token)?,
            },
        })
    }

    fn no_stray_keys(&self) -> Keyed<()> {
        let given = [
            ("client_id", self.client_id.is_some()),
            ("client_secret", self.client_secret.is_some()),
            ("username", self.username.is_some()),
            ("private_key", self.private_key.is_some()),
            ("audience", self.audience.is_some()),
            ("refresh_token", self.refresh_token.is_some()),
            ("access_token", self.access_token.is_some()),
            ("token_url", self.token_url.is_some()),
        ];
        let used = self.kind.keys();
        match given
            .iter()
            .find(|(key, given)| *given && !used.contains(key))
        {
            None => Ok(()),
            Some((key, _)) => Err((
                format!("auth.{key}"),
                format!(
                    "kind \"{}\" does not use it; it uses {}",
                    self.kind.name(),
                    used.join(", ")
                ),
            )),
        }
    }
}

fn needed<T>(kind: Kind, key: &str, value: Option<T>) -> Keyed<T> {
    value.ok_or_else(|| {
        (
            format!("auth.{key}"),
            format!("missing; kind \"{}\" needs it", kind.name()),
        )
    })
}

/// A bare origin gets the usual path: `https://login.salesforce.com` is what people write.
fn checked_token_url(text: String) -> Keyed<String> {
    let wrong = |problem: String| ("auth.token_url".to_owned(), problem);
    // What the text is, is not said: a secret may stand there by mistake.
    let no_url = || wrong("must be an https URL, as https://login.salesforce.com".to_owned());
    let origin = Origin::of_url(&text).map_err(|_| no_url())?;
    let url = url::Url::parse(&text).map_err(|_| no_url())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must have no query and no fragment".to_owned()));
    }
    let path = if url.path() == "/" {
        super::oauth::TOKEN_PATH
    } else {
        url.path()
    };
    Ok(format!("{origin}{path}"))
}
