//! The attributes of sockets: which kind has which, what they are at first, and the values they can have.

use super::guest::{NONBLOCK, errno};
use super::{Guest, Rig};
use crate::Errno;
use crate::net_dir::Grants;

/// A listener, a stream and a datagram socket, all on IPv4.
fn one_of_each<R: Rig>(guest: &mut Guest<R>) -> [u32; 3] {
    let listener = guest.open("tcp/listen/127.0.0.1:0", 0).unwrap();
    let address = guest.local(listener);
    let stream = guest.open(&format!("tcp/connect/{address}"), 0).unwrap();
    [listener, stream, guest.bound(0).0]
}

pub fn an_option_is_what_it_was_set_to<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let [listener, stream, datagram] = one_of_each(&mut guest);
    for (fd, option, values) in [
        (stream, "nodelay", ["1", "0"]),
        (stream, "ttl", ["1", "255"]),
        (listener, "ttl", ["7", "64"]),
        (datagram, "ttl", ["255", "1"]),
        (datagram, "broadcast", ["1", "0"]),
        (datagram, "multicast_loop_v4", ["0", "1"]),
        (datagram, "multicast_ttl_v4", ["0", "255"]),
    ] {
        for value in values {
            assert_eq!(guest.set_attribute(fd, option, value), Ok(()), "{option}");
            assert_eq!(guest.attribute(fd, option), Ok(value.into()), "{option}");
        }
    }
}

pub fn an_option_is_at_first_what_systems_agree_on<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let [_, stream, datagram] = one_of_each(&mut guest);
    for (fd, option, value) in [
        (stream, "nodelay", "0"),
        (datagram, "broadcast", "0"),
        (datagram, "multicast_loop_v4", "1"),
        (datagram, "multicast_ttl_v4", "1"),
    ] {
        assert_eq!(guest.attribute(fd, option), Ok(value.into()), "{option}");
    }
}

pub fn an_option_a_socket_has_not_is_enoprotoopt<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let [listener, stream, datagram] = one_of_each(&mut guest);
    let of_datagrams = ["broadcast", "multicast_loop_v4", "multicast_ttl_v4", "multicast_loop_v6"];
    let lacking = of_datagrams.map(|option| (stream, option));
    let lacking = lacking.into_iter().chain(of_datagrams.map(|option| (listener, option)));
    for (fd, option) in lacking.chain([(listener, "nodelay"), (datagram, "nodelay"), (stream, "only_v6")]) {
        assert_eq!(guest.attribute(fd, option), errno(Errno::Noprotoopt), "{option} of {fd}");
        assert_eq!(guest.set_attribute(fd, option, "1"), errno(Errno::Noprotoopt), "{option} of {fd}");
    }
}

pub fn a_value_an_option_cannot_have_is_einval<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let [_, stream, datagram] = one_of_each(&mut guest);
    for (fd, option, values) in [
        (stream, "nodelay", ["2", "-1", "", "true", " 1", "1\n", "4294967296"]),
        (stream, "ttl", ["0", "256", "-1", "", "64 ", "0x40", "1\0"]),
        (datagram, "broadcast", ["2", "yes", "1.0", "", "١", "256", "/"]),
        (datagram, "multicast_ttl_v4", ["256", "-1", "", "a", "1e1", " ", "4294967297"]),
        (
            datagram,
            "peer",
            ["127.0.0.1", ":1", "localhost:1", "[::1]", "", "127.0.0.1:65536", "127.0.0.1:1 "],
        ),
        (
            datagram,
            "join_v4",
            ["224.0.0.1", "224.0.0.1 ::", "a b", "", " ", "224.0.0.1  0.0.0.0", "ff02::1 0"],
        ),
        (
            datagram,
            "join_v6",
            ["ff02::1", "ff02::1 -1", "224.0.0.1 0", "", " ", "ff02::1 0 0", "ff02::1%1 0"],
        ),
        (datagram, "leave_v4", ["0.0.0.0", "1", "224.0.0.1 lo", "", "x y", "224.0.0.1 0.0.0.0 1", "1 2"]),
    ] {
        let before = guest.attribute(fd, option);
        for value in values {
            assert_eq!(guest.set_attribute(fd, option, value), errno(Errno::Inval), "{option} {value:?}");
        }
        assert_eq!(guest.attribute(fd, option), before, "{option}");
    }
}

pub fn what_can_only_be_read_cannot_be_set_nor_the_other_way_round<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let sockets = one_of_each(&mut guest);
    for fd in sockets {
        for (name, value) in [("local", "127.0.0.1:1"), ("error", "0"), ("only_v6", "1")] {
            assert_eq!(guest.set_attribute(fd, name, value), errno(Errno::Noprotoopt), "{name}");
        }
        for name in ["join_v4", "leave_v4", "join_v6", "leave_v6"] {
            assert_eq!(guest.attribute(fd, name), errno(Errno::Noprotoopt), "{name}");
        }
        assert_eq!(guest.attribute(fd, "error"), Ok("0".into()));
    }
    let [listener, stream, datagram] = sockets;
    for fd in [listener, stream] {
        assert_eq!(guest.set_attribute(fd, "peer", "127.0.0.1:1"), errno(Errno::Noprotoopt));
        assert_eq!(guest.set_attribute(fd, "join_v4", "224.0.0.1 0.0.0.0"), errno(Errno::Noprotoopt));
    }
    for fd in [listener, datagram] {
        assert_eq!(guest.attribute(fd, "peer"), errno(Errno::Notconn));
    }
}

pub fn an_attribute_of_what_is_no_socket_says_so<R: Rig>() {
    let mut guest = Guest::<R>::free();
    guest.process.insert_foreign(7).unwrap();
    for (fd, answer) in [
        (0, Errno::Notsock),
        (3, Errno::Notsock),
        (4, Errno::Notsock),
        (5, Errno::Badf),
        (u32::MAX, Errno::Badf),
    ] {
        assert_eq!(guest.attribute(fd, "local"), errno(answer), "{fd}");
        assert_eq!(guest.attribute(fd, "error"), errno(answer), "{fd}");
        assert_eq!(guest.set_attribute(fd, "ttl", "1"), errno(answer), "{fd}");
    }
}

pub fn a_preopened_listener_has_attributes_without_a_claim<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    guest.process.grant(Grants::all()).unwrap();
    assert_eq!(guest.local(listener), address);
    assert_eq!(guest.open(&format!("tcp/listen/{address}"), NONBLOCK), Ok(listener));
}
