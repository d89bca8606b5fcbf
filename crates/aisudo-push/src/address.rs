//! Which addresses belong to the whole world.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::allowed::Reach;

/// Whether a service that may have these addresses may have this one.
pub(crate) fn is_within(reach: Reach, address: IpAddr) -> bool {
    match reach {
        Reach::Public => is_public(address),
        Reach::Loopback => address.to_canonical().is_loopback(),
        Reach::Any => true,
    }
}

/// Whether it is nobody's own: not of this machine, its network, or for a special use (IANA's
/// registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // "This network", and what is not given out: 240.0.0.0/4 with the broadcast.
        [0 | 240.., ..] => true,
        // Shared by the customers of a provider (RFC 6598).
        [100, second, ..] => second & 0xc0 == 64,
        // Protocols' own; the former anycast of 6to4.
        [192, 0, 0, _] | [192, 88, 99, _] => true,
        // Benchmarks (RFC 2544).
        [198, 18 | 19, ..] => true,
        _ => false,
    };
    !(special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // NAT64: the address behind it counts (RFC 6052). A network without IPv4 has no others.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4(high, low)),
        // Protocols' own, among them Teredo, which has an address of IPv4 in it.
        [0x2001, second, ..] if second < 0x200 => false,
        // Documentation.
        [0x2001, 0xdb8, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        // 6to4: the same as Teredo.
        [0x2002, ..] => false,
        // What is given out to the world: 2000::/3. Not in it are ::1, IPv4 in IPv6's clothes, what is
        // unique to a network, link-local, multicast.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn addresses_of_the_world() {
        for text in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "3fff:1000::1",
            "64:ff9b::101:101",
        ] {
            assert!(is_within(Reach::Public, address(text)), "{text}");
        }
    }

    #[test]
    fn addresses_of_this_machine_its_network_and_nobody() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::101:101",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_within(Reach::Public, address(text)), "{text}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (text, expected) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("1.1.1.1", false),
            ("fe80::1", false),
        ] {
            assert_eq!(
                is_within(Reach::Loopback, address(text)),
                expected,
                "{text}"
            );
            assert!(is_within(Reach::Any, address(text)), "{text}");
        }
    }
}
