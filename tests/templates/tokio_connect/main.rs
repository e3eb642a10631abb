//! A client on tokio: connects to each address it is given, one after another, and sends back what comes.

use std::env;
use std::io;
use std::net::SocketAddr;

use tokio::io::copy;
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    for address in env::args().skip(1) {
        let address = address.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
        match connect(address).await {
            Ok(mut stream) => {
                println!("connected to {}", stream.peer_addr()?);
                let (mut reader, mut writer) = stream.split();
                copy(&mut reader, &mut writer).await?;
            }
            Err(error) => println!("{:?}", error.kind()),
        }
    }
    Ok(())
}

/// What tokio's own `connect` does elsewhere.
async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = mio::net::TcpStream::connect(address)?;
    let stream = TcpStream::from_std(stream.into())?;
    stream.writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}
