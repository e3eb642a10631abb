//! `Text`, a short text that needs no heap: the paths and values of the network directory. What they say
//! is `directory`'s.

use std::fmt::{self, Write};

/// More than any path or value here has: an IPv6 address with scope and port takes 58, and a path puts
/// at most 12 before it.
const ROOM_BYTES: usize = 96;

/// A text of at most [`ROOM_BYTES`].
#[derive(Clone, Debug)]
pub(super) struct Text {
    bytes: [u8; ROOM_BYTES],
    len: usize,
}

impl Text {
    /// What `arguments` say.
    pub(super) fn of(arguments: fmt::Arguments<'_>) -> Text {
        let mut text = Text { bytes: [0; ROOM_BYTES], len: 0 };
        let written = text.write_fmt(arguments);
        debug_assert!(written.is_ok(), "no room for `{arguments}`");
        text
    }

    /// What `write` puts into the room it is given; it answers how much that was.
    pub(super) fn filled<E>(write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<Text, E> {
        let mut bytes = [0; ROOM_BYTES];
        let len = write(&mut bytes)?.min(ROOM_BYTES);
        Ok(Text { bytes, len })
    }

    /// The text; empty where it isn't one.
    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.bytes[self.len..].get_mut(..more.len()).ok_or(fmt::Error)?;
        room.copy_from_slice(more.as_bytes());
        self.len += more.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, SocketAddrV6};

    use super::*;

    #[test]
    fn the_longest_path_fits() {
        let longest = SocketAddrV6::new(Ipv6Addr::from_bits(u128::MAX), u16::MAX, u32::MAX, u32::MAX);
        let text = Text::of(format_args!("tcp/connect/{longest}"));
        assert_eq!(text.as_str(), format!("tcp/connect/{longest}"));
        let text = Text::of(format_args!("fd/{}/multicast_loop_v4", i32::MAX));
        assert_eq!(text.as_str(), "fd/2147483647/multicast_loop_v4");
    }

    #[test]
    fn what_is_no_text_reads_as_nothing() {
        let text = Text::filled(|bytes| {
            bytes[0] = 0xff;
            Ok::<_, fmt::Error>(1)
        });
        assert_eq!(text.expect("a text").as_str(), "");
    }
}
