//! The 64 bits by which a guest knows a subscription, and how they are written: `0x` and hexadecimal digits.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A subscription's userdata, as the guest wrote it.
///
/// ```
/// use wasi_poll_trace::Userdata;
/// assert_eq!(Userdata(0x1f).to_string(), "0x1f");
/// assert_eq!("0x1f".parse(), Ok(Userdata(31)));
/// assert_eq!("31".parse(), Ok(Userdata(31)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Userdata(pub u64);

impl fmt::Display for Userdata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl FromStr for Userdata {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Userdata, Self::Err> {
        match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).map(Userdata),
            None => text.parse().map(Userdata),
        }
    }
}

impl Serialize for Userdata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Userdata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Userdata, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"userdata such as \"0x1f\""))
    }
}
