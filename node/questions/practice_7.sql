-- Practice data in eight fields. Every time is relative to now(), denser the nearer to now.
CREATE TABLE course_progress
(
    event_time    DateTime64(3),
    learner_id    UInt32,
    course_code   LowCardinality(String),
    lesson_no     UInt16,
    event_type    LowCardinality(String),
    quiz_score    Nullable(Float32),
    watch_seconds UInt32,
    plan          LowCardinality(String),
    country       LowCardinality(String),
    app           LowCardinality(String),
    topics        Array(String)
)
ENGINE = MergeTree ORDER BY event_time;

INSERT INTO course_progress
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 1) % 1000000) / 1000000, 3) * 60 * 86400000)) AS event_time,
    toUInt32(lid) AS learner_id,
    ['PY101', 'SQL201', 'ML301', 'UX110', 'EXC100', 'MKT120', 'PM150', 'SEC220'][ci] AS course_code,
    1 + cityHash64(number, 3) % 24 AS lesson_no,
    ev AS event_type,
    if(ev = 'quiz_submitted', toFloat32(greatest(0, least(100, round([78, 64, 55, 85, 81, 88, 73, 60][ci] - 30 + (cityHash64(number, 5) % 600) / 10, 1)))), NULL) AS quiz_score,
    if(ev = 'lesson_completed', 180 + cityHash64(number, 6) % 1500, if(ev = 'lesson_started', cityHash64(number, 6) % 240, 0)) AS watch_seconds,
    multiIf(cityHash64(lid, 7) % 100 < 58, 'free', cityHash64(lid, 7) % 100 < 85, 'pro', 'team') AS plan,
    multiIf(cityHash64(lid, 8) % 100 < 38, 'US', cityHash64(lid, 8) % 100 < 62, 'IN', cityHash64(lid, 8) % 100 < 77, 'DE', cityHash64(lid, 8) % 100 < 88, 'BR', cityHash64(lid, 8) % 100 < 95, 'GB', 'PL') AS country,
    multiIf(cityHash64(number, 9) % 100 < 49, 'web', cityHash64(number, 9) % 100 < 80, 'android', 'ios') AS app,
    [['python', 'programming'], ['sql', 'data'], ['python', 'data', 'machine-learning'], ['design'], ['excel', 'data'], ['marketing'], ['management'], ['security', 'programming']][ci] AS topics
FROM
(
    SELECT
        number,
        1 + toUInt32(pow((cityHash64(number, 2) % 1000000) / 1000000, 2) * 9000) AS lid,
        multiIf(c < 29, 1, c < 50, 2, c < 65, 3, c < 76, 5, c < 85, 4, c < 92, 6, c < 97, 8, 7) AS ci,
        multiIf(h < 40, 'lesson_started', h < 70, 'lesson_completed', h < 85, 'quiz_submitted', h < 93, 'enrolled', h + c % 3 < 98, 'course_completed', 'course_dropped') AS ev
    FROM (SELECT number, cityHash64(number, 4) % 100 AS h, cityHash64(number, 10) % 100 AS c FROM numbers(180000))
);

CREATE TABLE newsletter_sends
(
    send_id         UInt64,
    sent_at         DateTime64(3),
    opened_at       Nullable(DateTime64(3)),
    subscriber_id   UInt32,
    campaign        LowCardinality(String),
    list_name       LowCardinality(String),
    subject_variant LowCardinality(String),
    delivery_status LowCardinality(String),
    mailbox         LowCardinality(String),
    clicks          UInt8,
    unsubscribed    Bool,
    spam_complaint  Bool,
    order_value_usd Nullable(Decimal(10, 2))
)
ENGINE = MergeTree ORDER BY sent_at;

INSERT INTO newsletter_sends
SELECT
    number + 700000 AS send_id,
    t AS sent_at,
    if(opened, t + toIntervalSecond(least(toUInt64(30 + pow((cityHash64(number, 105) % 1000000) / 1000000, 3) * [14400, 28800, 36000, 21600, 50000][mi]), toUInt64(dateDiff('second', t, now64(3))))), NULL) AS opened_at,
    1 + toUInt32(pow((cityHash64(number, 102) % 1000000) / 1000000, 1.5) * 25000) AS subscriber_id,
    ['spring_sale', 'july_digest', 'black_friday', 'welcome_series', 'feature_launch', 'win_back'][ki] AS campaign,
    ['promo', 'weekly_digest', 'promo', 'onboarding', 'product_news', 'promo'][ki] AS list_name,
    v AS subject_variant,
    ds AS delivery_status,
    ['gmail', 'outlook', 'yahoo', 'icloud', 'gmx'][mi] AS mailbox,
    if(opened AND cityHash64(number, 108) % 100 < 28, 1 + cityHash64(number, 109) % 4, 0) AS clicks,
    ds = 'delivered' AND cityHash64(number, 110) % 1000 < [9, 6, 14, 4, 8, 40][ki] AS unsubscribed,
    ds = 'delivered' AND cityHash64(number, 111) % 1000 < [2, 1, 5, 1, 2, 16][ki] AS spam_complaint,
    if(opened AND cityHash64(number, 108) % 100 < 7, toDecimal64(round(8 + pow((cityHash64(number, 112) % 100000) / 100000, 3) * [180, 90, 420, 60, 120, 140][ki], 2), 2), NULL) AS order_value_usd
FROM
(
    SELECT *, ds = 'delivered' AND cityHash64(number, 107) % 1000 < [310, 420, 270, 560, 365, 140][ki] + if(v = 'B', 60, 0) AS opened
    FROM
    (
        SELECT
            number,
            now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 101) % 1000000) / 1000000, 3) * 45 * 86400000)) AS t,
            multiIf(c < 30, 1, c < 53, 2, c < 70, 3, c < 83, 4, c < 93, 5, 6) AS ki,
            multiIf(m < 46, 1, m < 69, 2, m < 84, 3, m < 94, 4, 5) AS mi,
            if(cityHash64(number, 106) % 2 = 0, 'A', 'B') AS v,
            multiIf(s < 925, 'delivered', s < 965, 'soft_bounce', s < 987, 'hard_bounce', 'blocked') AS ds
        FROM (SELECT number, cityHash64(number, 103) % 100 AS c, cityHash64(number, 104) % 100 AS m, cityHash64(number, 113) % 1000 AS s FROM numbers(220000))
    )
);

CREATE TABLE ins_claims
(
    clm_no    String COMMENT 'Claim number',
    pol_no    UInt32 COMMENT 'Policy number',
    lob       LowCardinality(String) COMMENT 'Line of business: motor, home, travel, health, liability',
    rep_ts    DateTime COMMENT 'When the claim was reported to us',
    inc_dt    Date COMMENT 'Day of the incident',
    sts       LowCardinality(String) COMMENT 'SUB = submitted, REV = under review, PD = paid, REJ = rejected, WD = withdrawn by the customer',
    clm_amt   Decimal(12, 2) COMMENT 'Amount claimed, USD',
    paid_amt  Nullable(Decimal(12, 2)) COMMENT 'Amount paid out, USD, null unless paid',
    ddct_amt  UInt16 COMMENT 'Deductible, USD',
    st        LowCardinality(String) COMMENT 'US state of the policy holder',
    chnl      LowCardinality(String) COMMENT 'How the claim reached us: phone, web, app, agent',
    adj_name  LowCardinality(String) COMMENT 'Adjuster in charge',
    fraud_flg UInt8 COMMENT '1 if fraud is suspected'
)
ENGINE = MergeTree ORDER BY rep_ts;

INSERT INTO ins_claims
SELECT
    concat('C-', toString(500000 + number)) AS clm_no,
    10000 + toUInt32(pow((cityHash64(number, 202) % 1000000) / 1000000, 2) * 15000) AS pol_no,
    ['motor', 'home', 'travel', 'health', 'liability'][li] AS lob,
    t AS rep_ts,
    toDate(t) - toUInt16(pow((cityHash64(number, 204) % 1000) / 1000, 2) * [30, 14, 9, 45][hi]) AS inc_dt,
    s AS sts,
    amt AS clm_amt,
    if(s = 'PD', toDecimal64(round(toFloat64(amt) * (60 + cityHash64(number, 206) % 38) / 100, 2), 2), NULL) AS paid_amt,
    [500, 1000, 100, 250, 0][li] AS ddct_amt,
    multiIf(g < 27, 'CA', g < 47, 'TX', g < 63, 'FL', g < 77, 'NY', g < 87, 'IL', g < 95, 'OH', 'AZ') AS st,
    ['phone', 'web', 'app', 'agent'][hi] AS chnl,
    multiIf(a < 24, 'Rivera', a < 43, 'Okafor', a < 60, 'Lindqvist', a < 74, 'Tanaka', a < 86, 'Moreau', a < 95, 'Haddad', 'Novak') AS adj_name,
    cityHash64(number, 209) % 1000 < [52, 21, 78, 12, 33][li] AS fraud_flg
FROM
(
    SELECT
        *,
        toDecimal64(round(60 + pow((cityHash64(number, 205) % 1000000) / 1000000, 3) * [14000, 30000, 3500, 9000, 52000][li], 2), 2) AS amt,
        multiIf(r < 14, 'SUB', r < 33, 'REV', r < 33 + [49, 42, 38, 56, 30][li], 'PD', r < 96, 'REJ', 'WD') AS s
    FROM
    (
        SELECT
            number,
            now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 201) % 1000000) / 1000000, 3) * 120 * 86400)) AS t,
            multiIf(l < 44, 1, l < 66, 2, l < 82, 4, l < 93, 3, 5) AS li,
            multiIf(c < 39, 1, c < 68, 2, c < 88, 3, 4) AS hi,
            cityHash64(number, 207) % 100 AS g,
            cityHash64(number, 208) % 100 AS a,
            cityHash64(number, 210) % 100 AS r
        FROM (SELECT number, cityHash64(number, 203) % 100 AS l, cityHash64(number, 211) % 100 AS c FROM numbers(60000))
    )
);

CREATE TABLE cdr
(
    start_ms     Int64,
    rec_id       UInt64,
    sub_id       UInt32,
    svc          LowCardinality(String),
    dur_s        UInt32,
    bytes_down   UInt64,
    bytes_up     UInt64,
    cell_id      LowCardinality(String),
    net_gen      LowCardinality(String),
    is_roaming   UInt8,
    visited_cc   FixedString(2),
    end_cause    LowCardinality(String),
    charge_cents UInt32
)
ENGINE = MergeTree ORDER BY start_ms;

INSERT INTO cdr
SELECT
    toUnixTimestamp64Milli(now64(3)) - toInt64(pow((cityHash64(number, 301) % 1000000) / 1000000, 3) * 21 * 86400000) AS start_ms,
    number AS rec_id,
    1000 + toUInt32(pow((cityHash64(number, 302) % 1000000) / 1000000, 2) * 40000) AS sub_id,
    sv AS svc,
    multiIf(sv = 'sms', 0, sv = 'data', 20 + cityHash64(number, 304) % 5400, ec IN ('busy', 'no_answer', 'network_fail'), 0, 5 + toUInt32(pow((cityHash64(number, 304) % 100000) / 100000, 3) * [1500, 1000, 2100][gi])) AS dur_s,
    if(sv = 'data', toUInt64(10000 + pow((cityHash64(number, 305) % 1000000) / 1000000, 4) * [900000000, 260000000, 9000000][gi]), 0) AS bytes_down,
    if(sv = 'data', toUInt64(2000 + pow((cityHash64(number, 306) % 1000000) / 1000000, 4) * [90000000, 30000000, 2000000][gi]), 0) AS bytes_up,
    concat('C', leftPad(toString(1 + toUInt32(pow((cityHash64(number, 307) % 1000000) / 1000000, 2.5) * 400)), 4, '0')) AS cell_id,
    ['5G', '4G', '2G'][gi] AS net_gen,
    if(cc = 'DE', 0, 1) AS is_roaming,
    cc AS visited_cc,
    ec AS end_cause,
    multiIf(cc = 'DE', if(sv = 'sms', 9, cityHash64(number, 311) % 40), 20 + cityHash64(number, 311) % 300) AS charge_cents
FROM
(
    SELECT
        *,
        multiIf(sv = 'sms', if(e < 97, 'normal', 'network_fail'), sv = 'data', if(e < 94, 'normal', if(e < 98, 'dropped', 'network_fail')), e < 71 - gi * 3, 'normal', e < 74, 'dropped', e < 82, 'busy', e < 97, 'no_answer', 'network_fail') AS ec
    FROM
    (
        SELECT
            number,
            multiIf(v < 52, 'data', v < 84, 'voice', 'sms') AS sv,
            multiIf(w < 34, 1, w < 91, 2, 3) AS gi,
            multiIf(x < 880, 'DE', x < 925, 'AT', x < 955, 'ES', x < 975, 'IT', x < 990, 'US', 'CH') AS cc,
            cityHash64(number, 310) % 100 AS e
        FROM (SELECT number, cityHash64(number, 303) % 100 AS v, cityHash64(number, 308) % 100 AS w, cityHash64(number, 309) % 1000 AS x FROM numbers(300000))
    )
);

CREATE TABLE greenhouse_readings
(
    `reading.time`      DateTime64(3),
    `sensor.id`         LowCardinality(String),
    `sensor.firmware`   LowCardinality(String),
    `house.name`        LowCardinality(String),
    `house.crop`        LowCardinality(String),
    `air.temp_c`        Float32,
    `air.humidity_pct`  Float32,
    `soil.moisture_pct` Nullable(Float32),
    `water.liters`      Float32,
    `valve.open`        Bool,
    `battery.mv`        UInt16,
    alerts              Array(String)
)
ENGINE = MergeTree ORDER BY `reading.time`;

INSERT INTO greenhouse_readings
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 401) % 1000000) / 1000000, 3) * 30 * 86400000)),
    concat('S-', leftPad(toString(sid), 3, '0')),
    ['1.9.2', '2.0.0', '2.1.4'][fi],
    ['Aurelia', 'Borealis', 'Cypress', 'Dune', 'Elm'][hi],
    ['tomato', 'lettuce', 'pepper', 'basil', 'strawberry'][hi],
    toFloat32(round([24.0, 18.5, 26.5, 22.0, 20.0][hi] + (cityHash64(number, 403) % 1200) / 100 - 6, 2)),
    toFloat32(round([68, 75, 61, 71, 80][hi] + (cityHash64(number, 404) % 2600) / 100 - 13, 1)),
    if(cityHash64(number, 405) % 1000 < [90, 40, 12][fi], NULL, toFloat32(round([36, 44, 30, 39, 47][hi] + (cityHash64(number, 406) % 4400) / 100 - 22, 1))),
    if(vo, toFloat32(round([9, 5, 7.5, 3.5, 4.5][hi] * (50 + cityHash64(number, 408) % 100) / 100, 2)), 0),
    vo,
    toUInt16(bat),
    arrayFilter(x -> x != '', [if(bat < 2950, 'low_battery', ''), if(cityHash64(number, 410) % 1000 < [12, 4, 22, 7, 9][hi], 'overheat', ''), if(cityHash64(number, 411) % 1000 < [5, 8, 3, 6, 17][hi], 'leak', '')])
FROM
(
    SELECT
        *,
        multiIf(sid <= 30, 1, sid <= 52, 2, sid <= 68, 3, sid <= 80, 4, 5) AS hi,
        multiIf(cityHash64(sid, 412) % 10 < 2, 1, cityHash64(sid, 412) % 10 < 5, 2, 3) AS fi,
        cityHash64(number, 407) % 100 < 16 AS vo,
        2900 + cityHash64(sid, 409) % 500 + cityHash64(number, 409) % 300 AS bat
    FROM (SELECT number, 1 + toUInt32(pow((cityHash64(number, 402) % 1000000) / 1000000, 1.4) * 90) AS sid FROM numbers(250000))
);

CREATE TABLE classBookings
(
    bookingId      UInt64,
    memberId       UInt32,
    membershipTier LowCardinality(String),
    clubCity       LowCardinality(String),
    className      LowCardinality(String),
    coachName      LowCardinality(String),
    bookedAt       DateTime,
    classStart     DateTime,
    durationMin    UInt16,
    bookingStatus  LowCardinality(String),
    isFirstVisit   Bool,
    rating         Nullable(UInt8),
    caloriesBurned Nullable(UInt16)
)
ENGINE = MergeTree ORDER BY classStart;

INSERT INTO classBookings
SELECT
    number + 1,
    mid,
    ['basic', 'plus', 'premium'][ti],
    multiIf(c < 36, 'Berlin', c < 63, 'Hamburg', c < 83, 'Munich', c < 94, 'Cologne', 'Leipzig'),
    ['yoga', 'spinning', 'hiit', 'pilates', 'boxing', 'zumba'][ki],
    ['Jonas', 'Amira', 'Petra', 'Luca', 'Mei', 'Sven', 'Carla'][oi],
    t - toIntervalMinute(5 + toUInt32(pow((cityHash64(number, 504) % 10000) / 10000, 2) * [2880, 5760, 10080][ti])),
    t,
    [60, 45, 30, 60, 45, 50][ki],
    s,
    cityHash64(number, 506) % 100 < 6,
    if(s = 'attended' AND cityHash64(number, 507) % 100 < 45, least(5, 1 + toUInt8(floor(pow((cityHash64(number, 508) % 1000) / 1000, [0.35, 0.2, 0.7, 0.5, 0.28, 1.0, 0.45][oi]) * 5))), NULL),
    if(s = 'attended', [180, 430, 390, 210, 480, 330][ki] - 80 + cityHash64(number, 509) % 160, NULL)
FROM
(
    SELECT
        *,
        multiIf(cityHash64(mid, 503) % 100 < 51, 1, cityHash64(mid, 503) % 100 < 82, 2, 3) AS ti,
        multiIf(k < 27, 1, k < 50, 2, k < 69, 3, k < 83, 4, k < 93, 5, 6) AS ki,
        multiIf(o < 23, 1, o < 42, 2, o < 58, 3, o < 72, 4, o < 84, 5, o < 93, 6, 7) AS oi,
        multiIf(q < 76 + ti * 3, 'attended', q < 89 + ti * 2, 'cancelled', 'no_show') AS s
    FROM
    (
        SELECT
            number,
            now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 3) * 40 * 86400)) AS t,
            1 + toUInt32(pow((cityHash64(number, 502) % 1000000) / 1000000, 2) * 6000) AS mid,
            cityHash64(number, 505) % 100 AS c,
            cityHash64(number, 510) % 100 AS k,
            cityHash64(number, 511) % 100 AS o,
            cityHash64(number, 512) % 100 AS q
        FROM numbers(90000)
    )
);

CREATE TABLE resale_listings
(
    listing_id     UInt64,
    listed_at      DateTime64(3),
    sold_at        Nullable(DateTime64(3)),
    seller_id      UInt32,
    buyer_id       Nullable(UInt32),
    category       LowCardinality(String),
    brand          LowCardinality(String),
    item_condition LowCardinality(String),
    asking_price   Decimal(10, 2),
    final_price    Nullable(Decimal(10, 2)),
    status         LowCardinality(String),
    city           LowCardinality(String),
    ship_opts      Array(String),
    view_cnt       UInt32,
    fav_cnt        UInt16,
    promoted       UInt8
)
ENGINE = MergeTree ORDER BY listed_at;

INSERT INTO resale_listings
SELECT
    number + 9000000,
    t,
    if(s = 'sold', t + toIntervalSecond(toUInt64(dateDiff('second', t, now64(3)) * (cityHash64(number, 603) % 1000) / 1000 * [0.5, 0.9, 0.7, 0.35, 0.8][ki])), NULL),
    1 + toUInt32(pow((cityHash64(number, 602) % 1000000) / 1000000, 3) * 12000),
    if(s = 'sold', toUInt32(1 + cityHash64(number, 604) % 30000), NULL),
    ['bikes', 'clothing', 'furniture', 'phones', 'cameras'][ki],
    [['Canyon', 'Trek', 'Giant'], ['Levis', 'Zara', 'Patagonia'], ['Ikea', 'Vitra', 'Muji'], ['Apple', 'Samsung', 'Google'], ['Canon', 'Sony', 'Leica']][ki][bi],
    multiIf(d < 8, 'new', d < 33, 'like_new', d < 73, 'good', d < 92, 'fair', 'poor'),
    ask,
    if(s = 'sold', toDecimal64(round(toFloat64(ask) * (70 + cityHash64(number, 607) % 31) / 100, 2), 2), NULL),
    s,
    multiIf(c < 33, 'Berlin', c < 54, 'Paris', c < 73, 'Vienna', c < 89, 'Madrid', 'Prague'),
    arrayFilter(x -> x != '', [if(cityHash64(number, 608) % 100 < [88, 30, 92, 41, 26][ki], 'pickup', ''), if(cityHash64(number, 609) % 100 < [22, 93, 17, 86, 79][ki], 'parcel', ''), if(cityHash64(number, 610) % 100 < 9, 'courier', '')]),
    toUInt32((5 + pow((cityHash64(number, 611) % 10000) / 10000, 3) * 900) * if(p, 2.6, 1)),
    toUInt16(pow((cityHash64(number, 612) % 10000) / 10000, 4) * 80),
    p
FROM
(
    SELECT
        *,
        toDecimal64(round((10 + pow((cityHash64(number, 606) % 1000000) / 1000000, 2) * [1800, 90, 420, 700, 1100][ki]) * [1, 0.75, 1.9][bi], 2), 2) AS ask,
        multiIf(r < [33, 47, 28, 58, 39][ki], 'sold', r < 87, 'active', r < 96, 'withdrawn', 'flagged') AS s
    FROM
    (
        SELECT
            number,
            now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 601) % 1000000) / 1000000, 3) * 50 * 86400000)) AS t,
            multiIf(k < 16, 1, k < 53, 2, k < 73, 3, k < 91, 4, 5) AS ki,
            multiIf(b < 48, 1, b < 82, 2, 3) AS bi,
            cityHash64(number, 605) % 100 AS d,
            cityHash64(number, 613) % 100 AS c,
            cityHash64(number, 614) % 100 AS r,
            cityHash64(number, 615) % 100 < 11 AS p
        FROM (SELECT number, cityHash64(number, 616) % 100 AS k, cityHash64(number, 617) % 100 AS b FROM numbers(120000))
    )
);

CREATE TABLE flight_legs
(
    flt_no        LowCardinality(String) COMMENT 'Flight number',
    carrier       LowCardinality(String) COMMENT 'Airline code: LH, BA, AF, KL, IB',
    orig          LowCardinality(String) COMMENT 'Airport of departure',
    dest          LowCardinality(String) COMMENT 'Airport of arrival',
    tail_no       LowCardinality(String) COMMENT 'Registration of the aircraft',
    sched_dep     DateTime COMMENT 'Scheduled departure, UTC',
    act_dep       Nullable(DateTime) COMMENT 'Actual departure, UTC, null if cancelled',
    dep_delay_min Nullable(Int32) COMMENT 'Minutes after schedule at departure, null if cancelled',
    arr_delay_min Nullable(Int32) COMMENT 'Minutes after schedule at arrival, negative if early, null if cancelled',
    dist_km       UInt16,
    pax           UInt16 COMMENT 'Passengers on board',
    seats         UInt16 COMMENT 'Seats on offer',
    fuel_kg       UInt32 COMMENT 'Fuel burnt',
    is_cxl        UInt8 COMMENT '1 if cancelled',
    cxl_code      LowCardinality(Nullable(String)) COMMENT 'Why it was cancelled: WX = weather, TECH = technical, CREW = crew, ATC = air traffic control',
    is_div        UInt8 COMMENT '1 if diverted to another airport'
)
ENGINE = MergeTree ORDER BY sched_dep;

INSERT INTO flight_legs
SELECT
    concat(['LH', 'BA', 'AF', 'KL', 'IB'][ki], toString(100 + (ki * 31 + oi * 17 + di * 7) % 800)),
    ['LH', 'BA', 'AF', 'KL', 'IB'][ki],
    ['FRA', 'LHR', 'CDG', 'AMS', 'MAD', 'LIS', 'VIE'][oi],
    ['FRA', 'LHR', 'CDG', 'AMS', 'MAD', 'LIS', 'VIE'][di],
    concat(['D-A', 'G-E', 'F-G', 'PH-B', 'EC-M'][ki], leftPad(toString(tn), 3, '0')),
    t,
    if(x, NULL, t + toIntervalMinute(dd)),
    if(x, NULL, dd),
    if(x, NULL, toInt32(dd + cityHash64(number, 706) % 26) - 15),
    300 + cityHash64(least(oi, di) * 10 + greatest(oi, di), 707) % 1900,
    if(x, 0, toUInt16(floor(sc * (100 - pow((cityHash64(number, 708) % 1000) / 1000, 2) * [34, 52, 44, 29, 61][ki]) / 100))),
    sc,
    if(x, 0, toUInt32(1500 + sc * 9 + cityHash64(number, 709) % 2500)),
    x,
    if(x, multiIf(r < 52, 'WX', r < 77, 'TECH', r < 91, 'CREW', 'ATC'), NULL),
    if(x, 0, cityHash64(number, 710) % 1000 < 7)
FROM
(
    SELECT
        *,
        [180, 156, 174, 132, 168][ki] AS sc,
        cityHash64(number, 704) % 1000 < [26, 41, 33, 15, 22][ki] AS x,
        toInt32(floor(pow((cityHash64(number, 705) % 10000) / 10000, 4) * ([70, 110, 90, 55, 75][ki] + [10, 60, 35, 20, 5, 90, 0][di]))) AS dd,
        1 + toUInt32(pow((cityHash64(number, 702) % 1000000) / 1000000, 1.6) * 60) AS tn
    FROM
    (
        SELECT
            number, t, ki, oi, r,
            if(oi = dj, 1 + oi % 7, dj) AS di
        FROM
        (
            SELECT
                number,
                now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 701) % 1000000) / 1000000, 3) * 45 * 86400)) AS t,
                multiIf(k < 33, 1, k < 57, 2, k < 76, 3, k < 91, 4, 5) AS ki,
                multiIf(a < 30, 1, a < 53, 2, a < 70, 3, a < 82, 4, a < 90, 5, a < 96, 6, 7) AS oi,
                multiIf(b < 26, 2, b < 47, 1, b < 64, 3, b < 77, 4, b < 87, 5, b < 94, 7, 6) AS dj,
                cityHash64(number, 711) % 100 AS r
            FROM (SELECT number, cityHash64(number, 703) % 100 AS k, cityHash64(number, 712) % 100 AS a, cityHash64(number, 713) % 100 AS b FROM numbers(100000))
        )
    )
);
