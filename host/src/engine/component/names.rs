//! Names: those that a component looks up, which wasmtime-wasi would allow all or none of, and those that rules are
//! on. Which are granted is `permits.rs`'s.

use super::run::State;
use super::sockets::Network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::lookup_host;
use tokio::time::timeout;
use wasmtime::Result;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, IpAddress, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode};
use wasmtime_wasi::p2::{self, DynPollable, SocketError};
use wasmtime_wasi::sockets::WasiSocketsCtxView;

/// How long the look-ups that a use of an address needs may take. No answer allows nothing.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(10);

/// How long an answer holds for a rule on that name: a datagram costs no look-up each, and a name with many addresses
/// may answer with others the next time.
const ANSWER_HOLDS: Duration = Duration::from_mins(1);

/// What the names of rules were.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<(String, IpAddr), Instant>>);

impl Answers {
    /// Whether one of the names has this address, now or a moment ago.
    pub async fn any_is(&self, names: &[String], ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        if names.iter().any(|name| self.holds(name, ip)) {
            return true;
        }
        let asked = async {
            for name in names {
                // The port is only there because it has to be.
                let Ok(addresses) = lookup_host((name.as_str(), 0)).await else { continue };
                let addresses: Vec<IpAddr> = addresses.map(|address| address.ip().to_canonical()).collect();
                let found = addresses.contains(&ip);
                self.keep(name, addresses);
                if found {
                    return true;
                }
            }
            false
        };
        timeout(LOOKUP_DEADLINE, asked).await.unwrap_or(false)
    }

    fn holds(&self, name: &str, ip: IpAddr) -> bool {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&(name.to_owned(), ip)).is_some_and(|at| at.elapsed() < ANSWER_HOLDS)
    }

    fn keep(&self, name: &str, addresses: Vec<IpAddr>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|_, at| at.elapsed() < ANSWER_HOLDS);
        answers.extend(addresses.into_iter().map(|ip| ((name.to_owned(), ip), Instant::now())));
    }
}

/// Puts ours in place of wasmtime-wasi's look-ups.
pub fn check_look_ups(linker: &mut Linker<State>) -> Result<()> {
    linker.allow_shadowing(true);
    ip_name_lookup::add_to_linker::<State, LookUps<'static>>(linker, |state| {
        let (sockets, network) = state.network();
        LookUps { sockets, network }
    })?;
    linker.allow_shadowing(false);
    Ok(())
}

/// wasmtime-wasi's, asked for granted names alone.
struct LookUps<'a> {
    sockets: WasiSocketsCtxView<'a>,
    network: &'a Network,
}

impl HasData for LookUps<'static> {
    type Data<'a> = LookUps<'a>;
}

// What its results refer to.
impl network::Host for LookUps<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> Result<ErrorCode> {
        self.sockets.convert_error_code(error)
    }

    fn network_error_code(&mut self, error: Resource<p2::IoError>) -> Result<Option<ErrorCode>> {
        self.sockets.network_error_code(error)
    }
}

impl network::HostNetwork for LookUps<'_> {
    fn drop(&mut self, network: Resource<p2::Network>) -> Result<()> {
        network::HostNetwork::drop(&mut self.sockets, network)
    }
}

impl Host for LookUps<'_> {
    fn resolve_addresses(
        &mut self,
        network: Resource<p2::Network>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        if self.network.allows_name(&name) {
            self.sockets.resolve_addresses(network, name)
        } else {
            Err(ErrorCode::AccessDenied.into())
        }
    }
}

impl HostResolveAddressStream for LookUps<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        self.sockets.resolve_next_address(stream)
    }

    fn subscribe(&mut self, stream: Resource<ResolveAddressStream>) -> Result<Resource<DynPollable>> {
        HostResolveAddressStream::subscribe(&mut self.sockets, stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> Result<()> {
        HostResolveAddressStream::drop(&mut self.sockets, stream)
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;

    #[test]
    fn a_rule_on_a_name_allows_the_addresses_it_has() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let names = ["no.such.name.invalid".to_owned(), "localhost".to_owned()];
        let answers = Answers::default();
        let any_is = |ip: &str| runtime.block_on(answers.any_is(&names, ip.parse().unwrap()));
        assert!(any_is("127.0.0.1"));
        assert!(answers.holds("localhost", "127.0.0.1".parse().unwrap()));
        assert!(any_is("::ffff:127.0.0.1"));
        assert!(!any_is("192.0.2.1"));
    }
}
