//! One visitor's way through the shop, and what they buy on it.

use super::catalog::Catalog;
use super::people::{Customer, Visit};
use super::random::Random;

const CART_LINES: usize = 5;
const FREE_SHIPPING_FROM_CENTS: u64 = 50_00;
const SHIPPING_CENTS: u64 = 4_95;

/// What somebody just did. Each step is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Visit,
    Search,
    View,
    AddToCart,
    RemoveFromCart,
    Checkout,
    Purchase,
    Refund,
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Step::Visit => "visit",
            Step::Search => "search",
            Step::View => "view",
            Step::AddToCart => "add_to_cart",
            Step::RemoveFromCart => "remove_from_cart",
            Step::Checkout => "checkout",
            Step::Purchase => "purchase",
            Step::Refund => "refund",
        }
    }
}

/// So many of a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CartLine {
    pub(super) product: u16,
    pub(super) quantity: u8,
}

/// What is in the cart: a few different products at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cart {
    lines: [CartLine; CART_LINES],
    used: u8,
}

impl Cart {
    pub(super) fn lines(&self) -> &[CartLine] {
        &self.lines[..self.used as usize]
    }

    fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// More of a product that is there is more of it; a new one in a full cart takes the place of the oldest.
    fn add(&mut self, added: CartLine) {
        let used = self.used as usize;
        if let Some(line) = self.lines[..used]
            .iter_mut()
            .find(|line| line.product == added.product)
        {
            line.quantity = line.quantity.saturating_add(added.quantity);
        } else if used < CART_LINES {
            self.lines[used] = added;
            self.used += 1;
        } else {
            self.lines.rotate_left(1);
            self.lines[CART_LINES - 1] = added;
        }
    }

    fn take_last(&mut self) -> Option<CartLine> {
        self.used = self.used.checked_sub(1)?;
        Some(self.lines[self.used as usize])
    }

    pub(super) fn pieces(&self) -> u64 {
        self.lines().iter().map(|line| u64::from(line.quantity)).sum()
    }

    pub(super) fn value_cents(&self, catalog: &Catalog) -> u64 {
        let line_value =
            |line: &CartLine| catalog.product(line.product).price_cents * u64::from(line.quantity);
        self.lines().iter().map(line_value).sum()
    }

    /// The product that most of the money is spent on.
    pub(super) fn main_product(&self, catalog: &Catalog) -> Option<u16> {
        let line_value =
            |line: &&CartLine| catalog.product(line.product).price_cents * u64::from(line.quantity);
        self.lines()
            .iter()
            .max_by_key(line_value)
            .map(|line| line.product)
    }
}

/// A word at the checkout that makes it cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coupon {
    pub(super) code: &'static str,
    percent: u64,
}

/// What an order costs: `items - discount + shipping = total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) items_cents: u64,
    pub(super) discount_cents: u64,
    pub(super) shipping_cents: u64,
    pub(super) total_cents: u64,
}

impl Totals {
    pub(super) fn of(items_cents: u64, coupon: Option<Coupon>) -> Self {
        let discount_cents = coupon.map_or(0, |coupon| (items_cents * coupon.percent + 50) / 100);
        let reduced_cents = items_cents - discount_cents;
        let shipping_cents = if reduced_cents >= FREE_SHIPPING_FROM_CENTS {
            0
        } else {
            SHIPPING_CENTS
        };
        Totals {
            items_cents,
            discount_cents,
            shipping_cents,
            total_cents: reduced_cents + shipping_cents,
        }
    }
}

/// An order that was placed, as far as a refund needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) customer_id: u64,
    pub(super) total_cents: u64,
}

/// One visitor in the shop.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) customer: Customer,
    pub(super) returning: bool,
    pub(super) visit: Visit,
    pub(super) last_step: Step,
    /// The product on the page, or last put into the cart or taken out of it.
    pub(super) line: CartLine,
    pub(super) cart: Cart,
    pub(super) coupon: Option<Coupon>,
    /// The order that this visitor came back to return.
    pub(super) to_return: Option<Order>,
}

impl Session {
    /// Goes one step on. `None`: they have left.
    pub(super) fn advance(
        &mut self,
        catalog: &Catalog,
        shop_conversion: f64,
        random: &mut Random,
    ) -> Option<Step> {
        let step = self.next_step(shop_conversion, random)?;
        match step {
            Step::Search => {
                self.line = CartLine {
                    product: catalog.draw(random),
                    quantity: 1,
                }
            }
            Step::View => {
                self.line = CartLine {
                    product: self.next_product(catalog, random),
                    quantity: 1,
                }
            }
            Step::AddToCart => {
                self.line.quantity = [1, 1, 1, 1, 2, 2, 3, 4][random.below(8)];
                self.cart.add(self.line);
            }
            Step::RemoveFromCart => self.line = self.cart.take_last()?,
            Step::Checkout => self.coupon = self.find_coupon(random),
            Step::Visit | Step::Purchase | Step::Refund => {}
        }
        self.last_step = step;
        Some(step)
    }

    /// Chances of what follows on what; the rest up to 1 leaves.
    fn next_step(&self, shop_conversion: f64, random: &mut Random) -> Option<Step> {
        let will =
            shop_conversion * self.visit.conversion * if self.customer.tier.is_some() { 1.2 } else { 0.95 };
        let with_cart = if self.cart.is_empty() { 0.0 } else { 1.0 };
        let chances: &[(Step, f64)] = match self.last_step {
            Step::Visit if self.to_return.is_some() => &[(Step::Refund, 1.0)],
            Step::Visit => &[(Step::View, 0.55), (Step::Search, 0.24)],
            Step::Search => &[(Step::View, 0.72), (Step::Search, 0.12)],
            Step::View => &[
                (Step::View, 0.54),
                (Step::AddToCart, 0.085 * will),
                (Step::Checkout, 0.05 * will * with_cart),
                (Step::Search, 0.12),
            ],
            Step::AddToCart => &[
                (Step::View, 0.38),
                (Step::Checkout, 0.27 * will),
                (Step::RemoveFromCart, 0.09),
                (Step::Search, 0.05),
            ],
            Step::RemoveFromCart => &[(Step::View, 0.45), (Step::Checkout, 0.2 * will * with_cart)],
            Step::Checkout => &[(Step::Purchase, (0.55 * will).min(0.85)), (Step::View, 0.1)],
            Step::Purchase | Step::Refund => &[],
        };
        let mut drawn = random.unit();
        chances.iter().find_map(|&(step, chance)| {
            drawn -= chance;
            (drawn < 0.0).then_some(step)
        })
    }

    fn next_product(&self, catalog: &Catalog, random: &mut Random) -> u16 {
        match self.last_step {
            // A search shows first what was searched for, and a look around mostly stays in the aisle.
            Step::Search => self.line.product,
            Step::View | Step::AddToCart if random.chance(0.6) => {
                catalog.draw_like(self.line.product, random)
            }
            _ => catalog.draw(random),
        }
    }

    fn find_coupon(&self, random: &mut Random) -> Option<Coupon> {
        let (coupon, chance) = match (self.visit.channel, self.returning, self.customer.tier) {
            ("email", ..) => (
                Coupon {
                    code: "NEWS15",
                    percent: 15,
                },
                0.35,
            ),
            (_, false, _) => (
                Coupon {
                    code: "WELCOME10",
                    percent: 10,
                },
                0.25,
            ),
            (_, _, Some("gold")) => (
                Coupon {
                    code: "GOLD20",
                    percent: 20,
                },
                0.15,
            ),
            _ => (
                Coupon {
                    code: "SPRING5",
                    percent: 5,
                },
                0.06,
            ),
        };
        random.chance(chance).then_some(coupon)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cart, CartLine, Coupon, Totals};
    use crate::embedded::demo::catalog::Catalog;

    fn line(product: u16, quantity: u8) -> CartLine {
        CartLine { product, quantity }
    }

    #[test]
    fn a_cart_is_bounded_and_joins_equal_products() {
        let mut cart = Cart::default();
        cart.add(line(1, 2));
        cart.add(line(1, 1));
        assert_eq!(cart.lines(), [line(1, 3)]);
        for product in 2..=6 {
            cart.add(line(product, 1));
        }
        assert_eq!(
            cart.lines().iter().map(|line| line.product).collect::<Vec<_>>(),
            [2, 3, 4, 5, 6]
        );
        assert_eq!(cart.take_last(), Some(line(6, 1)));
        assert_eq!(cart.pieces(), 4);
    }

    #[test]
    fn nothing_can_be_taken_from_an_empty_cart() {
        assert_eq!(Cart::default().take_last(), None);
        assert_eq!(Cart::default().main_product(&Catalog::new()), None);
    }

    #[test]
    fn totals_add_up() {
        let coupon = Some(Coupon {
            code: "TEN",
            percent: 10,
        });
        for items_cents in [5, 4_99, 49_99, 50_00, 55_55, 55_56, 123_456] {
            for coupon in [None, coupon] {
                let totals = Totals::of(items_cents, coupon);
                assert_eq!(
                    totals.items_cents - totals.discount_cents + totals.shipping_cents,
                    totals.total_cents
                );
                assert_eq!(
                    totals.shipping_cents == 0,
                    items_cents - totals.discount_cents >= 50_00
                );
            }
        }
    }
}
