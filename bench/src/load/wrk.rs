//! HTTP requests, by the program `wrk`.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Whether it is there.
pub fn is_installed() -> bool {
    // It has no flag that ends well: it is enough that it starts.
    Command::new("wrk").arg("--version").output().is_ok()
}

/// One thread with 100 connections, for a span of whole seconds. Tells how many requests were answered, and in what time.
///
/// # Errors
/// When a request failed, or an answer says so.
pub fn run(address: SocketAddr, span: Duration) -> Result<(u64, Duration)> {
    let mut wrk = Command::new("wrk");
    wrk.args(["-t1", "-c100", "--timeout", "10s"]).arg(format!("-d{}s", span.as_secs_f64().ceil()));
    let output = wrk.arg(format!("http://{address}/")).output().context("start wrk")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "wrk: {said}{complaints}");
    ensure!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
    let line = said.lines().find_map(|line| line.trim().split_once(" requests in "));
    let (requests, rest) = line.with_context(|| format!("a number of requests: {said}"))?;
    let seconds = rest.split_once("s,").map_or(rest, |(seconds, _)| seconds);
    let seconds = seconds.parse::<f64>().with_context(|| format!("a time in {rest:?}"))?;
    Ok((requests.parse()?, Duration::from_secs_f64(seconds)))
}
