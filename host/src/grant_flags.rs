//! The flags that grant the guest more of the network than its listeners. What a rule means is preview1's.

use crate::grants_file;
use clap::Args;
use std::path::PathBuf;
use wasi_poll_host::{Grants, NamePattern, Rule};

const NETWORK: &str = "Network";

/// With any of them, the guest finds the network directory, `/net`.
#[derive(Debug, Args)]
pub struct GrantFlags {
    /// Let the guest connect to addresses: HOST[:PORTS], where HOST is an address, a network, a name or *, and
    /// PORTS a port, a range or *. Example: `--allow-connect 10.0.0.0/8:8000-8099 --allow-connect example.org:443`
    #[arg(long, value_name = "RULE", help_heading = NETWORK)]
    allow_connect: Vec<Rule>,

    /// Let the guest open listeners itself. Example: `--allow-listen 127.0.0.1:8080`
    #[arg(long, value_name = "RULE", help_heading = NETWORK)]
    allow_listen: Vec<Rule>,

    /// Let the guest bind UDP sockets to addresses and send to addresses: its own and each it sends to need a rule,
    /// and it hears from everybody. Example: `--allow-udp 127.0.0.1 --allow-udp 192.0.2.53:53`
    #[arg(long, value_name = "RULE", help_heading = NETWORK)]
    allow_udp: Vec<Rule>,

    /// Let the guest look names up: a name, *.NAME for all below it, or *. Example: `--allow-dns *.example.org`
    #[arg(long, value_name = "PATTERN", help_heading = NETWORK)]
    allow_dns: Vec<NamePattern>,

    /// Grant what a file says, too: lists of rules named `connect`, `listen`, `udp` and `dns`.
    /// Example: `--grants net.toml`, and in it `connect = ["10.0.0.0/8:443"]`
    #[arg(long, value_name = "FILE.toml", help_heading = NETWORK)]
    grants: Option<PathBuf>,

    /// Let the guest use all of this machine's network. Example: `--net-inherit`, for a guest you trust
    #[arg(long, help_heading = NETWORK)]
    pub net_inherit: bool,
}

impl GrantFlags {
    /// All that the flags and the file grant.
    pub fn grants(&self) -> anyhow::Result<Grants> {
        let mut grants = Grants {
            connect: self.allow_connect.clone(),
            listen: self.allow_listen.clone(),
            udp: self.allow_udp.clone(),
            dns: self.allow_dns.clone(),
        };
        if let Some(path) = &self.grants {
            grants_file::add(path, &mut grants)?;
        }
        // What a file says has to be right even where it adds nothing.
        Ok(if self.net_inherit { Grants::all() } else { grants })
    }
}
