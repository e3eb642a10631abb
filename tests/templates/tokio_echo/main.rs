//! A line server on tokio. A line comes back as it is; `sleep MS` is answered after that time, on its connection
//! alone; `served` tells how many lines were answered.

use std::env;
use std::io;
use std::os::fd::FromRawFd;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener()?;
    let (served, _) = watch::channel(0_u64);
    loop {
        let (stream, _) = listener.accept().await?;
        let served = served.clone();
        tokio::spawn(async move {
            // A client that is lost takes only its own connection along.
            let _ = serve(stream, served).await;
        });
    }
}

async fn serve(mut stream: TcpStream, served: watch::Sender<u64>) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    while let Some(mut line) = lines.next_line().await? {
        if let Some(milliseconds) = line.strip_prefix("sleep ") {
            let milliseconds = milliseconds.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            time::sleep(Duration::from_millis(milliseconds)).await;
        } else if line == "served" {
            line = served.borrow().to_string();
        }
        line.push('\n');
        writer.write_all(line.as_bytes()).await?;
        served.send_modify(|served| *served += 1);
    }
    Ok(())
}

/// The listener that the host opened, if it says so, or else one on a port that the system chooses.
fn listener() -> io::Result<TcpListener> {
    let listener = if let Ok(address) = env::var("LISTEN_FDADDRS") {
        println!("listening on {address}");
        // SAFETY: the host preopens a listener there, and nothing else in this program takes it.
        unsafe { std::net::TcpListener::from_raw_fd(3) }
    } else {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        println!("listening on {}", listener.local_addr()?);
        listener
    };
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
