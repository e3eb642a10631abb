//! What of the network a component may use. It opens its sockets itself, through wasmtime-wasi, which asks here
//! first; nothing is opened or looked up here.

use crate::{Grants, Refusal};
use std::net::SocketAddr;
use wasi_poll_preview1::net_dir;

/// What an address is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A TCP socket of the component's is to have it, as the component asks for it.
    Bind,
    /// A TCP socket that has it is to listen.
    Listen,
    /// A TCP connection is to go there.
    Connect,
    /// A UDP socket is to have it, or send to it.
    Udp,
}

/// What is said of one use of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is granted.
    Allowed,
    /// It is if one of these names resolves to it now.
    IfResolved(Vec<String>),
    /// It isn't.
    Refused,
}

/// Everything a component was granted of the network. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct Permits {
    listeners: Vec<SocketAddr>,
    pub grants: Grants,
}

impl Permits {
    /// Lets it listen on exactly that address. Port 0 is a port that the system chooses, and no other.
    pub fn listen(&mut self, address: SocketAddr) {
        self.listeners.push(address);
    }

    /// Where it may listen, beside what rules allow.
    pub fn listeners(&self) -> &[SocketAddr] {
        &self.listeners
    }

    /// Whether a name may be looked up: by a pattern, or because a rule on that name needs it.
    pub fn allows_name(&self, name: &str) -> bool {
        self.grants.allows_name(name)
    }

    /// Whether an address may be used so.
    pub fn verdict(&self, how: Use, address: SocketAddr) -> Verdict {
        let any_port = SocketAddr::new(address.ip(), 0);
        let verdict = self.by_rules(how, address);
        let listens = |address| {
            if self.listeners.contains(&address) { Verdict::Allowed } else { verdict.clone() }
        };
        match how {
            // What every connection begins with, and allows nothing by itself.
            Use::Bind if address.port() == 0 && address.ip().is_unspecified() => Verdict::Allowed,
            Use::Bind => listens(address),
            // A socket bound to port 0 was given another one since.
            Use::Listen => match listens(address) {
                Verdict::Refused if address.port() != 0 => self.verdict(how, any_port),
                verdict => verdict,
            },
            Use::Connect | Use::Udp => verdict,
        }
    }

    fn by_rules(&self, how: Use, address: SocketAddr) -> Verdict {
        let rules = match how {
            Use::Bind | Use::Listen => &self.grants.listen,
            Use::Connect => &self.grants.connect,
            Use::Udp => &self.grants.udp,
        };
        let mut names = Vec::new();
        for rule in rules {
            match rule.verdict(address) {
                net_dir::Verdict::Allowed => return Verdict::Allowed,
                net_dir::Verdict::IfResolved(name) => names.push(name.to_owned()),
                net_dir::Verdict::Refused => {}
            }
        }
        if names.is_empty() { Verdict::Refused } else { Verdict::IfResolved(names) }
    }
}

/// What is told of an address that was refused.
pub fn refusal(how: Use, address: SocketAddr) -> Refusal {
    let flag = match how {
        Use::Bind | Use::Listen => "--allow-listen",
        Use::Connect => "--allow-connect",
        Use::Udp => "--allow-udp",
    };
    Refusal { flag, what: address.to_string() }
}

#[cfg(test)]
mod tests {
    use super::{Permits, Use, Verdict};
    use crate::Grants;
    use std::net::SocketAddr;

    const EVERY_USE: [Use; 4] = [Use::Bind, Use::Listen, Use::Connect, Use::Udp];

    fn permits(listeners: &[&str], grants: Grants) -> impl Fn(Use, &str) -> Verdict {
        let mut permits = Permits { grants, ..Permits::default() };
        for listener in listeners {
            permits.listen(listener.parse().unwrap());
        }
        move |how, address| permits.verdict(how, address.parse::<SocketAddr>().unwrap())
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "it is the call's result")]
    fn allowed(verdict: Verdict) {
        assert_eq!(verdict, Verdict::Allowed);
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "it is the call's result")]
    fn refused(verdict: Verdict) {
        assert_eq!(verdict, Verdict::Refused);
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let verdict = permits(&[], Grants::default());
        for how in EVERY_USE {
            refused(verdict(how, "127.0.0.1:80"));
            refused(verdict(how, "127.0.0.1:0"));
        }
        refused(verdict(Use::Listen, "0.0.0.0:40123"));
    }

    #[test]
    fn a_listeners_address_is_granted_exactly() {
        let verdict = permits(&["127.0.0.1:8080"], Grants::default());
        allowed(verdict(Use::Bind, "127.0.0.1:8080"));
        allowed(verdict(Use::Listen, "127.0.0.1:8080"));
        for other in ["127.0.0.1:0", "127.0.0.1:8081", "0.0.0.0:8080", "127.0.0.2:8080", "[::1]:8080"] {
            refused(verdict(Use::Bind, other));
            refused(verdict(Use::Listen, other));
        }
        refused(verdict(Use::Connect, "127.0.0.1:8080"));
        refused(verdict(Use::Udp, "127.0.0.1:8080"));
    }

    #[test]
    fn port_0_is_a_port_that_the_system_chooses() {
        let verdict = permits(&["127.0.0.1:0"], Grants::default());
        allowed(verdict(Use::Bind, "127.0.0.1:0"));
        refused(verdict(Use::Bind, "127.0.0.1:8080"));
        allowed(verdict(Use::Listen, "127.0.0.1:40123"));
        refused(verdict(Use::Listen, "127.0.0.2:40123"));
    }

    #[test]
    fn each_use_has_rules_of_its_own() {
        let rule = || vec!["10.0.0.0/8:8000-8099".parse().unwrap()];
        let connect = permits(&[], Grants { connect: rule(), ..Grants::default() });
        allowed(connect(Use::Connect, "10.1.2.3:8080"));
        // Before a connection, the system's own choice is bound.
        allowed(connect(Use::Bind, "0.0.0.0:0"));
        allowed(connect(Use::Bind, "[::]:0"));
        for (how, address) in [
            (Use::Connect, "10.1.2.3:80"),
            (Use::Bind, "10.1.2.3:8080"),
            (Use::Listen, "0.0.0.0:40123"),
            (Use::Udp, "10.1.2.3:8080"),
        ] {
            refused(connect(how, address));
        }
        allowed(permits(&[], Grants { udp: rule(), ..Grants::default() })(Use::Udp, "10.1.2.3:8080"));
        let listen = permits(&[], Grants { listen: rule(), ..Grants::default() });
        allowed(listen(Use::Bind, "10.1.2.3:8080"));
        allowed(listen(Use::Listen, "10.1.2.3:8080"));
        refused(listen(Use::Bind, "10.1.2.3:0"));
        refused(listen(Use::Connect, "10.1.2.3:8080"));
    }

    #[test]
    fn a_rule_on_a_name_wants_it_looked_up() {
        let rules = ["example.org:443", "example.net:443", "example.com:80"];
        let connect = rules.map(|rule| rule.parse().unwrap()).to_vec();
        let verdict = permits(&[], Grants { connect, ..Grants::default() });
        let names = vec!["example.org".to_owned(), "example.net".to_owned()];
        assert_eq!(verdict(Use::Connect, "192.0.2.1:443"), Verdict::IfResolved(names));
        refused(verdict(Use::Connect, "192.0.2.1:8443"));
    }

    #[test]
    fn everything_is_everything() {
        let verdict = permits(&[], Grants::all());
        for how in EVERY_USE {
            allowed(verdict(how, "192.0.2.1:80"));
            allowed(verdict(how, "[2001:db8::1]:0"));
        }
    }
}
