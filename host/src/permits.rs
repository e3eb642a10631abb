//! What of the network a component may use. It opens its sockets itself, through wasmtime-wasi, which asks here
//! first; nothing is opened or looked up here.

use std::net::SocketAddr;

/// What an address is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A TCP socket of the component's is to have it, as the component asks for it.
    Bind,
    /// A TCP socket that has it is to listen.
    Listen,
    /// A TCP connection is to go there.
    Connect,
    /// A UDP socket is to have it, send to it or hear from it.
    Udp,
}

/// What is said of one use of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is granted.
    Allowed,
    /// It isn't.
    Refused,
    /// It is if one of these names resolves to it now.
    #[expect(dead_code, reason = "no grant that is a name is known here yet")]
    IfResolved(Vec<String>),
}

/// Everything a component was granted of the network. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct Permits {
    listeners: Vec<SocketAddr>,
}

impl Permits {
    /// Lets it listen on exactly that address. Port 0 is a port that the system chooses, and no other.
    pub fn listen(&mut self, address: SocketAddr) {
        self.listeners.push(address);
    }

    /// Where it may listen.
    pub fn listeners(&self) -> &[SocketAddr] {
        &self.listeners
    }

    /// Whether any name may be looked up. wasmtime-wasi doesn't ask which.
    pub fn look_ups(&self) -> bool {
        false
    }

    /// Whether any datagram may be sent or heard.
    pub fn datagrams(&self) -> bool {
        false
    }

    /// Whether an address may be used so.
    pub fn verdict(&self, how: Use, address: SocketAddr) -> Verdict {
        let any_port = SocketAddr::new(address.ip(), 0);
        let allowed = match how {
            Use::Bind => self.listeners.contains(&address),
            // Bound to port 0, it was given another one since.
            Use::Listen => self.listeners.contains(&address) || self.listeners.contains(&any_port),
            Use::Connect | Use::Udp => false,
        };
        if allowed { Verdict::Allowed } else { Verdict::Refused }
    }
}

#[cfg(test)]
mod tests {
    use super::{Permits, Use, Verdict};
    use std::net::SocketAddr;

    fn permits(listeners: &[&str]) -> impl Fn(Use, &str) -> bool {
        let mut permits = Permits::default();
        for listener in listeners {
            permits.listen(listener.parse().unwrap());
        }
        move |how, address| permits.verdict(how, address.parse::<SocketAddr>().unwrap()) == Verdict::Allowed
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let allows = permits(&[]);
        for how in [Use::Bind, Use::Listen, Use::Connect, Use::Udp] {
            assert!(!allows(how, "127.0.0.1:80") && !allows(how, "0.0.0.0:0"), "{how:?}");
        }
    }

    #[test]
    fn a_listeners_address_is_granted_exactly() {
        let allows = permits(&["127.0.0.1:8080"]);
        assert!(allows(Use::Bind, "127.0.0.1:8080") && allows(Use::Listen, "127.0.0.1:8080"));
        for other in ["127.0.0.1:0", "127.0.0.1:8081", "0.0.0.0:8080", "127.0.0.2:8080", "[::1]:8080"] {
            assert!(!allows(Use::Bind, other) && !allows(Use::Listen, other), "{other}");
        }
        assert!(!allows(Use::Connect, "127.0.0.1:8080") && !allows(Use::Udp, "127.0.0.1:8080"));
    }

    #[test]
    fn port_0_is_a_port_that_the_system_chooses() {
        let allows = permits(&["127.0.0.1:0"]);
        assert!(allows(Use::Bind, "127.0.0.1:0") && !allows(Use::Bind, "127.0.0.1:8080"));
        assert!(allows(Use::Listen, "127.0.0.1:40123") && !allows(Use::Listen, "127.0.0.2:40123"));
    }
}
