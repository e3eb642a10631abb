//! The record of a socket's address that leads datagrams, encoded and decoded.
//!
//! Offsets and widths are in bytes.
//!
//! | address (32, not aligned), which leads datagrams | offset | width |
//! |---|---|---|
//! | family: 4 or 6 | 0 | 2 |
//! | port | 2 | 2 |
//! | flow label (IPv6) | 4 | 4 |
//! | address, IPv4 in the first 4 bytes | 8 | 16 |
//! | scope (IPv6) | 24 | 4 |

use super::{u16_at, u32_at};
use crate::Errno;
use std::net::{SocketAddr, SocketAddrV6};

/// Bytes in an address record.
pub const ADDRESS_BYTES: usize = 32;

/// Decodes an address record.
///
/// # Errors
/// `EINVAL` for an unknown family.
pub fn decode_address(record: &[u8; ADDRESS_BYTES]) -> Result<SocketAddr, Errno> {
    let port = u16_at(record, 2);
    let mut octets = [0; 16];
    octets.copy_from_slice(&record[8..24]);
    match u16_at(record, 0) {
        4 => Ok(SocketAddr::from(([octets[0], octets[1], octets[2], octets[3]], port))),
        6 => Ok(SocketAddrV6::new(octets.into(), port, u32_at(record, 4), u32_at(record, 24)).into()),
        _ => Err(Errno::Inval),
    }
}

/// Encodes an address record.
pub fn encode_address(address: SocketAddr) -> [u8; ADDRESS_BYTES] {
    let mut record = [0; ADDRESS_BYTES];
    record[2..4].copy_from_slice(&address.port().to_le_bytes());
    match address {
        SocketAddr::V4(address) => {
            record[0] = 4;
            record[8..12].copy_from_slice(&address.ip().octets());
        }
        SocketAddr::V6(address) => {
            record[0] = 6;
            record[4..8].copy_from_slice(&address.flowinfo().to_le_bytes());
            record[8..24].copy_from_slice(&address.ip().octets());
            record[24..28].copy_from_slice(&address.scope_id().to_le_bytes());
        }
    }
    record
}
