//! What stands inside a sealed datagram.
//!
//! ```text
//! Hello    1 · sender 16 · nonce 16 · advertised address
//! Welcome  2 · sender 16 · receiver 16 · nonce of the hello 16
//! Heard    3 · receiver 16 · nonce of the hello 16
//! Stale    4 · receiver 16 · incarnation that is no more 16 · advertised address of the sender
//! Data     5 · sender 16 · receiver 16 · counter 8 · first counter of the message 8 · part 1 · parts 1
//!            · advertised address · payload
//! address: 4 · IPv4 4 · port 2, or 6 · IPv6 16 · port 2; integers are big-endian
//! ```

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::seal::{SEAL_OVERHEAD_BYTES, fill_random};

/// Largest payload of a UDP datagram over IPv4, in bytes.
pub(crate) const MAX_DATAGRAM_BYTES: usize = 65_507;
/// Largest payload of one [`Packet::Data`], in bytes: the header is the longest possible one.
pub(crate) const MAX_PART_BYTES: usize =
    MAX_DATAGRAM_BYTES - SEAL_OVERHEAD_BYTES - (1 + 16 + 16 + 8 + 8 + 1 + 1 + 19);
/// A message travels in at most so many datagrams. chitchat fills up to 65,507 bytes, which the seal
/// pushes over the limit: hence two.
pub(crate) const MAX_PARTS: usize = 2;

/// One life of a process, or a part of one: 128 random bits. Everything it accepts is bound to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Incarnation(pub(crate) [u8; 16]);

impl Incarnation {
    pub(crate) fn random() -> Self {
        Self(random_16())
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02x}{:02x}{:02x}{:02x}…",
            self.0[0], self.0[1], self.0[2], self.0[3]
        )
    }
}

/// A number used for one handshake: 128 random bits.
pub(crate) type Nonce = [u8; 16];

pub(crate) fn random_16() -> [u8; 16] {
    let mut bytes = [0; 16];
    fill_random(&mut bytes);
    bytes
}

/// The plaintext of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet {
    /// "Which incarnation are you?" The answer goes to `advertised`.
    Hello {
        sender: Incarnation,
        nonce: Nonce,
        advertised: SocketAddr,
    },
    /// The answer to a hello, sent to the address it advertised.
    Welcome {
        sender: Incarnation,
        receiver: Incarnation,
        nonce: Nonce,
    },
    /// Sent to the address a hello came *from*, if that is another one: the welcome is on its way to
    /// the advertised address. It opens nothing; it only lets a node say why it is not let in.
    Heard { receiver: Incarnation, nonce: Nonce },
    /// "You bound a packet to an incarnation that I am not": the receiver should say hello again.
    Stale {
        receiver: Incarnation,
        stale: Incarnation,
        advertised: SocketAddr,
    },
    /// A message of chitchat's, or half of one.
    Data(Data),
}

/// See [`Packet::Data`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) sender: Incarnation,
    pub(crate) receiver: Incarnation,
    /// Never used twice by `sender`.
    pub(crate) counter: u64,
    /// The counter of the message's first part.
    pub(crate) message: u64,
    pub(crate) part: u8,
    pub(crate) parts: u8,
    pub(crate) advertised: SocketAddr,
    pub(crate) payload: Vec<u8>,
}

impl Packet {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        match self {
            Self::Hello {
                sender,
                nonce,
                advertised,
            } => {
                out.push(1);
                out.extend_from_slice(&sender.0);
                out.extend_from_slice(nonce);
                encode_address(&mut out, *advertised);
            }
            Self::Welcome {
                sender,
                receiver,
                nonce,
            } => {
                out.push(2);
                out.extend_from_slice(&sender.0);
                out.extend_from_slice(&receiver.0);
                out.extend_from_slice(nonce);
            }
            Self::Heard { receiver, nonce } => {
                out.push(3);
                out.extend_from_slice(&receiver.0);
                out.extend_from_slice(nonce);
            }
            Self::Stale {
                receiver,
                stale,
                advertised,
            } => {
                out.push(4);
                out.extend_from_slice(&receiver.0);
                out.extend_from_slice(&stale.0);
                encode_address(&mut out, *advertised);
            }
            Self::Data(data) => {
                out.reserve(data.payload.len());
                out.push(5);
                out.extend_from_slice(&data.sender.0);
                out.extend_from_slice(&data.receiver.0);
                out.extend_from_slice(&data.counter.to_be_bytes());
                out.extend_from_slice(&data.message.to_be_bytes());
                out.push(data.part);
                out.push(data.parts);
                encode_address(&mut out, data.advertised);
                out.extend_from_slice(&data.payload);
            }
        }
        out
    }

    /// The packet in `bytes`; `None` if there is none, or anything is left over.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Input(bytes);
        let packet = match input.byte()? {
            1 => Self::Hello {
                sender: input.incarnation()?,
                nonce: input.take()?,
                advertised: input.address()?,
            },
            2 => Self::Welcome {
                sender: input.incarnation()?,
                receiver: input.incarnation()?,
                nonce: input.take()?,
            },
            3 => Self::Heard {
                receiver: input.incarnation()?,
                nonce: input.take()?,
            },
            4 => Self::Stale {
                receiver: input.incarnation()?,
                stale: input.incarnation()?,
                advertised: input.address()?,
            },
            5 => {
                let data = Data {
                    sender: input.incarnation()?,
                    receiver: input.incarnation()?,
                    counter: u64::from_be_bytes(input.take()?),
                    message: u64::from_be_bytes(input.take()?),
                    part: input.byte()?,
                    parts: input.byte()?,
                    advertised: input.address()?,
                    payload: std::mem::take(&mut input.0).to_vec(),
                };
                let sound = data.part < data.parts && usize::from(data.parts) <= MAX_PARTS;
                return (sound && data.message.checked_add(u64::from(data.part)) == Some(data.counter))
                    .then_some(Self::Data(data));
            }
            _ => return None,
        };
        input.0.is_empty().then_some(packet)
    }
}

fn encode_address(out: &mut Vec<u8>, address: SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) => {
            out.push(4);
            out.extend_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            out.push(6);
            out.extend_from_slice(&ip.octets());
        }
    }
    out.extend_from_slice(&address.port().to_be_bytes());
}

/// What is still to be decoded.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn incarnation(&mut self) -> Option<Incarnation> {
        self.take().map(Incarnation)
    }

    fn address(&mut self) -> Option<SocketAddr> {
        let ip: IpAddr = match self.byte()? {
            4 => self.take::<4>()?.into(),
            6 => self.take::<16>()?.into(),
            _ => return None,
        };
        Some(SocketAddr::new(ip, u16::from_be_bytes(self.take()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address() -> impl Strategy<Value = SocketAddr> {
        (any::<IpAddr>(), any::<u16>()).prop_map(|(ip, port)| SocketAddr::new(ip, port))
    }

    fn incarnation() -> impl Strategy<Value = Incarnation> {
        any::<[u8; 16]>().prop_map(Incarnation)
    }

    fn data() -> impl Strategy<Value = Packet> {
        let payload = proptest::collection::vec(any::<u8>(), 0..50);
        let part = prop_oneof![Just((0, 1)), Just((0, 2)), Just((1, 2))];
        (
            incarnation(),
            incarnation(),
            0..u64::MAX,
            part,
            address(),
            payload,
        )
            .prop_map(
                |(sender, receiver, message, (part, parts), advertised, payload)| {
                    let counter = message + u64::from(part);
                    Packet::Data(Data {
                        sender,
                        receiver,
                        counter,
                        message,
                        part,
                        parts,
                        advertised,
                        payload,
                    })
                },
            )
    }

    fn packet() -> impl Strategy<Value = Packet> {
        prop_oneof![
            (incarnation(), any::<Nonce>(), address()).prop_map(|(sender, nonce, advertised)| {
                Packet::Hello {
                    sender,
                    nonce,
                    advertised,
                }
            }),
            (incarnation(), incarnation(), any::<Nonce>()).prop_map(|(sender, receiver, nonce)| {
                Packet::Welcome {
                    sender,
                    receiver,
                    nonce,
                }
            }),
            (incarnation(), any::<Nonce>()).prop_map(|(receiver, nonce)| Packet::Heard { receiver, nonce }),
            (incarnation(), incarnation(), address()).prop_map(|(receiver, stale, advertised)| {
                Packet::Stale {
                    receiver,
                    stale,
                    advertised,
                }
            }),
            data(),
        ]
    }

    #[test]
    fn the_largest_part_fits_a_datagram_exactly() {
        let advertised = "[2001:db8::1]:7000".parse().unwrap();
        let (sender, receiver) = (Incarnation::random(), Incarnation::random());
        let payload = vec![0; MAX_PART_BYTES];
        let (counter, message, part, parts) = (1, 1, 0, 1);
        let data = Data {
            sender,
            receiver,
            counter,
            message,
            part,
            parts,
            advertised,
            payload,
        };
        assert_eq!(
            Packet::Data(data).encode().len() + SEAL_OVERHEAD_BYTES,
            MAX_DATAGRAM_BYTES
        );
    }

    proptest! {
        #[test]
        fn a_packet_survives_being_written_and_read(packet in packet()) {
            prop_assert_eq!(Packet::decode(&packet.encode()), Some(packet));
        }

        #[test]
        fn arbitrary_bytes_are_a_packet_written_the_same_way_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Some(packet) = Packet::decode(&bytes) {
                prop_assert_eq!(packet.encode(), bytes);
            }
        }

        #[test]
        fn a_packet_with_altered_bytes_is_another_packet_or_none(
            packet in packet(),
            edits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
            cut in 0..20usize,
        ) {
            let mut bytes = packet.encode();
            for (at, value) in edits {
                let at = at % bytes.len();
                bytes[at] = value;
            }
            bytes.truncate(bytes.len() - cut.min(bytes.len()));
            if let Some(decoded) = Packet::decode(&bytes) {
                prop_assert_eq!(decoded.encode(), bytes);
            }
        }
    }
}
