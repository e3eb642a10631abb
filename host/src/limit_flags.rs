//! The flags that limit what the guest may use up. What happens at a limit is decided where it is met.

use bytesize::ByteSize;
use clap::Args;
use std::time::Duration;
use wasi_poll_host::Limits;

const LIMITS: &str = "Limits, of each worker for itself";

/// Of bytes, a number or one with a unit: KiB is 1024 bytes, kB is 1000.
#[derive(Debug, Args)]
pub struct LimitFlags {
    /// End the guest when it has run so long by the clock, with exit code 124. Example: `--timeout 1m30s`
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = LIMITS)]
    timeout: Option<Duration>,

    /// End the guest when it has used so much CPU time, with exit code 152. Example: `--max-cpu 500ms`
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = LIMITS)]
    max_cpu: Option<Duration>,

    /// Memory, in bytes or a unit of them
    #[arg(long, value_name = "BYTES", default_value = "1GiB", value_parser = bytes, help_heading = LIMITS)]
    max_memory: ByteSize,

    /// The stack of its calls, in bytes or a unit of them, from 64KiB to 1GiB
    #[arg(long, value_name = "BYTES", default_value = "512KiB", value_parser = stack, help_heading = LIMITS)]
    max_stack: ByteSize,

    /// Tables, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().tables, help_heading = LIMITS)]
    max_tables: u32,

    /// Elements of all tables together, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().table_elements, help_heading = LIMITS)]
    max_table_elements: u64,

    /// Instances of a component's modules, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().instances, help_heading = LIMITS)]
    max_instances: u32,

    /// Open fds, their number; a component may have eight handles for each
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().fds, help_heading = LIMITS)]
    max_fds: u32,

    /// Subscriptions in one poll, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().subscriptions, help_heading = LIMITS)]
    max_subscriptions: u32,

    /// Buffers in one read or write, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().iovecs, help_heading = LIMITS)]
    max_iovecs: u32,

    /// Open readiness sets, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().readiness_sets, help_heading = LIMITS)]
    max_readiness_sets: u32,

    /// Bytes that one call moves through a stream, stdio or a file, or takes at random, in bytes or a unit of them, up to 4GiB
    #[arg(long, value_name = "BYTES", default_value = "16MiB", value_parser = call_bytes, help_heading = LIMITS)]
    max_call_bytes: ByteSize,

    /// Connections being made at once, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().connects, help_heading = LIMITS)]
    max_connects: u32,

    /// DNS look-ups a minute, their number
    #[arg(long, value_name = "NUMBER", default_value_t = Limits::default().lookups, help_heading = LIMITS)]
    max_lookups: u32,
}

impl LimitFlags {
    /// The stack of the guest's calls.
    pub fn stack_bytes(&self) -> usize {
        self.max_stack.as_u64() as usize
    }

    /// All but the stack, which is the module's.
    pub fn limits(&self) -> Limits {
        Limits {
            fds: self.max_fds,
            subscriptions: self.max_subscriptions,
            iovecs: self.max_iovecs,
            readiness_sets: self.max_readiness_sets,
            call_bytes: u32::try_from(self.max_call_bytes.as_u64()).unwrap_or(u32::MAX),
            connects: self.max_connects,
            lookups: self.max_lookups,
            memory_bytes: self.max_memory.as_u64(),
            table_elements: self.max_table_elements,
            tables: self.max_tables,
            instances: self.max_instances,
            wall_time: self.timeout,
            cpu_time: self.max_cpu,
        }
    }
}

/// A span of time that isn't none.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it is no time at all".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}; a duration looks like 500ms, 10s or 1h30m")),
    }
}

fn bytes(text: &str) -> Result<ByteSize, String> {
    text.parse().map_err(|error| format!("{error}; a size looks like 65536, 64KiB or 1GiB"))
}

fn bytes_within(text: &str, from: ByteSize, to: ByteSize) -> Result<ByteSize, String> {
    match bytes(text)? {
        size if (from..=to).contains(&size) => Ok(size),
        _ => Err(format!("it is not within {from} and {to}")),
    }
}

fn stack(text: &str) -> Result<ByteSize, String> {
    bytes_within(text, ByteSize::kib(64), ByteSize::gib(1))
}

fn call_bytes(text: &str) -> Result<ByteSize, String> {
    bytes_within(text, ByteSize::b(1), ByteSize::gib(4))
}

#[cfg(test)]
mod tests {
    use super::{LimitFlags, bytes, duration, stack};
    use bytesize::ByteSize;
    use clap::Parser;
    use std::time::Duration;
    use wasi_poll_host::{Limits, Module};

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        flags: LimitFlags,
    }

    #[test]
    fn without_flags_the_limits_are_the_librarys() {
        let flags = Flags::parse_from(["wasi-poll"]).flags;
        assert_eq!((flags.limits(), flags.stack_bytes()), (Limits::default(), Module::STACK_BYTES));
    }

    #[test]
    fn sizes_and_durations_have_units() {
        for (text, number) in [("65536", 65_536), ("64KiB", 65_536), ("64kB", 64_000), ("1GiB", 1 << 30)] {
            assert_eq!(bytes(text), Ok(ByteSize(number)));
        }
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        for text in ["", "0s", "5", "-1s", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["", "-1", "many", "1 light year"] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!(stack("1"), Err("it is not within 64.0 KiB and 1.0 GiB".to_owned()));
    }
}
