//! A connection to a push service.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use crate::{
    address::is_within,
    allowed::Reach,
    origin::{Origin, Scheme},
};

/// How long one address may take to answer, so that a dead one leaves time for the next.
const ONE_ADDRESS: Duration = Duration::from_secs(3);

/// How many addresses of each kind (IPv4, IPv6) are tried.
const ADDRESSES_PER_KIND: usize = 2;

/// What HTTP is spoken on.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Connects; says in a sentence why it cannot.
pub(crate) async fn connect(
    origin: &Origin,
    reach: Reach,
    tls: &TlsConnector,
) -> Result<Box<dyn Stream>, String> {
    let addresses = resolve(origin, reach).await?;
    let stream = connect_to_one(&addresses)
        .await
        .map_err(|error| format!("{origin} cannot be reached: {error}"))?;
    match origin.scheme {
        Scheme::Http => Ok(Box::new(stream)),
        Scheme::Https => {
            let name = ServerName::try_from(origin.host.clone())
                .map_err(|error| format!("{origin}: {error}"))?;
            let stream = tls.connect(name, stream).await.map_err(|error| {
                format!("no TLS with {origin}: {error}; check this machine's clock, its CA certificates and what is between")
            })?;
            Ok(Box::new(stream))
        }
    }
}

/// Asks once, so that what was looked at is what is connected to.
async fn resolve(origin: &Origin, reach: Reach) -> Result<Vec<SocketAddr>, String> {
    let found: Vec<SocketAddr> = lookup_host((origin.host.as_str(), origin.port))
        .await
        .map_err(|error| format!("{} has no address: {error}", origin.host))?
        .collect();
    let within: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| is_within(reach, address.ip()))
        .collect();
    if within.is_empty() {
        return Err(format!(
            "{} has no address in the public Internet here: refused; check this machine's DNS",
            origin.host
        ));
    }
    Ok(some_of_each_kind(&within))
}

/// In the system's order: what it prefers comes first.
fn some_of_each_kind(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let (mut v4, mut v6) = (0, 0);
    let mut is_early = |address: &SocketAddr| {
        let count = match address.ip() {
            IpAddr::V4(_) => &mut v4,
            IpAddr::V6(_) => &mut v6,
        };
        *count += 1;
        *count <= ADDRESSES_PER_KIND
    };
    addresses
        .iter()
        .filter(|address| is_early(address))
        .copied()
        .collect()
}

async fn connect_to_one(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(ONE_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(late) => failure = late.into(),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::read(url).unwrap().0
    }

    /// As when a public name was made to lead here.
    #[tokio::test]
    async fn a_public_service_is_not_on_this_machine() {
        let origin = origin("https://localhost:1");
        let error = resolve(&origin, Reach::Public).await.unwrap_err();
        assert!(error.contains("refused"), "{error}");
        for reach in [Reach::Any, Reach::Loopback] {
            let found = resolve(&origin, reach).await.unwrap();
            assert!(found.iter().all(|address| address.ip().is_loopback()));
        }
    }

    #[test]
    fn a_few_addresses_of_each_kind() {
        let addresses = |hosts: &[&str]| -> Vec<SocketAddr> {
            hosts
                .iter()
                .map(|host| (host.parse::<IpAddr>().unwrap(), 443).into())
                .collect()
        };
        assert_eq!(
            some_of_each_kind(&addresses(&["2a00::1", "2a00::2", "2a00::3", "1.1.1.1"])),
            addresses(&["2a00::1", "2a00::2", "1.1.1.1"])
        );
        assert_eq!(
            some_of_each_kind(&addresses(&["1.1.1.1", "1.1.1.2", "1.1.1.3"])),
            addresses(&["1.1.1.1", "1.1.1.2"])
        );
    }
}
