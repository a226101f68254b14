//! Gossip between the nodes of a cluster: sealed, replay-safe datagrams that carry chitchat's messages.

pub mod seal;
