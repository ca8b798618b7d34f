//! Refresh tokens that change with every use.

use super::*;
use crate::egress::Credentials as _;
use crate::egress::testing::{Answer, Seen, Server, answer};
use crate::tenant::oauth::OAuthError;
use crate::tenant::{TakenTokens, TokenVault};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex};

/// An org that takes each refresh token once: `r0` gives `r1`, and so on.
async fn rotating() -> Server {
    let valid = Arc::new(Mutex::new(0));
    Server::start(move |request: Seen| {
        let valid = valid.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            reply(&request, &mut valid.lock().unwrap())
        }
    })
    .await
}

fn reply(request: &Seen, valid: &mut usize) -> Answer {
    let token = format!("refresh_token=r{valid}");
    if !request.body.split('&').any(|field| field == token) {
        return answer(
            400,
            r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#,
        );
    }
    *valid += 1;
    let instance = format!("http://{}", request.header("host").unwrap());
    let granted = serde_json::json!({
        "access_token": format!("t{valid}"),
        "refresh_token": format!("r{valid}"),
        "instance_url": instance,
    });
    answer(200, granted.to_string())
}

/// A tenant file in a folder of its own, whose refresh token is given as `token` says.
struct Setup {
    folder: tempfile::TempDir,
    instance: String,
}

impl Setup {
    fn new(server: &Server) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            instance: server.origin.to_string(),
        }
    }

    fn open(&self, token: &str) -> Tenant {
        let path = self.folder.path().join("tenant.toml");
        let text = format!(
            "name = \"Acme\"\ninstance_url = \"{}\"\n[auth]\nkind = \"refresh-token\"\nclient_id = \"id\"\nrefresh_token = {token}\n",
            self.instance
        );
        Tenant::open(TenantFile::parse(&path, &text).unwrap(), quick()).unwrap()
    }
}

async fn sign_in_twice(tenant: &Tenant) {
    let first = tenant.tokens().token().await.unwrap();
    tenant.tokens().mark_stale(&first);
    tenant.tokens().token().await.unwrap();
}

#[tokio::test]
async fn a_rotated_token_replaces_the_one_in_its_file() {
    let setup = Setup::new(&rotating().await);
    let file = setup.folder.path().join("refresh.txt");
    std::fs::write(&file, "r0\n").unwrap();
    sign_in_twice(&setup.open("{ file = \"refresh.txt\" }")).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "r2");
    sign_in_twice(&setup.open("{ file = \"refresh.txt\" }")).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "r4");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[tokio::test]
async fn a_rotated_inline_token_is_kept_beside_the_tenant_file() {
    let setup = Setup::new(&rotating().await);
    sign_in_twice(&setup.open("\"r0\"")).await;
    sign_in_twice(&setup.open("\"r0\"")).await;
    let kept =
        std::fs::read_to_string(setup.folder.path().join("tenant.toml.refresh-token")).unwrap();
    assert!(kept.contains("\"r4\"") && !kept.contains("r0"), "{kept}");
}

#[tokio::test]
async fn a_new_token_in_the_tenant_file_wins_over_the_kept_one() {
    let setup = Setup::new(&rotating().await);
    setup.open("\"r0\"").sign_in().await.unwrap();
    let kept = setup.folder.path().join("tenant.toml.refresh-token");
    std::fs::write(
        &kept,
        std::fs::read_to_string(&kept)
            .unwrap()
            .replace("r1", "dead"),
    )
    .unwrap();
    assert!(setup.open("\"r0\"").sign_in().await.is_err());
    setup.open("\"r1\"").sign_in().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_at_once_spend_no_token_twice() {
    let setup = Setup::new(&rotating().await);
    let (one, two) = (setup.open("\"r0\""), setup.open("\"r0\""));
    let (first, second) = tokio::join!(sign_in_twice(&one), sign_in_twice(&two));
    assert_eq!((first, second), ((), ()));
}

#[tokio::test]
async fn a_call_that_is_cancelled_loses_no_rotated_token() {
    let server = rotating().await;
    let setup = Setup::new(&server);
    let tenant = setup.open("\"r0\"");
    let cancelled = tokio::time::timeout(Duration::from_millis(10), tenant.sign_in()).await;
    assert!(cancelled.is_err(), "the sign-in takes longer than that");
    tenant.sign_in().await.unwrap();
    assert_eq!(
        server.seen().len(),
        1,
        "the second caller joined the sign-in of the first"
    );
    let kept =
        std::fs::read_to_string(setup.folder.path().join("tenant.toml.refresh-token")).unwrap();
    assert!(kept.contains("\"r1\""), "{kept}");
}

#[tokio::test]
async fn a_token_that_could_not_be_kept_is_not_spent() {
    let server = rotating().await;
    let setup = Setup::new(&server);
    let tenant = setup.open("\"r0\"");
    let folder = setup.folder.path().to_owned();
    drop(setup);
    assert!(!folder.exists());
    let error = tenant.sign_in().await.unwrap_err();
    assert!(
        matches!(&*error, OAuthError::CannotKeep { .. }),
        "{error:?}"
    );
    assert!(server.seen().is_empty());
}

/// What a server sees of one refresh token, and the only one that it takes; each answer is `bodies`' next, with the
/// token in it.
async fn answering(bodies: &'static [&'static str]) -> Server {
    let valid = Arc::new(Mutex::new(0_usize));
    Server::start(move |request: Seen| {
        let valid = valid.clone();
        async move {
            let mut valid = valid.lock().unwrap();
            match bodies.get(*valid) {
                Some(body) if request.body.contains(&format!("refresh_token=r{valid}")) => {
                    *valid += 1;
                    answer(200, body.replace("NEXT", &format!("r{valid}")))
                }
                _ => reply(&request, &mut valid),
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_rotated_token_is_kept_though_the_reply_is_for_another_org() {
    let server = answering(&[
        r#"{"access_token":"t","refresh_token":"NEXT","instance_url":"https://renamed.my.salesforce.com"}"#,
    ])
    .await;
    let setup = Setup::new(&server);
    let error = setup.open("\"r0\"").sign_in().await.unwrap_err();
    assert!(matches!(&*error, OAuthError::OtherOrg { .. }), "{error:?}");
    // The address put right, no new consent is needed.
    setup.open("\"r0\"").sign_in().await.unwrap();
}

#[tokio::test]
async fn a_rotated_token_is_kept_though_the_reply_can_not_be_read() {
    let server = answering(&[
        r#"{"refresh_token":"NEXT","access_token":5}"#,
        r#"{"access_token":"","refresh_token":"NEXT"}"#,
        r#"{"refresh_token":"NEXT","instance_url":"acme","access_token":"t"}"#,
        r#"{"refresh_token":"NEXT","access_token":"cut sh"#,
    ])
    .await;
    let setup = Setup::new(&server);
    let tenant = setup.open("\"r0\"");
    assert!(tenant.sign_in().await.is_err(), "three attempts");
    setup.open("\"r0\"").sign_in().await.unwrap();
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_rotated_token_that_can_not_be_written_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("tenant.toml.refresh-token");
    let in_the_way = kept.clone();
    let valid = Arc::new(Mutex::new(0));
    let server = Server::start(move |request: Seen| {
        let (valid, in_the_way) = (valid.clone(), in_the_way.clone());
        async move {
            std::fs::create_dir_all(in_the_way).unwrap();
            reply(&request, &mut valid.lock().unwrap())
        }
    })
    .await;
    let setup = Setup {
        folder,
        instance: server.origin.to_string(),
    };
    let tenant = setup.open("\"r0\"");
    tenant.sign_in().await.unwrap();
    let error = tenant.tokens().finish().await.unwrap_err();
    assert!(matches!(error, OAuthError::CannotKeep { .. }), "{error:?}");
    std::fs::remove_dir(&kept).unwrap();
    tenant.tokens().finish().await.unwrap();
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.contains("\"r1\""), "{text}");
}

#[tokio::test]
async fn finishing_waits_for_a_sign_in_that_nobody_waits_for() {
    let setup = Setup::new(&rotating().await);
    let tenant = setup.open("\"r0\"");
    let cancelled = tokio::time::timeout(Duration::from_millis(10), tenant.sign_in()).await;
    assert!(cancelled.is_err(), "the sign-in takes longer than that");
    tenant.tokens().finish().await.unwrap();
    let kept = setup.folder.path().join("tenant.toml.refresh-token");
    assert!(std::fs::read_to_string(kept).unwrap().contains("\"r1\""));
}

#[tokio::test]
async fn an_expired_refresh_token_says_so() {
    let setup = Setup::new(&rotating().await);
    let error = setup.open("\"r9\"").sign_in().await.unwrap_err();
    assert!(error.to_string().contains("`asymbl sign-in`"), "{error}");
}

/// A vault of this process.
#[derive(Default)]
struct InMemory {
    kept: Arc<tokio::sync::Mutex<Option<Vec<u8>>>>,
    is_away: std::sync::atomic::AtomicBool,
}

struct Taken(tokio::sync::OwnedMutexGuard<Option<Vec<u8>>>);

impl TokenVault for InMemory {
    fn take<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Box<dyn TakenTokens>, String>> {
        Box::pin(async move {
            if self.is_away.load(std::sync::atomic::Ordering::Relaxed) {
                return Err("it is away".to_owned());
            }
            let kept = Arc::clone(&self.kept).lock_owned().await;
            Ok(Box::new(Taken(kept)) as Box<dyn TakenTokens>)
        })
    }
}

impl TakenTokens for Taken {
    fn kept(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    fn keep(&mut self, sealed: Vec<u8>) -> BoxFuture<'_, Result<(), String>> {
        *self.0 = Some(sealed);
        Box::pin(async { Ok(()) })
    }
}

impl Setup {
    fn sharing(&self, vault: &Arc<InMemory>) -> Tenant {
        let path = self.folder.path().join("tenant.toml");
        let text = format!(
            "name = \"Acme\"\ninstance_url = \"{}\"\n[auth]\nkind = \"refresh-token\"\nclient_id = \"id\"\nrefresh_token = \"r0\"\n",
            self.instance
        );
        let options = TokenSourceOptions {
            vault: Some(Arc::clone(vault) as Arc<dyn TokenVault>),
            ..quick()
        };
        Tenant::open(TenantFile::parse(&path, &text).unwrap(), options).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shares_a_vault_signs_in_once() {
    let server = rotating().await;
    // Two machines, with a folder each.
    let (here, there) = (Setup::new(&server), Setup::new(&server));
    let vault = Arc::<InMemory>::default();
    let (one, two) = (here.sharing(&vault), there.sharing(&vault));
    for used in 1..=3 {
        let (first, second) = tokio::join!(one.tokens().token(), two.tokens().token());
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!(server.seen().len(), used);
        for (tenant, bearer) in [(&one, &first), (&two, &second)] {
            tenant.tokens().accepted(bearer);
            tenant.tokens().mark_stale(bearer);
        }
    }
    // A third one, which was away so far, begins with the same tenant file.
    Setup::new(&server).sharing(&vault).sign_in().await.unwrap();
    assert_eq!(server.seen().len(), 3);
    // A program without the vault does not spend the first token again where a machine has noted that it is spent.
    let noted = |setup: &&Setup| {
        let note = setup.folder.path().join("tenant.toml.refresh-token.shared");
        note.exists()
    };
    let noted: Vec<&Setup> = [&here, &there].into_iter().filter(noted).collect();
    assert!(!noted.is_empty());
    for setup in noted {
        let refused = setup.open("\"r0\"").sign_in().await.unwrap_err();
        assert!(matches!(*refused, OAuthError::SharedElsewhere { .. }));
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn no_token_is_spent_while_the_vault_fails() {
    let server = rotating().await;
    let setup = Setup::new(&server);
    let vault = Arc::<InMemory>::default();
    vault
        .is_away
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let tenant = setup.sharing(&vault);
    assert!(tenant.sign_in().await.is_err());
    // What somebody else has written there opens nothing.
    vault
        .is_away
        .store(false, std::sync::atomic::Ordering::Relaxed);
    *vault.kept.lock().await = Some(vec![7; 80]);
    let damaged = setup.sharing(&vault).sign_in().await.unwrap_err();
    assert!(damaged.to_string().contains("damaged"), "{damaged}");
    assert_eq!(server.seen().len(), 0);
    *vault.kept.lock().await = None;
    setup.sharing(&vault).sign_in().await.unwrap();
    let kept = vault.kept.lock().await.clone().unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("r1"));
}
