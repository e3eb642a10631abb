//! Builds what a test runs beside itself: guests for `wasm32-wasip1`, and the host's binary.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};

/// The target of guests.
const WASIP1: &str = "wasm32-wasip1";

/// Names a compiler whose sysroot has [`WASIP1`], where the usual one's hasn't.
const WASM_RUSTC: &str = "WASI_POLL_WASM_RUSTC";

/// The binary that runs this module's cases as a guest. Built once in a process.
///
/// # Panics
/// When it doesn't build.
pub fn case_guest() -> &'static Path {
    static GUEST: OnceLock<PathBuf> = OnceLock::new();
    GUEST.get_or_init(|| guest("conformance", "guest").expect("the guest half builds"))
}

/// The host's binary. Built once in a process.
///
/// # Panics
/// When it doesn't build.
pub fn host() -> &'static Path {
    static HOST: OnceLock<PathBuf> = OnceLock::new();
    HOST.get_or_init(|| native("wasi-poll-host", "wasi-poll").expect("the host builds"))
}

/// Builds a binary of this workspace for `wasm32-wasip1`.
///
/// # Errors
/// When it doesn't build.
pub fn guest(package: &str, binary: &str) -> Result<PathBuf> {
    cargo(package, binary, Some(WASIP1), &workspace())?;
    Ok(target_directory()?.join(WASIP1).join(profile()).join(format!("{binary}.wasm")))
}

/// Builds a binary of this workspace for this machine.
///
/// # Errors
/// When it doesn't build.
pub fn native(package: &str, binary: &str) -> Result<PathBuf> {
    cargo(package, binary, None, &workspace())?;
    Ok(target_directory()?.join(profile()).join(format!("{binary}{}", env::consts::EXE_SUFFIX)))
}

/// Builds a package outside of this workspace for `wasm32-wasip1`.
///
/// # Errors
/// When it doesn't build.
pub fn stranger(package: &str, root: &Path) -> Result<PathBuf> {
    cargo(package, package, Some(WASIP1), root)?;
    Ok(target_directory()?.join(WASIP1).join(profile()).join(format!("{package}.wasm")))
}

fn cargo(package: &str, binary: &str, target: Option<&str>, root: &Path) -> Result<()> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["build", "--quiet", "--package", package, "--bin", binary]).current_dir(root);
    command.arg("--target-dir").arg(target_directory()?);
    if profile() == "release" {
        command.arg("--release");
    }
    if let Some(target) = target {
        command.args(["--target", target]);
        if let Some(rustc) = env::var_os(WASM_RUSTC).filter(|rustc| !rustc.is_empty()) {
            command.env("RUSTC", rustc);
        }
    }
    let status = command.status().context("cargo can't be started")?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// What is built is built like what asks for it.
fn profile() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

fn workspace() -> PathBuf {
    // Where this was built, not where it is run.
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The target directory this executable is in.
///
/// # Errors
/// When it is in none.
pub fn target_directory() -> Result<PathBuf> {
    let executable = env::current_exe()?;
    let target = executable.ancestors().find(|path| path.ends_with(profile()));
    let target = target.and_then(Path::parent).context("this isn't in a target directory")?;
    Ok(target.into())
}
