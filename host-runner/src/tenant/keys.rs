//! Every key of the tenant file, for people: its default, an example, what it affects.
//!
//! The page `docs/settings.md` comes from here. Tests hold the list to the keys that are read, and to the defaults that
//! are in force.

/// A key of the tenant file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The table that it stands in; empty for the top of the file.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What holds without it: a value in TOML in backquotes, or words.
    pub default: &'static str,
    /// A value in TOML.
    pub example: &'static str,
    /// What it affects.
    pub about: &'static str,
}

/// The tables, in the order of the page, each with a sentence. `[connector]` is the connector's own.
pub const TABLES: [(&str, &str); 7] = [
    ("", "Before the first table."),
    (
        "auth",
        "How to sign in. A secret is a text, `{ env = \"VARIABLE\" }` or `{ file = \"PATH\" }`, relative to the tenant file.",
    ),
    ("component", "Whose code runs."),
    (
        "scopes",
        "What is switched off is not asked of Salesforce, and needs no rights there.",
    ),
    ("sync", "How the mirror is kept."),
    (
        "webhook",
        "Where `asymbl serve` posts what changed in the mirror.",
    ),
    (
        "limits",
        "What a call, a job and a sync may cost. A size is a number of bytes, or a text with its unit.",
    ),
];

const fn key(
    table: &'static str,
    name: &'static str,
    default: &'static str,
    example: &'static str,
    about: &'static str,
) -> Key {
    Key {
        table,
        name,
        default,
        example,
        about,
    }
}

const NEEDED: &str = "none, needed";
const NONE: &str = "none";

/// The keys, in the order of the page.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("", "name", NEEDED, "\"acme\"", "what messages call the tenant"),
    key("", "instance_url", NEEDED, "\"https://acme.my.salesforce.com\"",
        "the one origin that the connector reaches: the org's My Domain; plain http only on loopback"),
    key("", "api_version", "`\"66.0\"`", "\"67.0\"", "the version of Salesforce's API in every request"),
    key("", "ca_file", NONE, "\"acme-ca.pem\"", "PEM certificates to trust besides the platform's, for test servers"),
    key("", "proxy", "`HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` decide", "\"http://proxy.acme.example:3128\"",
        "the proxy of all requests, or `\"none\"`"),
    key("", "attachment_origins", "`[]`", "[\"https://files.acme.example\"]",
        "origins that a `data_url` of an action may name although they are not public"),
    key("", "user_agent", "`asymbl/VERSION`", "\"my-platform/1.2\"", "the `User-Agent` of all requests"),

    key("auth", "kind", NEEDED, "\"client-credentials\"",
        "the flow: `client-credentials`, `jwt-bearer`, `refresh-token` (a person signs in once, with `asymbl sign-in`) or \
         `access-token`"),
    key("auth", "client_id", "none, needed but for `access-token`", "\"3MVG9...\"", "the app's consumer key"),
    key("auth", "client_secret", "none, needed for `client-credentials`", "{ env = \"ACME_SECRET\" }",
        "the app's consumer secret; for `refresh-token` if the app requires it"),
    key("auth", "username", "none, needed for `jwt-bearer`", "\"integration@acme.example\"", "the user who is signed in"),
    key("auth", "private_key", "none, needed for `jwt-bearer`", "{ file = \"acme.pem\" }",
        "the PEM key of the app's certificate"),
    key("auth", "audience", "login.salesforce.com, test.salesforce.com for a sandbox", "\"https://login.salesforce.com\"",
        "the `aud` claim of `jwt-bearer`"),
    key("auth", "refresh_token", "none, needed for `refresh-token`", "{ file = \"acme.refresh-token\" }",
        "the first token; a rotated one is written back to its file, or beside the tenant file"),
    key("auth", "access_token", "none, needed for `access-token`", "{ env = \"ACME_TOKEN\" }",
        "a ready token, for trials: nothing renews it"),
    key("auth", "token_url", "the org's own", "\"https://login.salesforce.com\"",
        "the token endpoint, of all kinds but `access-token`"),

    key("component", "public_key", NONE, "\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"",
        "only a component that is signed with this key runs; its signature lies beside it, with the ending `.sig`"),

    key("scopes", "disabled_models", "`[]`", "[\"users\"]", "models that are not read"),
    key("scopes", "disabled_fields", "`[]`", "[\"candidates.location\"]", "unified fields that stay empty"),
    key("scopes", "disabled_actions", "`[]`", "[\"create-candidate\"]", "actions that are refused"),

    key("sync", "only_created_applications", "`false`", "true",
        "only applications that our own actions created, and their candidates; all other models come in full"),
    key("sync", "mass_delete_percent", "`10`", "25",
        "a share of a model that vanishes at once and is larger looks like lost rights, and is refused"),
    key("sync", "mass_delete_rows", "`20`", "100", "so many records may vanish whatever their share"),
    key("sync", "reconcile_days", "`14`", "7", "after so many days all ids are compared"),
    key("sync", "refresh_days", "`30`", "90", "after so many days a model is read in full again"),
    key("sync", "api_quota_percent", "`80`", "50",
        "a sync stops when this share of the org's API calls of 24 hours is used"),

    key("webhook", "url", NEEDED, "\"https://platform.example/hooks/asymbl\"",
        "the address; plain http only on loopback"),
    key("webhook", "secret", NEEDED, "{ env = \"ACME_WEBHOOK_SECRET\" }",
        "what the signature of each post is made with, as docs/serve.md describes it"),

    key("limits", "memory", "`\"128 MiB\"`", "\"256 MiB\"", "the sandbox's memory"),
    key("limits", "cpu_seconds_per_call", "`30`", "60", "processor time of one call"),
    key("limits", "wall_seconds_per_call", "`900`", "300", "time of one call, waits included"),
    key("limits", "requests_per_job", "`20000`", "5000", "requests of one listing or action"),
    key("limits", "bytes_per_job", "`\"16 GiB\"`", "\"1 GiB\"", "bytes of one listing or action, sent and received"),
    key("limits", "attachment_size", "`25000000`", "\"100 MB\"", "the largest file of an action"),
    key("limits", "response_size", "`\"64 MiB\"`", "\"16 MiB\"", "the largest answer"),
    key("limits", "requests_in_flight", "`4`", "8", "requests to the org that wait for their answers at once"),
    key("limits", "connect_seconds", "`10`", "5", "the time to connect"),
    key("limits", "first_byte_seconds", "`150`", "60", "the wait for the first byte"),
    key("limits", "between_bytes_seconds", "`60`", "30", "the wait between two bytes"),
    key("limits", "request_seconds", "`600`", "300", "the time of one request"),
    key("limits", "pages_per_model", "`50000`", "1000", "pages, and reads by ids, of one model in one sync"),
    key("limits", "records_per_model", "`10000000`", "100000",
        "records of one model in one sync; the next sync resumes there"),
    key("limits", "growth_per_model", "`\"16 GiB\"`", "\"1 GiB\"",
        "what the mirror's file may grow for one model in one sync"),
    key("limits", "seconds_per_model", "`21600`", "3600", "the time of one model in one sync"),
];
