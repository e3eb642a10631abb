//! Crates that depend on mio, unchanged from the registry, in a guest: the shim puts the poller under them.

#![cfg(not(target_family = "wasm"))]

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use conformance::example::{self, Example};
use conformance::peer::PATIENCE;
use conformance::running::Running;
use conformance::{build, polls, verdict, wasip1};
use wasi_poll_trace::Trace;
use wasi_poll_trace::doctor::{self, Rule};

/// Which mio is under a guest's crates.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Mio {
    /// This project's poller, by the shim.
    Shim,
    /// The registry's.
    Stock,
}

#[test]
fn a_tokio_server_serves_many_clients_that_come_and_go() -> Result<()> {
    come_and_go(&start("tokio_echo", Mio::Shim)?)
}

/// The host owes guests on mio's own backend the same.
#[test]
fn a_tokio_server_on_stock_mio_serves_many_clients_that_come_and_go() -> Result<()> {
    come_and_go(&start("tokio_echo", Mio::Stock)?)
}

fn come_and_go(server: &Example) -> Result<()> {
    let mut clients = (0..50).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    for round in 0..5 {
        for (number, client) in clients.iter_mut().enumerate() {
            example::echo(client, format!("{round} of {number}\n").as_bytes())?;
        }
        // One leaves, one is lost, and one comes.
        drop(clients.remove(0));
        example::reset(clients.remove(0))?;
        clients.push(server.connect()?);
    }
    Ok(())
}

#[test]
fn a_tokio_server_writes_more_than_the_socket_takes_at_once() -> Result<()> {
    let server = start("tokio_echo", Mio::Shim)?;
    let mut client = server.connect()?;
    let mut line = vec![b'x'; 8 << 20];
    line.push(b'\n');
    example::echo(&mut client, &line)
}

#[test]
fn a_tokio_timer_runs_beside_busy_sockets() -> Result<()> {
    let asleep = Duration::from_millis(200);
    let server = start("tokio_echo", Mio::Shim)?;
    let (mut sleeper, mut busy) = (server.connect()?, server.connect()?);
    let start = Instant::now();
    writeln!(sleeper, "sleep {}", asleep.as_millis())?;

    let (woken, awake) = mpsc::channel();
    let sleeper = thread::spawn(move || {
        let mut answer = String::new();
        let answered = BufReader::new(sleeper).read_line(&mut answer);
        // The other half has given up if nobody hears it.
        let _ = woken.send(());
        answered.map(|_| start.elapsed())
    });
    let mut echoes = 0;
    loop {
        example::echo(&mut busy, b"busy\n")?;
        echoes += 1;
        if awake.try_recv() != Err(mpsc::TryRecvError::Empty) {
            break;
        }
    }
    let elapsed = sleeper.join().ok().context("the sleeper panicked")??;
    ensure!(elapsed >= asleep, "{elapsed:?} is early");
    ensure!(echoes > 1, "the other connection waited for the timer");
    Ok(())
}

/// With mio's own backend it polls without a pause, as every stream it writes to is reported for ever.
#[test]
fn an_idle_tokio_server_makes_at_most_two_polls_in_a_second() -> Result<()> {
    let guest = guest("tokio_echo", Mio::Shim)?;
    polls::at_most_two_in_an_idle_second(wasip1::host(&[any_port()]), &[guest.as_os_str()])
}

#[test]
fn the_doctor_tells_mios_own_backend_from_the_poller() -> Result<()> {
    let findings = |mio| {
        let trace = tempfile::NamedTempFile::new()?;
        let mut command = wasip1::host(&[any_port()]);
        command.arg(format!("--trace={}", trace.path().display())).args(["--trace-format", "json"]);
        let server = Example::start(command.arg(guest("tokio_echo", mio)?))?;
        let mut clients = (0..3).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
        for message in [b"hello\n", b"again\n"] {
            clients.iter_mut().try_for_each(|client| example::echo(client, message))?;
        }
        // Time to spin in; who doesn't spin sleeps.
        thread::sleep(Duration::from_millis(500));
        drop(server);
        Ok::<_, anyhow::Error>(doctor::examine(&Trace::read(BufReader::new(trace.reopen()?))?))
    };
    let stock = findings(Mio::Stock)?;
    for rule in [Rule::Spinning, Rule::WritableStorm] {
        let finding = stock.iter().find(|finding| finding.rule == rule);
        let finding = finding.with_context(|| format!("{rule} among {stock:?}"))?;
        ensure!(finding.fd.is_some() && finding.userdata.is_some(), "{finding}");
    }
    let ours = findings(Mio::Shim)?;
    ensure!(ours.is_empty(), "{ours:?}");
    Ok(())
}

/// tokio drains as epoll wants it, so what its wasip1 backend spins on is not told a second time.
#[test]
fn tokio_on_stock_mio_spins_level_triggered_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let scenario = folder.path().join("echo.toml");
    let module = guest("tokio_echo", Mio::Stock)?;
    fs::write(
        &scenario,
        format!(
            "until = \"1m\"\n[link]\nlatency = \"1ms\"\n
             [[guest]]\nname = \"server\"\nmodule = {module:?}\nlisten = [\"10.0.0.1:80\"]\n
             [[peer]]\nname = \"client\"\ncount = 5\nsteps = [{{ connect = \"10.0.0.1:80\" }}, {{ repeat = {{ times = 5, \
             steps = [{{ send = \"hello\\n\" }}, {{ expect = \"hello\\n\" }}, {{ wait = \"10ms\" }}] }} }}, \"close\"]\n"
        ),
    )?;
    let play = |trigger: &str| -> Result<(Option<i32>, String)> {
        let mut command = Command::new(build::host());
        command.args(["play", "--doctor", "warning", "--trigger", trigger]).arg(&scenario);
        let output = command.output()?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    let (code, told) = play("edge")?;
    ensure!(code == Some(0), "{told}");
    let (code, told) = play("both")?;
    let alone = "level-triggered alone, the doctor finds error: spinning";
    ensure!(code == Some(1) && told.contains(alone), "{told}");
    ensure!(!told.contains("edge-triggered alone"), "{told}");
    Ok(())
}

#[test]
fn a_tokio_client_connects_where_the_host_grants_it() -> Result<()> {
    let peer = TcpListener::bind(any_port())?;
    let address = peer.local_addr()?;
    // It was free a moment ago, so nobody listens there.
    let refused = TcpListener::bind(any_port())?.local_addr()?;
    let not_granted = "192.0.2.1:80";

    let mut command = wasip1::host(&[]);
    command.arg("--allow-connect").arg("127.0.0.1").arg(guest("tokio_connect", Mio::Shim)?);
    command.args([not_granted.to_owned(), refused.to_string(), address.to_string()]);
    let (said, mut heard, _) = verdict::lines();
    let client = Running::start(&mut command, said)?;
    let connected = format!("connected to {address}");
    for expected in ["PermissionDenied", "ConnectionRefused", &connected] {
        let line = heard.next_line()?;
        ensure!(line == expected, "{line:?} instead of {expected:?}");
    }

    let (mut stream, _) = peer.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    for message in [b"hello".as_slice(), &[b'x'; 5000]] {
        example::echo(&mut stream, message)?;
    }
    drop(stream);
    client.end()?;
    Ok(())
}

#[test]
fn a_hyper_server_answers_curl_twice_on_one_connection() -> Result<()> {
    if !is_installed("curl") {
        return skip("a_hyper_server_answers_curl_twice_on_one_connection", "curl is not installed here");
    }
    let server = start("hyper_server", Mio::Shim)?;
    let url = |path: &str| format!("http://{}/{path}", server.address);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "10"]);
    curl.args(["--write-out", "%{http_code}, %{num_connects} connected\n"]);
    let output = curl.arg(url("one")).arg(url("two")).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout)?;
    let expected = "you asked for /one\n200, 1 connected\nyou asked for /two\n200, 0 connected\n";
    ensure!(said == expected, "{said}");
    Ok(())
}

#[test]
fn a_hyper_server_answers_every_request_of_wrk() -> Result<()> {
    every_request("a_hyper_server_answers_every_request_of_wrk", Mio::Shim)
}

fn every_request(name: &str, mio: Mio) -> Result<()> {
    if !is_installed("wrk") {
        return skip(name, "wrk is not installed here");
    }
    let server = start("hyper_server", mio)?;
    let mut wrk = Command::new("wrk");
    // Under load an answer may take long.
    wrk.args(["-t1", "-c100", "-d5s", "--timeout", "10s"]).arg(format!("http://{}/", server.address));
    let output = wrk.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}");
    ensure!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
    let requests = said.lines().find_map(|line| line.trim().split_once(" requests in "));
    let (requests, _) = requests.with_context(|| format!("a number of requests: {said}"))?;
    ensure!(requests.parse::<u64>()? >= 100, "{said}");
    Ok(())
}

/// Starts a template's guest, and waits until it tells where it listens.
fn start(template: &str, mio: Mio) -> Result<Example> {
    Example::start(wasip1::host(&[any_port()]).arg(guest(template, mio)?))
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// A template's guest.
fn guest(template: &str, mio: Mio) -> Result<PathBuf> {
    // Tests run side by side, and each would write the same files.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _building = BUILDING.lock();
    let package = match mio {
        Mio::Shim => template.to_owned(),
        Mio::Stock => format!("{template}_stock"),
    };
    build::stranger(&package, &crate_from_template(template, &package, mio)?)
}

/// A package of its own workspace, in this one's target directory.
fn crate_from_template(template: &str, package: &str, mio: Mio) -> Result<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let templates = tests.join("templates");
    let read = |path: PathBuf| fs::read_to_string(&path).with_context(|| format!("read {}", path.display()));

    let manifest = read(templates.join(template).join("manifest.toml"))?;
    let manifest = manifest.replace(&format!("name = {template:?}"), &format!("name = {package:?}"));
    let program = read(templates.join(template).join("main.rs"))?;
    let guest = read(templates.join("guest.toml"))?;
    let guest = match mio {
        Mio::Shim => guest.replace("\"shim\"", &format!("'{}'", tests.join("../shim").display())),
        Mio::Stock => guest.split("[patch").next().unwrap_or_default().to_owned(),
    };

    let root = build::target_directory()?.join("tmp").join(package);
    for (path, text) in [
        ("Cargo.toml", manifest),
        ("src/main.rs", program),
        // Here cargo finds it without `--config`.
        (".cargo/config.toml", guest),
    ] {
        let path = root.join(path);
        // A file written anew would be compiled anew.
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::create_dir_all(path.parent().context("a file in a folder")?)?;
            fs::write(&path, text)?;
        }
    }
    Ok(root)
}

fn is_installed(program: &str) -> bool {
    // wrk has no flag that ends well: it is enough that it starts.
    Command::new(program).arg("--version").output().is_ok()
}

/// Past the test harness, which keeps what a passing test prints: whoever counts skips sees this.
fn skip(name: &str, why: &str) -> Result<()> {
    writeln!(io::stdout(), "test {name} ... ignored, {why}")?;
    Ok(())
}
