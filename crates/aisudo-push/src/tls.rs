//! TLS, and whose certificates are believed.

use std::{fmt, sync::Arc};

use rustls_native_certs::{CertificateResult, load_native_certs};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, crypto::ring::default_provider, pki_types::CertificateDer,
    },
};

/// TLS that believes the system's certificate authorities (on Debian, the package ca-certificates).
pub(crate) fn of_system() -> Result<TlsConnector, NoTls> {
    of_store(load_native_certs())
}

fn of_store(found: CertificateResult) -> Result<TlsConnector, NoTls> {
    let roots = roots(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(ToString::to_string);
        return Err(NoTls::NoAuthorities(why));
    }
    trusting(roots)
}

/// TLS that believes these.
pub(crate) fn of(certificates: Vec<Vec<u8>>) -> Result<TlsConnector, NoTls> {
    trusting(roots(certificates.into_iter().map(CertificateDer::from)))
}

/// What is no certificate is left out: a system's store may have some that rustls cannot read.
fn roots(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates);
    roots
}

fn trusting(roots: RootCertStore) -> Result<TlsConnector, NoTls> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| NoTls::Unusable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config).into())
}

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoTls {
    /// The system has no certificate authorities; with what was wrong with its store, if anything was.
    NoAuthorities(Option<String>),
    /// The TLS library refused.
    Unusable(String),
}

impl fmt::Display for NoTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAuthorities(why) => {
                f.write_str("this machine has no CA certificates")?;
                if let Some(why) = why {
                    write!(f, " ({why})")?;
                }
                f.write_str("; install the package ca-certificates")
            }
            Self::Unusable(why) => write!(f, "TLS cannot be used: {why}"),
        }
    }
}

impl std::error::Error for NoTls {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_authorities_says_what_to_do() {
        let mut found = CertificateResult::default();
        for _ in 0..2 {
            let error = of_store(found).err().unwrap();
            assert_eq!(
                error.to_string(),
                "this machine has no CA certificates; install the package ca-certificates"
            );
            found = CertificateResult::default();
            found.certs.push(b"no certificate".to_vec().into());
        }
    }
}
