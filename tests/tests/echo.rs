//! The echo example under load and under bad clients, in both worlds.

#![cfg(not(target_family = "wasm"))]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use anyhow::{Result, ensure};
use conformance::World;
use conformance::example::{self, Example};

const MEBIBYTE: usize = 1 << 20;

macro_rules! in_both_worlds {
    ($($test:ident)*) => {
        mod native {
            $(#[test] fn $test() -> anyhow::Result<()> { super::$test(super::World::Native) })*
        }
        mod wasip1 {
            $(#[test] fn $test() -> anyhow::Result<()> { super::$test(super::World::Wasip1) })*
        }
    };
}

in_both_worlds! {
    many_clients_are_served_in_turns
    a_client_that_does_not_read_gets_every_byte_in_the_end
    a_reset_of_one_client_disturbs_no_other
    a_half_closed_client_gets_the_rest_and_the_end
}

fn server(world: World) -> Result<Example> {
    Example::start(&mut example::command("echo", world)?)
}

fn many_clients_are_served_in_turns(world: World) -> Result<()> {
    let server = server(world)?;
    let mut clients = (0..50).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    for round in 0..5_usize {
        for (number, client) in clients.iter_mut().enumerate() {
            example::echo(client, format!("{round} of {number}").as_bytes())?;
        }
        // And all at once.
        for client in &mut clients {
            client.write_all(&[b'x'; 300])?;
        }
        for client in &mut clients {
            client.read_exact(&mut [0; 300])?;
        }
    }
    Ok(())
}

fn a_client_that_does_not_read_gets_every_byte_in_the_end(world: World) -> Result<()> {
    let server = server(world)?;
    let mut slow = server.connect()?;
    let mut other = server.connect()?;

    let message: Vec<u8> = (0..8 * MEBIBYTE).map(|index| (index % 251) as u8).collect();
    let (sent, mut sender) = (message.clone(), slow.try_clone()?);
    let sending = thread::spawn(move || -> std::io::Result<()> {
        sender.write_all(&sent)?;
        sender.shutdown(Shutdown::Write)
    });
    // While nobody reads, the server's buffer fills, it stops reading, and the rest is served.
    for _ in 0..200 {
        example::echo(&mut other, b"and you?")?;
    }
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer)?;
    sending.join().expect("sending doesn't panic")?;
    ensure!(answer == message, "{} of {} bytes came back", answer.len(), message.len());
    example::echo(&mut other, b"still there")
}

fn a_reset_of_one_client_disturbs_no_other(world: World) -> Result<()> {
    let server = server(world)?;
    let mut stays = server.connect()?;
    for round in 0..20_usize {
        let mut goes = server.connect()?;
        if round % 2 == 0 {
            example::echo(&mut goes, b"hello")?;
        } else {
            // Unread, and on its way.
            goes.write_all(&vec![7; 100_000])?;
        }
        example::reset(goes)?;
        example::echo(&mut stays, format!("round {round}").as_bytes())?;
    }
    Ok(())
}

fn a_half_closed_client_gets_the_rest_and_the_end(world: World) -> Result<()> {
    let server = server(world)?;
    let mut client = server.connect()?;
    let message = vec![9; MEBIBYTE];
    let mut reader = client.try_clone()?;
    let reading = thread::spawn(move || {
        let mut answer = Vec::new();
        reader.read_to_end(&mut answer).map(|_| answer)
    });
    client.write_all(&message)?;
    client.shutdown(Shutdown::Write)?;
    let answer = reading.join().expect("reading doesn't panic")?;
    ensure!(answer == message, "{} of {} bytes came back", answer.len(), message.len());
    Ok(())
}
