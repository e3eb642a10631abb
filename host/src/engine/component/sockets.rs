//! What wasmtime-wasi asks before a component uses an address, and who answers. What is granted is `permits.rs`'s.

use crate::permits::{Permits, Use, Verdict};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::time::timeout;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

/// How long the look-ups that a grant by name needs may take. No answer allows nothing.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(10);

/// Gives a component what of the network it was granted.
pub fn grant(builder: &mut WasiCtxBuilder, permits: Permits) {
    builder
        .allow_tcp(true)
        .allow_udp(permits.datagrams())
        .allow_ip_name_lookup(permits.look_ups())
        .socket_addr_check(move |address, asked| {
            let verdict = use_of(asked).map_or(Verdict::Allowed, |how| permits.verdict(how, address));
            Box::pin(allows(verdict, address.ip()))
        });
}

/// What an address is asked for. None is for a peer of a listener: that was granted, and serves everybody.
fn use_of(asked: SocketAddrUse) -> Option<Use> {
    match asked {
        SocketAddrUse::TcpBind => Some(Use::Bind),
        SocketAddrUse::TcpListen => Some(Use::Listen),
        SocketAddrUse::TcpAccept => None,
        SocketAddrUse::TcpConnect => Some(Use::Connect),
        SocketAddrUse::UdpBind | SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => Some(Use::Udp),
    }
}

async fn allows(verdict: Verdict, ip: IpAddr) -> bool {
    match verdict {
        Verdict::Allowed => true,
        Verdict::Refused => false,
        Verdict::IfResolved(names) => timeout(LOOKUP_DEADLINE, any_is(names, ip)).await.unwrap_or(false),
    }
}

/// Whether one of the names has this address now.
async fn any_is(names: Vec<String>, ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    for name in names {
        // The port is only there because it has to be.
        if let Ok(mut addresses) = lookup_host((name, 0)).await
            && addresses.any(|address: SocketAddr| address.ip().to_canonical() == ip)
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Verdict, allows};

    #[test]
    fn a_name_is_granted_as_long_as_it_resolves_to_the_address() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let allows = |ip: &str| {
            let names = vec!["no.such.name.invalid".to_owned(), "localhost".to_owned()];
            runtime.block_on(allows(Verdict::IfResolved(names), ip.parse().unwrap()))
        };
        assert!(allows("127.0.0.1"));
        assert!(!allows("192.0.2.1"));
    }
}
