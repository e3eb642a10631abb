//! `Token`, the caller's own name for a source; how it travels through the host is the selector's.

/// The caller's name for a registered source: every [`Event`](crate::event::Event) carries the one its
/// source was registered with.
///
/// All values are the caller's to use, `0` and `usize::MAX` included.
///
/// # In each world
/// On `wasm32-wasip1` a token never reaches the host: a subscription's userdata is the registration's
/// key, and the token is looked up when the event comes back.
///
/// ```
/// use wasi_poll::Token;
///
/// const LISTENER: Token = Token(usize::MAX);
/// assert_eq!(usize::from(LISTENER), LISTENER.0);
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub usize);

impl From<Token> for usize {
    fn from(token: Token) -> usize {
        token.0
    }
}
