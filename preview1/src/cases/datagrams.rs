//! How datagrams move: whole, led by an address or bare, and what a poll tells of them.

use super::guest::{
    BUFFER, BYTES, FD, IOVECS, NONBLOCK, PEEK, ROFLAGS, errno, is_misaligned, is_out_of_bounds,
};
use super::{DatagramPeer, Guest, Rig};
use crate::net_dir::Grants;
use crate::record::{ADDRESS_BYTES, encode_address};
use crate::{Closed, Errno, Limits, Watch};

const RECORD: u32 = ADDRESS_BYTES as u32;

/// A datagram socket that is connected to a peer.
fn connected<R: Rig>(guest: &mut Guest<R>, flags: u32) -> (u32, DatagramPeer<R>) {
    let peer = DatagramPeer::new(guest);
    let (fd, _) = guest.bound(flags);
    guest.set_attribute(fd, "peer", &peer.address.to_string()).unwrap();
    (fd, peer)
}

pub fn a_datagram_is_led_by_its_senders_address<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    let (mut one, mut two) = (DatagramPeer::new(&mut guest), DatagramPeer::new(&mut guest));
    for peer in [&mut one, &mut two] {
        peer.sends(&mut guest, b"question", address);
        assert_eq!(guest.recv_from(fd, 64, 0), Ok((b"question".to_vec(), peer.address)));
        assert_eq!(guest.send_to(fd, b"answer", peer.address), Ok(6));
        assert_eq!(peer.hears(&mut guest, b"answer"), address);
    }
}

pub fn a_connected_datagram_socket_sends_and_receives_bare_datagrams<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, mut peer) = connected(&mut guest, 0);
    assert_eq!(guest.attribute(fd, "peer"), Ok(peer.address.to_string()));
    let address = guest.local(fd);
    assert_eq!(guest.send(fd, b"question"), Ok(8));
    assert_eq!(peer.hears(&mut guest, b"question"), address);
    peer.sends(&mut guest, b"answer", address);
    assert_eq!(guest.recv(fd, 64, 0), Ok(b"answer".to_vec()));
}

pub fn a_connected_datagram_socket_hears_nobody_else<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, mut peer) = connected(&mut guest, NONBLOCK);
    let address = guest.local(fd);
    let mut stranger = DatagramPeer::new(&mut guest);
    stranger.sends(&mut guest, b"strange", address);
    guest.is_quiet(&[Watch::Read(fd)]);
    assert_eq!(guest.recv(fd, 64, 0), errno(Errno::Again));
    peer.sends(&mut guest, b"known", address);
    guest.hears(fd, b"known");
    // Connected anew, it hears the other.
    guest.set_attribute(fd, "peer", &stranger.address.to_string()).unwrap();
    peer.sends(&mut guest, b"known", address);
    guest.is_quiet(&[Watch::Read(fd)]);
    stranger.sends(&mut guest, b"strange", address);
    guest.hears(fd, b"strange");
}

pub fn datagrams_keep_their_bounds_and_their_order<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, mut peer) = connected(&mut guest, NONBLOCK);
    let address = guest.local(fd);
    for bytes in [&b"a"[..], b"", b"bcd"] {
        peer.sends(&mut guest, bytes, address);
    }
    for bytes in [&b"a"[..], b"", b"bcd"] {
        guest.arrives(Watch::Read(fd));
        assert_eq!(guest.recv(fd, 64, 0), Ok(bytes.to_vec()));
    }
    assert_eq!(guest.recv(fd, 64, 0), errno(Errno::Again));
}

pub fn an_empty_datagram_is_sent_and_received<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, mut peer) = connected(&mut guest, 0);
    let address = guest.local(fd);
    assert_eq!(guest.send(fd, b""), Ok(0));
    peer.hears(&mut guest, b"");
    peer.sends(&mut guest, b"", address);
    assert_eq!(guest.recv(fd, 64, 0), Ok(vec![]));
    assert!(!guest.was_truncated());
    // It is no end: what comes next is heard.
    peer.sends(&mut guest, b"next", address);
    assert!(!guest.arrives(Watch::Read(fd)).hangup);
    guest.hears(fd, b"next");
    let (fd, address) = guest.bound(0);
    peer.sends(&mut guest, b"", address);
    assert_eq!(guest.recv_from(fd, 0, 0), Ok((vec![], peer.address)));
    assert_eq!(guest.send_to(fd, b"", peer.address), Ok(0));
    assert_eq!(peer.hears(&mut guest, b""), address);
}

pub fn a_datagram_loses_what_there_is_no_room_for<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(NONBLOCK);
    let mut peer = DatagramPeer::new(&mut guest);
    for (most, kept, truncated) in [(3, &b"lon"[..], true), (0, b"", true), (4, b"long", false)] {
        peer.sends(&mut guest, b"long", address);
        guest.arrives(Watch::Read(fd));
        assert_eq!(guest.recv_from(fd, most, 0), Ok((kept.to_vec(), peer.address)));
        assert_eq!(guest.was_truncated(), truncated, "{most} bytes of room");
        assert_eq!(guest.recv_from(fd, 64, 0), errno(Errno::Again), "the rest is lost");
    }
}

pub fn a_peeked_datagram_stays<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    let mut peer = DatagramPeer::new(&mut guest);
    peer.sends(&mut guest, b"stays", address);
    assert_eq!(guest.recv_from(fd, 2, PEEK), Ok((b"st".to_vec(), peer.address)));
    assert!(guest.was_truncated());
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv_from(fd, 64, PEEK), Ok((b"stays".to_vec(), peer.address)));
    assert_eq!(guest.recv_from(fd, 64, 0), Ok((b"stays".to_vec(), peer.address)));
    guest.is_quiet(&[Watch::Read(fd)]);
}

pub fn buffers_without_room_for_the_address_are_einval<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(NONBLOCK);
    let mut peer = DatagramPeer::new(&mut guest);
    peer.sends(&mut guest, b"here", address);
    guest.arrives(Watch::Read(fd));
    for short in [0, 1, RECORD - 1] {
        assert_eq!(guest.recv(fd, short, 0), errno(Errno::Inval));
        assert_eq!(guest.send(fd, &[4; 31][..short as usize]), errno(Errno::Inval));
    }
    assert_eq!(guest.recv_from(fd, 64, 0), Ok((b"here".to_vec(), peer.address)), "nothing was taken");
}

pub fn an_address_of_no_family_is_einval<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    for family in [0, 1, 2, 5, 10, 255] {
        let mut record = encode_address(address);
        record[0] = family;
        assert_eq!(guest.send(fd, &record), errno(Errno::Inval), "{family}");
        record[..2].copy_from_slice(&[4, family.max(1)]);
        assert_eq!(guest.send(fd, &record), errno(Errno::Inval), "{family}");
    }
}

pub fn a_datagram_socket_is_writable_and_quiet_until_a_datagram_comes<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(NONBLOCK);
    let mut peer = DatagramPeer::new(&mut guest);
    let ready = guest.arrives(Watch::Write(fd));
    assert!(!ready.hangup && ready.error.is_none());
    guest.is_quiet(&[Watch::Read(fd)]);
    peer.sends(&mut guest, b"one", address);
    peer.sends(&mut guest, b"two", address);
    for bytes in [b"one", b"two"] {
        assert!(guest.arrives(Watch::Read(fd)).bytes > 0);
        assert_eq!(guest.recv_from(fd, 64, 0).unwrap().0, bytes);
    }
    assert_eq!(guest.recv_from(fd, 64, 0), errno(Errno::Again));
    guest.is_quiet(&[Watch::Read(fd)]);
    assert_eq!(guest.ready_now(&[Watch::Read(fd), Watch::Write(fd)]).len(), 1);
    peer.sends(&mut guest, b"three", address);
    guest.arrives(Watch::Read(fd));
}

pub fn a_blocking_receive_waits_for_a_datagram<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    let (other, _) = guest.bound(0);
    assert_eq!(guest.send_to(other, b"late", address), Ok(4));
    assert_eq!(guest.recv_from(fd, 64, 0).unwrap().0, b"late");
}

pub fn a_program_that_never_polls_sees_new_datagrams<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(NONBLOCK);
    let mut peer = DatagramPeer::new(&mut guest);
    assert_eq!(guest.recv_from(fd, 64, 0), errno(Errno::Again));
    peer.sends(&mut guest, b"here", address);
    let give_up_ns = guest.now_ns() + 5_000_000_000;
    while guest.recv_from(fd, 64, 0) == errno(Errno::Again) {
        assert!(guest.now_ns() < give_up_ns, "the datagram never comes");
    }
}

pub fn a_refused_datagram_is_an_error_once<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (gone, nobody) = guest.bound(0);
    let (fd, address) = guest.bound(NONBLOCK);
    assert_eq!(guest.process.fd_close(gone), Ok(Closed::Whole));
    guest.set_attribute(fd, "peer", &nobody.to_string()).unwrap();
    for told_by in ["recv", "send", "error"] {
        assert_eq!(guest.send(fd, b"anybody?"), Ok(8));
        let ready = guest.arrives(Watch::Read(fd));
        assert_eq!(ready.error, Some(Errno::Connrefused));
        match told_by {
            "recv" => assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Connrefused)),
            "send" => assert_eq!(guest.send(fd, b"?"), errno(Errno::Connrefused)),
            _ => {
                let refused = Errno::Connrefused.raw().to_string();
                assert_eq!(guest.attribute(fd, "error"), Ok(refused));
            }
        }
        assert_eq!(guest.attribute(fd, "error"), Ok("0".into()), "after {told_by}");
        guest.is_quiet(&[Watch::Read(fd)]);
        let ready = guest.arrives(Watch::Write(fd));
        assert!(!ready.hangup && ready.error.is_none(), "after {told_by}: {ready:?}");
    }
    // The socket itself is as good as ever.
    let mut peer = DatagramPeer::new(&mut guest);
    guest.set_attribute(fd, "peer", &peer.address.to_string()).unwrap();
    peer.sends(&mut guest, b"hello", address);
    guest.hears(fd, b"hello");
}

pub fn a_datagram_longer_than_any_is_emsgsize<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, mut peer) = connected(&mut guest, 0);
    assert_eq!(guest.send(fd, &vec![0; 65_508]), errno(Errno::Msgsize));
    let twice = [(BUFFER, 60_000); 3];
    assert_eq!(guest.write(fd, &twice), errno(Errno::Msgsize));
    assert_eq!(guest.send(fd, b"short"), Ok(5));
    peer.hears(&mut guest, b"short");
}

pub fn a_datagram_is_gathered_from_buffers_and_spread_over_them<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    let mut peer = DatagramPeer::new(&mut guest);
    let record = encode_address(peer.address);
    guest.put(BUFFER, &record);
    guest.put(BUFFER + 100, b"hello");
    // The address lies in two buffers, and the bytes in two.
    let out = [(BUFFER, 5), (BUFFER + 5, 27), (BUFFER + 100, 2), (BUFFER, 0), (BUFFER + 102, 3)];
    assert_eq!(guest.write(fd, &out), Ok(RECORD + 5));
    assert_eq!(peer.hears(&mut guest, b"hello"), address);
    peer.sends(&mut guest, b"world", address);
    let into = [(BUFFER + 200, 31), (BUFFER + 300, 3), (BUFFER + 400, 9)];
    assert_eq!(guest.read(fd, &into), Ok(RECORD + 5));
    assert_eq!(guest.bytes_at(BUFFER + 200, 31), &record[..31]);
    assert_eq!(guest.bytes_at(BUFFER + 300, 3), [record[31], b'w', b'o']);
    assert_eq!(guest.bytes_at(BUFFER + 400, 4), b"rld\0");
    // The address has a buffer of its own, before the bytes, behind them, and under them.
    for (first, second) in [(500, 600), (600, 500), (500, 530)] {
        peer.sends(&mut guest, b"again", address);
        assert_eq!(guest.read(fd, &[(BUFFER + first, RECORD), (BUFFER + second, 40)]), Ok(RECORD + 5));
        assert_eq!(guest.bytes_at(BUFFER + first, 30), &record[..30]);
        assert_eq!(guest.bytes_at(BUFFER + second, 5), b"again");
    }
}

pub fn a_datagram_with_a_bad_pointer_traps_and_is_still_there<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, mut peer) = connected(&mut guest, NONBLOCK);
    let address = guest.local(fd);
    peer.sends(&mut guest, b"here", address);
    guest.arrives(Watch::Read(fd));
    let end = super::guest::MEMORY_BYTES;
    guest.lay_out(&[(BUFFER, 9), (end - 8, 9)]);
    for (count, bytes, roflags) in [(2, BYTES, ROFLAGS), (1, end - 3, ROFLAGS), (1, BYTES, end - 1)] {
        let received =
            guest.finish(|process, memory| process.sock_recv(memory, fd, IOVECS, count, 0, bytes, roflags));
        assert!(is_out_of_bounds(&received));
    }
    let sent = guest.finish(|process, memory| process.sock_send(memory, fd, IOVECS, 2, 0, BYTES));
    assert!(is_out_of_bounds(&sent));
    let sent = guest.finish(|process, memory| process.fd_write(memory, fd, IOVECS, 1, FD + 2));
    assert!(is_misaligned(&sent));
    assert_eq!(guest.recv(fd, 64, 0), Ok(b"here".to_vec()));
    assert_eq!(guest.send(fd, b"first"), Ok(5));
    peer.hears(&mut guest, b"first");
}

pub fn stream_calls_on_a_datagram_socket_are_refused<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, _) = guest.bound(0);
    assert_eq!(guest.accept(fd, 0), errno(Errno::Inval));
    assert_eq!(guest.send(fd, b""), errno(Errno::Inval));
    for how in [1, 2, 3] {
        assert_eq!(guest.process.sock_shutdown(fd, how), Err(Errno::Notconn));
    }
    guest.arrives(Watch::Write(fd));
}

pub fn a_taken_datagram_address_is_in_use_until_it_is_closed<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(0);
    assert_ne!(address.port(), 0);
    let path = format!("udp/bind/{address}");
    assert_eq!(guest.open(&path, 0), errno(Errno::Addrinuse));
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    assert_eq!(guest.open(&path, 0), Ok(fd));
}

pub fn a_closed_datagram_socket_is_silent_when_its_number_is_used_again<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (fd, address) = guest.bound(NONBLOCK);
    let mut peer = DatagramPeer::new(&mut guest);
    peer.sends(&mut guest, b"old", address);
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    let (again, address) = guest.bound(NONBLOCK);
    assert_eq!(again, fd);
    guest.is_quiet(&[Watch::Read(fd)]);
    peer.sends(&mut guest, b"new", address);
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv_from(fd, 64, 0).unwrap().0, b"new");
}

pub fn every_datagram_needs_a_grant_for_where_it_goes<R: Rig>() {
    let grants = Grants { udp: vec!["127.0.0.1:0".parse().unwrap()], ..Grants::default() };
    let mut guest = Guest::<R>::granted(grants, Limits::default());
    let mut peer = DatagramPeer::new(&mut guest);
    let (fd, address) = guest.bound(NONBLOCK);
    assert_eq!(guest.send_to(fd, b"out", peer.address), errno(Errno::Acces));
    let refusal = guest.process.take_refusal().unwrap();
    assert_eq!((refusal.flag, refusal.what), ("--allow-udp", peer.address.to_string()));
    assert_eq!(guest.set_attribute(fd, "peer", &peer.address.to_string()), errno(Errno::Acces));
    assert_eq!(guest.attribute(fd, "peer"), errno(Errno::Notconn));
    assert_eq!(guest.open(&format!("udp/bind/{address}"), 0), errno(Errno::Acces));
    // Whoever may be bound is heard.
    peer.sends(&mut guest, b"in", address);
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv_from(fd, 64, 0), Ok((b"in".to_vec(), peer.address)));
}
