//! Gossip between the nodes of a cluster: sealed, replay-safe datagrams that carry chitchat's messages.
//!
//! ```text
//! chitchat ── transport (UDP) ── session (who may talk to whom) ── wire (what is said) ── seal (the key)
//! ```

pub mod keys;
mod limit;
pub mod seal;
pub mod session;
pub mod transport;
pub mod window;
mod wire;
