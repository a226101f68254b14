-- Six tables of six fields. Every time is relative to the moment of loading, denser the nearer to it.
CREATE TABLE hospital_visits
(
    admitted_at     DateTime COMMENT 'when the patient arrived',
    discharged_at   Nullable(DateTime) COMMENT 'empty while the patient is still in the hospital',
    visit_id        UInt64,
    patient_id      UInt32,
    hospital        LowCardinality(String),
    department      LowCardinality(String),
    visit_type      LowCardinality(String) COMMENT 'inpatient, outpatient or day_case',
    triage_level    UInt8 COMMENT '1 = most urgent, 5 = least urgent',
    wait_min        UInt16 COMMENT 'minutes from arrival until first seen by a doctor',
    age             UInt8,
    sex             LowCardinality(String),
    insurance       LowCardinality(String),
    outcome         LowCardinality(Nullable(String)) COMMENT 'how the visit ended, empty while it lasts',
    diagnosis_codes Array(String) COMMENT 'ICD-10',
    bill_usd        Decimal(10, 2),
    readmitted      UInt8 COMMENT '1 if the same patient had been discharged less than 30 days before'
)
ENGINE = MergeTree ORDER BY admitted_at;

INSERT INTO hospital_visits
SELECT
    now() - toIntervalSecond(ago) AS admitted_at,
    if(stay_s < ago, now() - toIntervalSecond(ago - stay_s), NULL) AS discharged_at,
    700000 + number AS visit_id,
    pid AS patient_id,
    multiIf(hh < 34, 'St. Mary', hh < 60, 'Riverside', hh < 79, 'Northgate', hh < 92, 'Lakeview', 'Mercy General') AS hospital,
    dep AS department,
    vt AS visit_type,
    multiIf(ht < 6, 1, ht < 20, 2, ht < 55, 3, ht < 83, 4, 5) AS triage_level,
    toUInt16(2 + pow((cityHash64(number, 108) % 10000) / 10000, 2) * (multiIf(dep = 'emergency', 160, dep = 'orthopedics', 110, dep = 'neurology', 85, dep = 'cardiology', 66, dep = 'pediatrics', 50, dep = 'oncology', 36, 24)) * (0.3 + 0.25 * triage_level)) AS wait_min,
    if(dep = 'pediatrics', cityHash64(number, 109) % 18, 18 + toUInt8(sqrt((cityHash64(pid, 110) % 10000) / 10000) * 75)) AS age,
    if(dep = 'maternity' OR cityHash64(pid, 111) % 100 < 53, 'F', 'M') AS sex,
    multiIf(cityHash64(pid, 112) % 100 < 61, 'public', cityHash64(pid, 112) % 100 < 91, 'private', 'none') AS insurance,
    if(discharged_at IS NULL, NULL, multiIf(ho < 86, 'discharged', ho < 92, 'transferred', ho < 97, 'left_without_being_seen', 'deceased')) AS outcome,
    if(cityHash64(number, 114) % 3 = 0,
        [['I21', 'S72', 'J18', 'E11', 'C50', 'G40', 'O80'][1 + toUInt8(pow((cityHash64(number, 115) % 1000) / 1000, 1.7) * 7)], 'I10'],
        [['I21', 'S72', 'J18', 'E11', 'C50', 'G40', 'O80'][1 + toUInt8(pow((cityHash64(number, 115) % 1000) / 1000, 1.7) * 7)]]) AS diagnosis_codes,
    toDecimal64(round(40 + pow((cityHash64(number, 116) % 100000) / 100000, 3) * multiIf(vt = 'inpatient', 26000, vt = 'day_case', 5200, 900) * if(sex = 'M', 1.1, 1), 2), 2) AS bill_usd,
    cityHash64(number, 117) % 1000 < multiIf(hh < 34, 71, hh < 60, 104, hh < 79, 89, hh < 92, 58, 133) AS readmitted
FROM
(
    SELECT
        number,
        30 + toUInt64(pow((cityHash64(number, 101) % 1000000) / 1000000, 2.6) * 80 * 86400) AS ago,
        1 + toUInt32(pow((cityHash64(number, 102) % 1000000) / 1000000, 2) * 12000) AS pid,
        cityHash64(number, 103) % 100 AS hh,
        cityHash64(number, 104) % 100 AS hd,
        multiIf(hd < 31, 'emergency', hd < 49, 'cardiology', hd < 64, 'orthopedics', hd < 76, 'pediatrics', hd < 86, 'oncology', hd < 94, 'neurology', 'maternity') AS dep,
        cityHash64(number, 105) % 100 AS hv,
        multiIf(hv < 52, 'outpatient', hv < 83, 'inpatient', 'day_case') AS vt,
        cityHash64(number, 106) % 100 AS ht,
        cityHash64(number, 107) % 100 AS ho,
        toUInt64(if(vt = 'inpatient', 20 + pow((cityHash64(number, 113) % 1000) / 1000, 2) * 260, 1 + (cityHash64(number, 113) % 90) / 10) * 3600) AS stay_s
    FROM numbers(60000)
);

CREATE TABLE bikeTrips
(
    tripId         UInt64,
    riderId        UInt32,
    startedAt      DateTime64(3),
    endedAt        DateTime64(3),
    vehicleType    LowCardinality(String),
    city           LowCardinality(String),
    startStation   LowCardinality(String),
    endStation     LowCardinality(String),
    durationSec    UInt32,
    distanceMeters UInt32,
    membership     LowCardinality(String),
    fareCents      UInt32,
    batteryPct     Nullable(UInt8),
    helmetUsed     Bool,
    rating         Nullable(UInt8)
)
ENGINE = MergeTree ORDER BY startedAt;

INSERT INTO bikeTrips
SELECT
    number AS tripId,
    rid AS riderId,
    now64(3) - toIntervalMillisecond(ago + 1000 * dur) AS startedAt,
    now64(3) - toIntervalMillisecond(ago) AS endedAt,
    vt AS vehicleType,
    ci AS city,
    st AS startStation,
    if(cityHash64(number, 209) % 100 < 14, st,
        ['Central Station', 'Old Town', 'Harbor', 'University', 'City Park', 'Market Square', 'Airport', 'Stadium', 'Museum', 'Riverside'][1 + toUInt8(pow((cityHash64(number, 210) % 10000) / 10000, 1.6) * 10)]) AS endStation,
    dur AS durationSec,
    toUInt32(dur * multiIf(vt = 'scooter', 3.4, vt = 'ebike', 4.8, 3.9) * (0.6 + (cityHash64(number, 211) % 500) / 1000)) AS distanceMeters,
    multiIf(hm < 44, 'annual', hm < 69, 'monthly', hm < 87, 'casual', 'day_pass') AS membership,
    if(hm < 69, 0, 100) + toUInt32(dur / 60 * multiIf(vt = 'scooter', 25, vt = 'ebike', 20, 8)) AS fareCents,
    if(vt = 'bike', NULL, 3 + toUInt8(sqrt((cityHash64(number, 213) % 10000) / 10000) * 97)) AS batteryPct,
    cityHash64(number, 214) % 100 < multiIf(vt = 'scooter', 9, vt = 'ebike', 31, 22) AS helmetUsed,
    if(cityHash64(number, 215) % 100 < 58, NULL, multiIf(hr < 6, 1, hr < 14, 2, hr < if(ci = 'Paris', 40, 30), 3, hr < if(vt = 'scooter', 70, 60), 4, 5)) AS rating
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 201) % 1000000) / 1000000, 2.8) * 45 * 86400000) AS ago,
        1 + toUInt32(pow((cityHash64(number, 202) % 1000000) / 1000000, 2) * 9000) AS rid,
        cityHash64(number, 203) % 100 AS hv,
        multiIf(hv < 46, 'bike', hv < 78, 'ebike', 'scooter') AS vt,
        cityHash64(number, 204) % 100 AS hc,
        multiIf(hc < 41, 'Berlin', hc < 70, 'Paris', hc < 88, 'Madrid', 'Lisbon') AS ci,
        ['Central Station', 'University', 'Old Town', 'Market Square', 'Harbor', 'City Park', 'Museum', 'Riverside', 'Stadium', 'Airport'][1 + toUInt8(pow((cityHash64(number, 205) % 10000) / 10000, 1.5) * 10)] AS st,
        toUInt32(90 + pow((cityHash64(number, 206) % 10000) / 10000, 2) * multiIf(vt = 'scooter', 1900, vt = 'ebike', 3000, 2500)) AS dur,
        cityHash64(rid, 207) % 100 AS hm,
        cityHash64(number, 208) % 100 AS hr
    FROM numbers(150000)
);

CREATE TABLE newsletter_events
(
    event_ms             UInt64,
    event                LowCardinality(String),
    `campaign.id`        UInt16,
    `campaign.name`      LowCardinality(String),
    `subscriber.id`      UInt32,
    `subscriber.country` LowCardinality(String),
    `subscriber.lang`    LowCardinality(String),
    `mail.client`        LowCardinality(String),
    `mail.size_kb`       UInt16,
    `link.url`           Nullable(String),
    `bounce.reason`      LowCardinality(Nullable(String)),
    segments             Array(String)
)
ENGINE = MergeTree ORDER BY event_ms;

INSERT INTO newsletter_events
SELECT
    toUInt64(toUnixTimestamp64Milli(now64(3))) - toUInt64(pow((cityHash64(number, 301) % 1000000) / 1000000, 2.7) * 60 * 86400000) AS event_ms,
    ev AS event,
    100 + ca AS `campaign.id`,
    ['spring_sale', 'weekly_digest', 'product_launch', 'black_friday', 'win_back', 'welcome_series'][ca] AS `campaign.name`,
    sid AS `subscriber.id`,
    co AS `subscriber.country`,
    multiIf(co IN ('DE', 'AT'), 'de', co = 'FR', 'fr', co = 'ES', 'es', 'en') AS `subscriber.lang`,
    multiIf(hk < 45, 'gmail', hk < 69, 'apple_mail', hk < 86, 'outlook', hk < 95, 'yahoo', 'thunderbird') AS `mail.client`,
    20 + ca * 9 + cityHash64(number, 308) % 30 AS `mail.size_kb`,
    if(ev = 'clicked', ['/shop/sale', '/blog/new', '/shop/shoes', '/pricing', '/contact', '/faq'][1 + toUInt8(pow((cityHash64(number, 309) % 10000) / 10000, 1.8) * 6)], NULL) AS `link.url`,
    if(ev = 'bounced', ['mailbox_full', 'unknown_user', 'spam_blocked', 'timeout'][1 + toUInt8(pow((cityHash64(number, 310) % 10000) / 10000, 1.7) * 4)], NULL) AS `bounce.reason`,
    arrayFilter((s, i) -> cityHash64(sid, 311, i) % 100 < [12, 38, 21, 55][i], ['vip', 'buyers', 'students', 'b2c'], [1, 2, 3, 4]) AS segments
FROM
(
    SELECT
        number,
        cityHash64(number, 302) % 1000 AS he,
        1 + toUInt8(pow((cityHash64(number, 303) % 10000) / 10000, 1.4) * 6) AS ca,
        1 + toUInt32(pow((cityHash64(number, 304) % 1000000) / 1000000, 2) * 15000) AS sid,
        multiIf(he < 400, 'sent', he < 742 - ca * 5, 'delivered', he < 872 + ca * 4, 'opened', he < 948, 'clicked', he < 982, 'bounced', 'unsubscribed') AS ev,
        cityHash64(sid, 305) % 100 AS hc,
        multiIf(hc < 39, 'US', hc < 61, 'DE', hc < 77, 'GB', hc < 87, 'FR', hc < 94, 'ES', hc < 98, 'AT', 'IE') AS co,
        cityHash64(sid, 306) % 100 AS hk
    FROM numbers(200000)
);

CREATE TABLE solar_telemetry
(
    ts        DateTime,
    plant     LowCardinality(String),
    cc        LowCardinality(String),
    inv_id    UInt16,
    pwr_kw    Float32,
    nrg_kwh   Float64,
    irr_wm2   UInt16,
    tmp_c     Float32,
    volt_v    Float32,
    st        LowCardinality(String),
    err_cd    Nullable(String),
    down_s    UInt32,
    grid_conn UInt8
)
ENGINE = MergeTree ORDER BY (plant, ts);

INSERT INTO solar_telemetry
SELECT
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 401) % 1000000) / 1000000, 2.5) * 30 * 86400)) AS ts,
    ['Almeria', 'Puglia', 'Sevilla', 'Attica', 'Brandenburg', 'Sardinia'][p] AS plant,
    ['ES', 'IT', 'ES', 'GR', 'DE', 'IT'][p] AS cc,
    inv AS inv_id,
    if(s IN ('fault', 'offline'), 0, round([98, 81, 70, 59, 47, 36][p] * (irr_wm2 / 1000) * if(s = 'derated', 0.6, 1) * (0.9 + (cityHash64(number, 406) % 1000) / 5000), 2)) AS pwr_kw,
    round(pwr_kw / 12, 3) AS nrg_kwh,
    toUInt16(60 + (cityHash64(number, 405) % (940 - 60 * p))) AS irr_wm2,
    toFloat32(round(18 + [11, 8, 14, 9, 1, 6][p] + (cityHash64(number, 407) % 380) / 10 + if(s = 'derated', 9, 0), 1)) AS tmp_c,
    toFloat32(round(225 + (cityHash64(number, 408) % 180) / 10, 1)) AS volt_v,
    s AS st,
    if(s = 'fault', ['E42', 'E17', 'E08', 'E99'][1 + toUInt8(pow((cityHash64(number, 409) % 10000) / 10000, 1.8) * 4)], NULL) AS err_cd,
    if(s IN ('fault', 'offline'), 20 + cityHash64(number, 410) % 280, 0) AS down_s,
    if(s = 'offline', 0, cityHash64(number, 411) % 1000 < 991) AS grid_conn
FROM
(
    SELECT
        number,
        1 + toUInt16(pow((cityHash64(number, 402) % 1000000) / 1000000, 1.25) * 120) AS inv,
        1 + intDiv(inv - 1, 20) AS p0,
        least(p0, 6) AS p,
        cityHash64(number, 404) % 1000 AS h,
        multiIf(h < 903 - p * 7, 'ok', h < 950, 'derated', h < 983, 'fault', 'offline') AS s
    FROM numbers(250000)
);

CREATE TABLE ride_requests
(
    req_at        DateTime64(3),
    pickup_at     Nullable(DateTime64(3)),
    ride_id       String,
    passenger_id  UInt32,
    driver_id     Nullable(UInt32),
    city          LowCardinality(String),
    svc_class     LowCardinality(String),
    status        LowCardinality(String),
    dist_km       Float64,
    dur_s         UInt32,
    fare_amt      Decimal(10, 2),
    tip_amt       Decimal(10, 2),
    surge         Float32,
    pay_method    LowCardinality(String),
    promo_code    LowCardinality(Nullable(String)),
    is_airport    Bool,
    driver_rating Nullable(UInt8)
)
ENGINE = MergeTree ORDER BY req_at;

INSERT INTO ride_requests
SELECT
    now64(3) - toIntervalMillisecond(ago) AS req_at,
    if(s = 'completed', now64(3) - toIntervalMillisecond(ago) + toIntervalMillisecond(least(intDiv(ago, 2), 60000 + toUInt64(pow((cityHash64(number, 511) % 10000) / 10000, 2) * (600000 + 100000 * c)))), NULL) AS pickup_at,
    concat('r-', lower(hex(cityHash64(number, 510)))) AS ride_id,
    1 + toUInt32(pow((cityHash64(number, 503) % 1000000) / 1000000, 2) * 14000) AS passenger_id,
    if(s = 'no_driver_found', NULL, did) AS driver_id,
    ['NYC', 'LA', 'CHI', 'SF', 'MIA'][c] AS city,
    sv AS svc_class,
    s AS status,
    if(s = 'completed', km, 0) AS dist_km,
    if(s = 'completed', toUInt32(km * (110 + cityHash64(number, 507) % 130)), 0) AS dur_s,
    toDecimal64(if(s = 'completed', round((3 + km * multiIf(sv = 'economy', 1.4, sv = 'comfort', 1.9, sv = 'xl', 2.4, 3.9)) * surge, 2), 0), 2) AS fare_amt,
    toDecimal64(if(s = 'completed' AND cityHash64(number, 512) % 100 < multiIf(pm = 'card', 42, pm = 'wallet', 29, 13), round(1 + (cityHash64(number, 513) % 900) / 100, 2), 0), 2) AS tip_amt,
    toFloat32([1, 1, 1, 1.2, 1.5, 2][1 + (cityHash64(number, 514) % 6)]) AS surge,
    pm AS pay_method,
    if(cityHash64(number, 515) % 100 < 11, ['WELCOME10', 'FRIDAY5', 'AIRPORT15', 'STUDENT', 'VIP20'][1 + toUInt8(pow((cityHash64(number, 516) % 10000) / 10000, 1.6) * 5)], NULL) AS promo_code,
    air AS is_airport,
    if(s = 'completed' AND cityHash64(number, 517) % 100 < 62, multiIf(r < 5 + cityHash64(did, 519) % 25, 1, r < 40, 3, r < 62, 4, 5), NULL) AS driver_rating
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 2.7) * 40 * 86400000) + 1500000 * (cityHash64(number, 520) % 10 > 8) AS ago,
        1 + toUInt32(pow((cityHash64(number, 502) % 1000000) / 1000000, 2) * 2500) AS did,
        1 + toUInt8(pow((cityHash64(number, 504) % 10000) / 10000, 1.4) * 5) AS c,
        cityHash64(number, 505) % 100 AS hs,
        multiIf(hs < 77 - c, 'completed', hs < 87 - c, 'cancelled_by_rider', hs < 93 - c, 'cancelled_by_driver', 'no_driver_found') AS s,
        multiIf(cityHash64(number, 506) % 100 < 55, 'economy', cityHash64(number, 506) % 100 < 80, 'comfort', cityHash64(number, 506) % 100 < 93, 'xl', 'black') AS sv,
        cityHash64(number, 508) % 100 < 12 AS air,
        round(0.8 + pow((cityHash64(number, 509) % 10000) / 10000, 2) * 18 + if(air, 11, 0), 1) AS km,
        multiIf(cityHash64(number, 518) % 100 < 58, 'card', cityHash64(number, 518) % 100 < 83, 'wallet', 'cash') AS pm,
        cityHash64(number, 521) % 100 AS r
    FROM numbers(120000)
);

CREATE TABLE billing_events
(
    event_time     DateTime,
    account_id     UInt32,
    event_type     LowCardinality(String) COMMENT 'trial_started, subscribed, renewed, upgraded, downgraded, cancelled or payment_failed',
    plan           LowCardinality(String),
    billing_cycle  LowCardinality(String) COMMENT 'monthly or yearly',
    amount_usd     Decimal(12, 2) COMMENT 'net amount charged, 0 when nothing was charged',
    discount_pct   UInt8,
    seats          UInt16 COMMENT 'number of users the account pays for',
    country        LowCardinality(String),
    payment_method LowCardinality(String),
    due_at         Nullable(DateTime) COMMENT 'when the invoice of a renewal was due',
    paid_at        Nullable(DateTime) COMMENT 'when the invoice of a renewal was paid, empty if it is still open',
    cancel_reason  LowCardinality(Nullable(String)),
    addons         Array(LowCardinality(String)) COMMENT 'extras booked: sso, audit_log, priority_support, api_access'
)
ENGINE = MergeTree ORDER BY (account_id, event_time);

INSERT INTO billing_events
SELECT
    now() - toIntervalSecond(ago) AS event_time,
    aid AS account_id,
    e AS event_type,
    pl AS plan,
    cy AS billing_cycle,
    toDecimal64(if(e IN ('subscribed', 'renewed', 'upgraded'), round(multiIf(pl = 'starter', 9, pl = 'pro', 19, 39) * seats * if(cy = 'yearly', 10, 1) * (100 - discount_pct) / 100, 2), 0), 2) AS amount_usd,
    multiIf(cityHash64(number, 606) % 100 < 71, 0, cityHash64(number, 606) % 100 < 88, 10, cityHash64(number, 606) % 100 < 96, 20, 50) AS discount_pct,
    1 + toUInt16(pow((cityHash64(number, 607) % 10000) / 10000, 3) * multiIf(pl = 'starter', 12, pl = 'pro', 60, 420)) AS seats,
    multiIf(hc < 43, 'US', hc < 60, 'GB', hc < 74, 'DE', hc < 84, 'CA', hc < 92, 'FR', hc < 97, 'NL', 'SE') AS country,
    multiIf(cityHash64(aid, 609) % 100 < 64, 'credit_card', cityHash64(aid, 609) % 100 < 84, 'paypal', cityHash64(aid, 609) % 100 < 95, 'sepa', 'wire') AS payment_method,
    if(e = 'renewed', now() - toIntervalSecond(ago) + toIntervalSecond(0), NULL) AS due_at,
    if(e = 'renewed' AND late_s < ago, now() - toIntervalSecond(ago - late_s), NULL) AS paid_at,
    if(e = 'cancelled', ['too_expensive', 'missing_features', 'switched_competitor', 'no_longer_needed', 'bad_support'][1 + toUInt8(pow((cityHash64(number, 610) % 10000) / 10000, 1.6) * 5)], NULL) AS cancel_reason,
    arrayFilter((s, i) -> cityHash64(aid, 611, i) % 100 < [14, 9, 22, 31][i], ['sso', 'audit_log', 'priority_support', 'api_access'], [1, 2, 3, 4]) AS addons
FROM
(
    SELECT
        number,
        10 + toUInt64(pow((cityHash64(number, 601) % 1000000) / 1000000, 2.4) * 120 * 86400) AS ago,
        1 + toUInt32(pow((cityHash64(number, 602) % 1000000) / 1000000, 2) * 20000) AS aid,
        cityHash64(number, 603) % 1000 AS he,
        multiIf(he < 190, 'trial_started', he < 330, 'subscribed', he < 690, 'renewed', he < 780, 'upgraded', he < 825, 'downgraded', he < 930, 'cancelled', 'payment_failed') AS e,
        multiIf(cityHash64(number, 604) % 100 < 51, 'starter', cityHash64(number, 604) % 100 < 85, 'pro', 'enterprise') AS pl,
        if(cityHash64(number, 605) % 100 < 68, 'monthly', 'yearly') AS cy,
        cityHash64(aid, 608) % 100 AS hc,
        toUInt64(pow((cityHash64(number, 612) % 10000) / 10000, 3) * if(cy = 'yearly', 24, 13) * 86400) AS late_s
    FROM numbers(80000)
);
