//! Seeing what a poll loop does, step by step: documentation only, no code.
//!
//! # 1. Write a trace
//!
//! ```text
//! wasi-poll run --listen 127.0.0.1:8080 --trace=server.json --trace-format json server.wasm
//! ```
//!
//! Each call on a socket, a poll, a clock or `/net` is a line, written as the call ends, so that the trace is whole up to
//! the moment the guest is ended. `--trace-data` adds the bytes that were moved. A program that embeds the host calls
//! `Runner::trace`, or `Runner::observe` with an [`Observe`](crate::Observe) of its own, such as a
//! [`Doctor`](crate::doctor::Doctor). Without any of them nothing is looked at, and nothing costs.
//!
//! # 2. Ask the doctor
//!
//! ```text
//! $ wasi-poll doctor server.json
//! error: spinning, fd 4, userdata 0x1, in server.wasm
//!   what   3120 polls in a row returned at once, within 498113205 ns, and between them no byte was moved and no interest changed: fd 4 was told writable in 3120 of them
//!   calls  #31, #32, #33, #34, #3147, #3148, #3149, #3150
//!   why    the loop never sleeps: it takes a whole core, and gets slower with every source it has
//!   do     act on each event (read or write until it would block), or take the interest out; sleep with a timeout that is not 0
//! ```
//!
//! (That is tokio on mio's own wasip1 backend. On this project's poller the same program has nothing wrong with it.) Exit
//! codes: 0 when nothing is wrong, 1 when something is at least a `--level warning`, 2 when there is no such trace. What
//! each rule finds is listed in [`doctor`](crate::doctor); the numbers are those of the lines (`"n"`).
//!
//! The rules look at what the guest did, not at what it meant. A server that leaves a socket unread on purpose, because
//! what it forwards to is full, looks as one that forgot it: then the finding is a reminder. What to do is not to
//! silence it but to see that the loop goes on with that socket, by itself, later.
//!
//! # 3. Look at it
//!
//! `wasi-poll show server.json` draws a lane for each socket and a bar for each poll in the terminal:
//!
//! | letter | a call that |
//! |---|---|
//! | `█`, `░` | is a poll, which told something, or nothing but the time |
//! | `o` | opened a socket |
//! | `^` | told it ready |
//! | `r`, `w` | took bytes, sent bytes |
//! | `~` | would have blocked |
//! | `x` | closed it, read its end, or told that it is over |
//! | `!` | failed |
//! | `*` | is none: a note, of a fault in a play |
//! | `-` | was another |
//!
//! The arrows step from call to call, `+` and `-` zoom, `t` makes all calls as wide as each other (in a play many have the
//! same time), `/` searches the calls' lines, `f` leaves the lanes of one fd or userdata. `--svg FILE` writes the same
//! picture, in which the mouse shows each call.
//!
//! # 4. Take the bytes elsewhere
//!
//! `wasi-poll show --pcap server.pcapng server.json`, of a trace with `--trace-data`, opens in Wireshark. A trace has
//! bytes and no segments: each call is a packet.
//!
//! # 5. Play it
//!
//! ```text
//! wasi-poll play scenarios/chat.toml --picture          # the picture, and what the doctor says
//! wasi-poll play scenarios/chat.toml --seeds 0..1000    # until one fails, and the command that plays it again
//! wasi-poll play scenarios/chat.toml --trigger both     # level-triggered and edge-triggered: what differs
//! ```
//!
//! The same guests on a deterministic network, with faults by seed. What a scenario can say, and by which rule an
//! edge-triggered poll tells, is in the folder `scenarios`. `--trace FILE` writes what the steps above read; in a play of
//! `--trigger edge` the doctor also sees what a loop slept over although it subscribed to it.
//!
//! # 6. Watch it run
//!
//! `wasi-poll run --live …` counts while the guest runs. An event is spurious when the first call behind it would have
//! blocked.
