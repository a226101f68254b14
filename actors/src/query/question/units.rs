//! Units that amounts are told in: which quantity they measure, and how they convert.

use super::time::TimeUnit;
use super::words::{Word, identifier_words};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they say what they are")]
pub enum Quantity {
    Time,
    Length,
    Area,
    Mass,
    Energy,
    Power,
    Data,
    Volume,
    Speed,
    Temperature,
    Voltage,
    Money,
}

/// A unit of a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// What it measures.
    pub quantity: Quantity,
    /// How many base units it is: seconds, metres, square metres, kilograms, kilowatt hours, kilowatts, bytes, litres, km/h, degrees Celsius, volts, whole money.
    pub factor: f64,
}

/// Units by their names, in singular and plural, and their signs.
const UNITS: &[(&[&str], Quantity, f64)] = &[
    (&["microsecond", "microseconds"], Quantity::Time, 1e-6),
    (
        &["millisecond", "milliseconds", "millis", "ms"],
        Quantity::Time,
        1e-3,
    ),
    (
        &["meter", "meters", "metre", "metres", "m"],
        Quantity::Length,
        1.0,
    ),
    (
        &["kilometer", "kilometers", "kilometre", "kilometres", "km"],
        Quantity::Length,
        1e3,
    ),
    (&["mile", "miles"], Quantity::Length, 1_609.344),
    (
        &["centimeter", "centimeters", "centimetre", "centimetres", "cm"],
        Quantity::Length,
        1e-2,
    ),
    (
        &["millimeter", "millimeters", "millimetre", "millimetres", "mm"],
        Quantity::Length,
        1e-3,
    ),
    (&["sqm", "m2", "m²"], Quantity::Area, 1.0),
    (&["sqkm", "km2", "km²"], Quantity::Area, 1e6),
    (&["sqft", "ft2"], Quantity::Area, 0.092_903_04),
    (&["hectare", "hectares", "ha"], Quantity::Area, 1e4),
    (&["acre", "acres"], Quantity::Area, 4_046.856_422_4),
    (&["foot", "feet", "ft"], Quantity::Length, 0.304_8),
    (&["yard", "yards"], Quantity::Length, 0.914_4),
    (&["inch", "inches"], Quantity::Length, 0.025_4),
    (
        &["kilogram", "kilograms", "kilo", "kilos", "kg"],
        Quantity::Mass,
        1.0,
    ),
    (&["gram", "grams", "g"], Quantity::Mass, 1e-3),
    (&["ton", "tons", "tonne", "tonnes", "t"], Quantity::Mass, 1e3),
    (&["kwh"], Quantity::Energy, 1.0),
    (&["mwh"], Quantity::Energy, 1e3),
    (&["gwh"], Quantity::Energy, 1e6),
    (&["wh"], Quantity::Energy, 1e-3),
    (&["kilowatt", "kilowatts", "kw"], Quantity::Power, 1.0),
    (&["megawatt", "megawatts", "mw"], Quantity::Power, 1e3),
    (&["gigawatt", "gigawatts", "gw"], Quantity::Power, 1e6),
    (&["watt", "watts", "w"], Quantity::Power, 1e-3),
    (&["byte", "bytes"], Quantity::Data, 1.0),
    (&["kilobyte", "kilobytes", "kb"], Quantity::Data, 1e3),
    (&["megabyte", "megabytes", "mb"], Quantity::Data, 1e6),
    (&["gigabyte", "gigabytes", "gb"], Quantity::Data, 1e9),
    (&["terabyte", "terabytes", "tb"], Quantity::Data, 1e12),
    (
        &["liter", "liters", "litre", "litres", "l"],
        Quantity::Volume,
        1.0,
    ),
    (
        &["milliliter", "milliliters", "millilitre", "millilitres", "ml"],
        Quantity::Volume,
        1e-3,
    ),
    (
        &["hectoliter", "hectoliters", "hectolitre", "hectolitres", "hl"],
        Quantity::Volume,
        1e2,
    ),
    (&["m3", "m³", "cbm"], Quantity::Volume, 1e3),
    (&["kmh", "kph"], Quantity::Speed, 1.0),
    (&["mph"], Quantity::Speed, 1.609_344),
    (&["volt", "volts"], Quantity::Voltage, 1.0),
    (&["millivolt", "millivolts", "mv"], Quantity::Voltage, 1e-3),
    (
        &["degree", "degrees", "celsius", "°c"],
        Quantity::Temperature,
        1.0,
    ),
    (&["cent", "cents", "ct", "pence"], Quantity::Money, 1e-2),
];

impl Unit {
    /// The unit of a span of time.
    pub fn of_time(unit: TimeUnit) -> Self {
        Self {
            quantity: Quantity::Time,
            factor: unit.seconds(),
        }
    }

    /// The unit that words begin with, and how many words it takes: `kilowatt hours`, `km/h`, `minutes`.
    pub fn named(words: &[Word]) -> Option<(usize, Self)> {
        let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
        if matches!(text(0), "cubic")
            && let Some(edge) = one(text(1)).filter(|edge| edge.quantity == Quantity::Length)
        {
            let volume = Self {
                quantity: Quantity::Volume,
                factor: edge.factor.powi(3) * 1e3,
            };
            return Some((2, volume));
        }
        if text(0) == "square" {
            let length = one(text(1)).filter(|unit| unit.quantity == Quantity::Length)?;
            let area = Self {
                quantity: Quantity::Area,
                factor: length.factor * length.factor,
            };
            return Some((2, area));
        }
        let first = one(text(0))?;
        if first.quantity == Quantity::Power && matches!(text(1), "hour" | "hours") {
            let energy = Self {
                quantity: Quantity::Energy,
                factor: first.factor,
            };
            return Some((2, energy));
        }
        if first.quantity == Quantity::Length && text(1) == "/" && matches!(text(2), "h" | "hour") {
            let speed = Self {
                quantity: Quantity::Speed,
                factor: first.factor / 1e3,
            };
            return Some((3, speed));
        }
        Some((1, first))
    }

    /// The unit that a column's name ends with, or that its comment names.
    pub fn of_column(name: &str, comment: &str) -> Option<Self> {
        let words = identifier_words(name);
        let named = words.iter().enumerate().rev().find_map(|(at, word)| {
            // A letter is a sign of a unit behind a name, never a name by itself.
            let is_sign = word.text.len() > 1 || at > 0 && at + 1 == words.len();
            // What is told by the kilogram measures no weight.
            let is_rate = words[..at].iter().any(|before| before.text == "per");
            one(&word.text).filter(|_| is_sign && !is_rate)
        });
        let is_temperature = words.iter().enumerate().any(|(at, word)| {
            word.text == "temperature" || word.text == "c" && at > 0 && at + 1 == words.len()
        });
        let named = named.or(is_temperature.then_some(Unit {
            quantity: Quantity::Temperature,
            factor: 1.0,
        }));
        named.or_else(|| {
            let said = super::words::words(comment);
            (0..said.len())
                .filter(|at| said[*at].text.len() > 1)
                .take_while(|at| *at == 0 || !matches!(said[*at - 1].text.as_str(), "per" | "each"))
                .find_map(|at| Self::named(&said[at..]).map(|(_, unit)| unit))
        })
    }
}

fn one(text: &str) -> Option<Unit> {
    if let Some(unit) = TimeUnit::named(text) {
        return Some(Unit::of_time(unit));
    }
    UNITS
        .iter()
        .find(|(names, ..)| names.contains(&text))
        .map(|(_, quantity, factor)| Unit {
            quantity: *quantity,
            factor: *factor,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::question::words::words;

    #[test]
    fn units_are_named() {
        let unit =
            |text: &str| Unit::named(&words(text)).map(|(length, unit)| (length, unit.quantity, unit.factor));
        assert_eq!(unit("kilowatt hours used"), Some((2, Quantity::Energy, 1.0)));
        assert_eq!(unit("km/h"), Some((3, Quantity::Speed, 1.0)));
        assert_eq!(unit("minutes"), Some((1, Quantity::Time, 60.0)));
        assert_eq!(unit("cubic metres of gas"), Some((2, Quantity::Volume, 1e3)));
        assert_eq!(unit("parcels"), None);
    }

    #[test]
    fn columns_have_units() {
        let factor = |name: &str, comment: &str| Unit::of_column(name, comment).map(|unit| unit.factor);
        assert_eq!(factor("weight_g", ""), Some(1e-3));
        assert_eq!(factor("TalkMs", ""), Some(1e-3));
        assert_eq!(factor("wait_min", ""), Some(60.0));
        assert_eq!(factor("cons_kwh", "energy consumed, kWh"), Some(1.0));
        assert_eq!(factor("outage", "seconds without power"), Some(1.0));
        assert_eq!(factor("g", ""), None);
        assert_eq!(factor("amount", ""), None);
    }
}
