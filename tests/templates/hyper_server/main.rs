//! An HTTP/1.1 server on hyper and tokio: every request is answered with the path it asked for.

use std::convert::Infallible;
use std::env;
use std::io;
use std::os::fd::FromRawFd;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener()?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A client that is lost takes only its own connection along.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(hello)).await;
        });
    }
}

async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = format!("you asked for {}\n", request.uri().path());
    Ok(Response::new(Full::new(Bytes::from(text))))
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
