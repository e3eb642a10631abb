//! What a guest was granted, and what it is refused, where addresses and names are used. What only a network
//! that can be watched or delayed shows is in `granting.rs`.

use super::guest::{NONBLOCK, errno};
use super::{Guest, Rig};
use crate::net_dir::{Grants, Rule};
use crate::{Errno, Limits, Watch};

fn granted<R: Rig>(grants: Grants) -> Guest<R> {
    Guest::granted(grants, Limits::default())
}

fn rules(texts: &[&str]) -> Vec<Rule> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

pub fn a_grant_of_one_use_is_none_of_another<R: Rig>() {
    let any = || vec![Rule::ANY];
    for (allowed, grants) in [
        ("tcp/connect", Grants { connect: any(), ..Grants::default() }),
        ("tcp/listen", Grants { listen: any(), ..Grants::default() }),
        ("udp/bind", Grants { udp: any(), ..Grants::default() }),
        ("dns", Grants { dns: vec!["*".parse().unwrap()], ..Grants::default() }),
    ] {
        let mut guest = granted::<R>(grants);
        let (_, address) = guest.listening();
        for (use_of_it, port) in [("tcp/connect", address.port()), ("tcp/listen", 0), ("udp/bind", 0)] {
            let opened = guest.open(&format!("{use_of_it}/127.0.0.1:{port}"), NONBLOCK);
            if use_of_it == allowed {
                assert!(opened.is_ok(), "{use_of_it}: {opened:?}");
            } else {
                assert_eq!(opened, errno(Errno::Acces), "{use_of_it} with a grant of {allowed}");
                let refusal = guest.process.take_refusal().expect("a refusal");
                assert_eq!(refusal.what, format!("127.0.0.1:{port}"));
                assert_eq!(guest.process.take_refusal(), None, "it is told once");
            }
        }
        let looked_up = guest.read_link("dns/localhost");
        assert_eq!(looked_up.is_ok(), allowed == "dns", "{looked_up:?} with a grant of {allowed}");
    }
}

pub fn a_rule_on_a_name_allows_its_addresses_and_looking_it_up<R: Rig>() {
    let mut guest = granted::<R>(Grants {
        connect: rules(&["localhost"]),
        listen: rules(&["localhost:0"]),
        udp: rules(&["LOCALHOST."]),
        ..Grants::default()
    });
    let (listener, address) = guest.listening();
    let fd = guest.open(&format!("tcp/connect/{address}"), NONBLOCK).unwrap();
    guest.arrives(Watch::Write(fd));
    guest.arrives(Watch::Read(listener));
    assert!(guest.open("tcp/listen/127.0.0.1:0", 0).is_ok());
    assert_eq!(guest.open("tcp/listen/127.0.0.2:0", 0), errno(Errno::Acces));
    let (one, address) = guest.bound(0);
    let (other, _) = guest.bound(0);
    assert_eq!(guest.send_to(other, b"by name", address), Ok(7));
    assert_eq!(guest.recv_from(one, 9, 0).unwrap().0, b"by name");
    assert_eq!(guest.open("tcp/connect/127.0.0.2:1", NONBLOCK), errno(Errno::Acces));
    assert_eq!(guest.send_to(other, b"?", "127.0.0.2:9".parse().unwrap()), errno(Errno::Acces));
    for name in ["localhost", "LocalHost", "localhost."] {
        let addresses = guest.read_link(&format!("dns/{name}")).unwrap();
        assert!(addresses.split(',').any(|address| address == "127.0.0.1"), "{addresses}");
    }
}

pub fn an_ipv4_address_mapped_into_ipv6_is_the_ipv4_address<R: Rig>() {
    let mut guest = granted::<R>(Grants { connect: rules(&["10.0.0.0/8", "fd00::/8"]), ..Grants::default() });
    assert_eq!(guest.open("tcp/connect/[::ffff:127.0.0.1]:80", NONBLOCK), errno(Errno::Acces));
    assert_eq!(guest.process.take_refusal().unwrap().what, "[::ffff:127.0.0.1]:80");
    let mut guest = granted::<R>(Grants { connect: rules(&["127.0.0.1"]), ..Grants::default() });
    let port = guest.listening().1.port();
    let opened = guest.open(&format!("tcp/connect/[::ffff:127.0.0.1]:{port}"), NONBLOCK);
    assert_ne!(opened, errno(Errno::Acces), "whether the network can is another matter");
}

pub fn a_name_that_is_not_one_is_never_looked_up<R: Rig>() {
    let mut guest = granted::<R>(Grants { dns: vec!["*".parse().unwrap()], ..Grants::default() });
    for name in [
        "",
        ".",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "a\0b",
        "ä",
        "*",
        "*.a",
        "127.0.0.1",
        "10.1",
        "0x7f000001",
        "::1",
    ] {
        assert_eq!(guest.read_link(&format!("dns/{name}")), errno(Errno::Inval), "{name:?}");
    }
    let label = "a".repeat(63);
    let most = [&*label, &*label, &*label, &"a".repeat(61)].join(".");
    assert_eq!(guest.read_link(&format!("dns/{most}a")), errno(Errno::Nametoolong));
    assert_eq!(guest.read_link(&format!("dns/{most}a.")), errno(Errno::Nametoolong));
    assert_eq!(guest.read_link(&format!("dns/{label}a")), errno(Errno::Inval));
    assert_eq!(guest.process.take_refusal(), None);
}

pub fn a_refusal_says_what_would_allow_it<R: Rig>() {
    let mut guest = granted::<R>(Grants { udp: rules(&["127.0.0.1:0"]), ..Grants::default() });
    let udp = guest.bound(0).0;
    assert_eq!(guest.set_attribute(udp, "join_v4", "239.1.2.3 0.0.0.0"), errno(Errno::Acces));
    let port = guest.local(udp).port();
    assert_eq!(guest.process.take_refusal().unwrap().what, format!("239.1.2.3:{port}"));
    for (path, text) in [
        (
            "tcp/connect/10.0.0.1:80",
            "the guest may not connect to 10.0.0.1:80; --allow-connect 10.0.0.1:80 would allow it",
        ),
        ("tcp/listen/[::1]:0", "the guest may not listen on [::1]:0; --allow-listen [::1]:0 would allow it"),
        (
            "udp/bind/0.0.0.0:53",
            "the guest may not send datagrams from or to 0.0.0.0:53; --allow-udp 0.0.0.0:53 would allow it",
        ),
    ] {
        assert_eq!(guest.open(path, 0), errno(Errno::Acces), "{path}");
        let refusal = guest.process.take_refusal().unwrap();
        assert_eq!(refusal.to_string(), text);
        assert!(refusal.what.parse::<Rule>().is_ok(), "what it says can be given");
    }
    assert_eq!(guest.read_link("dns/Example.ORG"), errno(Errno::Acces));
    let text = "the guest may not look up example.org; --allow-dns example.org would allow it";
    assert_eq!(guest.process.take_refusal().unwrap().to_string(), text);
}
