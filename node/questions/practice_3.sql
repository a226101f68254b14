-- Eight tables from eight fields. Loads into the database that the client selects. All times are relative to now().
CREATE TABLE parcels
(
    created_at         DateTime,
    delivered_at       Nullable(DateTime),
    parcel_no          String,
    shipper            LowCardinality(String),
    carrier            LowCardinality(String),
    dest_country       LowCardinality(String),
    service_level      LowCardinality(String),
    status             LowCardinality(String),
    return_reason      Nullable(String),
    weight_g           UInt32,
    postage            Decimal(8, 2),
    attempts           UInt8,
    signature_required Bool
)
ENGINE = MergeTree ORDER BY created_at;

INSERT INTO parcels
WITH
    (cityHash64(number, 101) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 102) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 103) % 1000000) / 1000000 AS u3,
    (cityHash64(number, 104) % 1000000) / 1000000 AS u4,
    (cityHash64(number, 105) % 1000000) / 1000000 AS u5,
    cityHash64(number, 106) % 1000 AS h,
    cityHash64(number, 107) % 100 AS hs,
    multiIf(hs < 55, 1, hs < 80, 2, hs < 93, 3, 4) AS si,
    1 + toUInt32(floor(pow(u3, 1.5) * 5)) AS ci,
    toUInt32([60, 24, 96, 5][si] * 3600 * (0.5 + u4) * [1.0, 0.85, 1.15, 1.3, 1.5][ci]) AS transit_s,
    toUInt32(pow(u1, 3) * 45 * 86400) AS age_s,
    multiIf(h < 8, 'lost', h < 48, 'returned', age_s < 3600, 'label_created', age_s >= transit_s, 'delivered', transit_s - age_s < 14400, 'out_for_delivery', 'in_transit') AS st
SELECT
    now() - toIntervalSecond(age_s) AS created_at,
    if(st = 'delivered', now() - toIntervalSecond(age_s - transit_s), NULL) AS delivered_at,
    'PX' || leftPad(toString(number * 7 + 1000), 9, '0') AS parcel_no,
    ['Lumea', 'Bookbarn', 'Kitsune Sports', 'Haus&Co', 'Petopia', 'Nordkram', 'Vinotek', 'Gadgetry'][1 + toUInt32(floor(pow(u2, 1.6) * 8))] AS shipper,
    ['DHL', 'UPS', 'DPD', 'GLS', 'Hermes'][ci] AS carrier,
    ['DE', 'FR', 'NL', 'AT', 'PL', 'ES', 'IT'][1 + toUInt32(floor(pow(u5, 1.7) * 7))] AS dest_country,
    ['standard', 'express', 'economy', 'same_day'][si] AS service_level,
    st AS status,
    if(st = 'returned', multiIf(cityHash64(number, 108) % 10 < 5, 'refused', cityHash64(number, 108) % 10 < 8, 'address_unknown', 'not_collected'), NULL) AS return_reason,
    toUInt32(80 + pow(u4 * 0.3 + 0.7 * (cityHash64(number, 109) % 10000) / 10000, 2.5) * 29000) AS weight_g,
    toDecimal64([4.9, 11.5, 3.6, 17.9][si] * [1.1, 1.3, 0.95, 0.9, 0.8][ci] + weight_g / 4000, 2) AS postage,
    if(st IN ('delivered', 'returned'), multiIf(cityHash64(number, 110) % 100 < 78, 1, cityHash64(number, 110) % 100 < 94, 2, 3), 0) AS attempts,
    cityHash64(number, 111) % 100 < (if(si = 2, 40, 15)) AS signature_required
FROM numbers(150000);

CREATE TABLE mtr_readings
(
    ts       DateTime               COMMENT 'end of the metering interval, UTC',
    mtr_id   String                 COMMENT 'serial number of the meter',
    cust_no  UInt32                 COMMENT 'customer (household or business) that pays for the meter',
    cust_typ LowCardinality(String) COMMENT 'HH household, SME small business, IND industry',
    rgn      LowCardinality(String) COMMENT 'grid region: N north, S south, E east, W west, C centre',
    trf      LowCardinality(String) COMMENT 'tariff: peak, day or night',
    cons_kwh Float64                COMMENT 'energy consumed in the interval, kWh',
    feed_kwh Nullable(Float64)      COMMENT 'solar energy fed into the grid, kWh, null when there are no panels',
    amt_ct   UInt32                 COMMENT 'cost of the consumed energy, in euro cents',
    volt     Float32                COMMENT 'mean voltage, V',
    outage_s UInt32                 COMMENT 'seconds without power in the interval',
    tamper   UInt8                  COMMENT '1 when the tamper alarm was on',
    qlty     LowCardinality(String) COMMENT 'how the value came about: measured, estimated or manual'
)
ENGINE = MergeTree ORDER BY ts;

INSERT INTO mtr_readings
WITH
    (cityHash64(number, 201) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 202) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 203) % 1000000) / 1000000 AS u3,
    1 + toUInt32(floor(pow(u2, 1.8) * 2500)) AS m,
    40000 + (m * 37) % 1999 AS c,
    cityHash64(m, 204) % 100 AS ht,
    multiIf(ht < 80, 1, ht < 95, 2, 3) AS ti,
    cityHash64(m, 205) % 100 AS hr,
    multiIf(hr < 34, 1, hr < 58, 2, hr < 76, 3, hr < 90, 4, 5) AS ri,
    cityHash64(number, 206) % 100 AS hf,
    multiIf(hf < 50, 1, hf < 82, 2, 3) AS fi
SELECT
    now() - toIntervalSecond(toUInt32(pow(u1, 3) * 40 * 86400)) AS ts,
    'MT-' || leftPad(toString(m), 5, '0') AS mtr_id,
    c AS cust_no,
    ['HH', 'SME', 'IND'][ti] AS cust_typ,
    ['N', 'S', 'W', 'E', 'C'][ri] AS rgn,
    ['day', 'peak', 'night'][fi] AS trf,
    round((0.05 + pow(u3, 2)) * [1.2, 6.5, 48.0][ti] * [1.0, 1.2, 0.9, 1.1, 1.35][ri], 3) AS cons_kwh,
    if(cityHash64(m, 207) % 100 < 22, round(pow((cityHash64(number, 208) % 10000) / 10000, 3) * [1.5, 1.9, 1.2, 1.05, 0.8][ri], 3), NULL) AS feed_kwh,
    toUInt32(round(cons_kwh * [31, 42, 24][fi])) AS amt_ct,
    toFloat32(round(224 + (cityHash64(number, 209) % 1300) / 100 + ri * 0.25, 1)) AS volt,
    if(cityHash64(number, 210) % 1000 < [6, 9, 14, 11, 4][ri], 20 + cityHash64(number, 211) % 800, 0) AS outage_s,
    cityHash64(number, 212) % 10000 < 12 AS tamper,
    multiIf(cityHash64(number, 213) % 100 < 91, 'measured', cityHash64(number, 213) % 100 < 98, 'estimated', 'manual') AS qlty
FROM numbers(200000);

CREATE TABLE clinicAppointments
(
    appointmentId UInt64,
    bookedAt      DateTime,
    startsAt      DateTime,
    patientId     UInt32,
    doctorName    LowCardinality(String),
    specialty     LowCardinality(String),
    clinicCity    LowCardinality(String),
    status        LowCardinality(String),
    channel       LowCardinality(String),
    insuranceType LowCardinality(String),
    isFirstVisit  Bool,
    waitMin       Nullable(UInt16),
    durationMin   Nullable(UInt16),
    feeEur        Decimal(8, 2),
    symptoms      Array(String)
)
ENGINE = MergeTree ORDER BY startsAt;

INSERT INTO clinicAppointments
WITH
    (cityHash64(number, 301) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 302) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 303) % 1000000) / 1000000 AS u3,
    (cityHash64(number, 304) % 1000000) / 1000000 AS u4,
    1 + toUInt32(floor(pow(u3, 1.5) * 12)) AS di,
    [1, 2, 1, 3, 4, 2, 5, 1, 6, 3, 4, 5][di] AS pi,
    cityHash64(number, 305) % 100 AS h,
    cityHash64(number, 306) % 100 AS hc,
    multiIf(hc < 44, 1, hc < 76, 2, hc < 92, 3, 4) AS ci,
    multiIf(h < [81, 76, 72, 95][ci], 'completed', h < [92, 88, 85, 97][ci], 'cancelled', 'no_show') AS st
SELECT
    500000 + number AS appointmentId,
    startsAt - toIntervalSecond(if(ci = 4, 600 + cityHash64(number, 307) % 3000, 3600 + toUInt32(pow(u4, 2) * 30 * 86400))) AS bookedAt,
    now() - toIntervalSecond(toUInt32(pow(u1, 3) * 60 * 86400)) AS startsAt,
    7000 + (1 + toUInt32(floor(pow(u2, 1.6) * 9000))) * 41 % 9007 AS patientId,
    ['Dr. Adler', 'Dr. Okafor', 'Dr. Brandt', 'Dr. Costa', 'Dr. Dubois', 'Dr. Eriksen', 'Dr. Fontana', 'Dr. Greco', 'Dr. Haas', 'Dr. Ivanov', 'Dr. Jansen', 'Dr. Kim'][di] AS doctorName,
    ['general practice', 'dermatology', 'cardiology', 'pediatrics', 'orthopedics', 'neurology'][pi] AS specialty,
    ['Vienna', 'Graz', 'Linz', 'Salzburg'][multiIf(cityHash64(number, 308) % 100 < 46, 1, cityHash64(number, 308) % 100 < 71, 2, cityHash64(number, 308) % 100 < 88, 3, 4)] AS clinicCity,
    st AS status,
    ['phone', 'web', 'app', 'walk_in'][ci] AS channel,
    multiIf(cityHash64(patientId, 309) % 100 < 70, 'public', cityHash64(patientId, 309) % 100 < 91, 'private', 'self_pay') AS insuranceType,
    cityHash64(number, 310) % 100 < 24 AS isFirstVisit,
    if(st = 'completed', toUInt16(pow((cityHash64(number, 311) % 10000) / 10000, 1.7) * [55, 40, 30, 45, 70, 35][pi]), NULL) AS waitMin,
    if(st = 'completed', toUInt16(8 + (cityHash64(number, 312) % 20) + [0, 4, 14, 7, 10, 19][pi]), NULL) AS durationMin,
    if(st = 'completed', toDecimal64([45, 80, 140, 60, 95, 160][pi] + cityHash64(number, 313) % 40, 2), if(st = 'no_show', toDecimal64(25, 2), toDecimal64(0, 2))) AS feeEur,
    arrayDistinct(arrayMap(i -> ['cough', 'headache', 'rash', 'back pain', 'fever', 'fatigue', 'dizziness'][1 + toUInt32(floor(pow((cityHash64(number, 314, i) % 10000) / 10000, 1.6) * 7))], range(cityHash64(number, 315) % 4))) AS symptoms
FROM numbers(60000);

CREATE TABLE hotel_bookings
(
    booking_ref   String,
    booked_at     DateTime,
    cancelled_at  Nullable(DateTime),
    check_in      Date,
    check_out     Date,
    guest_id      UInt32,
    hotel         LowCardinality(String),
    city          LowCardinality(String),
    room_type     LowCardinality(String),
    booking_source LowCardinality(String),
    guest_country LowCardinality(String),
    nights        UInt8,
    adults        UInt8,
    children      UInt8,
    total_price   Float64,
    status        LowCardinality(String),
    loyalty_tier  LowCardinality(Nullable(String)),
    breakfast     UInt8,
    extras        Array(LowCardinality(String))
)
ENGINE = MergeTree ORDER BY booked_at;

INSERT INTO hotel_bookings
WITH
    (cityHash64(number, 401) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 402) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 403) % 1000000) / 1000000 AS u3,
    (cityHash64(number, 404) % 1000000) / 1000000 AS u4,
    (cityHash64(number, 405) % 1000000) / 1000000 AS u5,
    toUInt32(pow(u1, 3) * 70 * 86400) AS age_s,
    1 + toUInt32(floor(pow(u3, 1.5) * 8)) AS hi,
    cityHash64(number, 406) % 100 AS hr,
    multiIf(hr < 52, 1, hr < 82, 2, hr < 94, 3, 4) AS ri,
    cityHash64(number, 407) % 100 AS hb,
    multiIf(hb < 43, 1, hb < 70, 2, hb < 90, 3, 4) AS bi,
    cityHash64(number, 408) % 100 AS h,
    h < [21, 12, 26, 8][bi] AS canc
SELECT
    'HB-' || hex(number + 65536) AS booking_ref,
    now() - toIntervalSecond(age_s) AS booked_at,
    if(canc, now() - toIntervalSecond(toUInt32(age_s * u5)), NULL) AS cancelled_at,
    toDate(booked_at) + toUInt16(pow(u4, 1.6) * 90) AS check_in,
    check_in + nights AS check_out,
    20000 + (1 + toUInt32(floor(pow(u2, 1.9) * 15000))) * 43 % 15013 AS guest_id,
    ['Grand Lisboa', 'Alfama Inn', 'Ramblas Palace', 'Hotel Miro', 'Trastevere Suites', 'Villa Aurelia', 'Spree Lodge', 'Porto Vista'][hi] AS hotel,
    ['Lisbon', 'Lisbon', 'Barcelona', 'Barcelona', 'Rome', 'Rome', 'Berlin', 'Porto'][hi] AS city,
    ['double', 'single', 'family', 'suite'][ri] AS room_type,
    ['booking.com', 'direct', 'expedia', 'travel_agent'][bi] AS booking_source,
    ['GB', 'DE', 'US', 'FR', 'ES', 'BR', 'JP'][1 + toUInt32(floor(pow((cityHash64(guest_id, 409) % 10000) / 10000, 1.7) * 7))] AS guest_country,
    toUInt8(1 + pow((cityHash64(number, 410) % 10000) / 10000, 2) * 12) AS nights,
    [2, 1, 2, 2][ri] AS adults,
    if(ri = 3, 1 + cityHash64(number, 411) % 3, if(cityHash64(number, 411) % 10 = 0, 1, 0)) AS children,
    round(nights * [118, 86, 165, 310][ri] * [1.35, 0.8, 1.5, 1.1, 0.95, 1.25, 0.7, 0.6][hi] * (0.8 + 0.4 * (cityHash64(number, 412) % 1000) / 1000), 2) AS total_price,
    multiIf(canc, 'cancelled', check_in > today(), 'confirmed', cityHash64(number, 413) % 100 < 4, 'no_show', check_out <= today(), 'checked_out', 'checked_in') AS status,
    if(cityHash64(guest_id, 414) % 100 < 60, NULL, multiIf(cityHash64(guest_id, 414) % 100 < 84, 'silver', cityHash64(guest_id, 414) % 100 < 96, 'gold', 'platinum')) AS loyalty_tier,
    cityHash64(number, 415) % 100 < [62, 40, 71, 88][ri] AS breakfast,
    arrayDistinct(arrayMap(i -> ['parking', 'spa', 'late_checkout', 'airport_transfer', 'pet'][1 + toUInt32(floor(pow((cityHash64(number, 416, i) % 10000) / 10000, 1.5) * 5))], range(cityHash64(number, 417) % 3))) AS extras
FROM numbers(80000);

CREATE TABLE truck_telemetry
(
    evt_ms   Int64                  COMMENT 'time of the event, milliseconds since 1970',
    trk_id   String                 COMMENT 'truck',
    drv_id   UInt32                 COMMENT 'driver',
    depot    LowCardinality(String) COMMENT 'home depot of the truck',
    mk       LowCardinality(String) COMMENT 'make of the truck',
    evt      LowCardinality(String) COMMENT 'ping, harsh_brake, speeding, refuel, idle, door_open',
    spd_kmh  Float32                COMMENT 'speed',
    dist_m   UInt32                 COMMENT 'metres driven since the previous event',
    fuel_l   Nullable(Float32)      COMMENT 'litres filled, only for refuel',
    idle_s   UInt32                 COMMENT 'seconds the engine idled, only for idle',
    eng_c    Float32                COMMENT 'engine temperature, degrees Celsius',
    dtc      Nullable(String)       COMMENT 'diagnostic trouble code of the engine, if there is one',
    loaded   UInt8                  COMMENT '1 with cargo, 0 empty'
)
ENGINE = MergeTree ORDER BY evt_ms;

INSERT INTO truck_telemetry
WITH
    (cityHash64(number, 501) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 502) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 503) % 1000000) / 1000000 AS u3,
    1 + toUInt32(floor(pow(u2, 1.7) * 240)) AS t,
    cityHash64(t, 504) % 100 AS hd,
    multiIf(hd < 36, 1, hd < 62, 2, hd < 81, 3, hd < 93, 4, 5) AS di,
    cityHash64(t, 505) % 100 AS hm,
    multiIf(hm < 40, 1, hm < 67, 2, hm < 87, 3, 4) AS mi,
    cityHash64(number, 506) % 1000 AS h,
    multiIf(h < 780, 'ping', h < 860, 'idle', h < 920, 'door_open', h < 955, 'speeding', h < 980, 'refuel', 'harsh_brake') AS e
SELECT
    toUnixTimestamp64Milli(now64(3)) - toInt64(pow(u1, 3) * 25 * 86400000) AS evt_ms,
    'TRK-' || toString(100 + t) AS trk_id,
    3000 + (t * 17 + if(cityHash64(number, 507) % 3 = 0, 1, 0)) % 311 AS drv_id,
    ['Rotterdam', 'Hamburg', 'Antwerp', 'Lyon', 'Gdansk'][di] AS depot,
    ['Volvo', 'Scania', 'MAN', 'DAF'][mi] AS mk,
    e AS evt,
    toFloat32(multiIf(e IN ('idle', 'door_open', 'refuel'), 0, e = 'speeding', round(91 + u3 * 24 + di * 0.8, 1), round(20 + u3 * (64 + 1.5 * mi), 1))) AS spd_kmh,
    toUInt32(multiIf(e IN ('idle', 'door_open', 'refuel'), 0, 200 + u3 * 4500)) AS dist_m,
    if(e = 'refuel', toFloat32(round(60 + (cityHash64(number, 508) % 3000) / 10 + 22 * mi, 1)), NULL) AS fuel_l,
    toUInt32(if(e = 'idle', 60 + pow((cityHash64(number, 509) % 10000) / 10000, 2) * (1500 + 300 * di), 0)) AS idle_s,
    toFloat32(round(78 + (cityHash64(number, 510) % 250) / 10 + [0, 2, 3.5, 1][mi], 1)) AS eng_c,
    if(cityHash64(number, 511) % 1000 < [9, 7, 16, 12][mi], ['P0420', 'P0300', 'P0128', 'P2463', 'P0401'][1 + toUInt32(floor(pow((cityHash64(number, 512) % 10000) / 10000, 1.8) * 5))], NULL) AS dtc,
    cityHash64(number, 513) % 100 < 63 AS loaded
FROM numbers(250000);

CREATE TABLE api_requests
(
    time              DateTime64(3),
    `request.id`      String,
    `request.method`  LowCardinality(String),
    `request.path`    LowCardinality(String),
    `request.bytes`   UInt32,
    `response.status` UInt16,
    `response.bytes`  UInt64,
    `user.id`         UInt32,
    `user.country`    LowCardinality(String),
    `user.plan`       LowCardinality(String),
    `tenant.name`     LowCardinality(String),
    `latency.ms`      Float64,
    `error.code`      Nullable(String),
    `cache.hit`       Bool,
    `server.region`   LowCardinality(String)
)
ENGINE = MergeTree ORDER BY time;

INSERT INTO api_requests
WITH
    (cityHash64(number, 601) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 602) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 603) % 1000000) / 1000000 AS u3,
    (cityHash64(number, 604) % 1000000) / 1000000 AS u4,
    1 + toUInt32(floor(pow(u2, 1.8) * 6000)) AS uid,
    1 + toUInt32(floor(pow(u3, 1.6) * 7)) AS pi,
    cityHash64(number, 605) % 1000 AS h,
    h + [0, 4, -6, 8, 2, 12, -3][pi] AS hh,
    multiIf(hh < 880, 200, hh < 920, 201, hh < 945, 404, hh < 962, 401, hh < 980, 429, hh < 992, 500, 503) AS sc,
    1 + toUInt32(floor(pow((cityHash64(uid, 606) % 10000) / 10000, 1.5) * 9)) AS ti
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow(u1, 3) * 21 * 86400000)) AS time,
    'req_' || lower(hex(cityHash64(number, 607))) AS rid,
    ['GET', 'GET', 'POST', 'POST', 'GET', 'PUT', 'DELETE'][pi] AS method,
    ['/v1/users', '/v1/invoices', '/v1/login', '/v1/orders', '/v1/search', '/v1/webhooks', '/v1/exports'][pi] AS path,
    toUInt32(120 + u4 * 2000 * if(pi IN (3, 4, 6), 4, 1)) AS reqb,
    sc AS status,
    toUInt64(if(sc >= 400, 180, 300 + pow(u4, 3) * 90000 * [1, 1.8, 0.2, 0.7, 2.4, 0.3, 9][pi])) AS resb,
    uid AS user_id,
    ['US', 'DE', 'GB', 'IN', 'FR', 'CA', 'AU'][1 + toUInt32(floor(pow((cityHash64(uid, 608) % 10000) / 10000, 1.6) * 7))] AS cc,
    multiIf(cityHash64(ti, 609) % 100 < 45, 'free', cityHash64(ti, 609) % 100 < 80, 'pro', 'enterprise') AS plan,
    ['northwind', 'contoso', 'fabrikam', 'tailspin', 'litware', 'proseware', 'adatum', 'wingtip', 'lucerne'][ti] AS tenant,
    round((8 + pow((cityHash64(number, 610) % 10000) / 10000, 4) * 900) * [1, 1.3, 1.15, 1.7, 2.3, 0.85, 4.5][pi] * if(sc >= 500, 2, 1), 2) AS lat,
    multiIf(sc = 404, 'not_found', sc = 401, 'invalid_token', sc = 429, 'rate_limited', sc = 500, 'internal', sc = 503, 'upstream_timeout', NULL) AS err,
    pi IN (1, 2, 5) AND cityHash64(number, 611) % 100 < [0, 58, 41, 0, 0, 27, 0, 0][pi + 1] AS hit,
    ['us-east', 'eu-west', 'ap-south'][multiIf(cityHash64(number, 612) % 100 < 51, 1, cityHash64(number, 612) % 100 < 85, 2, 3)] AS region
FROM numbers(300000);

CREATE TABLE video_plays
(
    started_at   DateTime64(3),
    play_id      UInt64,
    viewer_id    UInt32,
    title        LowCardinality(String),
    genre        LowCardinality(String),
    content_type LowCardinality(String),
    device       LowCardinality(String),
    country      LowCardinality(String),
    plan         LowCardinality(String),
    watched_s    UInt32,
    length_s     UInt32,
    buffering_ms UInt32,
    bitrate_kbps UInt32,
    finished     Bool,
    rating       Nullable(UInt8),
    subtitle_lang LowCardinality(Nullable(String)),
    app_version  LowCardinality(String)
)
ENGINE = MergeTree ORDER BY started_at;

INSERT INTO video_plays
WITH
    (cityHash64(number, 701) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 702) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 703) % 1000000) / 1000000 AS u3,
    (cityHash64(number, 704) % 1000000) / 1000000 AS u4,
    1 + toUInt32(floor(pow(u2, 1.6) * 12000)) AS v,
    1 + toUInt32(floor(pow(u3, 1.6) * 14)) AS ti,
    [1, 2, 1, 3, 2, 4, 5, 1, 3, 4, 2, 6, 5, 6][ti] AS gi,
    [2, 1, 2, 1, 2, 1, 3, 1, 2, 1, 2, 2, 3, 1][ti] AS ki,
    cityHash64(number, 705) % 100 AS hd,
    multiIf(hd < 42, 1, hd < 73, 2, hd < 91, 3, 4) AS di,
    cityHash64(v, 706) % 100 AS hp,
    multiIf(hp < 48, 1, hp < 81, 2, 3) AS pi,
    cityHash64(number, 707) % 100 < [44, 27, 33, 38][di] AS fin
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow(u1, 3) * 45 * 86400000)) AS started_at,
    number + 9000000 AS play_id,
    100000 + v AS viewer_id,
    ['Harbor Lights', 'Iron Valley', 'The Long Winter', 'Laugh Track', 'Night Convoy', 'Deep Blue', 'Derby Live', 'Paper Crown', 'Second Helping', 'Wild Andes', 'Zero Hour', 'Tiny Robots', 'Open Court Live', 'Moon Puppies'][ti] AS title,
    ['drama', 'action', 'comedy', 'documentary', 'sports', 'kids'][gi] AS genre,
    ['movie', 'episode', 'live'][ki] AS content_type,
    ['tv', 'mobile', 'web', 'tablet'][di] AS device,
    ['US', 'GB', 'DE', 'BR', 'MX', 'CA', 'SE'][1 + toUInt32(floor(pow((cityHash64(v, 708) % 10000) / 10000, 1.7) * 7))] AS country,
    ['basic', 'standard', 'premium'][pi] AS plan,
    toUInt32(if(fin, length_s, length_s * 0.95 * pow(u4, 1.3))) AS watched_s,
    toUInt32([6300, 2700, 7200][ki] + (cityHash64(ti, 709) % 20) * 45) AS length_s,
    toUInt32(pow((cityHash64(number, 710) % 10000) / 10000, 5) * 20000 * [0.6, 1.4, 1.0, 1.15][di]) AS buffering_ms,
    toUInt32([5200, 1900, 3400, 2500][di] * [0.7, 1.0, 1.6][pi] * (0.8 + 0.4 * (cityHash64(number, 711) % 1000) / 1000)) AS bitrate_kbps,
    fin AS finished,
    if(cityHash64(number, 712) % 100 < 12, toUInt8(least(5, 1 + floor(pow((cityHash64(number, 713) % 10000) / 10000, [0.4, 0.6, 0.55, 0.3, 0.7, 0.5][gi]) * 5))), NULL) AS rating,
    if(cityHash64(number, 714) % 100 < 70, NULL, ['en', 'es', 'de', 'pt'][1 + toUInt32(floor(pow((cityHash64(number, 715) % 10000) / 10000, 1.6) * 4))]) AS subtitle_lang,
    ['8.4.1', '8.4.0', '8.3.2', '7.9.0'][multiIf(cityHash64(v, 716) % 100 < 57, 1, cityHash64(v, 716) % 100 < 82, 2, cityHash64(v, 716) % 100 < 95, 3, 4)] AS app_version
FROM numbers(180000);

CREATE TABLE deliveryOrders
(
    orderId       UInt64,
    placedAt      DateTime,
    deliveredAt   Nullable(DateTime),
    customerId    UInt32,
    restaurant    LowCardinality(String),
    cuisine       LowCardinality(String),
    city          LowCardinality(String),
    courierId     Nullable(UInt32),
    vehicle       LowCardinality(Nullable(String)),
    dishes        Array(String),
    itemQty       UInt8,
    foodAmt       Decimal(10, 2),
    deliveryFee   Decimal(6, 2),
    tipAmt        Decimal(6, 2),
    promoCode     Nullable(String),
    payMethod     LowCardinality(String),
    status        LowCardinality(String),
    cancelReason  Nullable(String),
    prepSec       UInt32,
    stars         Nullable(UInt8),
    isContactless UInt8
)
ENGINE = MergeTree ORDER BY placedAt;

INSERT INTO deliveryOrders
WITH
    (cityHash64(number, 801) % 1000000) / 1000000 AS u1,
    (cityHash64(number, 802) % 1000000) / 1000000 AS u2,
    (cityHash64(number, 803) % 1000000) / 1000000 AS u3,
    (cityHash64(number, 804) % 1000000) / 1000000 AS u4,
    toUInt32(pow(u1, 3) * 40 * 86400) AS age_s,
    1 + toUInt32(floor(pow(u3, 1.5) * 10)) AS ri,
    [1, 2, 3, 1, 4, 5, 2, 4, 3, 5][ri] AS ki,
    cityHash64(number, 805) % 100 AS hc,
    multiIf(hc < 41, 1, hc < 68, 2, hc < 88, 3, 4) AS ci,
    cityHash64(number, 806) % 1000 AS h,
    toUInt32(780 + pow(u4, 1.5) * [1900, 2500, 2200, 2900][ci]) AS del_s,
    multiIf(h < 62, 'cancelled', h < 81, 'refunded', age_s < del_s, 'in_progress', 'delivered') AS st,
    cityHash64(number, 807) % 10 AS hv
SELECT
    7000000 + number AS orderId,
    now() - toIntervalSecond(age_s) AS placedAt,
    if(st = 'delivered', now() - toIntervalSecond(age_s - del_s), NULL) AS deliveredAt,
    1 + (1 + toUInt32(floor(pow(u2, 1.7) * 8000))) * 53 % 8009 AS customerId,
    ['Bella Napoli', 'Sakura House', 'Taco Libre', 'Forno Rosso', 'Curry Leaf', 'Burger Barn', 'Wasabi Go', 'Delhi Darbar', 'El Camino', 'Smash Bros Grill'][ri] AS restaurant,
    ['italian', 'japanese', 'mexican', 'indian', 'american'][ki] AS cuisine,
    ['London', 'Manchester', 'Leeds', 'Bristol'][ci] AS city,
    if(st = 'cancelled', NULL, 900 + toUInt32(floor(pow((cityHash64(number, 808) % 10000) / 10000, 1.6) * 260))) AS courierId,
    if(st = 'cancelled', NULL, multiIf(hv < 5, 'bike', hv < 8, 'scooter', 'car')) AS vehicle,
    arrayDistinct(arrayMap(i -> [['margherita', 'lasagne', 'tiramisu'], ['ramen', 'sushi set', 'gyoza'], ['tacos', 'burrito', 'nachos'], ['butter chicken', 'naan', 'dal'], ['cheeseburger', 'fries', 'milkshake']][ki][1 + toUInt32(floor(pow((cityHash64(number, 809, i) % 10000) / 10000, 1.4) * 3))], range(1 + cityHash64(number, 810) % 3))) AS dishes,
    toUInt8(length(dishes) + cityHash64(number, 811) % 3) AS itemQty,
    toDecimal64(itemQty * [11.5, 13.2, 8.4, 9.9, 7.6][ki] + (cityHash64(number, 812) % 300) / 100, 2) AS foodAmt,
    toDecimal64([2.99, 1.99, 2.49, 3.49][ci], 2) AS deliveryFee,
    toDecimal64(if(cityHash64(number, 813) % 100 < [38, 25, 30, 21][ci], 1 + (cityHash64(number, 814) % 500) / 100, 0), 2) AS tipAmt,
    multiIf(cityHash64(number, 815) % 100 < 80, NULL, cityHash64(number, 815) % 100 < 90, 'WELCOME10', cityHash64(number, 815) % 100 < 96, 'FREESHIP', 'LUNCH5') AS promoCode,
    multiIf(cityHash64(number, 816) % 100 < 58, 'card', cityHash64(number, 816) % 100 < 84, 'apple_pay', cityHash64(number, 816) % 100 < 95, 'paypal', 'cash') AS payMethod,
    st AS status,
    if(st = 'cancelled', multiIf(cityHash64(number, 817) % 100 < 47, 'customer_changed_mind', cityHash64(number, 817) % 100 < 80, 'restaurant_closed', 'no_courier'), NULL) AS cancelReason,
    toUInt32(300 + pow((cityHash64(number, 818) % 10000) / 10000, 1.5) * [1100, 800, 600, 1300, 500][ki]) AS prepSec,
    if(st = 'delivered' AND cityHash64(number, 819) % 100 < 35, toUInt8(least(5, 1 + floor(pow((cityHash64(number, 820) % 10000) / 10000, [0.35, 0.45, 0.5, 0.4, 0.6][ki]) * 5))), NULL) AS stars,
    cityHash64(number, 821) % 100 < 64 AS isContactless
FROM numbers(110000);
