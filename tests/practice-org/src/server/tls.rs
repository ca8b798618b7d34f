//! HTTPS with a certificate authority of the org's own (salesforce-api.md 10.1: some clients insist on TLS).
//!
//! One port serves both: a connection that begins like TLS is TLS, everything else is plain HTTP. A plain `CONNECT` is
//! answered as a proxy would and leads back to this org whatever host it names, so that clients with a fixed login host
//! reach it through `HTTPS_PROXY`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Names that the certificate is good for: loopback, and the hosts that clients insist on.
const NAMES: [&str; 6] = [
    "localhost",
    "127.0.0.1",
    "::1",
    "*.salesforce.com",
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
];
/// First byte of a TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;
/// Longest head of a `CONNECT` that is read.
const MAX_CONNECT: usize = 8_192;

/// The certificates could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Making them failed.
    #[error("cannot make certificates: {0}")]
    Make(#[from] rcgen::Error),
    /// Using them failed.
    #[error("cannot use the certificates: {0}")]
    Use(#[from] rustls::Error),
    /// The authority's file could not be written.
    #[error("cannot write the certificate authority: {0}")]
    Write(#[from] io::Error),
}

/// Shows a certificate of an authority whose key is not kept.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// A new authority, its certificate written to `file`, and a certificate for this org.
    pub fn create(file: &Path, host: std::net::IpAddr) -> Result<Self, TlsError> {
        let named = |name: &str| {
            let mut names = DistinguishedName::new();
            names.push(DnType::CommonName, name);
            names
        };
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.distinguished_name = named("Practice org certificate authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
        names.push(host.to_string());
        let mut own = CertificateParams::new(names)?;
        own.distinguished_name = named("Practice org");
        own.use_authority_key_identifier_extension = true;
        own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = own.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        std::fs::write(file, authority_pem)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// Takes a connection: TLS, plain, or either behind a `CONNECT`.
    pub async fn accept(&self, mut stream: TcpStream) -> io::Result<Accepted> {
        let mut first = [0; 8];
        let mut seen = stream.peek(&mut first).await?;
        if first[..seen].starts_with(b"CONNECT ") {
            connect(&mut stream).await?;
            seen = stream.peek(&mut first).await?;
        }
        if seen > 0 && first[0] == HANDSHAKE {
            let tls = self.acceptor.accept(stream).await?;
            Ok(Accepted::Secure(Box::new(tls)))
        } else {
            Ok(Accepted::Plain(stream))
        }
    }
}

/// A connection whose kind is known.
pub enum Accepted {
    /// TLS.
    Secure(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    /// Plain TCP.
    Plain(TcpStream),
}

/// Reads a `CONNECT` and agrees to it.
async fn connect(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > MAX_CONNECT {
            return Err(io::Error::other("a CONNECT without an end"));
        }
        head.push(stream.read_u8().await?);
    }
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
}
