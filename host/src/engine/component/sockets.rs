//! What wasmtime-wasi asks before a component uses an address, and who answers. What is granted is `permits.rs`'s,
//! and names are `names.rs`'s.

use super::names::Answers;
use crate::Refusal;
use crate::permits::{self, Permits, Use, Verdict};
use crate::refusals::Refusals;
use std::net::SocketAddr;
use std::sync::Arc;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

/// What of the network one component was granted, and what it was refused.
pub struct Network {
    permits: Permits,
    refusals: Refusals,
    answers: Answers,
}

impl Network {
    pub fn new(permits: Permits, refusals: Refusals) -> Network {
        Network { permits, refusals, answers: Answers::default() }
    }

    /// Whether it may look a name up.
    pub fn allows_name(&self, name: &str) -> bool {
        let allowed = self.permits.allows_name(name);
        if !allowed {
            self.refused(&Refusal { flag: "--allow-dns", what: name.escape_debug().to_string() });
        }
        allowed
    }

    async fn allows(&self, how: Use, address: SocketAddr) -> bool {
        match self.permits.verdict(how, address) {
            Verdict::Allowed => true,
            Verdict::IfResolved(names) => self.answers.any_is(&names, address.ip()).await,
            Verdict::Refused => false,
        }
    }

    fn refused(&self, refusal: &Refusal) {
        self.refusals.tell(refusal);
    }
}

/// Gives a component what of the network it was granted.
pub fn grant(builder: &mut WasiCtxBuilder, network: &Arc<Network>) {
    let network = Arc::clone(network);
    // Whether it may at all is what each check answers.
    builder.allow_tcp(true).allow_udp(true).allow_ip_name_lookup(true).socket_addr_check(
        move |address, asked| {
            let network = Arc::clone(&network);
            Box::pin(async move {
                let Some(how) = use_of(asked) else { return true };
                let allowed = network.allows(how, address).await;
                if !allowed {
                    network.refused(&permits::refusal(how, address));
                }
                allowed
            })
        },
    );
}

/// What an address is asked for. None is for who comes by himself: a listener or a UDP socket that was granted hears
/// everybody.
fn use_of(asked: SocketAddrUse) -> Option<Use> {
    match asked {
        SocketAddrUse::TcpBind => Some(Use::Bind),
        SocketAddrUse::TcpListen => Some(Use::Listen),
        SocketAddrUse::TcpAccept | SocketAddrUse::UdpReceive => None,
        SocketAddrUse::TcpConnect => Some(Use::Connect),
        SocketAddrUse::UdpBind | SocketAddrUse::UdpSend => Some(Use::Udp),
    }
}
