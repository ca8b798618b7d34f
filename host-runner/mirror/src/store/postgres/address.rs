//! Where a database is: its URL, with what may be printed of it kept apart from the password.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use url::Url;

use super::link::{Idle, Link};
use super::login::Login;
use super::tls::Encryption;
use crate::store::MirrorError;

/// The place of one tenant's mirror in a PostgreSQL database. Neither `Debug` nor `Display` shows the password.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) config: Config,
    pub(super) encryption: Encryption,
    pub(super) tenant: String,
    /// Connections that wait for the next mirror; shared with the addresses of other tenants.
    pub(super) idle: Arc<Idle>,
    server: String,
}

/// What the query of a URL says.
#[derive(Default)]
struct Parameters {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<String>,
    mode: Option<String>,
    roots: Option<PathBuf>,
    tenant: Option<String>,
}

impl PostgresAddress {
    /// Returns true if a mirror's name is the URL of a database and not a file.
    pub fn is_url(text: &str) -> bool {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| {
            scheme.eq_ignore_ascii_case("postgres") || scheme.eq_ignore_ascii_case("postgresql")
        })
    }

    /// Reads a URL `postgres://USER:PASSWORD@HOST:PORT/DATABASE?tenant=NAME&sslmode=MODE`. `tenant` is the name of the
    /// mirror, and `login` has the password, where the URL says neither.
    ///
    /// # Errors
    /// [`MirrorError::Address`], which never repeats the URL.
    pub fn parse(text: &str, tenant: &str, login: &Login) -> Result<Self, MirrorError> {
        let url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
        let given = parameters(&url)?;
        let mut config = Config::new();
        config
            .application_name("asymbl")
            .connect_timeout(Duration::from_secs(15))
            .keepalives_idle(Duration::from_secs(60))
            .tcp_user_timeout(Duration::from_secs(60));
        let host = match (&given.host, url.host_str()) {
            (Some(host), _) => host.clone(),
            (None, Some(host)) if !host.is_empty() => {
                decoded(host.trim_matches(['[', ']']), "host")?
            }
            _ => return Err(invalid("it names no host")),
        };
        config.host(&host);
        let port = match (&given.port, url.port()) {
            (Some(port), _) => port.parse().map_err(|_| invalid("its port is no number"))?,
            (None, port) => port.unwrap_or(5432),
        };
        config.port(port);
        let database = decoded(url.path().trim_start_matches('/'), "database")?;
        if database.is_empty() {
            return Err(invalid("it names no database"));
        }
        config.dbname(&database);
        let user = match given.user {
            Some(user) => user,
            None => decoded(url.username(), "user")?,
        };
        if !user.is_empty() {
            config.user(&user);
        }
        let written = url
            .password()
            .map(|text| decoded(text, "password"))
            .transpose()?;
        let number = port.to_string();
        let place = [&host, &number, &database, &user].map(String::as_str);
        let password = given.password.or(written);
        if let Some(password) = password.or_else(|| login.password(place)) {
            config.password(password);
        }
        let encryption = encryption(&host, given.mode.as_deref(), given.roots)?;
        config.ssl_mode(match encryption {
            Encryption::None => SslMode::Disable,
            Encryption::Tls(_) => SslMode::Require,
        });
        let tenant = given.tenant.unwrap_or_else(|| tenant.to_owned());
        Ok(Self {
            config,
            encryption,
            tenant,
            idle: Arc::default(),
            server: format!("postgres://{user}@{host}:{port}/{database}"),
        })
    }

    /// A connection to the database.
    ///
    /// # Errors
    /// [`MirrorError::Unreachable`].
    pub(super) fn link(&self) -> Result<Arc<Link>, MirrorError> {
        let open = || Link::open(self.config.clone(), &self.encryption, &self.to_string());
        self.idle.link(open)
    }

    /// The name of the mirror.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The place in the same database of a tenant's mirror, which gets the same connections.
    #[must_use]
    pub fn of_tenant(&self, tenant: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            ..self.clone()
        }
    }

    /// With so many connections at most that stay open for the next mirror when one is closed.
    #[must_use]
    pub fn keeping(self, connections: usize) -> Self {
        Self {
            idle: Arc::new(Idle::at_most(connections)),
            ..self
        }
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}?tenant={}", self.server, self.tenant)
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PostgresAddress({self})")
    }
}

fn invalid(problem: impl Into<String>) -> MirrorError {
    MirrorError::Address {
        problem: problem.into(),
    }
}

/// Undoes the percent-encoding of a part of the URL.
fn decoded(text: &str, what: &str) -> Result<String, MirrorError> {
    // A form's decoding also makes spaces of plus signs, which are none here.
    let plain = text.replace('+', "%2B");
    let pair = format!("x={plain}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    match pairs.next() {
        Some((_, value)) if !text.contains(['&', '=']) => Ok(value.into_owned()),
        _ => Err(invalid(format!(
            "write & and = in its {what} as %26 and %3D"
        ))),
    }
}

fn parameters(url: &Url) -> Result<Parameters, MirrorError> {
    let mut given = Parameters::default();
    for (name, value) in url.query_pairs() {
        let value = value.into_owned();
        match name.as_ref() {
            "host" => given.host = Some(value),
            "port" => given.port = Some(value),
            "user" => given.user = Some(value),
            "password" => given.password = Some(value),
            "sslmode" => given.mode = Some(value),
            "sslrootcert" => given.roots = Some(value.into()),
            "tenant" if !value.is_empty() => given.tenant = Some(value),
            other => {
                return Err(invalid(format!(
                    "the parameter {other:?} is unknown; known are host, port, user, password, sslmode, sslrootcert \
                     and tenant"
                )));
            }
        }
    }
    Ok(given)
}

/// Data of people does not go over a network in plain text unless the user says so; TLS without a look at the server's
/// certificate would keep nobody out, so each mode with TLS looks at it.
fn encryption(
    host: &str,
    mode: Option<&str>,
    roots: Option<PathBuf>,
) -> Result<Encryption, MirrorError> {
    let is_here = host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match mode {
        Some("disable") => Ok(Encryption::None),
        None if is_here => Ok(Encryption::None),
        None | Some("require" | "verify-full") => Ok(Encryption::Tls(roots)),
        Some(_) => Err(invalid(
            "sslmode is one of disable, require and verify-full; the last two both check the server's certificate",
        )),
    }
}
