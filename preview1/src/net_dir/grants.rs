//! What of the network a guest may reach: rules, and whether an address or a name fits one. Nothing is opened or
//! looked up here.

#[cfg(test)]
mod tests;

use crate::Errno;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Everything a guest was granted beyond its preopened listeners. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Where TCP connections may go.
    pub connect: Vec<Rule>,
    /// Where TCP listeners may be opened.
    pub listen: Vec<Rule>,
    /// Which addresses UDP sockets may be bound to, send to and connect to.
    pub udp: Vec<Rule>,
    /// Which names may be looked up.
    pub dns: Vec<NamePattern>,
}

impl Grants {
    /// Grants everything.
    pub fn all() -> Grants {
        Grants {
            connect: vec![Rule::ANY],
            listen: vec![Rule::ANY],
            udp: vec![Rule::ANY],
            dns: vec![NamePattern("*".into())],
        }
    }

    /// Whether `name` may be looked up: by a pattern, or because a rule on that name needs it.
    pub fn allows_name(&self, name: &str) -> bool {
        let is_host = |rule: &Rule| matches!(&rule.host, Host::Name(host) if host == name);
        self.dns.iter().any(|pattern| pattern.matches(name))
            || self.connect.iter().chain(&self.listen).chain(&self.udp).any(is_host)
    }

    /// Whether nothing is granted, so that a guest without a socket gets no network directory at all.
    pub fn is_empty(&self) -> bool {
        self.connect.is_empty() && self.listen.is_empty() && self.udp.is_empty() && self.dns.is_empty()
    }
}

/// `HOST`, `HOST:PORTS` or `PORTS`, where `HOST` is an address (IPv6 in brackets when ports follow), a network
/// such as `10.0.0.0/8`, a name, or `*`, and `PORTS` is `80`, `8000-8099` or `*`.
///
/// ```
/// use wasi_poll_preview1::net_dir::{Rule, Verdict};
/// let rule: Rule = "10.0.0.0/8:8000-8099".parse().unwrap();
/// assert_eq!(rule.verdict("10.1.2.3:8080".parse().unwrap()), Verdict::Allowed);
/// assert_eq!(rule.verdict("10.1.2.3:80".parse().unwrap()), Verdict::Refused);
/// assert_eq!(rule.verdict("[::ffff:10.1.2.3]:8080".parse().unwrap()), Verdict::Allowed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    host: Host,
    ports: RangeInclusive<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Net { base: IpAddr, prefix_bits: u8 },
    Name(String),
}

/// What one rule says of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It fits.
    Allowed,
    /// It doesn't.
    Refused,
    /// It fits if this name resolves to it now.
    IfResolved(&'a str),
}

impl Rule {
    /// The rule that every address fits.
    pub const ANY: Rule = Rule { host: Host::Any, ports: 0..=u16::MAX };

    /// What the rule says of `address`. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn verdict(&self, address: SocketAddr) -> Verdict<'_> {
        if !self.ports.contains(&address.port()) {
            return Verdict::Refused;
        }
        match &self.host {
            Host::Any => Verdict::Allowed,
            Host::Net { base, prefix_bits } if in_net(address.ip(), *base, *prefix_bits) => Verdict::Allowed,
            Host::Net { .. } => Verdict::Refused,
            Host::Name(name) => Verdict::IfResolved(name),
        }
    }
}

fn in_net(address: IpAddr, base: IpAddr, prefix_bits: u8) -> bool {
    let (address, base, width) = match (address.to_canonical(), base) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            (u128::from(u32::from(address)), u128::from(u32::from(base)), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => (u128::from(address), u128::from(base), 128),
        _ => return false,
    };
    let host_bits = width - u32::from(prefix_bits);
    address.checked_shr(host_bits).unwrap_or(0) == base.checked_shr(host_bits).unwrap_or(0)
}

/// Why a rule or pattern could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRule(String);

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadRule {}

impl FromStr for Rule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Rule, BadRule> {
        if let Ok(ports) = parse_ports(text)
            && text != "*"
        {
            return Ok(Rule { host: Host::Any, ports });
        }
        let (host, ports) = split_ports(text)?;
        Ok(Rule { host: parse_host(host)?, ports: ports.map_or(Ok(0..=u16::MAX), parse_ports)? })
    }
}

fn split_ports(text: &str) -> Result<(&str, Option<&str>), BadRule> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed
            .split_once(']')
            .ok_or_else(|| BadRule(format!("`{text}` opens a bracket and doesn't close it")))?;
        if !host.contains(':') {
            return Err(BadRule(format!("`{text}` has something else than an IPv6 address in its brackets")));
        }
        return match (rest, rest.strip_prefix(':')) {
            ("", _) => Ok((host, None)),
            (_, Some(ports)) => Ok((host, Some(ports))),
            _ => Err(BadRule(format!("`{text}` has something else than `:PORTS` behind its bracket"))),
        };
    }
    // More than one colon and no bracket: a bare IPv6 address or network.
    match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Ok((text, None)),
        Some((host, ports)) => Ok((host, Some(ports))),
        None => Ok((text, None)),
    }
}

fn parse_host(text: &str) -> Result<Host, BadRule> {
    // What a variable that is not set leaves must not stand for everything.
    if text.is_empty() {
        return Err(BadRule("a rule needs a host or a port; `*` is all of them".into()));
    }
    if text == "*" {
        return Ok(Host::Any);
    }
    if let Some((base, prefix_bits)) = text.split_once('/') {
        let net = base.parse::<IpAddr>().ok().zip(prefix_bits.parse::<u8>().ok());
        return match net {
            // IPv4 addresses mapped into IPv6 are IPv4 addresses.
            Some((base @ IpAddr::V6(_), prefix_bits @ 96..=128)) if base.to_canonical().is_ipv4() => {
                Ok(Host::Net { base: base.to_canonical(), prefix_bits: prefix_bits - 96 })
            }
            Some((base, prefix_bits)) if prefix_bits <= if base.is_ipv4() { 32 } else { 128 } => {
                Ok(Host::Net { base, prefix_bits })
            }
            _ => Err(BadRule(format!("`{text}` is no network such as 10.0.0.0/8 or fd00::/8"))),
        };
    }
    if let Ok(base) = text.parse::<IpAddr>() {
        let base = base.to_canonical();
        return Ok(Host::Net { base, prefix_bits: if base.is_ipv4() { 32 } else { 128 } });
    }
    parse_name(text).map(Host::Name)
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>, BadRule> {
    let bad = || BadRule(format!("`{text}` is no port, range such as 8000-8099, or `*`"));
    if text == "*" {
        return Ok(0..=u16::MAX);
    }
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.parse().map_err(|_| bad())?, high.parse().map_err(|_| bad())?);
    if low <= high { Ok(low..=high) } else { Err(bad()) }
}

/// A name as DNS has it: labels of letters, digits, hyphens and underscores, in small letters, at most 253 bytes.
/// The last has a letter: 10.1 is an old way to write an address, and 80-70 a mistaken range of ports.
///
/// # Errors
/// Tells what is wrong with it.
fn parse_name(text: &str) -> Result<String, BadRule> {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let has_letter =
        last.bytes().any(|byte| byte.is_ascii_alphabetic()) && !last.to_ascii_lowercase().starts_with("0x");
    if name.len() <= 253 && name.split('.').all(label_ok) && has_letter {
        Ok(name.to_ascii_lowercase())
    } else {
        Err(BadRule(format!("`{}` is neither an address, a network nor a name", text.escape_debug())))
    }
}

/// A name, `*.NAME` for every name below it, or `*`.
///
/// ```
/// use wasi_poll_preview1::net_dir::NamePattern;
/// let pattern: NamePattern = "*.example.org".parse().unwrap();
/// assert!(pattern.matches("www.Example.org"));
/// assert!(!pattern.matches("example.org"));
/// assert!(!pattern.matches("badexample.org"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(String);

impl NamePattern {
    /// Whether `name` fits.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        match self.0.strip_prefix('*') {
            Some(suffix) => name.len() > suffix.len() && name.ends_with(suffix),
            None => name == self.0,
        }
    }
}

impl FromStr for NamePattern {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<NamePattern, BadRule> {
        Ok(NamePattern(match text.strip_prefix("*.") {
            _ if text == "*" => text.into(),
            Some(name) => format!("*.{}", parse_name(name)?),
            None => parse_name(text)?,
        }))
    }
}

/// A name a guest may ask for.
///
/// # Errors
/// `EINVAL` for what DNS would not have, `ENAMETOOLONG` for more than 253 bytes.
pub(crate) fn check_name(text: &str) -> Result<String, Errno> {
    if text.strip_suffix('.').unwrap_or(text).len() > 253 {
        return Err(Errno::Nametoolong);
    }
    parse_name(text).map_err(|_| Errno::Inval)
}
