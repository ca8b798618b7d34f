//! Which network addresses a granted origin may resolve to.
//!
//! A `data_url` names a host; DNS decides where that leads. Without this filter a name could lead to the machine's own
//! services, the local network or a cloud's metadata service. It is applied after DNS, and the connection goes only to
//! addresses that passed, so a second look-up can't swap them (DNS rebinding). wasm-host.md 2.3.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a client connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressRule {
    /// Any: the operator named the origin in the tenant file.
    Any,
    /// Public addresses only: the origin came from outside.
    PublicOnly,
}

/// An address that a granted origin may not lead to, and what kind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {kind}, and only public addresses may be fetched from")]
pub struct Prohibited {
    /// The address that was looked up.
    pub address: IpAddr,
    /// What it is, for a person: `a loopback address`, `a private network`...
    pub kind: &'static str,
}

/// IPv4 blocks that are not the public internet (IANA special-purpose registry): address, prefix length, what it is.
const V4_BLOCKS: [([u8; 4], u32, &str); 18] = [
    ([0, 0, 0, 0], 8, "an unspecified address"),
    ([10, 0, 0, 0], 8, "a private network"),
    ([100, 64, 0, 0], 10, "a carrier-grade NAT network"),
    ([100, 100, 100, 200], 32, "a cloud metadata address"),
    ([127, 0, 0, 0], 8, "a loopback address"),
    ([168, 63, 129, 16], 32, "a cloud metadata address"),
    ([169, 254, 0, 0], 16, "a link-local or metadata address"),
    ([172, 16, 0, 0], 12, "a private network"),
    ([192, 0, 0, 0], 24, "a protocol assignment"),
    ([192, 0, 2, 0], 24, "a documentation network"),
    ([192, 31, 196, 0], 24, "a special-purpose network"),
    ([192, 52, 193, 0], 24, "a special-purpose network"),
    ([192, 88, 99, 0], 24, "a relay network"),
    ([192, 168, 0, 0], 16, "a private network"),
    ([198, 18, 0, 0], 15, "a benchmarking network"),
    ([198, 51, 100, 0], 24, "a documentation network"),
    ([203, 0, 113, 0], 24, "a documentation network"),
    ([224, 0, 0, 0], 3, "a multicast or reserved address"),
];

/// IPv6 blocks inside 2000::/3 that are not the public internet; everything outside 2000::/3 is refused anyway.
const V6_BLOCKS: [([u16; 8], u32, &str); 5] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "a protocol assignment"),
    (
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0],
        32,
        "a documentation network",
    ),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "a 6to4 relay network"),
    (
        [0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0],
        48,
        "a special-purpose network",
    ),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "a documentation network"),
];

/// Passes a public unicast address, refuses every other one.
///
/// # Errors
/// [`Prohibited`] with the kind of address. IPv4 addresses inside IPv6 ones (mapped, NAT64) are treated as IPv4.
pub fn public_address(address: IpAddr) -> Result<(), Prohibited> {
    let kind = match address {
        IpAddr::V4(v4) => v4_kind(v4),
        IpAddr::V6(v6) => v6_kind(v6),
    };
    kind.map_or(Ok(()), |kind| Err(Prohibited { address, kind }))
}

fn v4_kind(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    V4_BLOCKS.iter().find_map(|(base, prefix, kind)| {
        let mask = u32::MAX << (32 - prefix);
        (bits & mask == u32::from_be_bytes(*base) & mask).then_some(*kind)
    })
}

fn v6_kind(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(v4) = embedded_v4(address) {
        return v4_kind(v4);
    }
    let bits = address.to_bits();
    let named = V6_BLOCKS.iter().find_map(|(base, prefix, kind)| {
        let mask = u128::MAX << (128 - prefix);
        (bits & mask == Ipv6Addr::from(*base).to_bits() & mask).then_some(*kind)
    });
    named.or_else(|| match address {
        a if a.is_unspecified() => Some("an unspecified address"),
        a if a.is_loopback() => Some("a loopback address"),
        a if a.is_multicast() => Some("a multicast or reserved address"),
        a if a.is_unicast_link_local() => Some("a link-local or metadata address"),
        a if a.is_unique_local() => Some("a private network"),
        a if a.segments()[0] & 0xe000 != 0x2000 => Some("a reserved address"),
        _ => None,
    })
}

/// The IPv4 address in `::ffff:a.b.c.d` (mapped) and `64:ff9b::a.b.c.d` (NAT64).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let nat64 = address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
    if nat64 {
        return Some(Ipv4Addr::from_bits(
            (address.to_bits() & u128::from(u32::MAX)) as u32,
        ));
    }
    address.to_ipv4_mapped()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_public_are_refused() {
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.254",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.9",
            "203.0.113.5",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "ff02::1",
            "100::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
            "4000::1",
        ];
        for text in refused {
            assert!(
                public_address(text.parse().unwrap()).is_err(),
                "{text} passed"
            );
        }
    }

    #[test]
    fn public_addresses_pass() {
        let passed = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ];
        for text in passed {
            assert_eq!(
                public_address(text.parse().unwrap()),
                Ok(()),
                "{text} was refused"
            );
        }
    }

    #[test]
    fn a_refusal_says_what_the_address_is() {
        let refusal = public_address("::ffff:169.254.169.254".parse().unwrap()).unwrap_err();
        assert!(refusal.to_string().contains("metadata"), "{refusal}");
    }
}
