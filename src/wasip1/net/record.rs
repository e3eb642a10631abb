//! The address record that leads a datagram of a socket that isn't connected: its layout and no more. When
//! there is one is `udp_socket`'s.
//!
//! Little-endian: the family, 4 or 6, at 0 (2 bytes); the port at 2 (2); an IPv6 flow label at 4 (4); the
//! address at 8 (16, of which IPv4 takes the first 4); an IPv6 scope at 24 (4); the rest is 0.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// How long a record is.
pub(super) const ADDRESS_BYTES: usize = 32;

const IPV4: u16 = 4;
const IPV6: u16 = 6;

/// The record of `address`.
pub(super) fn encode(address: SocketAddr) -> [u8; ADDRESS_BYTES] {
    let mut record = [0; ADDRESS_BYTES];
    let family = if address.is_ipv4() { IPV4 } else { IPV6 };
    record[0..2].copy_from_slice(&family.to_le_bytes());
    record[2..4].copy_from_slice(&address.port().to_le_bytes());
    match address.ip() {
        IpAddr::V4(ip) => record[8..12].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => record[8..24].copy_from_slice(&ip.octets()),
    }
    if let SocketAddr::V6(address) = address {
        record[4..8].copy_from_slice(&address.flowinfo().to_le_bytes());
        record[24..28].copy_from_slice(&address.scope_id().to_le_bytes());
    }
    record
}

/// The address in `record`; `None` for a family that is none.
pub(super) fn decode(record: &[u8; ADDRESS_BYTES]) -> Option<SocketAddr> {
    let port = u16::from_le_bytes(bytes_at(record, 2));
    match u16::from_le_bytes(bytes_at(record, 0)) {
        IPV4 => {
            let ip = Ipv4Addr::from_octets(bytes_at(record, 8));
            Some(SocketAddrV4::new(ip, port).into())
        }
        IPV6 => {
            let ip = Ipv6Addr::from_octets(bytes_at(record, 8));
            let flow = u32::from_le_bytes(bytes_at(record, 4));
            let scope = u32::from_le_bytes(bytes_at(record, 24));
            Some(SocketAddrV6::new(ip, port, flow, scope).into())
        }
        _ => None,
    }
}

fn bytes_at<const N: usize>(record: &[u8; ADDRESS_BYTES], offset: usize) -> [u8; N] {
    std::array::from_fn(|place| record[offset + place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_has_its_bytes_where_the_protocol_says() {
        let address = "10.1.2.3:258".parse().expect("an address in a test");
        let mut record = [0; ADDRESS_BYTES];
        record[0] = 4;
        record[2..4].copy_from_slice(&[2, 1]);
        record[8..12].copy_from_slice(&[10, 1, 2, 3]);
        assert_eq!(encode(address), record);
        assert_eq!(decode(&record), Some(address));
    }

    #[test]
    fn an_ipv6_address_keeps_flow_label_and_scope() {
        let address = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 9, 0x0102_0304, 7).into();
        let record = encode(address);
        assert_eq!(record[..10], [6, 0, 9, 0, 4, 3, 2, 1, 0, 0]);
        assert_eq!(record[23..], [1, 7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(decode(&record), Some(address));
    }

    #[test]
    fn another_family_is_no_address() {
        assert_eq!(decode(&[0; ADDRESS_BYTES]), None);
    }
}
