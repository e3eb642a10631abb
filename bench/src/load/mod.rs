//! The clients: one thread that keeps a server busy. What a server costs is measured elsewhere.

mod churn;
mod echo;
mod idle;
pub mod wrk;

pub use churn::churn;
pub use echo::Echo;
pub use idle::{Idle, ask};
