//! TLS with a certificate authority of the test's own.

use super::*;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub(super) struct Authority {
    pub(super) pem: tempfile::NamedTempFile,
    pub(super) acceptor: tokio_rustls::TlsAcceptor,
}

/// A certificate authority, and a server certificate for 127.0.0.1 that it signed.
pub(super) fn authority(protocols: &[&[u8]]) -> Authority {
    authority_with(protocols, |_| {})
}

/// The same with another server certificate.
fn authority_with(
    protocols: &[&[u8]],
    change: impl FnOnce(&mut rcgen::CertificateParams),
) -> Authority {
    use std::io::Write;
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    ca.distinguished_name
        .push(rcgen::DnType::CommonName, "test authority");
    let ca_cert = ca.self_signed(&ca_key).unwrap();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    change(&mut leaf);
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![leaf.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let mut pem = tempfile::NamedTempFile::new().unwrap();
    pem.write_all(ca_cert.pem().as_bytes()).unwrap();
    Authority {
        pem,
        acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)),
    }
}

pub(super) fn trusting(origin: &Origin, ca_file: Option<&std::path::Path>) -> Gate {
    let limits = EgressLimits {
        deadlines: Deadlines {
            connect: Duration::from_secs(5),
            ..short_limits().deadlines
        },
        ..short_limits()
    };
    let client = Client::new(ca_file, limits.deadlines.connect, Proxies::none()).unwrap();
    Egress::new(EgressPolicy::new(origin.clone()), client, None, limits).gate(JobBudget::default())
}

#[tokio::test]
async fn a_private_authority_is_trusted_and_http2_used_where_offered() {
    for (offered, version) in [
        (&[b"h2".as_slice(), b"http/1.1"][..], http::Version::HTTP_2),
        (&[b"http/1.1".as_slice()][..], http::Version::HTTP_11),
    ] {
        let authority = authority(offered);
        let server = Server::with_tls(
            |_| async { answer(200, "fine") },
            Some(authority.acceptor.clone()),
        )
        .await;
        let gate = trusting(&server.origin, Some(authority.pem.path()));
        assert_eq!(read(&gate, "/x").await.unwrap(), (200, Bytes::from("fine")));
        let seen = &server.seen()[0];
        assert_eq!(seen.version, version);
        if version == http::Version::HTTP_2 {
            assert_eq!(
                seen.header("host"),
                None,
                "some servers refuse Host beside :authority"
            );
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_to_an_unknown_certificate_authority() {
    let authority = authority(&[b"http/1.1"]);
    let server =
        Server::with_tls(|_| async { answer(200, "fine") }, Some(authority.acceptor)).await;
    let error = read(&trusting(&server.origin, None), "/x")
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Tls {
                certificate: true,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(error.to_string().contains("ca_file"), "{error}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_to_a_certificate_that_has_expired_or_is_another_s() {
    let expired = |leaf: &mut rcgen::CertificateParams| {
        leaf.not_before = rcgen::date_time_ymd(2020, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let early = |leaf: &mut rcgen::CertificateParams| {
        leaf.not_before = rcgen::date_time_ymd(2200, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2201, 1, 1);
    };
    let of_another = |leaf: &mut rcgen::CertificateParams| {
        leaf.subject_alt_names = vec![rcgen::SanType::DnsName("other.example".try_into().unwrap())];
    };
    let changes: [fn(&mut rcgen::CertificateParams); 3] = [expired, early, of_another];
    for change in changes {
        let authority = authority_with(&[b"http/1.1"], change);
        let tls = Some(authority.acceptor.clone());
        let server = Server::with_tls(|_| async { answer(200, "fine") }, tls).await;
        let gate = trusting(&server.origin, Some(authority.pem.path()));
        let error = read(&gate, "/x").await.unwrap_err();
        let is_certificate = matches!(
            error,
            EgressError::Tls {
                certificate: true,
                ..
            }
        );
        assert!(is_certificate, "{error:?}");
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_a_bad_certificate() {
    let plain = raw(|mut tcp| async move {
        let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        read_head(&mut tcp).await;
    })
    .await;
    let origin = Origin::from_parts("https", &plain.authority()).unwrap();
    let error = read(&trusting(&origin, None), "/x").await.unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Tls {
                certificate: false,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_handshake_that_never_ends_meets_the_connect_deadline() {
    let silent = raw(|tcp| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(tcp);
    })
    .await;
    let origin = Origin::from_parts("https", &silent.authority()).unwrap();
    let started = Instant::now();
    let error = read(&gate(&origin), "/x").await.unwrap_err();
    assert!(
        matches!(
            error,
            EgressError::Timeout {
                phase: Phase::Connect,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_file_without_certificates_is_refused_by_name() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let error = Client::new(Some(empty.path()), Duration::from_secs(1), Proxies::none())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("BEGIN CERTIFICATE") && error.contains(&*empty.path().to_string_lossy()),
        "{error}"
    );
    assert!(
        Client::new(
            Some(std::path::Path::new("no-such-file.pem")),
            Duration::from_secs(1),
            Proxies::none()
        )
        .is_err()
    );
}
