//! Two or three sessions and a network of vectors.

use super::*;
use crate::gossip::seal::{ClusterKey, Purpose};
use proptest::prelude::*;

const IDLE: Duration = Duration::from_secs(5);

fn key() -> ClusterKey {
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        .parse()
        .unwrap()
}

fn address(n: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 1], n))
}

fn sessions(n: u16) -> Sessions {
    Sessions::new(key().sealer("prod", Purpose::GOSSIP), address(n), IDLE)
}

/// Carries datagrams between `nodes` until none are left; what each was told, and all that was sent.
fn settle(
    nodes: &mut [&mut Sessions],
    now: Instant,
    first: Vec<Datagram>,
) -> (Vec<Vec<Vec<u8>>>, Vec<Datagram>) {
    let mut told = vec![Vec::new(); nodes.len()];
    let (mut queue, mut wire) = (first, Vec::new());
    while let Some(datagram) = queue.pop() {
        let receiver = nodes
            .iter_mut()
            .enumerate()
            .find(|(_, node)| node.advertised == datagram.to);
        if let Some((at, node)) = receiver {
            let opened = node.open(now, address(9), &datagram.bytes);
            told[at].extend(opened.message.map(|(_, message)| message));
            queue.extend(opened.answers);
        }
        wire.push(datagram);
        assert!(wire.len() < 100, "they never stop talking");
    }
    (told, wire)
}

#[test]
fn the_first_message_arrives_after_one_handshake_and_the_answer_needs_none() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let first = a.send(now, address(2), b"question".to_vec());
    let (told, _) = settle(&mut [&mut a, &mut b], now, first);
    assert_eq!(told, [vec![], vec![b"question".to_vec()]]);
    let answer = b.send(now, address(1), b"answer".to_vec());
    let opened = a.open(now, address(2), &answer[0].bytes);
    assert_eq!(opened.message, Some((address(2), b"answer".to_vec())));
    assert_eq!(a.answer_of(address(2)), Answer::Connected);
}

#[test]
fn only_the_last_message_waits_and_hellos_are_not_sent_in_a_hurry() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let hello = a.send(now, address(2), b"one".to_vec());
    assert_eq!(a.send(now, address(2), b"two".to_vec()), []);
    let again = a.send(now + HELLO_EVERY, address(2), b"three".to_vec());
    assert_eq!((hello.len(), again.len()), (1, 1));
    // The answer to the first hello comes late, after the second was sent, and still counts.
    let welcome = b.open(now, address(1), &hello[0].bytes).answers;
    let data = a.open(now + HELLO_EVERY, address(2), &welcome[0].bytes).answers;
    let opened = b.open(now, address(1), &data[0].bytes);
    assert_eq!(opened.message, Some((address(1), b"three".to_vec())));
}

#[test]
fn another_key_or_cluster_name_opens_nothing_and_is_not_answered() {
    let now = Instant::now();
    let mut a = sessions(1);
    let strangers = [
        ClusterKey::generate().sealer("prod", Purpose::GOSSIP),
        key().sealer("test", Purpose::GOSSIP),
    ];
    for (n, sealer) in strangers.into_iter().enumerate() {
        let mut stranger = Sessions::new(sealer, address(2), IDLE);
        let hello = stranger.send(now, address(1), b"let me in".to_vec());
        let opened = a.open(now, address(2), &hello[0].bytes);
        assert!(opened.message.is_none() && opened.answers.is_empty());
        assert_eq!(a.counters().unopened, n as u64 + 1);
        assert!(a.peers.is_empty() && a.senders.is_empty());
    }
}

#[test]
fn an_unreachable_advertised_address_gets_no_session_but_learns_why() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let hello = a.send(now, address(2), b"let me in".to_vec());
    let (source, nowhere) = (address(77), address(1));
    let answers = b.open(now, source, &hello[0].bytes).answers;
    let to: Vec<_> = answers.iter().map(|answer| answer.to).collect();
    assert_eq!(to, [nowhere, source]);
    // Only what goes to the source arrives.
    let opened = a.open(now, address(2), &answers[1].bytes);
    assert!(opened.message.is_none() && opened.answers.is_empty());
    assert_eq!(a.answer_of(address(2)), Answer::HeardOnly);
    let again = a.send(now + HELLO_EVERY, address(2), b"let me in".to_vec());
    let told = b.open(now + HELLO_EVERY, source, &again[0].bytes);
    assert!(told.message.is_none() && b.senders.is_empty() && b.peers.is_empty());
}

#[test]
fn a_restarted_receiver_is_found_again_without_waiting() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let first = a.send(now, address(2), b"one".to_vec());
    settle(&mut [&mut a, &mut b], now, first);
    let (mut b, later) = (sessions(2), now + HELLO_EVERY);
    let lost = a.send(later, address(2), b"two".to_vec());
    let (told, _) = settle(&mut [&mut a, &mut b], later, lost);
    assert_eq!((told[1].len(), b.counters().stale), (0, 1));
    let found = a.send(later, address(2), b"three".to_vec());
    let (told, wire) = settle(&mut [&mut a, &mut b], later, found);
    assert_eq!(
        (told[1].as_slice(), wire.len()),
        ([b"three".to_vec()].as_slice(), 1)
    );
}

#[test]
fn a_restarted_sender_is_answered_at_its_new_incarnation() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let first = a.send(now, address(2), b"one".to_vec());
    settle(&mut [&mut a, &mut b], now, first);
    let mut a = sessions(1);
    let first = a.send(now, address(2), b"two".to_vec());
    settle(&mut [&mut a, &mut b], now, first);
    let answer = b.send(now, address(1), b"answer".to_vec());
    assert!(a.open(now, address(2), &answer[0].bytes).message.is_some());
}

#[test]
fn a_link_that_turned_one_way_becomes_no_link() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let first = a.send(now, address(2), b"one".to_vec());
    settle(&mut [&mut a, &mut b], now, first);
    let later = now + IDLE + Duration::from_millis(1);
    let datagrams = a.send(later, address(2), b"two".to_vec());
    assert!(b.open(later, address(1), &datagrams[0].bytes).message.is_none());
    assert_ne!(a.answer_of(address(2)), Answer::Connected);
}

#[test]
fn the_longest_message_goes_in_two_parts_and_a_longer_one_not_at_all() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let first = a.send(now, address(2), b"one".to_vec());
    settle(&mut [&mut a, &mut b], now, first);
    let message: Vec<u8> = (0..65_507u32).map(|n| n as u8).collect();
    let parts = a.send(now, address(2), message.clone());
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.bytes.len() <= 65_507));
    assert!(b.open(now, address(1), &parts[1].bytes).message.is_none());
    assert_eq!(
        b.open(now, address(1), &parts[0].bytes).message,
        Some((address(1), message))
    );
    assert_eq!(
        a.send(now, address(2), vec![0; MAX_PARTS * MAX_PART_BYTES + 1]),
        []
    );
    assert_eq!(a.counters().oversized, 1);
}

#[test]
fn a_full_table_of_senders_forgets_no_window_but_draws_a_new_incarnation() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let first = a.send(now, address(2), b"one".to_vec());
    let (_, wire) = settle(&mut [&mut a, &mut b], now, first);
    let before = b.own;
    while b.senders.len() < MAX_SENDERS {
        b.senders.insert(Incarnation::random(), Sender::default());
    }
    let mut newcomer = sessions(3);
    let first = newcomer.send(now, address(2), b"two".to_vec());
    settle(&mut [&mut newcomer, &mut b], now, first);
    assert_ne!(b.own, before);
    assert!(b.senders.len() <= 1);
    for datagram in wire {
        assert!(b.open(now, address(1), &datagram.bytes).message.is_none());
    }
    // The first message after that finds out, the second arrives.
    let later = now + HELLO_EVERY;
    for message in [b"three".to_vec(), b"four".to_vec()] {
        let again = newcomer.send(later, address(2), message.clone());
        let (told, _) = settle(&mut [&mut newcomer, &mut b], later, again);
        assert_eq!(told[1].last() == Some(&message), message == b"four");
    }
}

#[test]
fn tables_stay_bounded_and_replayed_hellos_are_answered_rarely() {
    let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
    let hello = a.send(now, address(2), b"one".to_vec());
    let answers: usize = (0..1_000)
        .map(|_| b.open(now, address(1), &hello[0].bytes).answers.len())
        .sum();
    assert_eq!(answers, 1);
    for n in 0..3_000 {
        a.send(
            now,
            SocketAddr::from(([10, 1, (n / 250) as u8, (n % 250) as u8], 7)),
            b"x".to_vec(),
        );
    }
    assert_eq!(a.peers.len(), MAX_PEERS);
}

/// A recorded conversation: `a` says `count` things to `b` and is answered.
fn conversation(a: &mut Sessions, b: &mut Sessions, now: Instant, count: usize) -> Vec<Datagram> {
    let mut wire = Vec::new();
    for n in 0..count {
        let question = a.send(now, address(2), vec![n as u8; 3]);
        wire.extend(settle(&mut [a, b], now, question).1);
        let answer = b.send(now, address(1), vec![n as u8; 4]);
        wire.extend(settle(&mut [a, b], now, answer).1);
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_recorded_packet_tells_anything_again(order in proptest::collection::vec(any::<proptest::sample::Index>(), 1..100), restart in any::<bool>()) {
        let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
        let wire = conversation(&mut a, &mut b, now, 10);
        if restart {
            (a, b) = (sessions(1), sessions(2));
        }
        let bound = |sessions: &Sessions, n| sessions.peers.get(&address(n)).and_then(|peer| peer.bound);
        let before = (bound(&a, 2), bound(&b, 1));
        for at in order {
            let datagram = at.get(&wire);
            // To the one it was meant for, and to the other.
            prop_assert!(a.open(now, address(9), &datagram.bytes).message.is_none());
            prop_assert!(b.open(now, address(9), &datagram.bytes).message.is_none());
        }
        prop_assert_eq!(before, (bound(&a, 2), bound(&b, 1)));
    }

    #[test]
    fn an_altered_datagram_does_nothing(which in any::<proptest::sample::Index>(), at in any::<proptest::sample::Index>(), change in 1..=255u8) {
        let (mut a, mut b, now) = (sessions(1), sessions(2), Instant::now());
        let mut wire = conversation(&mut a, &mut b, now, 2);
        let which = which.index(wire.len());
        let bytes = &mut wire[which].bytes;
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let before = b.counters().unopened;
        let opened = b.open(now, address(1), bytes);
        prop_assert!(opened.message.is_none() && opened.answers.is_empty());
        prop_assert_eq!(b.counters().unopened, before + 1);
    }

    #[test]
    fn arbitrary_sealed_plaintexts_never_panic(plaintext in proptest::collection::vec(any::<u8>(), 0..150), kind in 1..6u8) {
        let mut b = sessions(2);
        let mut plaintext = plaintext;
        if let Some(first) = plaintext.first_mut() {
            *first = kind;
        }
        let sealed = key().sealer("prod", Purpose::GOSSIP).seal(b"", &plaintext);
        let opened = b.open(Instant::now(), address(1), &sealed);
        prop_assert!(opened.message.is_none());
    }
}
