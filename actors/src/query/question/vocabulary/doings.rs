//! What people do, in words other than those that stand in the data.

/// Phrases, and the values (in lower case, with underscores) that they speak of; of several that a column has, the first.
pub const DOINGS: &[(&[&str], &[&str])] = &[
    (
        &[
            "order",
            "orders",
            "ordered",
            "bought",
            "buy",
            "buys",
            "buying",
            "purchased",
            "sale",
            "sales",
            "sold",
            "sell",
            "checked out",
        ],
        &[
            "purchase",
            "purchased",
            "order",
            "ordered",
            "order_placed",
            "order_completed",
            "buy",
            "sale",
            "sold",
            "checkout_completed",
        ],
    ),
    (
        &["viewed", "views", "looked at", "seen", "saw"],
        &["view", "page_view", "product_view", "viewed"],
    ),
    (
        &[
            "refund",
            "refunds",
            "refunded",
            "money back",
            "gave back",
            "given back",
        ],
        &["refund", "refunded"],
    ),
    (
        &["cart", "carts", "basket", "baskets"],
        &["add_to_cart", "cart_add", "added_to_cart", "cart"],
    ),
    (&["charged back", "charge back", "charge backs"], &["chargeback"]),
    (
        &[
            "failed",
            "refused",
            "rejected",
            "declined",
            "declines",
            "turned down",
        ],
        &[
            "declined", "rejected", "refused", "denied", "failed", "failure", "fail", "error",
        ],
    ),
    (
        &[
            "accepted",
            "successful",
            "succeeded",
            "went through",
            "authorised",
            "authorized",
        ],
        &[
            "approved",
            "accepted",
            "succeeded",
            "success",
            "successful",
            "ok",
            "authorized",
            "completed",
            "passed",
            "pass",
        ],
    ),
    (
        &[
            "signed up",
            "sign up",
            "sign ups",
            "signups",
            "registered",
            "registrations",
        ],
        &["signup", "sign_up", "register", "registered", "registration"],
    ),
    (
        &["logged in", "log in", "logins", "signed in"],
        &["login", "log_in", "sign_in"],
    ),
    (&["arrived"], &["delivered", "arrived", "received"]),
    (
        &["on their way", "on its way", "on the way"],
        &[
            "in_transit",
            "shipped",
            "dispatched",
            "on_the_way",
            "out_for_delivery",
        ],
    ),
    (
        &[
            "called",
            "calling",
            "calls",
            "phoned",
            "telephone",
            "phone call",
            "phone calls",
            "rang",
        ],
        &["phone", "call", "telephone", "hotline"],
    ),
    (
        &["text", "texts", "texted", "text message", "text messages"],
        &["sms", "text_message"],
    ),
    (
        &["mailed", "wrote", "emailed", "e mail"],
        &["email", "mail", "e_mail"],
    ),
    (
        &["website", "web site", "online", "browser"],
        &["web", "website", "online"],
    ),
    (&["app"], &["mobile_app", "in_app", "app"]),
    (
        &[
            "point of sale",
            "terminal",
            "terminals",
            "in store",
            "in stores",
            "in the store",
        ],
        &["pos", "in_store", "store", "retail"],
    ),
    (
        &[
            "phone",
            "phones",
            "smartphone",
            "smartphones",
            "cell phone",
            "handset",
        ],
        &["mobile", "phone", "smartphone"],
    ),
    (
        &["computer", "computers", "pc", "pcs", "laptop"],
        &["desktop", "pc", "computer"],
    ),
    (&["ipad", "ipads"], &["tablet"]),
    (&["iphone", "iphones"], &["ios"]),
    (&["shipped", "dispatched"], &["shipped", "dispatched", "sent"]),
    (&["american express"], &["amex", "american_express"]),
    (&["master card"], &["mastercard"]),
    (
        &["existing", "repeat", "recurring"],
        &["returning", "existing", "repeat", "recurring"],
    ),
    (&["first time"], &["new", "first_time"]),
    (
        &[
            "missed",
            "miss",
            "did not show up",
            "didn't show up",
            "failed to show up",
            "did not come",
            "not show up",
            "without showing up",
        ],
        &["no_show", "noshow", "missed"],
    ),
    (&["completed", "carried out"], &["completed", "done"]),
    (&["attended", "showed up"], &["attended", "completed", "showed"]),
    (&["kids", "children"], &["child", "kid"]),
    (&["adults", "grown ups"], &["adult"]),
    (
        &["unsubscribed", "opted out"],
        &["unsubscribe", "unsubscribed", "opt_out"],
    ),
    (
        &[
            "spam complaint",
            "spam complaints",
            "complained",
            "marked as spam",
        ],
        &["spam_report", "complaint", "spam"],
    ),
];

/// Who did the first of [`DOINGS`].
pub const BUYERS: [&str; 4] = ["buyer", "buyers", "purchaser", "purchasers"];

/// Verbs of two words: forms of the first, the second, and the one word that says the same.
pub const PHRASAL_VERBS: &[(&[&str], &str, &str)] = &[
    (&["come", "comes", "came", "coming"], "back", "returned"),
    (&["bring", "brings", "brought"], "back", "returned"),
    (&["give", "gives", "gave", "given"], "back", "returned"),
    (&["hand", "hands", "handed"], "back", "returned"),
    (&["send", "sends", "sent"], "back", "returned"),
    (&["give", "gives", "gave", "given"], "up", "abandoned"),
    (&["call", "calls", "called"], "off", "cancelled"),
    (&["turn", "turns", "turned"], "down", "rejected"),
    (&["hand", "hands", "handed", "handing"], "in", "submitted"),
    (&["drop", "drops", "dropped"], "off", "delivered"),
];
