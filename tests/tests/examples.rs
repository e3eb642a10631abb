//! The other examples, in both worlds: what each of them promises in its first line.

#![cfg(not(target_family = "wasm"))]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};
use conformance::example::{self, Example};
use conformance::running::Running;
use conformance::transcript::{self, Transcript};
use conformance::{World, verdict};

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
    a_line_goes_to_all_the_others
    a_client_that_does_not_keep_up_is_dropped_with_a_notice
    timers_tick_in_the_order_of_their_deadlines
    whoever_connects_to_the_timers_is_closed_when_the_time_is_over
}

#[test]
fn the_same_client_makes_the_same_transcript_in_both_worlds() -> Result<()> {
    same(&|world| transcript::record(&mut example::command("listener_reader", world)?))
}

#[test]
fn a_program_that_is_its_own_client_makes_the_same_transcript_in_both_worlds() -> Result<()> {
    same(&|world| transcript::record_alone(&mut example::command("token", world)?))
}

fn same(record: &dyn Fn(World) -> Result<Transcript>) -> Result<()> {
    let (native, guest) = (record(World::Native)?, record(World::Wasip1)?);
    let counted = native.counted();
    native.end?;
    guest.end?;
    // The first line has the port.
    assert_eq!(native.lines[1..], guest.lines[1..]);
    ensure!(native.lines.len() > 90 && counted == Some((32, 6121)), "{counted:?}");
    Ok(())
}

/// A client of the chat.
struct Member {
    lines: BufReader<TcpStream>,
}

impl Member {
    fn join(chat: &Example, number: usize) -> Result<Member> {
        let mut member = Member { lines: BufReader::new(chat.connect()?) };
        member.hears(&format!("* you are client {number}"))?;
        Ok(member)
    }

    fn says(&mut self, line: &str) -> Result<()> {
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }

    fn hears(&mut self, expected: &str) -> Result<()> {
        let mut line = String::new();
        self.lines.read_line(&mut line).with_context(|| format!("wait for {expected:?}"))?;
        ensure!(line.trim_end() == expected, "{line:?} instead of {expected:?}");
        Ok(())
    }
}

fn a_line_goes_to_all_the_others(world: World) -> Result<()> {
    let chat = Example::start(&mut example::command("chat", world)?)?;
    let mut one = Member::join(&chat, 1)?;
    let mut two = Member::join(&chat, 2)?;
    one.hears("* client 2 is here")?;
    let mut three = Member::join(&chat, 3)?;
    one.hears("* client 3 is here")?;
    two.hears("* client 3 is here")?;

    two.says("hello")?;
    one.hears("2: hello")?;
    three.hears("2: hello")?;
    three.says("a\nb")?;
    for other in [&mut one, &mut two] {
        other.hears("3: a")?;
        other.hears("3: b")?;
    }
    drop(two);
    one.hears("* client 2 left")?;
    three.hears("* client 2 left")?;
    Ok(())
}

fn a_client_that_does_not_keep_up_is_dropped_with_a_notice(world: World) -> Result<()> {
    let chat = Example::start(&mut example::command("chat", world)?)?;
    let mut talks = Member::join(&chat, 1)?;
    let mut keeps_up = Member::join(&chat, 2)?;
    let _reads_nothing = Member::join(&chat, 3)?;
    keeps_up.hears("* client 3 is here")?;
    let line = "x".repeat(1000);
    for _ in 0..100_000 {
        talks.says(&line)?;
        let mut heard = String::new();
        keeps_up.lines.read_line(&mut heard)?;
        if heard.starts_with('*') {
            ensure!(heard == "* client 3 was too slow\n", "{heard:?}");
            talks.hears("* client 2 is here")?;
            talks.hears("* client 3 is here")?;
            return talks.hears("* client 3 was too slow");
        }
    }
    anyhow::bail!("nobody was too slow")
}

fn timers_tick_in_the_order_of_their_deadlines(world: World) -> Result<()> {
    let (said, _, log) = verdict::lines();
    Running::start(example::command("timer", world)?.arg("7"), said)?.end()?;
    let ticks = [
        "tick 1: quick at 20 ms",
        "tick 2: quick at 40 ms",
        "tick 3: steady at 50 ms",
        "tick 4: quick at 60 ms",
        "tick 5: quick at 80 ms",
        "tick 6: quick at 100 ms",
        "tick 7: steady at 100 ms",
    ];
    assert_eq!(log.lines()[1..], ticks);
    Ok(())
}

fn whoever_connects_to_the_timers_is_closed_when_the_time_is_over(world: World) -> Result<()> {
    let timer = Example::start(example::command("timer", world)?.arg("1000"))?;
    let mut ends = [timer.connect()?, timer.connect()?];
    for end in &mut ends {
        ensure!(std::io::Read::read(end, &mut [0; 8])? == 0, "it says nothing");
    }
    Ok(())
}
