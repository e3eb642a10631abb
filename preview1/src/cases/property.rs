//! Random programs and peers against a naive model: every event it expects is told, and no other.
