//! Whether the guest may use an address or a name now: the grants, and the look-ups that rules on names need.

use super::grants::{Grants, Verdict, check_name};
use crate::{Errno, Network, Process, Progress};
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// How long a look-up may take, in nanoseconds: ten seconds.
pub const LOOKUP_DEADLINE_NS: u64 = 10_000_000_000;

/// How long an answer holds for a rule on that name: a minute. A name with many addresses answers with others the
/// next time, and the guest connects to those it was told; and a datagram costs no look-up each.
const ANSWER_HOLDS_NS: u64 = 60_000_000_000;

/// Answers kept, at most.
const ANSWERS: usize = 256;

/// What an address is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Connect,
    Listen,
    Udp,
}

/// Something the guest was refused, for want of a grant or by a limit, in words for who runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The flag that would allow it, such as `--allow-connect`, or that sets the limit, such as `--max-fds`.
    pub flag: &'static str,
    /// What it would have to be given, such as `10.0.0.1:80`, or what the limit is, such as `16384 open fds`.
    pub what: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { flag, what } = self;
        if flag.starts_with("--max") {
            return write!(f, "the guest is at its limit of {what}; {flag} sets it");
        }
        let verb = match *flag {
            "--allow-listen" => "listen on",
            "--allow-udp" => "send datagrams from or to",
            "--allow-dns" => "look up",
            _ => "connect to",
        };
        write!(f, "the guest may not {verb} {what}; {flag} {what} would allow it")
    }
}

/// The answers a process was given, and those the call in progress needs.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    /// Until when the look-up of the call in progress may take.
    deadline_ns: Option<u64>,
    /// The rules' names that were answered during the call in progress, in vain.
    asked: Vec<String>,
    /// What names were, and when, oldest first.
    answers: Vec<(String, Vec<IpAddr>, u64)>,
    /// When the minute began in which look-ups are counted, and how many it had.
    minute: (u64, u32),
}

impl Lookups {
    fn keep(&mut self, name: String, addresses: Vec<IpAddr>, now_ns: u64) {
        self.answers
            .retain(|(known, had, at_ns)| holds(*at_ns, now_ns) && (*known != name || *had != addresses));
        if self.answers.len() == ANSWERS {
            self.answers.remove(0);
        }
        self.answers.push((name, addresses, now_ns));
    }

    /// Counts so many look-ups more, unless that were more than `limit` in this minute.
    fn count(&mut self, names: u32, limit: u32, now_ns: u64) -> bool {
        const MINUTE_NS: u64 = 60_000_000_000;
        let (began_ns, counted) = &mut self.minute;
        if now_ns.saturating_sub(*began_ns) >= MINUTE_NS {
            (*began_ns, *counted) = (now_ns, 0);
        }
        let within = names <= limit.saturating_sub(*counted);
        if within {
            *counted += names;
        }
        within
    }

    /// Whether an answer that still holds says that the name has this address.
    fn knows(&self, name: &str, ip: IpAddr, now_ns: u64) -> bool {
        self.answers
            .iter()
            .any(|(known, addresses, at_ns)| known == name && holds(*at_ns, now_ns) && has(addresses, ip))
    }
}

#[cfg(test)]
impl Lookups {
    /// How many answers are kept.
    pub(crate) fn kept(&self) -> usize {
        self.answers.len()
    }
}

fn holds(at_ns: u64, now_ns: u64) -> bool {
    now_ns.saturating_sub(at_ns) < ANSWER_HOLDS_NS
}

fn has(addresses: &[IpAddr], ip: IpAddr) -> bool {
    addresses.iter().any(|known| known.to_canonical() == ip)
}

impl<N: Network> Process<N> {
    /// Whether a grant allows `address` to be used so.
    ///
    /// # Errors
    /// `EACCES` when none does.
    pub(crate) fn permit(&mut self, how: Use, address: SocketAddr) -> Result<Progress<()>, Errno> {
        let rules = match how {
            Use::Connect => &self.grants.connect,
            Use::Listen => &self.grants.listen,
            Use::Udp => &self.grants.udp,
        };
        let mut names = Vec::new();
        for rule in rules {
            match rule.verdict(address) {
                Verdict::Allowed => return self.permitted(),
                Verdict::IfResolved(name) => names.push(name.to_owned()),
                Verdict::Refused => {}
            }
        }
        let ip = address.ip().to_canonical();
        let now_ns = self.network.now_ns();
        if names.iter().any(|name| self.lookups.knows(name, ip, now_ns)) {
            return self.permitted();
        }
        if !names.is_empty() {
            self.begin_lookup(names.len() as u32)?;
        }
        // All are asked before any is waited for: a slow one takes no time from the others.
        let mut pending = false;
        for name in names {
            if self.lookups.asked.contains(&name) {
                continue;
            }
            let deadline_ns = self.lookup_deadline_ns();
            match self.network.resolve(&name) {
                Ok(None) if now_ns < deadline_ns => pending = true,
                Ok(Some(addresses)) => {
                    let found = has(&addresses, ip);
                    self.lookups.keep(name.clone(), addresses, now_ns);
                    if found {
                        return self.permitted();
                    }
                    self.lookups.asked.push(name);
                }
                // No answer allows nothing.
                Ok(None) | Err(_) => self.lookups.asked.push(name),
            }
        }
        if pending {
            return self.wait_for_lookup();
        }
        self.end_lookups();
        let flag = match how {
            Use::Connect => "--allow-connect",
            Use::Listen => "--allow-listen",
            Use::Udp => "--allow-udp",
        };
        self.refusal = Some(Refusal { flag, what: address.to_string() });
        Err(Errno::Acces)
    }

    /// The addresses of a name the guest asks for.
    ///
    /// # Errors
    /// `EACCES` when no grant allows the name, `EINVAL` or `ENAMETOOLONG` when it is none, and those of the
    /// look-up.
    pub(crate) fn look_up(&mut self, name: &str) -> Result<Progress<Vec<IpAddr>>, Errno> {
        let name = check_name(name)?;
        if !self.grants.allows_name(&name) {
            self.refusal = Some(Refusal { flag: "--allow-dns", what: name });
            return Err(Errno::Acces);
        }
        self.begin_lookup(1)?;
        let deadline_ns = self.lookup_deadline_ns();
        let answer = self.network.resolve(&name);
        let now_ns = self.network.now_ns();
        if answer == Ok(None) && now_ns < deadline_ns {
            return self.wait_for_lookup();
        }
        self.end_lookups();
        let addresses = answer?.ok_or(Errno::Timedout)?;
        self.lookups.keep(name, addresses.clone(), now_ns);
        Ok(Progress::Done(addresses))
    }

    /// Before a call looks up what it needs to. The same call made again after a wait begins nothing.
    ///
    /// # Errors
    /// `ENOBUFS` at the limit of look-ups.
    fn begin_lookup(&mut self, names: u32) -> Result<(), Errno> {
        let (limit, now_ns) = (self.limits.lookups, self.network.now_ns());
        if self.lookups.deadline_ns.is_some() || self.lookups.count(names, limit, now_ns) {
            return Ok(());
        }
        self.refusal =
            Some(Refusal { flag: "--max-lookups", what: format!("{limit} look-ups of names in a minute") });
        Err(Errno::Nobufs)
    }

    fn lookup_deadline_ns(&mut self) -> u64 {
        let now_ns = self.network.now_ns();
        *self.lookups.deadline_ns.get_or_insert(now_ns.saturating_add(LOOKUP_DEADLINE_NS))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what its callers answer")]
    fn wait_for_lookup<T>(&mut self) -> Result<Progress<T>, Errno> {
        self.deadline_ns = self.lookups.deadline_ns;
        Ok(Progress::Blocked)
    }

    #[expect(clippy::unnecessary_wraps, reason = "what its caller answers")]
    fn permitted(&mut self) -> Result<Progress<()>, Errno> {
        self.end_lookups();
        Ok(Progress::Done(()))
    }

    fn end_lookups(&mut self) {
        self.lookups.deadline_ns = None;
        self.lookups.asked.clear();
    }

    /// What the guest was last refused, once, for who runs it.
    pub fn take_refusal(&mut self) -> Option<Refusal> {
        self.refusal.take()
    }

    /// Grants the guest more of the network than its preopened listeners. When the two together are anything,
    /// the network directory is preopened at the lowest free fd, which is returned.
    ///
    /// # Errors
    /// `EMFILE` at the limit of fds.
    pub fn grant(&mut self, grants: Grants) -> Result<Option<u32>, Errno> {
        if grants.is_empty() && self.preopened.is_empty() {
            self.grants = grants;
            return Ok(None);
        }
        self.has_room()?;
        self.grants = grants;
        Ok(Some(self.table.insert(crate::fd_table::Descriptor::NetDir)))
    }
}
