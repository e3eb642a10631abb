//! Every public item once, beside `parity.rs`, which holds their signatures alone: here each is called, and answers
//! what it must. The ends and corners of each are the other cases' business.

use std::io::{IoSlice, IoSliceMut};
use std::net::{self, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Events, Poll, Waker};

use crate::prelude::*;

/// `Poll`, `Registry`, `Events`, `Event`, `Interest`, `Token`, `Waker`, `Source` and `SourceFd`.
pub fn every_item_of_a_poll_runs() -> Case {
    Case::of_rows(&[16, 17]).granted(&[Grant::Connect("127.0.0.1")]).guest(|guest| {
        let listener = guest.listen()?;
        let (mut stream, _peer) = pair(&listener)?;

        let interest = Interest::READABLE | Interest::WRITABLE;
        ensure!(interest == Interest::READABLE.add(Interest::WRITABLE));
        ensure!(interest.remove(Interest::READABLE) == Some(Interest::WRITABLE));
        ensure!(interest.is_readable() && interest.is_writable());
        ensure!(!interest.is_aio() && !interest.is_lio() && !interest.is_priority());
        ensure!(format!("{interest:?}") == "READABLE | WRITABLE", "{interest:?}");
        ensure!(usize::from(Token(7)) == 7 && Token(7) < Token(8));

        let mut poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let mut events = Events::with_capacity(8);
        ensure!(events.capacity() == 8 && events.is_empty());

        registry.register(&mut stream, Token(1), interest)?;
        poll.poll(&mut events, None)?;
        ensure!(events.iter().count() == 1 && events.iter().size_hint() == (1, Some(1)));
        for event in &events {
            ensure!(event.token() == Token(1) && event.is_writable() && !event.is_readable(), "{event:?}");
            ensure!(!event.is_error() && !event.is_read_closed() && !event.is_write_closed(), "{event:?}");
            ensure!(!event.is_priority() && !event.is_aio() && !event.is_lio(), "{event:?}");
        }
        registry.reregister(&mut stream, Token(2), Interest::WRITABLE)?;
        poll.poll(&mut events, None)?;
        ensure!(events.iter().map(mio::event::Event::token).eq([Token(2)]), "{events:?}");
        registry.deregister(&mut stream)?;
        events.clear();
        ensure!(events.is_empty());

        let waker = Waker::new(&registry, Token(3))?;
        waker.wake()?;
        poll.poll(&mut events, None)?;
        ensure!(events.iter().map(mio::event::Event::token).eq([Token(3)]), "{events:?}");

        let mut boxed: Box<dyn Source> = Box::new(stream);
        registry.register(&mut boxed, Token(4), Interest::WRITABLE)?;
        registry.reregister(&mut boxed, Token(5), Interest::WRITABLE)?;
        poll.poll(&mut events, None)?;
        ensure!(events.iter().map(mio::event::Event::token).eq([Token(5)]), "{events:?}");
        registry.deregister(&mut boxed)?;

        let fd = listener.as_raw_fd();
        registry.register(&mut SourceFd(&fd), Token(6), Interest::READABLE)?;
        let _second = TcpStream::connect(listener.local_addr()?)?;
        poll.poll(&mut events, None)?;
        ensure!(events.iter().map(mio::event::Event::token).eq([Token(6)]), "{events:?}");
        registry.deregister(&mut SourceFd(&fd))?;
        Ok(())
    })
}

/// `TcpListener` and `TcpStream`, from a bind to the descriptor that is left.
pub fn every_item_of_a_stream_and_its_listener_runs() -> Case {
    Case::of_rows(&[23]).granted(&[Grant::Connect("127.0.0.1")]).guest(|guest| {
        let listener = guest.listen()?;
        listener.set_ttl(64)?;
        ensure!(listener.ttl()? == 64 && listener.take_error()?.is_none());
        // It goes through every other type that can own it, and comes back.
        let listener = TcpListener::from_std(net::TcpListener::from(listener));
        let listener = TcpListener::from(OwnedFd::from(listener));
        // SAFETY: the descriptor has just been given up.
        let listener = unsafe { TcpListener::from_raw_fd(listener.into_raw_fd()) };
        ensure!(listener.as_fd().as_raw_fd() == listener.as_raw_fd());

        let (mut accepted, mut connected) = pair(&listener)?;
        ensure!(connected.peer_addr()? == listener.local_addr()?);
        ensure!(accepted.peer_addr()? == connected.local_addr()?);
        ensure!(accepted.take_error()?.is_none());
        connected.set_nodelay(true)?;
        connected.set_ttl(63)?;
        ensure!(connected.nodelay()? && connected.ttl()? == 63);

        let mut watch = Watch::new()?;
        ensure!(connected.write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo ")])? == 6);
        (&connected).write_all(b"you")?;
        connected.flush()?;
        watch.add(&mut accepted, 0, READ)?;
        let mut heard = Vec::new();
        while heard.len() < 9 {
            watch.next()?;
            let mut bytes = [0; 4];
            let peeked = accepted.peek(&mut bytes)?;
            let (mut first, mut second) = ([0; 1], [0; 3]);
            let bufs = &mut [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
            let read = accepted.try_io(|| (&accepted).read_vectored(bufs))?;
            ensure!(peeked <= read);
            heard.extend([&first[..], &second].concat().into_iter().take(read));
            heard.extend(drain(&mut accepted)?);
            watch.again(&mut accepted, 0, READ)?;
        }
        ensure!(heard == b"hello you", "{heard:?}");

        connected.shutdown(Shutdown::Write)?;
        watch.remove(&mut accepted)?;
        let accepted = TcpStream::from_std(net::TcpStream::from(accepted));
        let accepted = TcpStream::from(OwnedFd::from(accepted));
        // SAFETY: the descriptor has just been given up.
        let accepted = unsafe { TcpStream::from_raw_fd(accepted.into_raw_fd()) };
        ensure!(accepted.as_fd().as_raw_fd() == accepted.as_raw_fd());
        accepted.shutdown(Shutdown::Both)?;
        Ok(())
    })
}

/// `UdpSocket`, from a bind to the descriptor that is left.
pub fn every_item_of_a_datagram_socket_runs() -> Case {
    const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 7, 9);
    let grants =
        &[Grant::Udp("127.0.0.1"), Grant::Udp("[::1]"), Grant::Udp("239.255.7.9"), Grant::Udp("[ff01::7]")];
    Case::of_rows(&[24]).listeners(0).granted(grants).guest(|_| {
        let socket = UdpSocket::bind(ANY_PORT)?;
        let socket = UdpSocket::from_std(net::UdpSocket::from(socket));
        let socket = UdpSocket::from(OwnedFd::from(socket));
        // SAFETY: the descriptor has just been given up.
        let mut socket = unsafe { UdpSocket::from_raw_fd(socket.into_raw_fd()) };
        ensure!(socket.as_fd().as_raw_fd() == socket.as_raw_fd());
        ensure!(socket.take_error()?.is_none() && socket.peer_addr().is_err());

        socket.set_broadcast(true)?;
        socket.set_multicast_loop_v4(false)?;
        socket.set_multicast_ttl_v4(2)?;
        socket.set_ttl(9)?;
        ensure!(socket.broadcast()? && !socket.multicast_loop_v4()?);
        ensure!(socket.multicast_ttl_v4()? == 2 && socket.ttl()? == 9);
        socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
        socket.leave_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
        // Not every machine has such an address.
        if let Ok(socket) = UdpSocket::bind("[::1]:0".parse()?) {
            socket.set_multicast_loop_v6(false)?;
            let _either = socket.only_v6()?;
            ensure!(!socket.multicast_loop_v6()?);
            // Nor every interface groups: that it is asked for is what counts.
            let group = "ff01::7".parse()?;
            let joined = socket.join_multicast_v6(&group, 0);
            ensure!(socket.leave_multicast_v6(&group, 0).is_ok() == joined.is_ok(), "{joined:?}");
        }

        let peer = UdpSocket::bind(ANY_PORT)?;
        let mut watch = Watch::new()?;
        watch.add(&mut socket, 0, READ)?;
        ensure!(peer.send_to(b"one", socket.local_addr()?)? == 3);
        watch.next_is(0)?;
        let mut bytes = [0; 8];
        ensure!(socket.peek_from(&mut bytes)? == (3, peer.local_addr()?));
        ensure!(socket.recv_from(&mut bytes)? == (3, peer.local_addr()?));

        socket.connect(peer.local_addr()?)?;
        ensure!(socket.peer_addr()? == peer.local_addr()?);
        peer.connect(socket.local_addr()?)?;
        ensure!(peer.send(b"two")? == 3);
        watch.again(&mut socket, 0, READ)?;
        watch.next_is(0)?;
        ensure!(socket.peek(&mut bytes)? == 3);
        ensure!(socket.try_io(|| socket.recv(&mut bytes))? == 3 && &bytes[..3] == b"two");
        watch.remove(&mut socket)?;
        Ok(())
    })
}

/// A connection's two ends, the accepted one first.
fn pair(listener: &TcpListener) -> Result<(TcpStream, TcpStream)> {
    let mut watch = Watch::new()?;
    let mut stream = TcpStream::connect(listener.local_addr()?)?;
    watch.add(&mut stream, 0, WRITE)?;
    watch.next_is(0)?;
    watch.remove(&mut stream)?;
    Ok((listener.accept()?.0, stream))
}
