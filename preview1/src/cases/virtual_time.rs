//! What only a virtual clock can show: waits that end at the nanosecond, and things that happen during them.
