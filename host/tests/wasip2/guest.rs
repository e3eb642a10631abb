//! What `wasip2.rs` runs as a component: its first argument says what it does. It knows nothing but std.

use std::env;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::process::exit;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let argument = |place: usize| arguments.get(place).map_or("", String::as_str);
    // What is refused is told by the kind of its error.
    let told = |result: io::Result<String>| {
        println!("{}", result.unwrap_or_else(|error| format!("{:?}", error.kind())))
    };
    match argument(1) {
        "echo" => echo(argument(2))?,
        "bind" => told(TcpListener::bind(argument(2)).map(|_| "bound".to_owned())),
        "connect" => told(TcpStream::connect(argument(2)).map(|_| "connected".to_owned())),
        "send" => told(send(argument(2), argument(3))),
        "look-up" => {
            told((argument(2), 0).to_socket_addrs().map(|mut found| found.next().unwrap().ip().to_string()))
        }
        "tell" => {
            println!("{:?}", &arguments[2..]);
            println!("{:?}", env::vars().collect::<Vec<_>>());
        }
        "copy" => drop(fs::copy(argument(2), argument(3))?),
        "open" => told(fs::read_to_string(argument(2))),
        "cat" => drop(io::copy(&mut io::stdin(), &mut io::stdout())?),
        "exit" => exit(argument(2).parse().unwrap()),
        "panic" => panic!("so it was told"),
        "accept" => drop(ready(TcpListener::bind("127.0.0.1:0"))?.accept()?),
        "accept-busily" => accept_busily()?,
        "read" => drop(ready(Ok(io::stdin()))?.read(&mut [0])?),
        "sleep" => sleep(ready(Ok(Duration::from_secs(3600)))?),
        "write" => loop {
            io::stdout().write_all(&[b'x'; 100_000])?;
        },
        "hold" => hold()?,
        other => panic!("{other:?} is nothing to do"),
    }
    Ok(())
}

fn ready<T>(thing: io::Result<T>) -> io::Result<T> {
    println!("ready");
    thing
}

/// Serves one client.
fn echo(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let (mut stream, peer) = listener.accept()?;
    println!("peer {peer}");
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            bytes => stream.write_all(&buffer[..bytes])?,
        }
    }
}

/// Never waits.
fn accept_busily() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("listening on {}", listener.local_addr()?);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            accepted => return accepted.map(drop),
        }
    }
    Err(ErrorKind::TimedOut.into())
}

fn send(from: &str, to: &str) -> io::Result<String> {
    let socket = UdpSocket::bind(from)?;
    socket.send_to(b"hello", to).map(|bytes| format!("sent {bytes}"))
}

/// As many listeners as it gets.
fn hold() -> io::Result<()> {
    let mut held = Vec::new();
    loop {
        held.push(TcpListener::bind("127.0.0.1:0")?);
    }
}
