//! A scenario: who is in it, what lies between them and what goes wrong, as its TOML file says. Nothing is played
//! here.

use super::{RandomFaults, ScheduledFault, Span, Step};
use crate::RunError;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use wasi_poll_preview1::{Link, Loss};

/// What is played. All of it but the guests can be left out.
///
/// ```
/// let scenario = wasi_poll_host::play::Scenario::parse(r#"
///     [[guest]]
///     name = "server"
///     module = "echo.wasm"
///     arguments = ["0.0.0.0:7"]
///
///     [[peer]]
///     name = "client"
///     steps = [{ connect = "10.0.0.1:7" }, { send = "hello" }, { expect = "hello" }, "close"]
/// "#)?;
/// assert_eq!(scenario.guests[0].address, Some([10, 0, 0, 1].into()));
/// assert_eq!(scenario.peers[0].address, Some([10, 0, 1, 1].into()));
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Scenario {
    /// A sentence on what it shows.
    pub about: String,
    /// When it ends at the latest, in virtual time; a day unless it says.
    pub until: Option<Span>,
    /// What a host call costs, in virtual time; a microsecond unless it says.
    pub call: Option<Span>,
    /// What lies between any two who have no link of their own.
    pub link: LinkPart,
    /// What lies between these two.
    #[serde(rename = "link-between")]
    pub links: Vec<LinkBetween>,
    /// The guests.
    #[serde(rename = "guest")]
    pub guests: Vec<GuestPart>,
    /// The peers, who follow a script.
    #[serde(rename = "peer")]
    pub peers: Vec<PeerPart>,
    /// What goes wrong, and when.
    #[serde(rename = "fault")]
    pub faults: Vec<ScheduledFault>,
    /// What else goes wrong, by the seed.
    pub random_faults: Option<RandomFaults>,
    /// The names that can be looked up.
    pub names: BTreeMap<String, Vec<IpAddr>>,
}

/// What lies between two.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LinkPart {
    /// How long everything takes at least.
    pub latency: Span,
    /// How much longer it may take.
    pub jitter: Span,
    /// Bytes a second, in each direction.
    pub bandwidth: Option<u64>,
    /// How much of what is sent is lost, from 0 to 1.
    pub loss: f64,
    /// What becomes of it.
    pub loss_is: LossKind,
    /// How much later a lost part comes.
    pub retransmit: Option<Span>,
    /// The receive buffer of a stream, in bytes.
    pub buffer: Option<usize>,
}

/// What becomes of what a stream loses.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// It comes later.
    #[default]
    Delay,
    /// The connection breaks.
    Reset,
}

/// What lies between two who are named.
#[derive(Clone, Debug, Deserialize)]
pub struct LinkBetween {
    /// The names of two guests or peers.
    pub between: [String; 2],
    /// What lies between them.
    #[serde(flatten)]
    pub link: LinkPart,
}

/// A guest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GuestPart {
    /// What it is called in the trace, in faults and in what is told.
    pub name: String,
    /// Its module's file, beside the scenario or in the folder of modules.
    pub module: PathBuf,
    /// Its address; 10.0.0.1, 10.0.0.2, … unless it says.
    pub address: Option<IpAddr>,
    /// Where it has listeners from the start.
    #[serde(default)]
    pub listen: Vec<SocketAddr>,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Its variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The code it has to exit with before the end. Unless it says, it may run on, or exit with 0.
    pub exit: Option<u32>,
    /// What it has to have printed in the end.
    #[serde(default)]
    pub prints: Vec<String>,
    /// What it must not have printed.
    #[serde(default)]
    pub never_prints: Vec<String>,
}

/// Somebody who follows a script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PeerPart {
    /// What it is called.
    pub name: String,
    /// Its address; 10.0.1.1, 10.0.1.2, … unless it says.
    pub address: Option<IpAddr>,
    /// How many of them there are, named `NAME-1` and so on; `{n}` in the script is the number.
    pub count: Option<u32>,
    /// How long an expectation may take; a minute unless it says.
    pub within: Option<Span>,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// What is wrong, with the file's name and the line where there is one.
    pub fn load(path: &Path) -> Result<Scenario, RunError> {
        let cannot = |why: String| RunError::new(format!("cannot play {}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| cannot(crate::error::plain(&error)))?;
        Scenario::parse(&text).map_err(cannot)
    }

    /// Reads a scenario from its text, and fills in the addresses it leaves out.
    ///
    /// # Errors
    /// What is wrong, with the line where there is one.
    pub fn parse(text: &str) -> Result<Scenario, String> {
        let mut scenario: Scenario = toml::from_str(text).map_err(|error| error.to_string())?;
        scenario.complete()?;
        Ok(scenario)
    }

    /// A scenario of these alone.
    ///
    /// # Errors
    /// When names or addresses are given twice.
    pub fn of(guests: Vec<GuestPart>, peers: Vec<PeerPart>) -> Result<Scenario, String> {
        let mut scenario = Scenario { guests, peers, ..Scenario::default() };
        scenario.complete()?;
        Ok(scenario)
    }

    /// Makes every peer one peer, gives everybody an address, and checks the names.
    pub(super) fn complete(&mut self) -> Result<(), String> {
        let mut peers = Vec::new();
        for peer in self.peers.drain(..) {
            let Some(count) = peer.count else {
                peers.push(peer);
                continue;
            };
            if count > 10_000 {
                return Err(format!("the peer {} is there {count} times, and 10000 is the most", peer.name));
            }
            for number in 1..=count {
                let address = peer.address.map(|first| offset(first, number - 1));
                let steps = peer.steps.iter().map(|step| step.numbered(number)).collect();
                let name = format!("{}-{number}", peer.name);
                peers.push(PeerPart { name, address, count: None, steps, ..peer.clone() });
            }
        }
        self.peers = peers;
        let mut taken = BTreeSet::new();
        let guests = self.guests.iter_mut().map(|guest| (&guest.name, &mut guest.address, 0));
        let all = guests.chain(self.peers.iter_mut().map(|peer| (&peer.name, &mut peer.address, 1)));
        let mut names = BTreeSet::new();
        let mut next = [0; 2];
        for (name, address, net) in all {
            next[net] += 1;
            let own = offset(Ipv4Addr::new(10, 0, net as u8, 1).into(), next[net] - 1);
            let address = *address.get_or_insert(own);
            if !taken.insert(address) {
                return Err(format!("{name} has the address {address}, which is another's already"));
            }
            if !names.insert(name.clone()) {
                return Err(format!("two are called {name}; each guest and peer needs a name of its own"));
            }
        }
        if self.guests.is_empty() {
            return Err("there is no [[guest]] in it".to_owned());
        }
        for name in self
            .links
            .iter()
            .flat_map(|link| &link.between)
            .chain(self.faults.iter().flat_map(ScheduledFault::names))
        {
            if !names.contains(name) {
                return Err(format!("nobody is called {name}; there are {}", join(&names)));
            }
        }
        Ok(())
    }

    /// The names of guests, then of peers: the order of their machines.
    pub fn names(&self) -> Vec<&str> {
        let peers = self.peers.iter().map(|peer| peer.name.as_str());
        self.guests.iter().map(|guest| guest.name.as_str()).chain(peers).collect()
    }

    /// The addresses in the same order.
    pub fn addresses(&self) -> Vec<IpAddr> {
        let guests = self.guests.iter().filter_map(|guest| guest.address);
        guests.chain(self.peers.iter().filter_map(|peer| peer.address)).collect()
    }
}

impl GuestPart {
    /// One with nothing but what every guest has.
    pub fn new(name: &str, module: PathBuf) -> GuestPart {
        let (arguments, variables, listen) = (Vec::new(), BTreeMap::new(), Vec::new());
        let (prints, never_prints) = (Vec::new(), Vec::new());
        let name = name.to_owned();
        GuestPart {
            name,
            module,
            address: None,
            listen,
            arguments,
            variables,
            exit: None,
            prints,
            never_prints,
        }
    }
}

impl PeerPart {
    /// One that follows this script.
    pub fn new(name: &str, steps: Vec<Step>) -> PeerPart {
        PeerPart { name: name.to_owned(), address: None, count: None, within: None, steps }
    }
}

impl LinkPart {
    /// As the network has it.
    pub fn link(&self) -> Link {
        let retransmit_ns = self.retransmit.map_or(200_000_000, Span::ns);
        #[expect(clippy::cast_sign_loss, reason = "it is clamped")]
        let loss_per_million = (self.loss.clamp(0.0, 1.0) * 1e6).round() as u32;
        Link {
            latency_ns: self.latency.ns(),
            jitter_ns: self.jitter.ns(),
            bytes_per_second: self.bandwidth,
            loss_per_million,
            loss: match self.loss_is {
                LossKind::Delay => Loss::Delay { retransmit_ns },
                LossKind::Reset => Loss::Reset,
            },
            buffer_bytes: self.buffer,
        }
    }
}

fn join(names: &BTreeSet<String>) -> String {
    names.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The address so many behind `first`.
fn offset(first: IpAddr, by: u32) -> IpAddr {
    match first {
        IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits().wrapping_add(by)).into(),
        IpAddr::V6(first) => std::net::Ipv6Addr::from_bits(first.to_bits().wrapping_add(by.into())).into(),
    }
}
