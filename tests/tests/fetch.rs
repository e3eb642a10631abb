//! The fetch example and a server of one page, in both worlds: by name, by address, and where it isn't let.

#![cfg(not(target_family = "wasm"))]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::thread;

use anyhow::{Context, Result, ensure};
use conformance::peer::PATIENCE;
use conformance::{World, build, skip, strace, wasip1};

const PAGE: &str = "<h1>Hello</h1>\n";

#[test]
fn a_page_is_fetched_by_the_name_of_its_server_in_both_worlds() -> Result<()> {
    let server = Server::start()?;
    let name = format!("localhost:{}", server.port());
    for world in [World::Native, World::Wasip1] {
        let page = fetch(world, &["--allow-connect", &name], &name)?;
        ensure!(page.status.success(), "{world}: {}", complaints(&page));
        ensure!(
            page.stdout == server.page().as_bytes(),
            "{world}: {:?}",
            String::from_utf8_lossy(&page.stdout)
        );
    }
    Ok(())
}

#[test]
fn a_page_is_fetched_by_the_address_of_its_server_in_both_worlds() -> Result<()> {
    let server = Server::start()?;
    let address = server.address.to_string();
    for world in [World::Native, World::Wasip1] {
        let page = fetch(world, &["--allow-connect", "127.0.0.0/8"], &address)?;
        ensure!(page.status.success(), "{world}: {}", complaints(&page));
        ensure!(page.stdout == server.page().as_bytes(), "{world}: {} bytes", page.stdout.len());
    }
    Ok(())
}

#[test]
fn a_guest_is_told_which_flag_lets_it_look_a_name_up() -> Result<()> {
    for flags in [&["--allow-connect", "127.0.0.1"][..], &[]] {
        let page = fetch(World::Wasip1, flags, "localhost:80")?;
        ensure!(!page.status.success() && page.stdout.is_empty());
        let complaints = complaints(&page);
        ensure!(complaints.contains("--allow-dns localhost"), "{complaints}");
    }
    Ok(())
}

/// Row 21, at the system's own door: what isn't granted makes no call that could reach anybody.
#[test]
fn a_connect_that_is_denied_makes_no_system_call() -> Result<()> {
    if !strace::works() {
        skip::test("a_connect_that_is_denied_makes_no_system_call", strace::MISSING)?;
        return Ok(());
    }
    let server = Server::start()?;
    let address = server.address.to_string();
    let traced = |rule: &str| -> Result<(Output, String)> {
        let calls = tempfile::NamedTempFile::new()?;
        let mut fetch = command(World::Wasip1, &["--allow-connect", rule], &address)?;
        let output = strace::start(&["-f", "-e", "trace=connect,sendto,sendmsg"], calls.path(), &mut fetch)
            .output()?;
        Ok((output, fs::read_to_string(calls.path())?))
    };
    let to_server = format!("htons({})", server.port());

    let (page, calls) = traced("127.0.0.1")?;
    ensure!(page.status.success() && calls.contains(&to_server), "{}\n{calls}", complaints(&page));
    let (page, calls) = traced("127.0.0.9")?;
    ensure!(!page.status.success() && !calls.contains(&to_server), "{calls}");
    ensure!(complaints(&page).contains(&format!("--allow-connect {address}")), "{}", complaints(&page));
    Ok(())
}

fn fetch(world: World, flags: &[&str], server: &str) -> Result<Output> {
    command(world, flags, server)?.output().context("run it")
}

/// How to fetch the page. Natively there is nothing to grant.
fn command(world: World, flags: &[&str], server: &str) -> Result<Command> {
    let mut command = if world.is_guest() {
        let mut command = wasip1::host(&[]);
        command.args(flags).arg(build::guest("guest-examples", "fetch")?);
        command
    } else {
        Command::new(build::native("guest-examples", "fetch")?)
    };
    command.args([server, "/page"]);
    Ok(command)
}

fn complaints(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server of one page. It ends with the test's process.
struct Server {
    address: SocketAddr,
}

impl Server {
    fn start() -> Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server = Server { address: listener.local_addr()? };
        let page = server.page();
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever is gone again needs no answer.
                let _ = stream.map_err(anyhow::Error::from).and_then(|stream| serve(&stream, &page));
            }
        });
        Ok(server)
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    /// The page: more than a read takes, and no other server's.
    fn page(&self) -> String {
        format!("{PAGE}{}\n", self.address).repeat(3000)
    }
}

fn serve(stream: &std::net::TcpStream, page: &str) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().context("a request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut answer = stream;
    if request == "GET /page HTTP/1.0" {
        write!(answer, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len())?;
    } else {
        write!(answer, "HTTP/1.0 404 Not Found\r\n\r\n")?;
    }
    Ok(())
}
