//! `wasi-poll replay`: a recorded run once more, and where the guest leaves it.

use crate::{cli, say};
use clap::Args;
use std::path::PathBuf;
use wasi_poll_host::{Limits, Module, Recording, Replayed, replay};

/// When the guest made another call.
const DIVERGED: u8 = 1;

#[derive(Debug, Args)]
pub struct Replay {
    /// What `wasi-poll run --record FILE` wrote
    #[arg(value_name = "FILE")]
    recording: PathBuf,

    /// The guest; arguments and variables are in the recording
    #[arg(value_name = "GUEST.wasm")]
    guest: PathBuf,
}

impl Replay {
    pub fn run(&self) -> anyhow::Result<u8> {
        let recording = Recording::load(&self.recording)?;
        let module = Module::load(&self.guest)?;
        if !recording.is_of(&module.sha256()) {
            say(format_args!("{} is another module than the recorded one", self.guest.display()));
        }
        let calls = recording.calls();
        let replayed = replay(&module, recording, Limits::default())?;
        Ok(match &replayed {
            Replayed::Ended(outcome) => {
                say(format_args!("the guest made the same {calls} calls"));
                cli::exit_code(outcome, None)
            }
            Replayed::Cut => {
                say(format_args!("the guest made the same {calls} calls, as far as the recording goes"));
                0
            }
            Replayed::Diverged { number, text } => {
                say(format_args!("the guest leaves the recording at call {number} of {calls}: {text}"));
                DIVERGED
            }
        })
    }
}
