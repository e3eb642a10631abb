//! A span of virtual time, as a scenario writes it: `"250ms"`, `"1h 30m"`.

use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of virtual time, in nanoseconds.
///
/// ```
/// use wasi_poll_host::play::Span;
/// let span: Span = "1s 500ms".parse()?;
/// assert_eq!(span.ns(), 1_500_000_000);
/// assert_eq!(span.to_string(), "1s 500ms");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(u64);

impl Span {
    /// So many nanoseconds.
    pub const fn from_ns(ns: u64) -> Span {
        Span(ns)
    }

    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Span {
        Span(seconds * 1_000_000_000)
    }

    /// How many nanoseconds.
    pub fn ns(self) -> u64 {
        self.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let duration = humantime::parse_duration(text).map_err(|error| {
            format!("{text:?} is no span of time, such as \"250ms\" or \"1h 30m\": {error}")
        })?;
        u64::try_from(duration.as_nanos()).map(Span).map_err(|_| format!("{text:?} is longer than 584 years"))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(Duration::from_nanos(self.0)).fmt(f)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
        String::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}
