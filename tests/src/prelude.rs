//! What every case needs.

pub use std::io::{self, ErrorKind, Read, Write};
pub use std::net::{Shutdown, SocketAddr};
pub use std::time::{Duration, Instant};

pub use anyhow::{Context, Result, bail, ensure};
pub use mio::net::{TcpListener, TcpStream, UdpSocket};
pub use mio::{Interest, Token};

pub use crate::case::{Case, Grant};
pub use crate::guest::{ANY_PORT, Guest, drain, put, until_closed};
pub use crate::watch::{BOTH, READ, WRITE, Watch};
pub use crate::world::World;
