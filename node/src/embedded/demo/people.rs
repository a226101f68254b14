//! Who comes to the shop: where they live, what they hold in their hands and which way they came.

use super::json::{push_optional_string, push_string};
use super::random::{Random, WeightedChoice, scramble};

/// Country, region where the shop knows one, city, weight.
#[rustfmt::skip]
const PLACES: [(&str, Option<&str>, &str, u32); 42] = [
    ("US", Some("CA"), "Los Angeles", 60), ("US", Some("CA"), "San Francisco", 40), ("US", Some("CA"), "San Diego", 22),
    ("US", Some("NY"), "New York", 70), ("US", Some("NY"), "Buffalo", 9), ("US", Some("TX"), "Houston", 34),
    ("US", Some("TX"), "Austin", 28), ("US", Some("FL"), "Miami", 30), ("US", Some("FL"), "Orlando", 16),
    ("US", Some("WA"), "Seattle", 29), ("US", Some("IL"), "Chicago", 33), ("US", Some("MA"), "Boston", 21),
    ("US", Some("CO"), "Denver", 18), ("US", Some("GA"), "Atlanta", 19), ("US", Some("AZ"), "Phoenix", 15),
    ("US", Some("OR"), "Portland", 14), ("US", Some("PA"), "Philadelphia", 20), ("US", Some("OH"), "Columbus", 13),
    ("DE", Some("BE"), "Berlin", 38), ("DE", Some("BY"), "München", 32), ("DE", Some("HH"), "Hamburg", 22),
    ("DE", Some("NW"), "Köln", 24), ("DE", Some("HE"), "Frankfurt", 16), ("GB", Some("ENG"), "London", 58),
    ("GB", Some("ENG"), "Manchester", 21), ("GB", Some("SCT"), "Edinburgh", 14), ("GB", Some("WLS"), "Cardiff", 7),
    ("FR", Some("IDF"), "Paris", 44), ("FR", Some("ARA"), "Lyon", 16), ("FR", Some("PAC"), "Marseille", 14),
    ("NL", None, "Amsterdam", 18), ("ES", None, "Madrid", 17), ("ES", None, "Barcelona", 15), ("IT", None, "Milano", 16),
    ("IT", None, "Roma", 13), ("SE", None, "Malmö", 9), ("PL", None, "Warszawa", 12), ("CH", None, "Zürich", 10),
    ("BR", None, "São Paulo", 14), ("JP", None, "Tokyo", 15), ("AU", None, "Sydney", 13), ("IN", None, "Mumbai", 14),
];

/// Type, system, browser, weight among devices of that type. Phones come first.
const DEVICES: [(&str, &str, &str, u32); 13] = [
    ("mobile", "iOS", "Safari", 42),
    ("mobile", "Android", "Chrome", 44),
    ("mobile", "Android", "Samsung Internet", 8),
    ("mobile", "Android", "Firefox", 3),
    ("mobile", "iOS", "Chrome", 3),
    ("desktop", "Windows", "Chrome", 46),
    ("desktop", "macOS", "Safari", 20),
    ("desktop", "Windows", "Edge", 15),
    ("desktop", "macOS", "Chrome", 10),
    ("desktop", "Linux", "Firefox", 5),
    ("desktop", "Windows", "Firefox", 4),
    ("tablet", "iPadOS", "Safari", 70),
    ("tablet", "Android", "Chrome", 30),
];
const PHONES: usize = 5;
/// Tablets among the devices that are no phones.
const TABLET_SHARE: f64 = 0.13;

/// Channel, weight, its factor on the will to buy, and campaigns if it has any.
const CHANNELS: [(&str, u32, f64, &[&str]); 6] = [
    ("search", 34, 1.0, &[]),
    ("direct", 24, 1.25, &[]),
    ("social", 18, 0.6, &["summer_reels", "creator_picks"]),
    (
        "email",
        11,
        1.6,
        &["weekly_news", "back_in_stock", "loyalty_bonus"],
    ),
    ("ads", 8, 0.8, &["brand_search", "retargeting"]),
    ("referral", 5, 1.0, &[]),
];

/// Somebody, known by a number. Everything else follows from it, so that a customer is the same in every
/// session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Customer {
    pub(super) id: u64,
    pub(super) place: u8,
    pub(super) tier: Option<&'static str>,
}

/// How a session came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Visit {
    pub(super) device: u8,
    pub(super) channel: &'static str,
    pub(super) campaign: Option<&'static str>,
    /// Factor on the will to buy that comes with the channel and the device.
    pub(super) conversion: f64,
}

/// Everybody, and how to draw one of them.
#[derive(Clone, Debug)]
pub(super) struct People {
    places: WeightedChoice,
    phones: WeightedChoice,
    desktops: WeightedChoice,
    tablets: WeightedChoice,
    channels: WeightedChoice,
    /// `"country":…,"region":…,"city":…` of each place.
    place_json: Vec<Vec<u8>>,
    /// `"type":…,"os":…,"browser":…` of each device.
    device_json: Vec<Vec<u8>>,
}

impl People {
    pub(super) fn new() -> Self {
        let devices_of = |kind: &str| {
            let of_kind = DEVICES.iter().filter(|device| device.0 == kind);
            WeightedChoice::new(of_kind.map(|device| f64::from(device.3)).collect::<Vec<_>>())
        };
        People {
            places: WeightedChoice::new(PLACES.iter().map(|place| f64::from(place.3))),
            phones: devices_of("mobile"),
            desktops: devices_of("desktop"),
            tablets: devices_of("tablet"),
            channels: WeightedChoice::new(CHANNELS.iter().map(|channel| f64::from(channel.1))),
            place_json: PLACES.iter().map(place_json).collect(),
            device_json: DEVICES.iter().map(device_json).collect(),
        }
    }

    pub(super) fn customer(&self, id: u64, returning: bool) -> Customer {
        let mut traits = Random::new(scramble(id));
        let place = self.places.pick(&mut traits) as u8;
        let tier = match traits.below(100) {
            _ if !returning => None,
            0..35 => None,
            35..70 => Some("bronze"),
            70..90 => Some("silver"),
            _ => Some("gold"),
        };
        Customer { id, place, tier }
    }

    pub(super) fn visit(&self, mobile_share: f64, random: &mut Random) -> Visit {
        let (device, device_factor) = if random.chance(mobile_share) {
            (self.phones.pick(random), 0.85)
        } else if random.chance(TABLET_SHARE) {
            (
                DEVICES.len() - self.tablets.len() + self.tablets.pick(random),
                1.0,
            )
        } else {
            (PHONES + self.desktops.pick(random), 1.2)
        };
        let (channel, _, channel_factor, campaigns) = CHANNELS[self.channels.pick(random)];
        let campaign = campaigns.get(random.below(campaigns.len())).copied();
        Visit {
            device: device as u8,
            channel,
            campaign,
            conversion: device_factor * channel_factor,
        }
    }

    pub(super) fn place_json(&self, customer: &Customer) -> &[u8] {
        &self.place_json[customer.place as usize]
    }

    pub(super) fn device_json(&self, visit: &Visit) -> &[u8] {
        &self.device_json[visit.device as usize]
    }
}

impl Visit {
    pub(super) fn on_a_phone(&self) -> bool {
        (self.device as usize) < PHONES
    }
}

fn place_json(&(country, region, city, _): &(&str, Option<&str>, &str, u32)) -> Vec<u8> {
    let mut json = Vec::new();
    push_string(&mut json, "country", country);
    push_optional_string(&mut json, ",region", region);
    push_string(&mut json, ",city", city);
    json
}

fn device_json(&(kind, system, browser, _): &(&str, &str, &str, u32)) -> Vec<u8> {
    let mut json = Vec::new();
    push_string(&mut json, "type", kind);
    push_string(&mut json, ",os", system);
    push_string(&mut json, ",browser", browser);
    json
}

#[cfg(test)]
mod tests {
    use super::{DEVICES, PHONES, People};
    use crate::embedded::demo::random::Random;

    #[test]
    fn customers_stay_who_they_are() {
        let people = People::new();
        assert_eq!(people.customer(4_711, true), people.customer(4_711, true));
        assert_eq!(
            people.customer(4_711, false).place,
            people.customer(4_711, true).place
        );
        assert_eq!(people.customer(4_711, false).tier, None);
    }

    #[test]
    fn phones_are_where_they_are_looked_for() {
        for (index, device) in DEVICES.iter().enumerate() {
            assert_eq!(device.0 == "mobile", index < PHONES, "{device:?}");
        }
    }

    #[test]
    fn every_device_is_drawn_and_phones_as_often_as_wanted() {
        let people = People::new();
        let mut random = Random::new(5);
        let mut drawn = [0_u32; DEVICES.len()];
        for _ in 0..50_000 {
            drawn[people.visit(0.6, &mut random).device as usize] += 1;
        }
        assert!(drawn.iter().all(|&count| count > 100), "{drawn:?}");
        let phones: u32 = drawn[..PHONES].iter().sum();
        assert!((29_000..31_000).contains(&phones), "{phones} phones in 50,000");
    }
}
