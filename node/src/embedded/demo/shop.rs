//! A web shop's events: what its visitors do, one step at a time.
//!
//! Pure and deterministic: the same seed and the same times give the same bytes, on every machine.

use std::io::Write;

use jiff::Timestamp;

use super::catalog::{CURRENCY, Catalog};
use super::json::{
    push_bool, push_integer, push_money, push_name, push_optional_string, push_string, push_three_digits,
};
use super::malformed::{MALFORMED_SHARE, spoil};
use super::people::People;
use super::random::{Random, scramble};
use super::rhythm::{Rhythm, rhythm_at};
use super::session::{Cart, CartLine, Order, Session, Step, Totals};

/// Visitors in the shop at once, whatever the rate.
const FEWEST_SESSIONS: usize = 48;
const MOST_SESSIONS: usize = 8_192;
/// What a visitor takes from one step to the next, as long as [`MOST_SESSIONS`] suffices for that.
const SECONDS_BETWEEN_STEPS: f64 = 6.0;
/// How many events the rate is estimated over.
const RATE_WINDOW_EVENTS: u32 = 64;
/// While the shop fills up, one event of so many is an arrival.
const ARRIVAL_SHARE: f64 = 0.25;

const RETURNING_SHARE: f64 = 0.62;
const FIRST_CUSTOMER_ID: u64 = 100_001;
/// Customers that the shop had before its first event here.
const FORMER_CUSTOMERS: u64 = 40_000;

/// Orders that may still be returned, the oldest forgotten first.
const RETURNABLE_ORDERS: usize = 512;
/// Share of sessions that come to return an order, once there is one.
const RETURN_SHARE: f64 = 0.004;

/// Order ids count milliseconds from here, so that they have the size of real ones (past 2^53) and fit 63
/// bits.
const ORDER_EPOCH_MS: i64 = 1_577_836_800_000;
const ORDER_SEQUENCE_BITS: u32 = 22;

/// Bytes of an event with room to spare, so that writing one does not move it.
const PAYLOAD_CAPACITY: usize = 640;

/// One message for Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoEvent {
    /// The session's id: events of a session stay in order.
    pub key: String,
    /// JSON in UTF-8, but for the malformed share of about one of a thousand.
    pub payload: Vec<u8>,
}

/// Makes up events of a web shop, one after the other.
#[derive(Clone, Debug)]
pub struct ShopGenerator {
    random: Random,
    catalog: Catalog,
    people: People,
    sessions: Vec<Session>,
    wanted_sessions: usize,
    customers: u64,
    returnable: Vec<Order>,
    orders: u64,
    clock: Clock,
}

impl ShopGenerator {
    /// A shop without visitors. The seed decides on all that follows.
    pub fn new(seed: u64) -> Self {
        ShopGenerator {
            random: Random::new(scramble(seed)),
            catalog: Catalog::new(),
            people: People::new(),
            sessions: Vec::with_capacity(FEWEST_SESSIONS),
            wanted_sessions: FEWEST_SESSIONS,
            customers: FORMER_CUSTOMERS,
            returnable: Vec::with_capacity(RETURNABLE_ORDERS),
            orders: 0,
            clock: Clock::new(),
        }
    }

    /// The next thing that happens in the shop, at the given time. Times should not go back.
    pub fn next_event(&mut self, now: Timestamp) -> DemoEvent {
        if let Some(events_per_s) = self.clock.set(now) {
            let sessions = (events_per_s * SECONDS_BETWEEN_STEPS) as usize;
            self.wanted_sessions = sessions.clamp(FEWEST_SESSIONS, MOST_SESSIONS);
        }
        let (slot, step) = self.next_step();
        let mut payload = Vec::with_capacity(PAYLOAD_CAPACITY);
        self.write_event(&mut payload, slot, step);
        if self.random.chance(MALFORMED_SHARE) {
            spoil(&mut payload, &mut self.random);
        }
        DemoEvent {
            key: self.sessions[slot].id.clone(),
            payload,
        }
    }

    /// Who moves, and what they do.
    fn next_step(&mut self) -> (usize, Step) {
        let filling_up = self.sessions.len() < self.wanted_sessions;
        if self.sessions.is_empty() || (filling_up && self.random.chance(ARRIVAL_SHARE)) {
            let session = self.arrive();
            self.sessions.push(session);
            return (self.sessions.len() - 1, Step::Visit);
        }
        let mut slot = self.random.below(self.sessions.len());
        // Emptied slowly: a rate that wavers should not drive visitors out and in again.
        while self.sessions.len() > 2 * self.wanted_sessions {
            self.sessions.swap_remove(slot);
            slot = self.random.below(self.sessions.len());
        }
        match self.sessions[slot].advance(&self.catalog, self.clock.rhythm.conversion, &mut self.random) {
            Some(step) => (slot, step),
            None => {
                self.sessions[slot] = self.arrive();
                (slot, Step::Visit)
            }
        }
    }

    fn arrive(&mut self) -> Session {
        let random = &mut self.random;
        let to_return = random
            .chance(RETURN_SHARE)
            .then(|| random.below(self.returnable.len()));
        let to_return = to_return
            .filter(|&order| order < self.returnable.len())
            .map(|order| self.returnable.swap_remove(order));
        let returning = to_return.is_some() || random.chance(RETURNING_SHARE);
        let customer_number = match to_return {
            Some(order) => order.customer_id - FIRST_CUSTOMER_ID,
            // Some come again and again, most do not.
            None if returning => (random.unit().powi(2) * self.customers as f64) as u64,
            None => {
                self.customers += 1;
                self.customers - 1
            }
        };
        Session {
            id: format!("{:016x}", random.next_u64()),
            customer: self
                .people
                .customer(FIRST_CUSTOMER_ID + customer_number, returning),
            returning,
            visit: self.people.visit(self.clock.rhythm.mobile_share, random),
            last_step: Step::Visit,
            line: CartLine::default(),
            cart: Cart::default(),
            coupon: None,
            to_return,
        }
    }

    fn write_event(&mut self, out: &mut Vec<u8>, slot: usize, step: Step) {
        let latency_ms = self.latency_ms(slot);
        let session = &self.sessions[slot];
        out.push(b'{');
        self.clock.push_event_time(out);
        push_string(out, ",event_type", step.name());
        push_string(out, ",session_id", &session.id);
        push_name(out, ",customer");
        out.push(b'{');
        push_integer(out, "id", session.customer.id);
        out.push(b',');
        out.extend_from_slice(self.people.place_json(&session.customer));
        push_optional_string(out, ",tier", session.customer.tier);
        push_bool(out, ",returning", session.returning);
        out.push(b'}');
        push_name(out, ",device");
        out.push(b'{');
        out.extend_from_slice(self.people.device_json(&session.visit));
        out.push(b'}');
        push_string(out, ",channel", session.visit.channel);
        if let Some(campaign) = session.visit.campaign {
            push_string(out, ",campaign", campaign);
        }
        push_integer(out, ",latency_ms", latency_ms);
        self.write_details(out, slot, step);
        out.push(b'}');
    }

    /// What only events of this kind have.
    fn write_details(&mut self, out: &mut Vec<u8>, slot: usize, step: Step) {
        let session = &self.sessions[slot];
        let product = self.catalog.product(session.line.product);
        match step {
            Step::Visit => {}
            Step::Search => {
                push_string(out, ",query", product.search_term);
                push_integer(out, ",results", scramble(u64::from(session.line.product)) % 40);
            }
            Step::View => {
                out.push(b',');
                out.extend_from_slice(&product.json);
            }
            Step::AddToCart | Step::RemoveFromCart => {
                out.push(b',');
                out.extend_from_slice(&product.json);
                push_integer(out, ",quantity", u64::from(session.line.quantity));
                push_money(out, ",cart_value", session.cart.value_cents(&self.catalog));
            }
            Step::Checkout => {
                push_integer(out, ",pieces", session.cart.pieces());
                push_money(out, ",cart_value", session.cart.value_cents(&self.catalog));
                push_string(out, ",currency", CURRENCY);
                push_optional_string(out, ",coupon", session.coupon.map(|coupon| coupon.code));
            }
            Step::Purchase => self.write_purchase(out, slot),
            Step::Refund => self.write_refund(out, slot),
        }
    }

    fn write_purchase(&mut self, out: &mut Vec<u8>, slot: usize) {
        const PAYMENTS: [&str; 8] = [
            "card",
            "card",
            "card",
            "card",
            "paypal",
            "paypal",
            "apple_pay",
            "invoice",
        ];
        let order_id = self.next_order_id();
        let payment = PAYMENTS[self.random.below(PAYMENTS.len())];
        let gift = self.random.chance(0.08);
        let session = &self.sessions[slot];
        let totals = Totals::of(session.cart.value_cents(&self.catalog), session.coupon);
        push_integer(out, ",order_id", order_id);
        push_name(out, ",items");
        for (number, line) in session.cart.lines().iter().enumerate() {
            let product = self.catalog.product(line.product);
            out.extend_from_slice(if number == 0 { b"[{" } else { b",{" });
            push_string(out, "sku", &product.sku);
            push_integer(out, ",quantity", u64::from(line.quantity));
            push_money(out, ",price", product.price_cents);
            out.push(b'}');
        }
        out.push(b']');
        push_integer(out, ",pieces", session.cart.pieces());
        if let Some(product) = session.cart.main_product(&self.catalog) {
            push_string(out, ",category", self.catalog.product(product).category_name());
        }
        push_money(out, ",items_total", totals.items_cents);
        push_money(out, ",discount", totals.discount_cents);
        push_money(out, ",shipping", totals.shipping_cents);
        push_money(out, ",total", totals.total_cents);
        push_string(out, ",currency", CURRENCY);
        push_optional_string(out, ",coupon", session.coupon.map(|coupon| coupon.code));
        push_string(out, ",payment", payment);
        push_bool(out, ",gift", gift);
        let customer_id = session.customer.id;
        self.remember_order(Order {
            id: order_id,
            customer_id,
            total_cents: totals.total_cents,
        });
    }

    fn write_refund(&mut self, out: &mut Vec<u8>, slot: usize) {
        const REASONS: [&str; 5] = [
            "damaged",
            "wrong_size",
            "too_late",
            "not_as_described",
            "changed_mind",
        ];
        let reason = REASONS[self.random.below(REASONS.len())];
        if let Some(order) = self.sessions[slot].to_return.take() {
            push_integer(out, ",order_id", order.id);
            push_money(out, ",refund_amount", order.total_cents);
            push_string(out, ",currency", CURRENCY);
            push_string(out, ",reason", reason);
        }
    }

    fn next_order_id(&mut self) -> u64 {
        let since_epoch_ms = u64::try_from(self.clock.now.as_millisecond() - ORDER_EPOCH_MS).unwrap_or(0);
        self.orders += 1;
        let sequence = self.orders & ((1 << ORDER_SEQUENCE_BITS) - 1);
        since_epoch_ms << ORDER_SEQUENCE_BITS | sequence
    }

    fn remember_order(&mut self, order: Order) {
        if self.returnable.len() < RETURNABLE_ORDERS {
            self.returnable.push(order);
        } else {
            let replaced = self.orders as usize % RETURNABLE_ORDERS;
            self.returnable[replaced] = order;
        }
    }

    /// Mostly quick, sometimes not, now and then a long wait; slower on phones.
    fn latency_ms(&mut self, slot: usize) -> u64 {
        let mean_ms = if self.sessions[slot].visit.on_a_phone() {
            95.0
        } else {
            60.0
        };
        let waiting_ms = -(1.0 - self.random.unit()).ln() * mean_ms;
        let factor = if self.random.chance(0.004) { 15.0 } else { 1.0 };
        28 + (waiting_ms * factor) as u64
    }
}

/// What time it is in the shop, and what follows from it; worked out again only when it has changed.
#[derive(Clone, Debug)]
struct Clock {
    now: Timestamp,
    rhythm: Rhythm,
    rhythm_minute: i64,
    /// `"event_time":"2026-03-04T12:34:56` of the second in question.
    second_json: Vec<u8>,
    second: i64,
    window_start: Timestamp,
    window_events: u32,
}

impl Clock {
    fn new() -> Self {
        Clock {
            now: Timestamp::UNIX_EPOCH,
            rhythm: rhythm_at(Timestamp::UNIX_EPOCH),
            rhythm_minute: 0,
            second_json: Vec::new(),
            second: i64::MIN,
            window_start: Timestamp::UNIX_EPOCH,
            window_events: 0,
        }
    }

    /// Moves on to the time of the next event. Now and then returns the rate at which events come.
    fn set(&mut self, now: Timestamp) -> Option<f64> {
        self.now = now;
        let second = now.as_millisecond().div_euclid(1_000);
        if second.div_euclid(60) != self.rhythm_minute {
            self.rhythm_minute = second.div_euclid(60);
            self.rhythm = rhythm_at(now);
        }
        if second != self.second {
            self.second = second;
            self.write_second();
        }
        self.window_events += 1;
        if self.window_events < RATE_WINDOW_EVENTS {
            return None;
        }
        let elapsed_s = now.duration_since(self.window_start).as_secs_f64();
        self.window_start = now;
        self.window_events = 0;
        (elapsed_s > 0.0).then(|| f64::from(RATE_WINDOW_EVENTS) / elapsed_s)
    }

    fn write_second(&mut self) {
        self.second_json.clear();
        push_name(&mut self.second_json, "event_time");
        self.second_json.push(b'"');
        let second = Timestamp::from_second(self.second).unwrap_or(self.now);
        // Writing to memory does not fail, and the last character is the zone's Z, which follows the
        // milliseconds.
        write!(self.second_json, "{second}").ok();
        self.second_json.pop();
    }

    fn push_event_time(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.second_json);
        out.push(b'.');
        push_three_digits(out, self.now.as_millisecond().rem_euclid(1_000) as u16);
        out.extend_from_slice(b"Z\"");
    }
}

#[cfg(test)]
#[path = "shop_tests.rs"]
mod tests;
