use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{DemoEvent, ShopGenerator};

const EVENTS: u64 = 200_000;

fn start() -> Timestamp {
    "2026-03-04T12:00:00Z".parse().expect("a time")
}

/// The first events of a shop at 100 a second.
fn events(seed: u64, count: u64) -> Vec<(Timestamp, DemoEvent)> {
    let mut shop = ShopGenerator::new(seed);
    (0..count)
        .map(|number| {
            let at = start() + SignedDuration::from_millis(number as i64 * 10);
            (at, shop.next_event(at))
        })
        .collect()
}

fn good_events(seed: u64, count: u64) -> Vec<Value> {
    let all = events(seed, count);
    all.iter().filter_map(|(_, event)| good(event)).collect()
}

/// The event's fields, unless it was spoilt.
fn good(event: &DemoEvent) -> Option<Value> {
    let fields: Value = serde_json::from_slice(&event.payload).ok()?;
    let numbers_where_due = fields["latency_ms"].is_u64()
        && fields.get("price").is_none_or(Value::is_f64)
        && fields["items"]
            .as_array()
            .is_none_or(|items| items.iter().all(|item| item["price"].is_f64()));
    numbers_where_due.then_some(fields)
}

fn cents(amount: &Value) -> i64 {
    (amount.as_f64().unwrap_or(f64::NAN) * 100.0).round() as i64
}

#[test]
fn same_seed_and_times_give_the_same_bytes() {
    assert_eq!(events(42, 20_000), events(42, 20_000));
    assert_ne!(events(42, 100), events(43, 100));
}

#[test]
fn malformed_share_is_about_one_of_a_thousand_and_of_every_kind() {
    let all = events(1, EVENTS);
    let bad: Vec<&DemoEvent> = all
        .iter()
        .map(|(_, event)| event)
        .filter(|event| good(event).is_none())
        .collect();
    assert!(
        (120..=300).contains(&bad.len()),
        "{} of {EVENTS} are malformed",
        bad.len()
    );
    assert!(bad.iter().any(|event| event.payload.is_empty()));
    assert!(
        bad.iter()
            .any(|event| std::str::from_utf8(&event.payload).is_err())
    );
    assert!(
        bad.iter()
            .any(|event| serde_json::from_slice::<Value>(&event.payload).is_ok()),
        "wrong type"
    );
    let cut_off = |event: &&&DemoEvent| event.payload.starts_with(b"{") && !event.payload.ends_with(b"}");
    assert!(bad.iter().any(|event| cut_off(&event)));
}

#[test]
fn events_have_what_all_events_have() {
    for (at, event) in events(2, 20_000) {
        let Some(fields) = good(&event) else { continue };
        assert_eq!(fields["session_id"], event.key.as_str());
        let event_time: Timestamp = fields["event_time"]
            .as_str()
            .expect("a string")
            .parse()
            .expect("ISO 8601");
        assert_eq!(event_time, at);
        assert_eq!(
            fields["event_time"].as_str().map(str::len),
            Some("2026-03-04T12:00:00.000Z".len())
        );
        assert!(fields["customer"]["id"].as_u64() > Some(100_000));
        assert_eq!(fields["customer"]["country"].as_str().map(str::len), Some(2));
        assert!(fields["customer"]["returning"].is_boolean());
        assert!(fields["device"]["browser"].is_string());
        assert!((28..60_000).contains(&fields["latency_ms"].as_u64().expect("a number")));
    }
}

#[test]
fn size_is_that_of_a_real_event() {
    let bytes: usize = events(3, 50_000)
        .iter()
        .map(|(_, event)| event.payload.len())
        .sum();
    let mean = bytes / 50_000;
    assert!((300..=400).contains(&mean), "{mean} bytes");
}

#[test]
fn funnel_is_plausible() {
    let mut counts: HashMap<String, f64> = HashMap::new();
    for fields in good_events(4, EVENTS) {
        *counts
            .entry(fields["event_type"].as_str().expect("a string").to_owned())
            .or_default() += 1.0;
    }
    let share = |of: &str, among: &str| counts[of] / counts[among];
    assert!((0.08..0.15).contains(&share("add_to_cart", "view")), "{counts:?}");
    assert!((0.02..0.05).contains(&share("purchase", "view")), "{counts:?}");
    assert!((0.03..0.10).contains(&share("purchase", "visit")), "{counts:?}");
    assert!((0.01..0.12).contains(&share("refund", "purchase")), "{counts:?}");
    assert!(
        counts["remove_from_cart"] < counts["add_to_cart"] / 4.0,
        "{counts:?}"
    );
    assert!(counts["purchase"] < counts["checkout"], "{counts:?}");
    assert_eq!(counts.len(), 8, "{counts:?}");
}

#[test]
fn totals_add_up() {
    let mut coupons = 0;
    let purchases: Vec<Value> = good_events(5, EVENTS)
        .into_iter()
        .filter(|fields| fields["event_type"] == "purchase")
        .collect();
    assert!(purchases.len() > 1_000);
    for order in purchases {
        let items = order["items"].as_array().expect("a list");
        assert!((1..=5).contains(&items.len()));
        let value: i64 = items
            .iter()
            .map(|item| cents(&item["price"]) * item["quantity"].as_i64().expect("a count"))
            .sum();
        assert_eq!(value, cents(&order["items_total"]), "{order}");
        let total = value - cents(&order["discount"]) + cents(&order["shipping"]);
        assert_eq!(total, cents(&order["total"]), "{order}");
        assert_eq!(
            order["coupon"].is_null(),
            cents(&order["discount"]) == 0,
            "{order}"
        );
        coupons += u32::from(order["coupon"].is_string());
    }
    assert!(coupons > 50);
}

#[test]
fn order_ids_are_big_and_unique_and_refunds_name_them() {
    let mut orders: HashMap<u64, (Value, i64)> = HashMap::new();
    let mut refunds = 0;
    for fields in good_events(6, EVENTS) {
        let Some(order_id) = fields["order_id"].as_u64() else {
            continue;
        };
        assert!(order_id > 1 << 53 && i64::try_from(order_id).is_ok());
        let customer = fields["customer"]["id"].clone();
        if fields["event_type"] == "purchase" {
            let known = orders.insert(order_id, (customer, cents(&fields["total"])));
            assert!(known.is_none(), "{order_id} twice");
        } else if let Some(order) = orders.remove(&order_id) {
            // An order whose purchase was spoilt is missed here, but there are few of those.
            assert_eq!(order, (customer, cents(&fields["refund_amount"])));
            refunds += 1;
        }
    }
    assert!(refunds > 20);
}

#[test]
fn products_keep_their_price_and_few_are_popular() {
    let mut prices: HashMap<String, i64> = HashMap::new();
    let mut views: HashMap<String, u32> = HashMap::new();
    for fields in good_events(7, EVENTS)
        .iter()
        .filter(|fields| fields["event_type"] == "view")
    {
        let sku = fields["sku"].as_str().expect("a string").to_owned();
        assert_eq!(
            *prices.entry(sku.clone()).or_insert(cents(&fields["price"])),
            cents(&fields["price"])
        );
        *views.entry(sku).or_default() += 1;
    }
    let mut by_views: Vec<u32> = views.into_values().collect();
    by_views.sort_unstable_by(|left, right| right.cmp(left));
    let popular: u32 = by_views.iter().take(32).sum();
    let all: u32 = by_views.iter().sum();
    assert!(
        (0.3..0.7).contains(&(f64::from(popular) / f64::from(all))),
        "{popular} of {all}"
    );
}

#[test]
fn customers_come_from_everywhere_and_californians_are_ca() {
    let mut places: HashSet<(String, Option<String>)> = HashSet::new();
    for fields in good_events(8, 20_000) {
        let country = fields["customer"]["country"]
            .as_str()
            .expect("a string")
            .to_owned();
        places.insert((country, fields["customer"]["region"].as_str().map(str::to_owned)));
    }
    for expected in [
        ("US", Some("CA")),
        ("DE", Some("BY")),
        ("FR", Some("IDF")),
        ("GB", Some("ENG")),
        ("NL", None),
    ] {
        assert!(
            places.contains(&(expected.0.to_owned(), expected.1.map(str::to_owned))),
            "{expected:?}"
        );
    }
}

#[test]
fn sessions_are_bounded_whatever_the_rate() {
    let mut shop = ShopGenerator::new(9);
    for _ in 0..100_000 {
        // No time passes at all: the highest rate there is.
        shop.next_event(start());
    }
    for number in 0..100_000_i64 {
        shop.next_event(start() + SignedDuration::from_micros(number));
    }
    assert!(shop.sessions.len() <= super::MOST_SESSIONS);
    for number in 1..2_000_i64 {
        shop.next_event(start() + SignedDuration::from_secs(number));
    }
    assert!(
        shop.sessions.len() <= 2 * super::FEWEST_SESSIONS,
        "{}",
        shop.sessions.len()
    );
}

#[test]
fn odd_times_do_no_harm() {
    let mut shop = ShopGenerator::new(10);
    for at in [
        Timestamp::MIN,
        Timestamp::UNIX_EPOCH,
        Timestamp::MAX,
        start(),
        Timestamp::MIN,
    ] {
        assert!((0..200).any(|_| good(&shop.next_event(at)).is_some()));
    }
}
