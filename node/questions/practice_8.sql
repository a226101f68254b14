-- Six tables of different fields, every time is relative to now(), denser the nearer to now.
CREATE TABLE orders
(
    orderId        UInt64,
    customerId     UInt32,
    placedAt       DateTime64(3),
    deliveredAt    Nullable(DateTime64(3)),
    orderStatus    LowCardinality(String),
    shipCountry    LowCardinality(String),
    shipState      Nullable(String),
    salesChannel   LowCardinality(String),
    paymentMethod  LowCardinality(String),
    mainCategory   LowCardinality(String),
    itemCount      UInt8,
    totalAmount    Decimal(12, 2),
    shippingFee    Decimal(8, 2),
    discountAmount Decimal(10, 2),
    couponCode     Nullable(String),
    isGift         Bool,
    labels         Array(String)
)
ENGINE = MergeTree ORDER BY placedAt;

INSERT INTO orders
SELECT
    700000 + number AS orderId,
    1 + toUInt32(pow((cityHash64(number, 102) % 1000000) / 1000000, 2) * 8000) AS customerId,
    now64(3) - toIntervalMillisecond(age) AS placedAt,
    if(orderStatus IN ('delivered', 'returned'),
       now64(3) - toIntervalMillisecond(age - toUInt64((0.4 + 0.6 * (cityHash64(number, 103) % 1000) / 1000) * least(age, (2 + ci) * 86400000))), NULL) AS deliveredAt,
    multiIf(h < 6, 'cancelled', age < 43200000, if(h < 70, 'pending', 'shipped'), age < 172800000 AND h < 60, 'shipped', h < 15, 'returned', h < 92, 'delivered', 'shipped') AS orderStatus,
    ['US', 'DE', 'FR', 'GB', 'NL', 'IT', 'ES'][ci] AS shipCountry,
    if(ci = 1, ['CA', 'TX', 'NY', 'FL', 'WA'][1 + toUInt8(pow((cityHash64(number, 104) % 1000) / 1000, 1.6) * 5)], NULL) AS shipState,
    multiIf(c < 48, 'web', c < 80, 'app', c < 94, 'marketplace', 'store') AS salesChannel,
    ['card', 'paypal', 'klarna', 'invoice', 'gift_card'][1 + toUInt8(pow((cityHash64(number, 106) % 1000) / 1000, 1.8) * 5)] AS paymentMethod,
    ['apparel', 'shoes', 'home', 'sports', 'beauty'][cat] AS mainCategory,
    1 + toUInt8(pow((cityHash64(number, 108) % 1000) / 1000, 3) * 9) AS itemCount,
    toDecimal64(round(itemCount * (8 + cat * 4 + ci) + pow((cityHash64(number, 109) % 100000) / 100000, 4) * 900, 2), 2) AS totalAmount,
    toDecimal64(if(totalAmount > 100 OR c >= 94, 0, 3.9 + ci / 2), 2) AS shippingFee,
    if(couponCode IS NULL, toDecimal64(0, 2), toDecimal64(round(toFloat64(totalAmount) * (5 + cityHash64(number, 110) % 20) / 100, 2), 2)) AS discountAmount,
    if(cp < 30, ['WELCOME10', 'SUMMER20', 'VIP15', 'FREESHIP'][1 + toUInt8(pow(cp / 30, 1.7) * 4)], NULL) AS couponCode,
    cityHash64(number, 111) % 100 < 4 + cat * 2 AS isGift,
    arrayFilter((x, i) -> cityHash64(number, 112, i) % 100 < 26 - 6 * i, ['express', 'fragile', 'preorder', 'subscription'], [0, 1, 2, 3]) AS labels
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 101) % 1000000) / 1000000, 3) * 90 * 86400000) AS age,
        cityHash64(number, 113) % 100 AS h,
        1 + toUInt8(pow((cityHash64(number, 114) % 1000) / 1000, 1.7) * 7) AS ci,
        cityHash64(number, 105) % 100 AS c,
        1 + toUInt8(pow((cityHash64(number, 107) % 1000) / 1000, 1.5) * 5) AS cat,
        cityHash64(number, 115) % 100 AS cp
    FROM numbers(120000)
);

CREATE TABLE stock_mv
(
    ts        DateTime,
    mv_id     UInt64,
    wh        LowCardinality(String),
    zone      LowCardinality(String),
    sku       String,
    mv_type   LowCardinality(String),
    qty       UInt32,
    unit_cost Float64,
    supp      Nullable(String),
    op_id     UInt16,
    dur_s     UInt32,
    dmg       UInt8
)
ENGINE = MergeTree ORDER BY ts;

INSERT INTO stock_mv
SELECT
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 201) % 1000000) / 1000000, 3) * 45 * 86400)) AS ts,
    number AS mv_id,
    ['BER', 'RTM', 'WAW', 'LYS', 'MAD'][w] AS wh,
    ['A', 'B', 'C', 'D', 'E', 'F'][1 + toUInt8(pow((cityHash64(number, 202) % 1000) / 1000, 1.4) * 6)] AS zone,
    'SKU-' || leftPad(toString(s), 4, '0') AS sku,
    multiIf(h < 52, 'outbound', h < 79, 'inbound', h < 89, 'transfer', h < 96, 'return', 'adjustment') AS mv_type,
    1 + toUInt32(pow((cityHash64(number, 204) % 10000) / 10000, 2) * if(mv_type = 'inbound', 200, 40)) AS qty,
    round(1.5 + (cityHash64(s, 205) % 30000) / 100, 2) AS unit_cost,
    if(mv_type = 'inbound', ['Nordwind', 'Tradeco', 'Bluebox', 'Kessler', 'Omnia'][1 + toUInt8(pow((cityHash64(number, 206) % 1000) / 1000, 1.5) * 5)], NULL) AS supp,
    100 + toUInt16(pow((cityHash64(number, 207) % 10000) / 10000, 1.5) * 60) AS op_id,
    15 + w * 12 + toUInt32(pow((cityHash64(number, 208) % 10000) / 10000, 3) * 900) AS dur_s,
    cityHash64(number, 209) % 1000 < 8 + 7 * w + if(mv_type = 'return', 120, 0) AS dmg
FROM
(
    SELECT
        number,
        1 + toUInt8(pow((cityHash64(number, 210) % 1000) / 1000, 1.5) * 5) AS w,
        1 + toUInt32(pow((cityHash64(number, 203) % 1000000) / 1000000, 2) * 600) AS s,
        cityHash64(number, 211) % 100 AS h
    FROM numbers(200000)
);

CREATE TABLE support_tickets
(
    ticket_id              UInt64,
    created_at             DateTime,
    resolved_at            Nullable(DateTime),
    customer_id            UInt32,
    agent                  LowCardinality(String),
    channel                LowCardinality(String),
    priority               LowCardinality(String),
    topic                  LowCardinality(String),
    status                 LowCardinality(String),
    first_response_minutes UInt32,
    csat_score             Nullable(UInt8),
    is_escalated           UInt8,
    reopen_count           UInt8,
    language               LowCardinality(String),
    tags                   Array(String)
)
ENGINE = MergeTree ORDER BY created_at;

INSERT INTO support_tickets
SELECT
    50000 + number AS ticket_id,
    now() - toIntervalSecond(age) AS created_at,
    if(status IN ('resolved', 'closed'), now() - toIntervalSecond(age - toUInt64((0.1 + 0.9 * (cityHash64(number, 302) % 1000) / 1000) * least(age, (6 + 9 * t) * 3600))), NULL) AS resolved_at,
    1 + toUInt32(pow((cityHash64(number, 303) % 1000000) / 1000000, 2) * 9000) AS customer_id,
    ['Priya', 'Tom', 'Lena', 'Marco', 'Aisha', 'Jonas', 'Chloe', 'Viktor', 'Sam', 'Ines'][a] AS agent,
    ['email', 'chat', 'phone', 'social'][1 + toUInt8(pow((cityHash64(number, 304) % 1000) / 1000, 1.5) * 4)] AS channel,
    multiIf(p < 25, 'low', p < 75, 'normal', p < 93, 'high', 'urgent') AS priority,
    ['billing', 'login', 'delivery', 'refund', 'bug'][t] AS topic,
    multiIf(h < 14, 'open', h < 24, 'waiting', h < 60, 'resolved', 'closed') AS status,
    multiIf(p >= 93, 3, p >= 75, 10, 25) + a * 2 + toUInt32(pow((cityHash64(number, 306) % 10000) / 10000, 3) * 600) AS first_response_minutes,
    if(status IN ('resolved', 'closed') AND cityHash64(number, 307) % 100 < 45, toUInt8(greatest(1, 5 - toInt8(pow((cityHash64(number, 308) % 1000) / 1000, 2) * (3 + a * 0.25)))), NULL) AS csat_score,
    cityHash64(number, 309) % 100 < multiIf(p >= 93, 35, p >= 75, 15, 4) + t AS is_escalated,
    toUInt8(pow((cityHash64(number, 310) % 1000) / 1000, 8) * 5) AS reopen_count,
    ['en', 'de', 'es', 'fr', 'pl'][1 + toUInt8(pow((cityHash64(number, 311) % 1000) / 1000, 2) * 5)] AS language,
    arrayFilter((x, i) -> cityHash64(number, 312, i) % 100 < 24 - 5 * i, ['vip', 'legal', 'outage', 'churn_risk'], [0, 1, 2, 3]) AS tags
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 301) % 1000000) / 1000000, 3) * 60 * 86400) AS age,
        1 + toUInt8(pow((cityHash64(number, 313) % 1000) / 1000, 1.3) * 10) AS a,
        cityHash64(number, 305) % 100 AS p,
        1 + toUInt8(pow((cityHash64(number, 314) % 1000) / 1000, 1.4) * 5) AS t,
        cityHash64(number, 315) % 100 AS h
    FROM numbers(80000)
);

CREATE TABLE applications
(
    appl_id     UInt64 COMMENT 'application number',
    appl_ts     DateTime COMMENT 'when the application came in',
    upd_ts      DateTime COMMENT 'last change of the stage',
    cand_id     UInt32 COMMENT 'candidate, one person may apply several times',
    pos         LowCardinality(String) COMMENT 'job title applied for',
    dept        LowCardinality(String) COMMENT 'hiring department',
    loc         LowCardinality(String) COMMENT 'office city',
    src         LowCardinality(String) COMMENT 'where the candidate heard of us',
    stage       LowCardinality(String) COMMENT 'current stage: new, screening, interview, offer, hired, rejected',
    rej_reason  Nullable(String) COMMENT 'only for rejected applications',
    rcrtr       LowCardinality(String) COMMENT 'recruiter in charge',
    yrs_exp     UInt8 COMMENT 'years of professional experience',
    sal_exp     Nullable(UInt32) COMMENT 'expected salary, EUR per year, null if not given',
    remote_ok   Bool COMMENT 'wants to work remotely',
    skills      Array(String) COMMENT 'skills named in the CV',
    itv_min     UInt16 COMMENT 'minutes of interview so far'
)
ENGINE = MergeTree ORDER BY appl_ts;

INSERT INTO applications
SELECT
    number AS appl_id,
    now() - toIntervalSecond(age) AS appl_ts,
    now() - toIntervalSecond(toUInt64(age * (cityHash64(number, 402) % 1000) / 1000)) AS upd_ts,
    1 + toUInt32(pow((cityHash64(number, 403) % 1000000) / 1000000, 1.8) * 15000) AS cand_id,
    [['Data Engineer', 'Backend Developer', 'QA Tester'], ['Account Executive', 'Sales Manager', 'Sales Assistant'], ['Content Writer', 'SEO Specialist', 'Brand Manager'], ['Accountant', 'Controller', 'Payroll Clerk']][d][1 + toUInt8(pow((cityHash64(number, 404) % 1000) / 1000, 1.4) * 3)] AS pos,
    ['Engineering', 'Sales', 'Marketing', 'Finance'][d] AS dept,
    ['Berlin', 'London', 'Lisbon', 'Warsaw', 'Remote'][1 + toUInt8(pow((cityHash64(number, 405) % 1000) / 1000, 1.5) * 5)] AS loc,
    ['linkedin', 'career_site', 'referral', 'agency', 'job_fair'][s] AS src,
    multiIf(h < 22, 'new', h < 40, 'screening', h < 52, 'interview', h < 56, 'offer', h < 58 + s, 'hired', 'rejected') AS stage,
    if(stage = 'rejected', ['skills', 'experience', 'salary', 'visa', 'no_show'][1 + toUInt8(pow((cityHash64(number, 407) % 1000) / 1000, 1.6) * 5)], NULL) AS rej_reason,
    ['Meyer', 'Okafor', 'Silva', 'Novak', 'Tanaka', 'Dubois'][1 + toUInt8(pow((cityHash64(number, 408) % 1000) / 1000, 1.4) * 6)] AS rcrtr,
    toUInt8(pow((cityHash64(number, 409) % 1000) / 1000, 2) * 25) AS yrs_exp,
    if(cityHash64(number, 410) % 100 < 70, 32000 + 500 * toUInt32((5 - d) * 9 + yrs_exp * 2 + cityHash64(number, 411) % 40), NULL) AS sal_exp,
    cityHash64(number, 412) % 100 < 50 - 8 * d AS remote_ok,
    arrayFilter((x, i) -> cityHash64(number, 413, i) % 100 < 45 - 8 * i, ['excel', 'sql', 'python', 'sap', 'figma'], [0, 1, 2, 3, 4]) AS skills,
    if(stage IN ('interview', 'offer', 'hired'), 30 + 15 * (cityHash64(number, 414) % 8), 0) AS itv_min
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 401) % 1000000) / 1000000, 3) * 120 * 86400) AS age,
        1 + toUInt8(pow((cityHash64(number, 415) % 1000) / 1000, 1.4) * 4) AS d,
        1 + toUInt8(pow((cityHash64(number, 416) % 1000) / 1000, 1.5) * 5) AS s,
        cityHash64(number, 406) % 100 AS h
    FROM numbers(40000)
);

CREATE TABLE plays
(
    `played_at`         DateTime64(3),
    `play.id`           String,
    `user.id`           UInt32,
    `user.country`      LowCardinality(String),
    `user.plan`         LowCardinality(String),
    `track.id`          UInt32,
    `track.artist`      LowCardinality(String),
    `track.genre`       LowCardinality(String),
    `track.duration_ms` UInt32,
    `ms_played`         UInt32,
    `device.type`       LowCardinality(String),
    `playlist`          Nullable(String),
    `skipped`           Bool,
    `shuffle`           UInt8,
    `offline`           Bool
)
ENGINE = MergeTree ORDER BY played_at;

INSERT INTO plays
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 3) * 40 * 86400000)) AS played_at,
    'pl_' || lower(hex(cityHash64(number, 502))) AS `play.id`,
    u AS `user.id`,
    ['SE', 'US', 'GB', 'BR', 'JP', 'MX'][1 + toUInt8(pow((cityHash64(u, 503) % 1000) / 1000, 1.5) * 6)] AS `user.country`,
    ['free', 'premium', 'family', 'student'][pl] AS `user.plan`,
    t AS `track.id`,
    ['Luna Grey', 'The Harbor', 'DJ Moko', 'Silver Pines', 'Rosa Vale', 'Kite Club', 'Old Radio', 'Neon Priest', 'Mira Sol', 'Blue Tram', 'Papa Jules', 'Echo Lane'][1 + t % 12] AS `track.artist`,
    ['pop', 'rock', 'electronic', 'jazz', 'folk', 'hiphop'][1 + (t % 12) % 6] AS `track.genre`,
    120000 + (cityHash64(t, 504) % 240000) AS `track.duration_ms`,
    if(skipped, toUInt32(`track.duration_ms` * (cityHash64(number, 505) % 40) / 100), `track.duration_ms`) AS `ms_played`,
    ['phone', 'desktop', 'speaker', 'car', 'tv'][1 + toUInt8(pow((cityHash64(number, 506) % 1000) / 1000, 1.8) * 5)] AS `device.type`,
    if(cityHash64(number, 507) % 100 < 55, ['Daily Mix', 'Focus', 'Workout', 'Chill', 'Party Hits', 'Sleep'][1 + toUInt8(pow((cityHash64(number, 508) % 1000) / 1000, 1.5) * 6)], NULL) AS `playlist`,
    cityHash64(number, 509) % 100 < 34 - 6 * pl + (t % 12) AS `skipped`,
    cityHash64(number, 510) % 100 < 38 AS `shuffle`,
    pl > 1 AND cityHash64(number, 511) % 100 < 10 + 2 * pl AS `offline`
FROM
(
    SELECT
        number,
        1 + toUInt32(pow((cityHash64(number, 512) % 1000000) / 1000000, 1.8) * 7000) AS u,
        1 + toUInt32(pow((cityHash64(number, 513) % 1000000) / 1000000, 2.2) * 900) AS t,
        1 + toUInt8(pow((cityHash64(u, 514) % 1000) / 1000, 1.5) * 4) AS pl
    FROM numbers(300000)
);

CREATE TABLE device_events
(
    event_ms    Int64 COMMENT 'time of the event on the device, Unix epoch in milliseconds',
    msg_id      UInt64,
    device_id   String COMMENT 'serial number of the device',
    home_id     UInt32 COMMENT 'household the device belongs to',
    kind        LowCardinality(String) COMMENT 'thermostat, light, lock, camera, smoke_detector or plug',
    event       LowCardinality(String) COMMENT 'status, motion, alarm, offline, low_battery, fw_update',
    room        LowCardinality(String),
    battery_pct Nullable(UInt8) COMMENT 'charge in percent, null for mains-powered devices',
    temp_c      Nullable(Float32) COMMENT 'room temperature in degrees Celsius, thermostats only',
    power_w     Nullable(Float32) COMMENT 'power draw in watts, plugs and lights only',
    rssi_dbm    Int16 COMMENT 'wireless signal strength',
    fw          LowCardinality(String) COMMENT 'firmware version',
    latency_ms  UInt32 COMMENT 'from the device to the cloud',
    uptime_s    UInt32 COMMENT 'seconds since the last restart',
    via_hub     UInt8 COMMENT '1 if relayed by a hub, 0 if directly connected'
)
ENGINE = MergeTree ORDER BY event_ms;

INSERT INTO device_events
SELECT
    toUnixTimestamp64Milli(now64(3)) - toInt64(pow((cityHash64(number, 601) % 1000000) / 1000000, 3) * 30 * 86400000) AS event_ms,
    number AS msg_id,
    'D' || leftPad(toString(dv), 5, '0') AS device_id,
    1 + intDiv(dv, 4) AS home_id,
    ['light', 'thermostat', 'plug', 'camera', 'lock', 'smoke_detector'][k] AS kind,
    multiIf(h < 62, 'status', h < 82, 'motion', h < 90, 'offline', h < 95, 'low_battery', h < 98, 'fw_update', 'alarm') AS event,
    ['living_room', 'kitchen', 'bedroom', 'hallway', 'garage'][rm] AS room,
    if(k IN (1, 3), NULL, toUInt8(100 - pow((cityHash64(number, 604) % 1000) / 1000, 2) * 95)) AS battery_pct,
    if(k = 2, toFloat32(round(17 + rm * 0.6 + (cityHash64(number, 605) % 700) / 100, 1)), NULL) AS temp_c,
    if(k IN (1, 3), toFloat32(round(k * 4 + pow((cityHash64(number, 606) % 10000) / 10000, 4) * 300 * k, 1)), NULL) AS power_w,
    toInt16(-35 - rm * 3 - cityHash64(number, 607) % 40) AS rssi_dbm,
    ['2.4.1', '2.4.0', '2.3.7', '1.9.2'][f] AS fw,
    20 + f * 15 + toUInt32(pow((cityHash64(number, 608) % 10000) / 10000, 5) * 4000) AS latency_ms,
    toUInt32(pow((cityHash64(number, 609) % 10000) / 10000, 2) * 2000000) AS uptime_s,
    cityHash64(dv, 610) % 10 < 6 AS via_hub
FROM
(
    SELECT
        number,
        1 + toUInt32(pow((cityHash64(number, 602) % 1000000) / 1000000, 2) * 6000) AS dv,
        1 + toUInt8(pow((cityHash64(dv, 611) % 1000) / 1000, 1.4) * 6) AS k,
        1 + toUInt8(pow((cityHash64(dv, 612) % 1000) / 1000, 1.4) * 5) AS rm,
        1 + toUInt8(pow((cityHash64(dv, 613) % 1000) / 1000, 1.5) * 4) AS f,
        cityHash64(number, 603) % 100 AS h
    FROM numbers(250000)
);
