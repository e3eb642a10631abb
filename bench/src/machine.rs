//! What was measured on: processor, cores, memory, kernel and compiler.

use std::fs;
use std::process::Command;
use std::thread;

use serde::Serialize;

/// A machine, as far as it says what it is.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many threads it runs at once.
    pub cores: usize,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// How many programs wanted a core when the run began, over the last minute.
    pub load: f64,
    /// The system and its kernel's version.
    pub kernel: String,
    /// The compiler of native programs, and of guests where no other is set.
    pub rustc: String,
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        let field = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
        };
        let memory = field("/proc/meminfo", "MemTotal");
        let kilobytes = memory.split(' ').next().and_then(|number| number.parse::<u64>().ok());
        let system = rustix::system::uname();
        let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
        let rustc = Command::new("rustc").arg("--version").output().map(|output| output.stdout);
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0.0);
        Machine {
            load,
            processor: field("/proc/cpuinfo", "model name"),
            cores: thread::available_parallelism().map_or(0, usize::from),
            memory_bytes: kilobytes.unwrap_or(0) * 1024,
            kernel: format!("{} {}", text(system.sysname()), text(system.release())),
            rustc: String::from_utf8_lossy(&rustc.unwrap_or_default()).trim().to_owned(),
        }
    }

    /// In one line.
    pub fn line(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a tenth of a GiB is told")]
        let gibibytes = self.memory_bytes as f64 / f64::from(1 << 30);
        let Machine { processor, cores, kernel, rustc, .. } = self;
        format!(
            "{processor}, {cores} cores shared by server and clients, {gibibytes:.0} GiB, {kernel}, {rustc}"
        )
    }
}
