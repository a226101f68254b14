//! What the shop sells. The same for every seed: a product keeps its name and its price.

use super::json::{push_money, push_string};
use super::random::{Random, WeightedChoice, scramble};

/// Everything is priced in one currency, so that a sum over all orders means something.
pub(super) const CURRENCY: &str = "USD";

/// How fast interest falls from the most popular product to the next: the exponent of the power law.
const POPULARITY_EXPONENT: f64 = 0.9;
const BESTSELLERS: usize = 16;

struct Category {
    name: &'static str,
    sku_prefix: &'static str,
    variants: [&'static str; 4],
    /// Nouns and what the cheapest variant of one costs, in whole units of the currency.
    nouns: [(&'static str, u32); 8],
}

#[rustfmt::skip]
const CATEGORIES: [Category; 10] = [
    Category { name: "Electronics", sku_prefix: "ELE", variants: ["Basic", "Plus", "Pro", "Max"],
        nouns: [("Headphones", 39), ("Smart Watch", 119), ("Bluetooth Speaker", 45), ("Tablet", 219),
                ("Phone Case", 12), ("USB-C Charger", 19), ("Webcam", 49), ("E-Reader", 99)] },
    Category { name: "Kitchen", sku_prefix: "KIT", variants: ["Steel", "Copper", "Enamel", "Bamboo"],
        nouns: [("Kettle", 29), ("Frying Pan", 34), ("Chef Knife", 42), ("Coffee Grinder", 55),
                ("Mixing Bowl", 14), ("Baking Tray", 16), ("Toaster", 39), ("Cutting Board", 18)] },
    Category { name: "Fashion", sku_prefix: "FAS", variants: ["Cotton", "Linen", "Wool", "Denim"],
        nouns: [("Shirt", 25), ("Jacket", 79), ("Scarf", 19), ("Trousers", 49),
                ("Socks", 7), ("Dress", 59), ("Beanie", 15), ("Cardigan", 45)] },
    Category { name: "Books", sku_prefix: "BOO", variants: ["Paperback", "Hardcover", "Illustrated", "Signed"],
        nouns: [("Crime Novel", 9), ("Cookbook", 19), ("Travel Guide", 15), ("Biography", 14),
                ("Poetry Collection", 11), ("Science Primer", 17), ("Atlas", 29), ("Picture Book", 8)] },
    Category { name: "Toys", sku_prefix: "TOY", variants: ["Wooden", "Mini", "Giant", "Classic"],
        nouns: [("Train Set", 35), ("Puzzle", 13), ("Building Blocks", 27), ("Teddy Bear", 18),
                ("Board Game", 24), ("Kite", 16), ("Doll House", 69), ("Marble Run", 32)] },
    Category { name: "Garden", sku_prefix: "GAR", variants: ["Compact", "Classic", "Heavy", "Folding"],
        nouns: [("Rake", 17), ("Watering Can", 15), ("Wheelbarrow", 64), ("Pruning Shears", 22),
                ("Garden Chair", 48), ("Fire Bowl", 89), ("Herb Planter", 19), ("Hose Reel", 37)] },
    Category { name: "Sports", sku_prefix: "SPO", variants: ["Starter", "Trail", "Club", "Elite"],
        nouns: [("Yoga Mat", 22), ("Running Shoes", 69), ("Dumbbell", 18), ("Water Bottle", 11),
                ("Tennis Racket", 59), ("Bike Helmet", 44), ("Backpack", 52), ("Jump Rope", 9)] },
    Category { name: "Beauty", sku_prefix: "BEA", variants: ["Aloe", "Citrus", "Lavender", "Rose"],
        nouns: [("Hand Cream", 8), ("Shampoo", 9), ("Face Serum", 24), ("Soap Set", 12),
                ("Body Lotion", 11), ("Lip Balm", 4), ("Bath Salt", 10), ("Perfume", 49)] },
    Category { name: "Home", sku_prefix: "HOM", variants: ["Oak", "Walnut", "White", "Slate"],
        nouns: [("Desk Lamp", 32), ("Bookshelf", 99), ("Picture Frame", 13), ("Wall Clock", 27),
                ("Throw Blanket", 36), ("Candle Holder", 14), ("Side Table", 74), ("Storage Box", 16)] },
    Category { name: "Pets", sku_prefix: "PET", variants: ["Small", "Medium", "Large", "Deluxe"],
        nouns: [("Dog Bed", 39), ("Cat Tree", 59), ("Chew Toy", 6), ("Leash", 14),
                ("Food Bowl", 9), ("Grooming Brush", 12), ("Carrier", 42), ("Treat Pouch", 8)] },
];

/// One thing to buy.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) sku: String,
    pub(super) price_cents: u64,
    pub(super) category: usize,
    /// What somebody types to find it.
    pub(super) search_term: &'static str,
    /// Its fields as they stand in an event, for they are always the same: `"sku":…,"tags":[…]`.
    pub(super) json: Vec<u8>,
}

impl Product {
    pub(super) fn category_name(&self) -> &'static str {
        CATEGORIES[self.category].name
    }
}

/// All products, and how to draw one by popularity.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    products: Vec<Product>,
    by_popularity: WeightedChoice,
    /// For each category its products and their popularity within it.
    within_category: Vec<(Vec<u16>, WeightedChoice)>,
}

impl Catalog {
    pub(super) fn new() -> Self {
        let unranked = CATEGORIES.iter().enumerate().flat_map(|(category, described)| {
            (0..described.nouns.len() * described.variants.len()).map(move |number| (category, number))
        });
        let mut unranked: Vec<(usize, usize)> = unranked.collect();
        // Popularity has nothing to do with the order of the list above.
        unranked.sort_by_key(|&(category, number)| scramble((category * 1_000 + number) as u64));
        let products: Vec<Product> = unranked
            .into_iter()
            .enumerate()
            .map(|(rank, (category, number))| describe(category, number, rank))
            .collect();
        let weight = |rank: usize| 1.0 / ((rank + 1) as f64).powf(POPULARITY_EXPONENT);
        let within_category = (0..CATEGORIES.len())
            .map(|category| {
                let ranks: Vec<u16> = (0..products.len() as u16)
                    .filter(|&rank| products[rank as usize].category == category)
                    .collect();
                let popularity = WeightedChoice::new(ranks.iter().map(|&rank| weight(rank as usize)));
                (ranks, popularity)
            })
            .collect();
        let by_popularity = WeightedChoice::new((0..products.len()).map(weight));
        Catalog {
            products,
            by_popularity,
            within_category,
        }
    }

    pub(super) fn product(&self, index: u16) -> &Product {
        &self.products[index as usize]
    }

    /// Any product, the popular ones more often.
    pub(super) fn draw(&self, random: &mut Random) -> u16 {
        self.by_popularity.pick(random) as u16
    }

    /// Another product of the same category.
    pub(super) fn draw_like(&self, product: u16, random: &mut Random) -> u16 {
        let (products, popularity) = &self.within_category[self.product(product).category];
        products[popularity.pick(random)]
    }
}

fn describe(category: usize, number: usize, rank: usize) -> Product {
    let described = &CATEGORIES[category];
    let (noun, base_price) = described.nouns[number / described.variants.len()];
    let variant = number % described.variants.len();
    let sku = format!("{}-{:03}", described.sku_prefix, 101 + number * 7);
    let name = format!("{} {noun}", described.variants[variant]);
    let trait_bits = scramble((category * 1_000 + number) as u64 ^ 0x5A5A);
    let price_cents = price_cents(base_price, variant, trait_bits);
    let mut json = Vec::with_capacity(160);
    push_string(&mut json, "sku", &sku);
    push_string(&mut json, ",product", &name);
    push_string(&mut json, ",category", described.name);
    push_money(&mut json, ",price", price_cents);
    push_string(&mut json, ",currency", CURRENCY);
    push_tags(&mut json, rank, trait_bits);
    Product {
        sku,
        price_cents,
        category,
        search_term: noun,
        json,
    }
}

/// Dearer variants cost up to twice as much; prices end as shops like them to.
fn price_cents(base_price: u32, variant: usize, trait_bits: u64) -> u64 {
    const ENDINGS: [u64; 4] = [99, 95, 49, 0];
    let units = u64::from(base_price) * (100 + 30 * variant as u64) / 100;
    units * 100 + ENDINGS[trait_bits as usize % ENDINGS.len()]
}

fn push_tags(json: &mut Vec<u8>, rank: usize, trait_bits: u64) {
    let candidates = [
        ("bestseller", rank < BESTSELLERS),
        ("new", trait_bits & 0x700 == 0),
        ("sale", trait_bits & 0x3000 == 0),
        ("eco", trait_bits & 0xC000 == 0),
        ("gift", trait_bits & 0x30000 == 0),
    ];
    let tags: Vec<String> = candidates
        .iter()
        .filter(|(_, has)| *has)
        .map(|(tag, _)| format!("\"{tag}\""))
        .collect();
    json.extend_from_slice(b",\"tags\":[");
    json.extend_from_slice(tags.join(",").as_bytes());
    json.push(b']');
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{CATEGORIES, Catalog};
    use crate::embedded::demo::random::Random;

    #[test]
    fn names_and_skus_are_unique_and_prices_positive() {
        let catalog = Catalog::new();
        let skus: HashSet<&str> = catalog
            .products
            .iter()
            .map(|product| product.sku.as_str())
            .collect();
        assert_eq!(skus.len(), 320);
        assert_eq!(catalog.products.len(), 320);
        assert!(
            catalog
                .products
                .iter()
                .all(|product| (400..60_000).contains(&product.price_cents))
        );
    }

    #[test]
    fn fragments_are_json() {
        for product in Catalog::new().products {
            let text = format!("{{{}}}", String::from_utf8(product.json).expect("UTF-8"));
            let fields: serde_json::Value = serde_json::from_str(&text).expect("an object");
            assert_eq!(fields["sku"], product.sku.as_str());
            assert_eq!(fields["category"], CATEGORIES[product.category].name);
            assert_eq!(
                (fields["price"].as_f64().expect("a number") * 100.0).round() as u64,
                product.price_cents
            );
            assert!(fields["tags"].is_array());
        }
    }

    #[test]
    fn few_products_draw_much_of_the_interest() {
        let catalog = Catalog::new();
        let mut random = Random::new(3);
        let drawn = (0..50_000).filter(|_| catalog.draw(&mut random) < 32).count();
        assert!(
            (20_000..32_000).contains(&drawn),
            "a tenth of the products drew {drawn} of 50,000"
        );
    }

    #[test]
    fn draws_like_stay_in_the_category() {
        let catalog = Catalog::new();
        let mut random = Random::new(4);
        for _ in 0..1_000 {
            let product = catalog.draw(&mut random);
            let other = catalog.draw_like(product, &mut random);
            assert_eq!(catalog.product(product).category, catalog.product(other).category);
        }
    }
}
