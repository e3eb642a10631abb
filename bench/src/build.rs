//! Builds the servers for each world, and the hosts that run them, as a user would: by cargo, for release.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::contender::{Contender, Program, Server};
use crate::instructions;
use crate::load::wrk;

const WASIP1: &str = "wasm32-wasip1";
const WASIP2: &str = "wasm32-wasip2";

/// Names a compiler whose sysroot has [`WASIP1`], where the usual one's hasn't.
const WASM_RUSTC: &str = "WASI_POLL_WASM_RUSTC";

/// What is there to be measured, and why the rest isn't.
#[derive(Debug, Default)]
pub struct Programs {
    /// What was built.
    pub built: BTreeMap<(Contender, Server), Program>,
    /// What wasn't, with the reason.
    pub missing: BTreeMap<(Contender, Server), String>,
}

impl Programs {
    /// Builds the given servers for the given worlds.
    ///
    /// # Errors
    /// When something that this machine could build doesn't build.
    pub fn build(contenders: &[Contender], servers: &[Server], host: Option<&Path>) -> Result<Programs> {
        let mut programs = Programs::default();
        for &contender in contenders {
            for &server in servers {
                match program(contender, server, host)? {
                    Ok(program) => drop(programs.built.insert((contender, server), program)),
                    Err(reason) => drop(programs.missing.insert((contender, server), reason)),
                }
            }
        }
        Ok(programs)
    }
}

/// A program, or why this machine has none.
fn program(contender: Contender, server: Server, host: Option<&Path>) -> Result<Result<Program, String>> {
    let target = match contender {
        Contender::Native => None,
        Contender::Wasip2 if !usual_rustc_has(WASIP2)? => {
            return Ok(Err(format!("rustc has no standard library for {WASIP2}")));
        }
        Contender::Wasip2 => Some(WASIP2),
        Contender::Poller | Contender::Stock | Contender::WasiCommon => Some(WASIP1),
    };
    let mio = match contender {
        Contender::Poller | Contender::Wasip2 => "poller",
        Contender::Native | Contender::Stock | Contender::WasiCommon => "stock",
    };
    let server = match server {
        Server::Http if !wrk::is_installed() => return Ok(Err("wrk is not installed".to_owned())),
        Server::Http if contender == Contender::Wasip2 => {
            return Ok(Err("tokio has no sockets there".to_owned()));
        }
        Server::Http => http(mio, target)?,
        Server::Echo => measured("echo", mio, target)?,
        Server::Polls => measured("polls", mio, target)?,
        Server::Pair if !matches!(contender, Contender::Native | Contender::Poller) => {
            return Ok(Err("counted for native mio and this poller alone".to_owned()));
        }
        Server::Pair if !instructions::can_be_counted() => {
            return Ok(Err("valgrind is not installed".to_owned()));
        }
        Server::Pair => measured("pair", mio, target)?,
    };
    let host = match contender {
        Contender::Native => None,
        Contender::WasiCommon => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("wasmtime46");
            Some((built(&root, "bench-wasmtime46", "bench-wasmtime46", None)?, Vec::new()))
        }
        Contender::Poller | Contender::Stock | Contender::Wasip2 => {
            let host = match host {
                Some(host) => host.to_owned(),
                None => built(&workspace(), "wasi-poll-host", "wasi-poll", None)?,
            };
            // Servers need no grant; the client beside one does.
            let arguments = ["run", "--quiet", "--allow-connect", "127.0.0.1"].map(str::to_owned);
            Some((host, arguments.to_vec()))
        }
    };
    let has_cache = matches!(contender, Contender::Poller | Contender::Stock | Contender::Wasip2);
    Ok(Ok(Program { host, server, has_cache }))
}

/// A server of `servers/`, on one mio or the other.
fn measured(server: &str, mio: &str, target: Option<&str>) -> Result<PathBuf> {
    let (package, binary) = (format!("bench-servers-{mio}"), format!("bench-{server}-{mio}"));
    built(&workspace(), &package, &binary, target)
}

/// The HTTP server. What is patched beneath it is so for a whole workspace, so each mio has one of its own.
fn http(mio: &str, target: Option<&str>) -> Result<PathBuf> {
    let package = format!("bench-http-{mio}");
    let root = target_directory()?.join("tmp").join(&package);
    let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers");
    let manifest = fs::read_to_string(servers.join("http.toml"))?.replace("NAME", &package);
    let manifest = manifest.replace("SOURCE", &servers.join("http.rs").display().to_string());
    let mut config = format!("[target.{WASIP1}]\nrustflags = [\"--cfg\", \"tokio_unstable\"]\n");
    if mio == "poller" {
        let shim = workspace().join("shim");
        let _ = write!(config, "[patch.crates-io]\nmio = {{ path = '{}' }}\n", shim.display());
    }
    fs::create_dir_all(root.join(".cargo"))?;
    fs::write(root.join("Cargo.toml"), manifest)?;
    fs::write(root.join(".cargo/config.toml"), config)?;
    built(&root, &package, &package, target)
}

/// The program that makes host calls without an engine.
///
/// # Errors
/// When it doesn't build.
pub fn host_calls() -> Result<PathBuf> {
    built(&workspace(), "bench", "bench-host-calls", None)
}

/// Builds one binary, and tells where it is.
fn built(root: &Path, package: &str, binary: &str, target: Option<&str>) -> Result<PathBuf> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["build", "--quiet", "--release", "--package", package, "--bin", binary]);
    command.arg("--target-dir").arg(target_directory()?).current_dir(root);
    if let Some(target) = target {
        command.args(["--target", target]);
        if let Some(rustc) = env::var_os(WASM_RUSTC).filter(|rustc| target == WASIP1 && !rustc.is_empty()) {
            command.env("RUSTC", rustc);
        }
    }
    let status = command.stdin(Stdio::null()).status().context("cargo can't be started")?;
    ensure!(status.success(), "{command:?}: {status}");
    let ending = if target.is_some() { ".wasm" } else { env::consts::EXE_SUFFIX };
    let folder = target_directory()?.join(target.unwrap_or_default()).join("release");
    Ok(folder.join(format!("{binary}{ending}")))
}

fn usual_rustc_has(target: &str) -> Result<bool> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().context("start rustc")?;
    let sysroot = String::from_utf8(output.stdout)?;
    Ok(Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib").is_dir())
}

/// Where this was built, not where it is run.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The target directory this executable is in.
fn target_directory() -> Result<PathBuf> {
    let executable = env::current_exe()?;
    let target = executable.ancestors().find(|path| path.ends_with("release") || path.ends_with("debug"));
    Ok(target.and_then(Path::parent).context("this isn't in a target directory")?.into())
}
