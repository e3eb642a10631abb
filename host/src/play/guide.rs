//! The scenarios that come with the project, and all that one can say: documentation only, no code.
#![doc = ""]
#![doc = include_str!("../../../scenarios/README.md")]
