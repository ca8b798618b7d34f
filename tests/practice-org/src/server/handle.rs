//! The handle on an org while it runs, for tests and programs that started it.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value as Json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::config::Latency;
use super::control;
use super::edge::{Dropped, Edge};
use super::faults::Rule;
use super::hold::HeldRequests;
use super::org::Org;
use super::stats::Stats;
use crate::store::Database;

/// The address of an org without a socket.
const IN_PROCESS: &str = "https://practice-org.my.salesforce.com";

/// A running practice org.
#[derive(Debug)]
pub struct PracticeOrg {
    edge: Edge,
    socket: Option<Socket>,
}

/// Where an org listens.
#[derive(Debug)]
pub(super) struct Socket {
    pub address: SocketAddr,
    pub stop: watch::Sender<bool>,
    pub task: JoinHandle<()>,
}

impl PracticeOrg {
    pub(super) fn new(edge: Edge, socket: Option<Socket>) -> Self {
        Self { edge, socket }
    }

    fn org(&self) -> &Org {
        self.edge.org()
    }

    /// Serves a request in process. The `Host` header says which address the org believes to have.
    ///
    /// # Errors
    /// When a fault rule cuts the connection.
    pub async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        let (scheme, _) = self.url_parts();
        let answer = self.edge.serve(request.map(Full::new), scheme).await?;
        match answer.cut {
            true => Err(Dropped),
            false => Ok(answer.response),
        }
    }

    fn url_parts(&self) -> (&'static str, String) {
        match &self.socket {
            None => ("https", IN_PROCESS.to_owned()),
            Some(socket) => {
                let scheme = match self.authority_file() {
                    Some(_) => "https",
                    None => "http",
                };
                (scheme, format!("{scheme}://{}", socket.address))
            }
        }
    }

    /// Base URL without a trailing slash: `http://127.0.0.1:PORT`, `https://` where the org serves TLS, or a made-up
    /// address of Salesforce's where it has no socket.
    pub fn url(&self) -> String {
        self.url_parts().1
    }

    /// The same address without TLS, which is served beside it.
    pub fn plain_url(&self) -> String {
        self.url().replacen("https://", "http://", 1)
    }

    /// The file of the certificate authority, when HTTPS is on.
    pub fn authority_file(&self) -> Option<&Path> {
        self.org().config().tls_authority.as_deref()
    }

    /// Consumer key of the connected app.
    pub fn client_id(&self) -> &str {
        &self.org().config().client_id
    }

    /// Consumer secret of the connected app.
    pub fn client_secret(&self) -> &str {
        &self.org().config().client_secret
    }

    /// The organization's id, 18 characters.
    pub fn org_id(&self) -> &str {
        self.org().org_id()
    }

    /// The database, for tests that look or write behind the API's back.
    pub fn db(&self) -> &Database {
        self.org().db()
    }

    /// The username that the JWT bearer flow may log in as.
    pub fn username(&self) -> String {
        self.org().sign_ins.run_as_username()
    }

    /// Password of every user, without the security token.
    pub fn password(&self) -> &str {
        &self.org().config().password
    }

    /// Security token of every user.
    pub fn security_token(&self) -> &str {
        &self.org().config().security_token
    }

    /// A refresh token, as a web login would have left it.
    pub fn refresh_token(&self) -> String {
        self.org().sign_ins.grant_refresh_token()
    }

    /// The counters so far.
    pub fn stats(&self) -> Stats {
        self.org().traffic.stats().clone()
    }

    /// Sets the counters to zero.
    pub fn reset_stats(&self) {
        *self.org().traffic.stats() = Stats::default();
    }

    /// Adds a fault rule.
    pub fn fault(&self, rule: Rule) {
        self.org().traffic.faults().add(rule);
    }

    /// The fault rules in force, with what is left of their counts.
    pub fn faults(&self) -> Vec<Rule> {
        self.org().traffic.faults().rules().to_vec()
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.org().traffic.faults().clear();
    }

    /// Makes a call of the back door, `/__practice__/{call}`, as the README lists them.
    ///
    /// # Errors
    /// The refusal, a sentence for a person.
    pub fn control(&self, method: &str, call: &str, with: &Json) -> Result<Json, String> {
        control::call(self.org(), method, call, with)
    }

    /// Holds every request, those of the back door apart, until it is let in.
    pub fn hold_requests(&self) -> HeldRequests {
        self.org().traffic.door.hold()
    }

    /// Ends every session.
    pub fn kill_sessions(&self) -> usize {
        self.org().sign_ins.kill_all()
    }

    /// Forgets every query locator.
    pub fn expire_locators(&self) -> usize {
        self.org().paging.locators().clear()
    }

    /// Sets the page size from the next page on.
    pub fn set_page_size(&self, rows: usize) {
        self.org().paging.set_rows(rows);
    }

    /// Sets the calls used today and the daily maximum.
    pub fn set_quota(&self, used: u64, max: u64) {
        self.org().quota.set(used, max);
    }

    /// Sets the waiting times.
    pub fn set_latency(&self, latency: Latency) {
        self.org().traffic.set_latency(latency);
    }

    /// A tenant file for this org (TOML), ready to be written to disk. It holds the secret.
    pub fn tenant_toml(&self) -> String {
        let trust = match self.authority_file() {
            // TOML's literal strings take paths as they are.
            Some(file) => format!("ca_file = '{}'\n", file.display()),
            None => String::new(),
        };
        format!(
            "name = \"practice-org\"\ninstance_url = \"{}\"\n{trust}\n[auth]\nkind = \"client-credentials\"\nclient_id = \"{}\"\nclient_secret = \"{}\"\n",
            self.url(),
            self.client_id(),
            self.client_secret()
        )
    }

    /// The line that the command prints when the org is ready: JSON with `url`, `client_id`, `client_secret`, and where
    /// logins by password work `username`, `password`, `security_token`.
    pub fn ready_line(&self) -> String {
        let mut line = serde_json::json!({"url": self.url(), "client_id": self.client_id(), "client_secret": self.client_secret()});
        if self.org().config().password_login {
            line["username"] = self.username().into();
            line["password"] = self.password().into();
            line["security_token"] = self.security_token().into();
        }
        line.to_string()
    }

    /// Stops serving and closes every connection.
    pub async fn shutdown(mut self) {
        if let Some(mut socket) = self.socket.take() {
            let _ = socket.stop.send(true);
            let _ = (&mut socket.task).await;
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        self.task.abort();
    }
}
