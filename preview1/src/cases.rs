//! The cases every [`Network`](crate::Network) passes.
