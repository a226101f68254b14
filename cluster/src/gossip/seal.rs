//! The cluster key and what is sealed with it.
//!
//! Whoever has the key and the cluster's name belongs to the cluster; nobody else can read or make
//! anything. From the key, HKDF-SHA256 (RFC 5869) derives one key per cluster name and purpose, so
//! that what was sealed for one can be opened as nothing else.
//!
//! The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha). Its nonce of 24 bytes is long enough to
//! be drawn at random for as long as the key lives, by any number of nodes that know nothing of each
//! other; the 12 bytes of ChaCha20-Poly1305 or AES-GCM, which `ring` offers, are not: at the rate a
//! hundred nodes gossip, two packets would share one within weeks.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of the key, in bytes.
const KEY_BYTES: usize = 32;
/// Length of the random nonce, in bytes.
const NONCE_BYTES: usize = 24;
/// Length of the authentication tag, in bytes.
const TAG_BYTES: usize = 16;
/// First byte of everything sealed, so that the format can change one day.
const FORMAT: u8 = 1;
/// What sealing adds to a plaintext, in bytes: format, nonce, tag.
pub const SEAL_OVERHEAD_BYTES: usize = 1 + NONCE_BYTES + TAG_BYTES;

/// Base64 with or without padding: people lose the `=` when they copy a key.
const fn base64_engine(alphabet: &alphabet::Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config)
}

const STANDARD: GeneralPurpose = base64_engine(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = base64_engine(&alphabet::URL_SAFE);

/// The secret all nodes of a cluster share: 32 random bytes. It is wiped from memory when dropped and
/// never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterKey(Zeroizing<[u8; KEY_BYTES]>);

/// A text that is no cluster key. It does not quote the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// Neither base64 nor hexadecimal digits.
    #[error("the cluster key is neither base64 nor hexadecimal")]
    Encoding,
    /// Not 32 bytes.
    #[error("the cluster key has {0} bytes; it must have 32 (for example from: openssl rand -base64 32)")]
    Length(usize),
    /// One byte 32 times: a placeholder somebody forgot to fill in.
    #[error(
        "the cluster key is the same byte over and over; make a random one (for example with: openssl rand -base64 32)"
    )]
    Placeholder,
}

impl ClusterKey {
    /// A new random key.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        fill_random(bytes.as_mut());
        Self(bytes)
    }

    /// The key as base64, to be written where only the cluster's nodes read it.
    pub fn expose_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// Eight hexadecimal digits that tell keys apart and give nothing of them away.
    pub fn fingerprint(&self) -> String {
        let derived = self.derive("", Purpose("fingerprint"));
        derived.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Seals and opens for one purpose in the cluster called `cluster`.
    pub fn sealer(&self, cluster: &str, purpose: Purpose) -> Sealer {
        let derived = self.derive(cluster, purpose);
        Sealer(XChaCha20Poly1305::new(
            derived.as_slice().try_into().expect("32 bytes"),
        ))
    }

    fn derive(&self, cluster: &str, purpose: Purpose) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut derived = Zeroizing::new([0; KEY_BYTES]);
        // The length goes first, so that no other pair of names gives the same bytes.
        let cluster_len = (cluster.len() as u64).to_be_bytes();
        let info = [&cluster_len, cluster.as_bytes(), purpose.0.as_bytes()];
        Hkdf::<Sha256>::new(Some(b"aurora cluster key v1"), self.0.as_slice())
            .expand_multi_info(&info, derived.as_mut())
            .expect("32 bytes are within what HKDF gives");
        derived
    }
}

impl FromStr for ClusterKey {
    type Err = InvalidKey;

    /// Reads 64 hexadecimal digits or base64 (either alphabet, padded or not); white space around is
    /// ignored. 32 bytes of base64 have 43 or 44 characters, so the two cannot be confused.
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let text = text.trim();
        let decoded = match decode_hex(text) {
            Some(bytes) => bytes,
            None => STANDARD
                .decode(text)
                .or_else(|_| URL_SAFE.decode(text))
                .map_err(|_| InvalidKey::Encoding)?,
        };
        let decoded = Zeroizing::new(decoded);
        let bytes: [u8; KEY_BYTES] = decoded
            .as_slice()
            .try_into()
            .map_err(|_| InvalidKey::Length(decoded.len()))?;
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(InvalidKey::Placeholder);
        }
        Ok(Self(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(…)")
    }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..KEY_BYTES)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok())
        .collect()
}

/// What something is sealed for. What was sealed for one purpose does not open for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purpose(&'static str);

impl Purpose {
    /// Gossip datagrams.
    pub const GOSSIP: Self = Self("gossip");
    /// Passwords and tokens at rest.
    pub const SECRET: Self = Self("secret");
    /// Bodies of HTTP requests from node to node.
    pub const NODE_HTTP: Self = Self("node-http");

    /// A further purpose; its name must be like no other's.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}

/// Something that this key, cluster name, purpose and associated data do not open, or that is no
/// sealed text at all. Which of these it was cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed with this cluster's key and name for this purpose, or altered")]
pub struct NotOurs;

/// Seals and opens for one cluster and one purpose. Sealing says nothing about *when*: against replay,
/// bind what is sealed to something fresh with the associated data.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// Encrypts and authenticates `plaintext`, and authenticates `associated`, which the receiver must
    /// know. The result is [`SEAL_OVERHEAD_BYTES`] longer than `plaintext`.
    pub fn seal(&self, associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce);
        let payload = Payload {
            msg: plaintext,
            aad: &bound(associated),
        };
        let ciphertext = self
            .0
            .encrypt(&XNonce::from(nonce), payload)
            .expect("the cipher takes up to 256 GB");
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// The plaintext of what [`Self::seal`] made with the same associated data.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotOurs> {
        let (format, rest) = sealed.split_first().ok_or(NotOurs)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(NotOurs)?;
        if *format != FORMAT || ciphertext.len() < TAG_BYTES {
            return Err(NotOurs);
        }
        let payload = Payload {
            msg: ciphertext,
            aad: &bound(associated),
        };
        self.0
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| NotOurs)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// The associated data with the format byte, which must not be changed on the way either.
fn bound(associated: &[u8]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(1 + associated.len());
    bound.push(FORMAT);
    bound.extend_from_slice(associated);
    bound
}

/// Random bytes from the operating system.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    SysRng
        .try_fill_bytes(bytes)
        .expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn key() -> ClusterKey {
        HEX.parse().unwrap()
    }

    #[test]
    fn a_key_is_read_from_hex_and_from_every_kind_of_base64() {
        let padded = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        assert_eq!(padded.parse::<ClusterKey>().unwrap(), key());
        assert_eq!(padded.trim_end_matches('=').parse::<ClusterKey>().unwrap(), key());
        assert_eq!(
            format!(" {}\n", HEX.to_uppercase())
                .parse::<ClusterKey>()
                .unwrap(),
            key()
        );
        let dashes = "_-__AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let slashes = dashes.replace('-', "+").replace('_', "/");
        assert_eq!(dashes.parse::<ClusterKey>().unwrap(), slashes.parse().unwrap());
        let fresh = ClusterKey::generate();
        assert_eq!(fresh.expose_base64().parse::<ClusterKey>().unwrap(), fresh);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        let parse = |text: &str| text.parse::<ClusterKey>().unwrap_err();
        assert_eq!(parse("hunter2 is my password!"), InvalidKey::Encoding);
        assert_eq!(parse("c2hvcnQ="), InvalidKey::Length(5));
        assert_eq!(parse(&"00".repeat(32)), InvalidKey::Placeholder);
        assert_eq!(parse(&HEX[..60]), InvalidKey::Length(45));
    }

    #[test]
    fn a_key_shows_nothing_of_itself() {
        let shown = format!("{:?} {:?}", key(), key().sealer("c", Purpose::SECRET));
        assert_eq!(shown, "ClusterKey(…) Sealer(…)");
        assert!(!HEX.contains(&key().fingerprint()));
        assert_ne!(key().fingerprint(), ClusterKey::generate().fingerprint());
    }

    #[test]
    fn only_the_same_key_name_purpose_and_associated_data_open() {
        let sealed = key().sealer("prod", Purpose::SECRET).seal(b"kafka", b"password");
        let open = |key: &ClusterKey, cluster: &str, purpose, associated: &[u8]| {
            key.sealer(cluster, purpose).open(associated, &sealed)
        };
        assert_eq!(
            open(&key(), "prod", Purpose::SECRET, b"kafka").unwrap(),
            b"password"
        );
        assert_eq!(
            open(&ClusterKey::generate(), "prod", Purpose::SECRET, b"kafka"),
            Err(NotOurs)
        );
        assert_eq!(open(&key(), "test", Purpose::SECRET, b"kafka"), Err(NotOurs));
        assert_eq!(open(&key(), "prod", Purpose::NODE_HTTP, b"kafka"), Err(NotOurs));
        assert_eq!(open(&key(), "prod", Purpose::SECRET, b"other"), Err(NotOurs));
        // Name and purpose do not run into each other.
        let joined = key().sealer("prods", Purpose::new("ecret"));
        assert_eq!(joined.open(b"kafka", &sealed), Err(NotOurs));
    }

    #[test]
    fn the_overhead_is_as_stated_and_no_two_seals_are_alike() {
        let sealer = key().sealer("c", Purpose::SECRET);
        let once = sealer.seal(b"", b"same");
        assert_eq!(once.len(), 4 + SEAL_OVERHEAD_BYTES);
        assert_ne!(once, sealer.seal(b"", b"same"));
    }

    #[test]
    fn the_derivation_is_the_same_in_every_build() {
        // Secrets at rest outlive the binary that sealed them. This one was sealed by a program of its
        // own, written after the RFC and the draft, not by this code.
        let sealer = key().sealer("prod", Purpose::SECRET);
        let mut sealed = vec![FORMAT];
        sealed.extend_from_slice(&[7; NONCE_BYTES]);
        sealed.extend_from_slice(&[
            0xde, 0x2a, 0x55, 0x47, 0xb8, 0x13, 0x4a, 0x8b, 0x3b, 0x99, 0xca, 0x7d, 0xf3, 0x14, 0xa9, 0x3d,
            0xb2, 0xbb, 0x36, 0x10, 0xb5, 0x1f, 0x9b, 0xcd,
        ]);
        assert_eq!(sealer.open(b"kafka", &sealed).unwrap(), b"password");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(key().sealer("c", Purpose::GOSSIP).open(b"", &bytes), Err(NotOurs));
        }

        #[test]
        fn a_changed_bit_anywhere_is_noticed(text in proptest::collection::vec(any::<u8>(), 0..64), at in any::<usize>(), bit in 0..8u8) {
            let sealer = key().sealer("c", Purpose::GOSSIP);
            let mut sealed = sealer.seal(b"", &text);
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(sealer.open(b"", &sealed), Err(NotOurs));
        }
    }
}
