//! A guest written call by call, which checks each answer itself.

use super::module;
use std::fmt::Write as _;
use wasi_poll_host::{Grants, Outcome, Runner};

/// A guest's body, written call by call. Each is expected to answer something; a guest that was answered something
/// else exits with the call's place. `/net` is at fd 3 unless a test says otherwise.
#[derive(Default)]
pub struct Script {
    pub items: String,
    pub body: String,
    /// Texts stand from 8192 on.
    texts: usize,
    place: u32,
}

impl Script {
    /// Where a text stands: its pointer and its length, as wasm's constants.
    pub fn text(&mut self, text: &str) -> String {
        let at = 8192 + self.texts;
        self.texts += text.len();
        write!(self.items, "(data (i32.const {at}) {text:?})").unwrap();
        format!("(i32.const {at}) (i32.const {})", text.len())
    }

    pub fn answers(&mut self, call: &str, errno: u32) -> &mut Script {
        self.place += 1;
        write!(self.body, "(call $is {call} (i32.const {errno}) (i32.const {}))", self.place).unwrap();
        self
    }

    /// `path_open`, whose new fd stands at 32.
    pub fn opens(&mut self, path: &str, flags: u32, errno: u32) -> &mut Script {
        let path = self.text(path);
        self.answers(
            &format!(
                "(call $path_open (i32.const 3) (i32.const 1) {path} (i32.const 0) (i64.const 0) (i64.const 0)
                    (i32.const {flags}) (i32.const 32))"
            ),
            errno,
        )
    }

    /// `path_readlink`, whose value is to be `value`.
    pub fn reads(&mut self, path: &str, value: &str) -> &mut Script {
        self.reads_link(path, 0).holds(1024, "(i32.load (i32.const 40))", value)
    }

    /// `path_readlink` to 1024, and the value's length to 40.
    pub fn reads_link(&mut self, path: &str, errno: u32) -> &mut Script {
        let path = self.text(path);
        let call = format!(
            "(call $path_readlink (i32.const 3) {path} (i32.const 1024) (i32.const 512) (i32.const 40))"
        );
        self.answers(&call, errno)
    }

    pub fn sets(&mut self, path: &str, value: &str, errno: u32) -> &mut Script {
        let (path, value) = (self.text(path), self.text(value));
        self.answers(&format!("(call $path_symlink {value} (i32.const 3) {path})"), errno)
    }

    /// That as many bytes as `length` says stand at `pointer`, and are those of `text`.
    pub fn holds(&mut self, pointer: usize, length: &str, text: &str) -> &mut Script {
        self.answers(length, text.len() as u32);
        for (place, byte) in text.bytes().enumerate() {
            self.answers(&format!("(i32.load8_u (i32.const {}))", pointer + place), byte.into());
        }
        self
    }

    /// Sends a text to the stream or socket at `fd`.
    pub fn sends(&mut self, fd: u32, text: &str) -> &mut Script {
        let iovec = self.text(text);
        write!(self.body, "(call $iovec {iovec})").unwrap();
        let call = format!(
            "(call $sock_send (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8))"
        );
        self.answers(&call, 0).answers("(i32.load (i32.const 8))", text.len() as u32)
    }

    /// Receives from `fd` to 1024, at most 512 bytes, whose number then stands at 40.
    pub fn receives(&mut self, fd: u32, errno: u32) -> &mut Script {
        self.body.push_str("(call $iovec (i32.const 1024) (i32.const 512))");
        let call = format!(
            "(call $sock_recv (i32.const {fd}) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 40) (i32.const 44))"
        );
        self.answers(&call, errno)
    }

    pub fn runner(&self, grants: Grants) -> Runner {
        Runner::new(&module(&self.items, &self.body)).unwrap().grants(grants)
    }

    #[track_caller]
    pub fn runs(&self, grants: Grants) {
        self.ends(self.runner(grants));
    }

    #[track_caller]
    pub fn ends(&self, runner: Runner) {
        assert_eq!(runner.run().unwrap(), Outcome::Exited(0), "{}", self.body);
    }
}
