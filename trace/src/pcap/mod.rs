//! What crossed the sockets, as pcapng: what Wireshark and tshark read. How a packet looks is `packet.rs`'s.

mod packet;

use crate::{BadTrace, Entry, Trace};
use packet::{Conversation, Segment};
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketBlock;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::{DataLink, PcapError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// 10⁻⁹ s, as pcapng writes a resolution.
const NANOSECONDS: u8 = 9;
const SYN: Segment = Segment { syn: true, fin: false, rst: false };
const DATA: Segment = Segment { syn: false, fin: false, rst: false };
const FIN: Segment = Segment { fin: true, ..DATA };
const RST: Segment = Segment { rst: true, ..DATA };

/// Writes the trace's bytes as packets, and tells how many.
///
/// A trace has bytes, not segments: each call that moved some is one packet, or several where they are too many for one,
/// at the time it ended. Handshakes and ends are where the guest opened, closed or learned of them.
///
/// # Errors
/// When the trace has no bytes in it, and those of `sink`.
pub fn write(trace: &Trace, sink: impl Write) -> io::Result<u64> {
    if !trace.header.data {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            BadTrace::at(
                1,
                "the bytes that were moved are not in this trace; `wasi-poll run --trace-data` writes them",
            ),
        ));
    }
    let mut writer = PcapNgWriter::new(sink).map_err(io_error)?;
    let interface = InterfaceDescriptionBlock {
        linktype: DataLink::RAW,
        snaplen: 0,
        options: vec![
            InterfaceDescriptionOption::IfName(Cow::Borrowed("wasi-poll")),
            InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
        ],
    };
    writer.write_pcapng_block(interface).map_err(io_error)?;
    let mut capture =
        Capture { writer, started_ns: trace.header.started_unix_ns, packets: 0, open: BTreeMap::new() };
    for entry in &trace.entries {
        capture.entry(entry)?;
    }
    Ok(capture.packets)
}

type Guest = Option<String>;

/// What is known of the sockets, and where their packets go.
struct Capture<W: Write> {
    writer: PcapNgWriter<W>,
    started_ns: u64,
    packets: u64,
    open: BTreeMap<(Guest, u32), Conversation>,
}

impl<W: Write> Capture<W> {
    fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        let key = |fd: u32| (entry.guest.clone(), fd);
        if let (Some(new), true) = (entry.new_fd, entry.succeeded()) {
            self.open.remove(&key(new));
            if let Some(conversation) = opened(entry) {
                self.open.insert(key(new), conversation);
                if !conversation.is_udp {
                    let accepted = entry.call == "sock_accept";
                    self.send(entry, new, !accepted, SYN, &[])?;
                    self.send(entry, new, accepted, SYN, &[])?;
                    self.send(entry, new, !accepted, DATA, &[])?;
                }
            }
        }
        let Some(fd) = entry.fd else { return Ok(()) };
        let is_reset = entry.answered("ECONNRESET");
        match &*entry.call {
            "fd_read" | "sock_recv" if is_reset => self.send(entry, fd, false, RST, &[]),
            // Looked at, and taken by another call.
            "sock_recv" if entry.flags.is_some_and(|flags| flags & 1 != 0) => Ok(()),
            "fd_read" | "sock_recv" if entry.bytes == Some(0) && entry.asked != Some(0) => {
                self.end(entry, fd, false)
            }
            "fd_read" | "sock_recv" => self.moved(entry, fd, false),
            "fd_write" | "sock_send" => self.moved(entry, fd, true),
            "sock_shutdown" if entry.succeeded() && entry.flags.is_some_and(|how| how & 2 != 0) => {
                self.end(entry, fd, true)
            }
            "fd_close" if entry.succeeded() => {
                self.end(entry, fd, true)?;
                self.open.remove(&key(fd));
                Ok(())
            }
            "fd_renumber" if entry.succeeded() && entry.onto.is_some_and(|onto| onto != fd) => {
                let onto = entry.onto.unwrap_or_default();
                self.end(entry, onto, true)?;
                self.open.remove(&key(onto));
                if let Some(moved) = self.open.remove(&key(fd)) {
                    self.open.insert(key(onto), moved);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Bytes of a call, in as many packets as they take.
    fn moved(&mut self, entry: &Entry, fd: u32, out: bool) -> io::Result<()> {
        /// An IP packet has at most 65,535 bytes, with headers.
        const PAYLOAD_BYTES: usize = 65_000;
        let Some(data) = entry.data.as_ref().filter(|_| entry.succeeded()) else { return Ok(()) };
        let bytes = data.0.get(entry.led_bytes.unwrap_or(0) as usize..).unwrap_or_default();
        if let (Some(peer), Some(conversation)) = (entry.peer, self.open.get_mut(&(entry.guest.clone(), fd)))
            && conversation.is_udp
        {
            conversation.peer = peer;
        }
        for payload in bytes.chunks(PAYLOAD_BYTES) {
            self.send(entry, fd, out, DATA, payload)?;
        }
        Ok(())
    }

    /// The end of one direction, once.
    fn end(&mut self, entry: &Entry, fd: u32, out: bool) -> io::Result<()> {
        let Some(conversation) = self.open.get_mut(&(entry.guest.clone(), fd)) else { return Ok(()) };
        let ended = if out { &mut conversation.ended_out } else { &mut conversation.ended_in };
        if conversation.is_udp || std::mem::replace(ended, true) {
            return Ok(());
        }
        self.send(entry, fd, out, FIN, &[])
    }

    fn send(
        &mut self,
        entry: &Entry,
        fd: u32,
        out: bool,
        segment: Segment,
        payload: &[u8],
    ) -> io::Result<()> {
        let Some(conversation) = self.open.get_mut(&(entry.guest.clone(), fd)) else { return Ok(()) };
        let packet = conversation.packet(out, segment, payload)?;
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: Duration::from_nanos(self.started_ns.saturating_add(entry.until_ns())),
            original_len: packet.len() as u32,
            data: Cow::Owned(packet),
            options: Vec::new(),
        };
        self.packets += 1;
        self.writer.write_pcapng_block(block).map(drop).map_err(io_error)
    }
}

/// The conversation of what this call opened, if it has one.
fn opened(entry: &Entry) -> Option<Conversation> {
    let path = entry.path.as_deref().unwrap_or_default();
    let is_udp = path.starts_with("udp/");
    let is_stream = entry.call == "sock_accept" || path.starts_with("tcp/connect/");
    if !is_udp && !is_stream {
        return None;
    }
    let nobody = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let told = path.rsplit('/').next().and_then(|address| address.parse().ok());
    let local = entry.local.unwrap_or(nobody);
    let peer = entry.peer.or(told.filter(|_| !is_udp)).unwrap_or(nobody);
    Some(Conversation::new(local, peer, is_udp))
}

fn io_error(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
