//! The attributes of a socket in `/net/fd/N/`: their names, and their values as text.

use crate::{Errno, Group, SocketOption};
use std::str::FromStr;

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Local,
    Peer,
    Error,
    Option(SocketOption),
    /// Joins (`true`) or leaves a group, of IPv4 or (`v6`) IPv6.
    Membership {
        join: bool,
        v6: bool,
    },
}

const NAMES: [(&str, Attribute); 14] = [
    ("local", Attribute::Local),
    ("peer", Attribute::Peer),
    ("error", Attribute::Error),
    ("nodelay", Attribute::Option(SocketOption::Nodelay)),
    ("ttl", Attribute::Option(SocketOption::Ttl)),
    ("only_v6", Attribute::Option(SocketOption::OnlyV6)),
    ("broadcast", Attribute::Option(SocketOption::Broadcast)),
    ("multicast_loop_v4", Attribute::Option(SocketOption::MulticastLoopV4)),
    ("multicast_ttl_v4", Attribute::Option(SocketOption::MulticastTtlV4)),
    ("multicast_loop_v6", Attribute::Option(SocketOption::MulticastLoopV6)),
    ("join_v4", Attribute::Membership { join: true, v6: false }),
    ("leave_v4", Attribute::Membership { join: false, v6: false }),
    ("join_v6", Attribute::Membership { join: true, v6: true }),
    ("leave_v6", Attribute::Membership { join: false, v6: true }),
];

impl Attribute {
    /// The attribute of that name.
    pub(crate) fn named(name: &str) -> Option<Attribute> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, attribute)| *attribute)
    }
}

/// A number an option can be set to.
///
/// # Errors
/// `ENOPROTOOPT` for an option that can't be set, `EINVAL` for a number it can't have.
pub(crate) fn parse_option(option: SocketOption, value: &str) -> Result<u32, Errno> {
    let allowed = match option {
        SocketOption::OnlyV6 => return Err(Errno::Noprotoopt),
        SocketOption::Ttl => 1..=255,
        SocketOption::MulticastTtlV4 => 0..=255,
        _ => 0..=1,
    };
    let number = value.parse().map_err(|_| Errno::Inval)?;
    if allowed.contains(&number) { Ok(number) } else { Err(Errno::Inval) }
}

/// A group and an interface, as `join_v4` and its like take them.
///
/// # Errors
/// `EINVAL` when it is not two words of the right kind.
pub(crate) fn parse_group(v6: bool, value: &str) -> Result<Group, Errno> {
    fn parse<T: FromStr>(word: &str) -> Result<T, Errno> {
        word.parse().map_err(|_| Errno::Inval)
    }
    let (group, interface) = value.split_once(' ').ok_or(Errno::Inval)?;
    Ok(if v6 {
        Group::V6(parse(group)?, parse(interface)?)
    } else {
        Group::V4(parse(group)?, parse(interface)?)
    })
}
