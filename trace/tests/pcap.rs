//! What crossed the sockets is what a reader of pcapng finds.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_file::pcapng::{Block, PcapNgReader};
use wasi_poll_trace::{Clock, Data, Entry, Header, Trace, World, pcap};

fn entry(mut entry: Entry, errno: &'static str) -> Entry {
    entry.errno = Some(errno.into());
    entry
}

fn moved(call: &'static str, fd: u32, at_ns: u64, bytes: &[u8]) -> Entry {
    let mut entry = entry(Entry::on(call, fd, at_ns), "ESUCCESS");
    entry.bytes = Some(bytes.len() as u32);
    entry.asked = Some(64);
    entry.data = Some(Data(bytes.to_vec()));
    entry
}

fn accepted() -> Entry {
    let mut accepted = entry(Entry::on("sock_accept", 3, 1_000), "ESUCCESS");
    accepted.new_fd = Some(4);
    accepted.local = Some("127.0.0.1:80".parse().unwrap());
    accepted.peer = Some("127.0.0.1:4000".parse().unwrap());
    accepted
}

fn trace(entries: Vec<Entry>) -> Trace {
    let mut header = Header::new(World::Run, Clock::Real);
    (header.data, header.started_unix_ns) = (true, 1_700_000_000_000_000_000);
    Trace { header, entries, cut: false }
}

/// Each packet: from port, to port, flags, sequence number, payload; and its time.
fn packets(trace: &Trace) -> Vec<(u16, u16, String, u32, Vec<u8>)> {
    let mut bytes = Vec::new();
    let written = pcap::write(trace, &mut bytes).unwrap();
    let mut reader = PcapNgReader::new(&bytes[..]).unwrap();
    let mut packets = Vec::new();
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap() else { continue };
        assert_eq!(packet.timestamp.as_secs(), 1_700_000_000);
        let sliced = SlicedPacket::from_ip(&packet.data).unwrap();
        assert!(matches!(sliced.net, Some(NetSlice::Ipv4(_) | NetSlice::Ipv6(_))));
        packets.push(match sliced.transport.unwrap() {
            TransportSlice::Tcp(tcp) => {
                let flags = [(tcp.syn(), 'S'), (tcp.ack(), 'A'), (tcp.fin(), 'F'), (tcp.rst(), 'R')];
                let flags = flags.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter).collect();
                let (from, to) = (tcp.source_port(), tcp.destination_port());
                (from, to, flags, tcp.sequence_number(), tcp.payload().to_vec())
            }
            TransportSlice::Udp(udp) => {
                (udp.source_port(), udp.destination_port(), "U".to_owned(), 0, udp.payload().to_vec())
            }
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(packets.len() as u64, written);
    packets
}

#[test]
fn a_connection_is_a_handshake_its_bytes_and_its_ends() {
    let mut end = moved("fd_read", 4, 4_000, b"");
    end.data = None;
    let trace = trace(vec![
        accepted(),
        moved("fd_read", 4, 2_000, b"hello"),
        moved("fd_write", 4, 3_000, b"hello!"),
        end,
        entry(Entry::on("fd_close", 4, 5_000), "ESUCCESS"),
    ]);
    let packet = |from, to, flags: &str, sequence, payload: &[u8]| {
        (from, to, flags.to_owned(), sequence, payload.to_vec())
    };
    assert_eq!(
        packets(&trace),
        [
            packet(4000, 80, "S", 0, b""),
            packet(80, 4000, "SA", 0, b""),
            packet(4000, 80, "A", 1, b""),
            packet(4000, 80, "A", 1, b"hello"),
            packet(80, 4000, "A", 1, b"hello!"),
            packet(4000, 80, "AF", 6, b""),
            packet(80, 4000, "AF", 7, b""),
        ]
    );
}

#[test]
fn bytes_only_looked_at_and_bytes_refused_are_no_packets() {
    let mut peek = moved("sock_recv", 4, 2_000, b"he");
    peek.flags = Some(1);
    let trace = trace(vec![accepted(), peek, entry(Entry::on("fd_read", 4, 3_000), "EAGAIN")]);
    assert_eq!(packets(&trace).len(), 3);
}

#[test]
fn a_reset_comes_from_the_peer() {
    let trace = trace(vec![accepted(), entry(Entry::on("fd_read", 4, 3_000), "ECONNRESET")]);
    assert_eq!(packets(&trace).last().unwrap().2, "AR");
}

#[test]
fn a_datagram_is_without_the_address_that_leads_it() {
    let mut opened = entry(Entry::on("path_open", 3, 0), "ESUCCESS");
    opened.path = Some("udp/bind/[::1]:53".to_owned());
    (opened.new_fd, opened.local) = (Some(5), Some("[::1]:53".parse().unwrap()));
    let mut datagram = moved("sock_recv", 5, 10, &[&[0; 32][..], b"query"].concat());
    (datagram.led_bytes, datagram.peer) = (Some(32), Some("[::1]:999".parse().unwrap()));
    assert_eq!(packets(&trace(vec![opened, datagram])), [(999, 53, "U".to_owned(), 0, b"query".to_vec())]);
}

#[test]
fn more_bytes_than_a_packet_holds_are_several() {
    let trace = trace(vec![accepted(), moved("fd_write", 4, 9, &[7; 150_000])]);
    let sizes: Vec<usize> = packets(&trace)[3..].iter().map(|packet| packet.4.len()).collect();
    assert_eq!(sizes, [65_000, 65_000, 20_000]);
}

#[test]
fn a_trace_without_bytes_says_how_to_get_them() {
    let mut trace = trace(vec![accepted()]);
    trace.header.data = false;
    let error = pcap::write(&trace, Vec::new()).unwrap_err();
    assert!(error.to_string().contains("--trace-data"), "{error}");
}
