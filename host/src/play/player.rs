//! One play: guests and peers get their turns on one thread, in an order that follows from the seed, and time jumps
//! when all of them wait.

use super::peer::Peer;
use super::said::{self, Line, Said, Words};
use super::setting::{found, network, setup, turn};
use super::watchdog::Watchdog;
use super::{Failure, Scenario, ScheduledFault, Span, Trigger, judge};
use crate::engine::{Linked, Running, Sharing};
use crate::kill::Cause;
use crate::trace::Trace;
use crate::{Killer, Module, Outcome, RunError};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use wasi_poll_preview1::{EdgeTrigger, Machine, Machines, MemoryNetwork, Random};
use wasi_poll_trace::{Clock, Entry, Header, Userdata, World};

/// A play of more turns than this has no end.
const MOST_TURNS: u64 = 5_000_000;

/// When everything is over, guests still have so long to take in what has arrived by then.
const LAST_NS: u64 = 1_000_000;

/// A scenario with its guests' code: it can be played any number of times, by several threads at once.
pub struct Play {
    scenario: Scenario,
    codes: Vec<(Module, Linked<Machine>)>,
}

/// What came of a play.
#[derive(Clone, Debug)]
pub struct Report {
    /// Why it failed, the gravest first; nothing when it went well.
    pub failures: Vec<Failure>,
    /// How long it took, in virtual time.
    pub took: Span,
    /// How many turns the guests and peers had.
    pub turns: u64,
    /// What the guests printed.
    pub said: Vec<Said>,
    /// How each guest ended, in the scenario's order; `None` for one that ran on.
    pub outcomes: Vec<Option<Outcome>>,
    /// What went wrong on purpose.
    pub faults: Vec<ScheduledFault>,
}

impl Report {
    /// What the guests printed, as lines.
    pub fn lines(&self) -> Vec<Line> {
        said::lines(&self.said)
    }

    /// All that a guest printed to stdout.
    pub fn printed(&self, guest: usize) -> String {
        let said = self.said.iter().filter(|said| said.guest == guest && !said.to_stderr);
        let bytes: Vec<u8> = said.flat_map(|said| said.bytes.iter().copied()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Play {
    /// Reads the guests of a scenario, in `folders`: the first that has a module's file is taken.
    ///
    /// # Errors
    /// When a module isn't there, or isn't a guest that can be played. The text names the file.
    pub fn new(scenario: Scenario, folders: &[PathBuf]) -> Result<Play, RunError> {
        let mut loaded: BTreeMap<PathBuf, Module> = BTreeMap::new();
        let mut codes = Vec::new();
        for guest in &scenario.guests {
            let path = found(&guest.module, folders)?;
            let module = match loaded.get(&path) {
                Some(module) => module.clone(),
                None => loaded.entry(path.clone()).or_insert(Module::load_to_play(&path)?).clone(),
            };
            let linked = Linked::new(&module)?;
            codes.push((module, linked));
        }
        Ok(Play { scenario, codes })
    }

    /// What is played.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What goes wrong with this seed: the scenario's own faults, and those that follow from the seed.
    pub fn faults(&self, seed: u64) -> Vec<ScheduledFault> {
        let random = self.scenario.random_faults.as_ref();
        let random = random.map(|random| random.schedule(&self.scenario, seed)).unwrap_or_default();
        self.scenario.faults.iter().cloned().chain(random).collect()
    }

    /// Plays it once. The same seed, faults and trigger play the same, and make the same trace, whatever the machine.
    ///
    /// # Errors
    /// When a guest can't be started.
    pub fn play(
        &self,
        seed: u64,
        faults: Vec<ScheduledFault>,
        trigger: Trigger,
        trace: Option<&Trace>,
    ) -> Result<Report, RunError> {
        if let Some(trace) = trace {
            trace.begin(&Header { trigger, ..self.header(seed, trace.has_data()) });
        }
        let mut stage = Stage::set(self, seed, trigger, trace)?;
        for fault in &faults {
            fault.plan(&self.scenario, &stage.machines);
        }
        let mut notes: Vec<&ScheduledFault> = faults.iter().filter(|_| trace.is_some()).collect();
        notes.sort_by_key(|fault| std::cmp::Reverse(fault.at));
        stage.play(&self.scenario, |now_ns| {
            while let Some(fault) = notes.pop_if(|fault| fault.at.ns() <= now_ns) {
                let text = fault.to_string().trim_end().replace('\n', ", ");
                if let Some(trace) = trace {
                    trace.tell(Entry::note(text, fault.at.ns()));
                }
            }
        });
        let report = stage.report(&self.scenario, faults);
        if let Some(trace) = trace {
            let undrained =
                report.failures.iter().filter(|failure| matches!(failure, Failure::Undrained { .. }));
            undrained.for_each(|failure| trace.tell(Entry::note(failure.to_string(), report.took.ns())));
        }
        Ok(report)
    }
}

impl Play {
    fn header(&self, seed: u64, data: bool) -> Header {
        let mut header = Header::new(World::Play, Clock::Virtual).with_seed(seed);
        for (guest, (module, _)) in self.scenario.guests.iter().zip(&self.codes) {
            header = header.with_guest(&guest.name, Some(module.sha256()));
        }
        header.started_unix_ns = MemoryNetwork::REALTIME_START_NS;
        header.scenario = Some(self.scenario.about.clone()).filter(|about| !about.is_empty());
        header.data = data;
        header
    }
}

/// Everybody who is in one play, while it lasts.
struct Stage {
    machines: Machines,
    guests: Vec<Part>,
    peers: Vec<Peer>,
    words: Words,
    random: Random,
    watchdog: Watchdog,
    killer: Killer,
    turns: u64,
    failures: Vec<Failure>,
}

/// A guest in one play.
struct Part {
    running: Option<Running>,
    outcome: Option<Outcome>,
    ended_ns: u64,
    /// What its polls hide, if they are edge-triggered.
    edges: Option<EdgeTrigger>,
    is_traced: bool,
}

impl Stage {
    fn set(play: &Play, seed: u64, trigger: Trigger, trace: Option<&Trace>) -> Result<Stage, RunError> {
        let scenario = &play.scenario;
        let mut random = Random::new(seed);
        let machines = Machines::new(network(scenario, random.next_u64()), random.next_u64());
        let (killer, words) = (Killer::new(), Words::default());
        let watchdog = Watchdog::new(killer.clone());
        let mut guests = Vec::new();
        for (number, (guest, (module, linked))) in scenario.guests.iter().zip(&play.codes).enumerate() {
            let machine = machines.add(guest.address.expect("a scenario gives everybody one"));
            let is_traced = trace.is_some();
            let is_alone = scenario.guests.len() == 1;
            let trace = trace.map(|trace| if is_alone { trace.clone() } else { trace.of_guest(&guest.name) });
            let mut setup = setup(guest, module, machine, &killer)?;
            let edges = (trigger == Trigger::Edge).then(EdgeTrigger::default);
            if let Some(edges) = &edges {
                setup.process.set_edge_trigger(edges.clone());
            }
            setup.trace = trace;
            setup.seed = Some(random.next_u64());
            setup.stdio.set_stdout(words.of(number, false, &machines));
            setup.stdio.set_stderr(words.of(number, true, &machines));
            let turn = Box::new(turn(scenario, number, &machines, &watchdog));
            let running = linked.start(setup, Sharing { turn, began_ns: None })?;
            guests.push(Part { running: Some(running), outcome: None, ended_ns: 0, edges, is_traced });
        }
        let peers = scenario.peers.iter().map(|peer| {
            let address = peer.address.expect("a scenario gives everybody one");
            Peer::new(peer, machines.add(address))
        });
        let peers = peers.collect();
        let failures = Vec::new();
        // The links know the machines by their addresses, whether those have sockets or not.
        Ok(Stage { machines, guests, peers, words, random, watchdog, killer, turns: 0, failures })
    }

    /// Plays to the end, and calls `at` as time passes.
    fn play(&mut self, scenario: &Scenario, mut at: impl FnMut(u64)) {
        let until_ns = scenario.until.map_or(86_400_000_000_000, Span::ns);
        let mut ready = Vec::new();
        let mut over_ns = None;
        // Guests that never wait make time pass, too.
        while !self.has_trapped() && self.machines.now_ns() <= until_ns {
            let now_ns = self.machines.now_ns();
            at(now_ns);
            if self.is_over(scenario) && now_ns > *over_ns.get_or_insert(now_ns) + LAST_NS {
                break;
            }
            ready.clear();
            let going = self.guests.iter().map(|part| part.running.is_some());
            let going = going.chain(self.peers.iter().map(|peer| !peer.is_over()));
            ready.extend(going.enumerate().filter_map(|(machine, going)| going.then_some(machine)));
            ready.retain(|&machine| self.machines.is_ready(machine));
            if ready.is_empty() {
                if over_ns.is_some() || !self.machines.advance(until_ns) {
                    break;
                }
                continue;
            }
            self.turns += 1;
            if self.turns > MOST_TURNS {
                self.failures.push(Failure::Restless { turns: MOST_TURNS });
                break;
            }
            let next = ready[self.random.below(ready.len() as u64) as usize];
            self.turn(next);
            if !self.failures.is_empty() {
                break;
            }
        }
    }

    /// Whether nobody has anything left to do: every script is at its end, and every guest that should exit has.
    fn is_over(&self, scenario: &Scenario) -> bool {
        let is_waited_for = |(number, part): (usize, &Part)| {
            part.running.is_some() && (self.peers.is_empty() || scenario.guests[number].exit.is_some())
        };
        let guests_left = self.guests.iter().enumerate().any(is_waited_for);
        !guests_left && self.peers.iter().all(Peer::is_over)
    }

    fn has_trapped(&self) -> bool {
        self.guests.iter().any(|part| matches!(part.outcome, Some(Outcome::Trapped { .. })))
    }

    fn turn(&mut self, machine: usize) {
        self.watchdog.calls().fetch_add(1, Ordering::Relaxed);
        let Some(part) = self.guests.get_mut(machine) else {
            let peer = &mut self.peers[machine - self.guests.len()];
            self.failures.extend(peer.turn());
            return;
        };
        let Some(running) = &mut part.running else { return };
        if let Poll::Ready(outcome) = running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            part.outcome = Some(outcome);
            part.ended_ns = self.machines.now_ns();
            // Its sockets close with it.
            part.running = None;
        }
    }

    /// The sockets that guests wait for which were told, and not drained.
    fn undrained(&self, scenario: &Scenario) -> Vec<Failure> {
        let mut undrained = Vec::new();
        for (number, (guest, part)) in scenario.guests.iter().zip(&self.guests).enumerate() {
            let Some(edges) = part.edges.as_ref().filter(|_| part.running.is_some()) else { continue };
            // Who has a turn to come may yet hear of more.
            if self.machines.is_ready(number) {
                continue;
            }
            for hidden in edges.hidden().into_iter().filter(|hidden| !hidden.write) {
                undrained.push(Failure::Undrained {
                    guest: guest.name.clone(),
                    fd: hidden.fd,
                    userdata: Userdata(hidden.userdata),
                    told_ns: hidden.told_ns,
                    told_by: None,
                });
            }
        }
        undrained
    }

    /// Ends the guests that wait, so that a trace has the calls they wait in: a loop that sleeps for ever over something
    /// is seen by that one.
    fn end_in_their_calls(&mut self) {
        let waits = |(number, part): (usize, &Part)| part.is_traced && !self.machines.is_ready(number);
        let waiting: Vec<bool> = self.guests.iter().enumerate().map(waits).collect();
        if !waiting.contains(&true) {
            return;
        }
        // What one leaves reaches nobody any more.
        self.machines.part_all();
        self.killer.end(Cause::Finished);
        for (part, _) in self.guests.iter_mut().zip(waiting).filter(|(_, waits)| *waits) {
            if let Some(running) = &mut part.running {
                let _ = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
        }
    }

    fn report(mut self, scenario: &Scenario, faults: Vec<ScheduledFault>) -> Report {
        let took = Span::from_ns(self.machines.now_ns());
        let mut failures = Vec::new();
        for (guest, part) in scenario.guests.iter().zip(&self.guests) {
            failures.extend(judge::of_end(guest, part.outcome.as_ref(), part.ended_ns));
        }
        failures.extend(self.undrained(scenario));
        failures.append(&mut self.failures);
        for peer in &mut self.peers {
            failures.extend(peer.at_the_end(scenario.until));
        }
        let outcomes = self.guests.iter_mut().map(|part| part.outcome.take()).collect();
        // What still runs is ended here, and prints no more.
        let said = self.words.take();
        self.end_in_their_calls();
        self.guests.clear();
        let mut report = Report { failures, took, turns: self.turns, said, outcomes, faults };
        for (number, guest) in scenario.guests.iter().enumerate() {
            let words = judge::of_words(guest, &report.printed(number));
            report.failures.extend(words);
        }
        report
    }
}
