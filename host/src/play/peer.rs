//! A peer that follows its script, step by step, until one would wait.

use super::judge::Failure;
use super::{PeerPart, Span, Step};
use std::io::IoSlice;
use std::net::{Shutdown, SocketAddr};
use wasi_poll_preview1::{Errno, Machine, Network, SocketId};

/// A refused connection is tried again so much later.
const RETRY_NS: u64 = 10_000_000;

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Going,
    Done,
    /// A fault broke its connection: what it expected is not to be had.
    Excused,
    Failed,
}

/// One peer.
pub struct Peer {
    name: String,
    machine: Machine,
    address: SocketAddr,
    steps: Vec<Step>,
    at: usize,
    stage: Stage,
    listener: Option<SocketId>,
    stream: Option<SocketId>,
    /// What it received and no expectation has passed.
    received: Vec<u8>,
    ended: bool,
    /// How much of the text of the step is sent.
    sent: usize,
    began_ns: u64,
    within_ns: u64,
    /// When a refused connection is tried again.
    retry_ns: Option<u64>,
}

/// What became of one attempt at a step.
enum Attempt {
    Done,
    /// It waits for the socket, and until this time at the latest.
    Waits(Option<u64>),
    /// It can't be done.
    Broken(String),
}

impl Peer {
    pub fn new(part: &PeerPart, machine: Machine) -> Peer {
        Peer {
            name: part.name.clone(),
            machine,
            address: SocketAddr::new(part.address.expect("a scenario gives everybody one"), 0),
            steps: Step::flat(&part.steps),
            at: 0,
            stage: Stage::Going,
            listener: None,
            stream: None,
            received: Vec::new(),
            ended: false,
            sent: 0,
            began_ns: 0,
            within_ns: part.within.map_or(60_000_000_000, Span::ns),
            retry_ns: None,
        }
    }

    /// Whether its script is over, well or not.
    pub fn is_over(&self) -> bool {
        self.stage != Stage::Going
    }

    /// Does what can be done now; the failure, if that is how it ends.
    pub fn turn(&mut self) -> Option<Failure> {
        while self.stage == Stage::Going {
            let Some(step) = self.steps.get(self.at).cloned() else {
                self.stage = Stage::Done;
                break;
            };
            match self.attempt(&step) {
                Attempt::Done => {
                    self.at += 1;
                    self.sent = 0;
                    self.retry_ns = None;
                    self.began_ns = self.machine.now_ns();
                }
                Attempt::Waits(until_ns) => {
                    let timed = !matches!(step, Step::Wait(_) | Step::WaitUntil(_));
                    let late_ns = timed.then(|| self.began_ns.saturating_add(self.within_ns));
                    if late_ns.is_some_and(|at_ns| at_ns <= self.machine.now_ns()) {
                        let within = Span::from_ns(self.within_ns);
                        return self.fails(&step, format!("not within {within}"));
                    }
                    let deadline_ns = [until_ns, late_ns].into_iter().flatten().min();
                    let mut edges = Vec::new();
                    // It never stops: only the player does.
                    let _ = self.machine.wait(deadline_ns, &mut edges);
                    if edges.is_empty() {
                        return None;
                    }
                }
                Attempt::Broken(why) => return self.fails(&step, why),
            }
        }
        // Whatever still comes is nobody's.
        let _ = self.machine.wait(None, &mut Vec::new());
        let _ = self.machine.wait(None, &mut Vec::new());
        None
    }

    /// What it failed to do before the end.
    pub fn at_the_end(&mut self, until: Option<Span>) -> Option<Failure> {
        let step = self.steps.get(self.at).filter(|_| self.stage == Stage::Going)?.clone();
        let end = until.map_or(String::new(), |until| format!(", at {until}"));
        self.fails(&step, format!("not before the end{end}"))
    }

    fn fails(&mut self, step: &Step, why: String) -> Option<Failure> {
        if self.stream.is_some_and(|stream| self.machine.machines().was_hit(stream)) {
            self.stage = Stage::Excused;
            return None;
        }
        self.stage = Stage::Failed;
        let got = String::from_utf8_lossy(&self.received).into_owned();
        Some(Failure::Expectation {
            peer: self.name.clone(),
            number: self.at + 1,
            step: step.to_string(),
            why,
            got,
            at_ns: self.machine.now_ns(),
        })
    }

    fn attempt(&mut self, step: &Step) -> Attempt {
        match step {
            Step::Connect(to) => self.connect(*to),
            Step::Listen(port) => {
                match self.machine.listen(SocketAddr::new(self.address.ip(), *port)) {
                    Ok((listener, _)) => self.listener = Some(listener),
                    Err(errno) => return Attempt::Broken(errno.name().to_owned()),
                }
                Attempt::Done
            }
            Step::Accept => {
                let Some(listener) = self.listener else {
                    return Attempt::Broken("it doesn't listen; a listen step comes before".to_owned());
                };
                match self.machine.accept(listener) {
                    Ok((stream, _)) => self.connected(stream),
                    Err(_) => Attempt::Waits(None),
                }
            }
            Step::Send(text) => self.send(text.as_bytes()),
            Step::SendBytes(count) => self.send(&vec![b'm'; *count as usize]),
            Step::Expect(text) => self.expect(std::slice::from_ref(text)),
            Step::ExpectAll(texts) => self.expect(texts),
            Step::ExpectEnd => match self.receive() {
                Ok(()) if self.ended => Attempt::Done,
                Ok(()) => Attempt::Waits(None),
                Err(why) => Attempt::Broken(why),
            },
            Step::Wait(span) => self.wait_until(self.began_ns.saturating_add(span.ns())),
            Step::WaitUntil(span) => self.wait_until(span.ns()),
            Step::Finish => match self.stream.map(|stream| self.machine.shutdown(stream, Shutdown::Write)) {
                Some(Ok(())) => Attempt::Done,
                _ => broken("it is not connected"),
            },
            Step::Close => {
                if let Some(stream) = self.stream.take() {
                    self.machine.close(stream);
                }
                Attempt::Done
            }
            Step::Reset => {
                if let Some(stream) = self.stream.take() {
                    let machines = self.machine.machines().clone();
                    machines.on_network(|network| network.break_connection(stream));
                    self.machine.close(stream);
                }
                Attempt::Done
            }
            Step::Repeat { .. } => Attempt::Done,
        }
    }

    fn connect(&mut self, to: SocketAddr) -> Attempt {
        if let Some(at_ns) = self.retry_ns.filter(|&at_ns| at_ns > self.machine.now_ns()) {
            return Attempt::Waits(Some(at_ns));
        }
        self.retry_ns = None;
        let stream = match self.stream {
            Some(stream) => stream,
            None => match self.machine.connect(to) {
                Ok(stream) => *self.stream.insert(stream),
                Err(_) => return self.refused(),
            },
        };
        if self.machine.peer_address(stream).is_ok() {
            return self.connected(stream);
        }
        if self.machine.take_error(stream).is_none() {
            return Attempt::Waits(None);
        }
        self.machine.close(stream);
        self.stream = None;
        self.refused()
    }

    fn refused(&mut self) -> Attempt {
        let at_ns = self.machine.now_ns().saturating_add(RETRY_NS);
        self.retry_ns = Some(at_ns);
        Attempt::Waits(Some(at_ns))
    }

    fn connected(&mut self, stream: SocketId) -> Attempt {
        self.stream = Some(stream);
        self.received.clear();
        self.ended = false;
        Attempt::Done
    }

    fn send(&mut self, bytes: &[u8]) -> Attempt {
        while self.sent < bytes.len() {
            let Some(stream) = self.stream else { return broken("it is not connected") };
            match self.machine.send(stream, &[IoSlice::new(&bytes[self.sent..])]) {
                Ok(moved) => self.sent += moved,
                Err(Errno::Again) => return Attempt::Waits(None),
                Err(errno) => return broken(errno.name()),
            }
        }
        Attempt::Done
    }

    fn expect(&mut self, texts: &[String]) -> Attempt {
        if let Err(why) = self.receive() {
            return Attempt::Broken(why);
        }
        let ends = texts.iter().map(|text| find(&self.received, text.as_bytes()));
        match ends.collect::<Option<Vec<usize>>>() {
            Some(ends) => {
                self.received.drain(..ends.into_iter().max().unwrap_or(0));
                Attempt::Done
            }
            None if self.ended => broken("the stream has ended"),
            None => Attempt::Waits(None),
        }
    }

    fn wait_until(&mut self, at_ns: u64) -> Attempt {
        if at_ns <= self.machine.now_ns() { Attempt::Done } else { Attempt::Waits(Some(at_ns)) }
    }

    /// Takes in all there is.
    fn receive(&mut self) -> Result<(), String> {
        let Some(stream) = self.stream else { return Err("it is not connected".to_owned()) };
        let mut bytes = [0; 4096];
        while !self.ended {
            match self.machine.receive(stream, &mut bytes, false) {
                Ok(0) => self.ended = true,
                Ok(moved) => self.received.extend_from_slice(&bytes[..moved]),
                Err(Errno::Again) => break,
                Err(errno) => return Err(errno.name().to_owned()),
            }
        }
        Ok(())
    }
}

fn broken(why: &str) -> Attempt {
    Attempt::Broken(why.to_owned())
}

/// Where `text` ends in `bytes`, the first time.
fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    bytes.windows(text.len()).position(|window| window == text).map(|at| at + text.len())
}
