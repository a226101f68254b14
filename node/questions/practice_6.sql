-- Eight tables from eight fields. Every time is relative to now(), denser the nearer to now.
CREATE TABLE game_matches
(
    matchId      UInt64,
    playerId     UInt32,
    startedAt    DateTime64(3),
    gameMode     LowCardinality(String),
    mapName      LowCardinality(String),
    heroName     LowCardinality(String),
    countryCode  LowCardinality(String),
    platform     LowCardinality(String),
    outcome      LowCardinality(String),
    durationSec  UInt32,
    kills        UInt16,
    deaths       UInt16,
    trophyChange Int16,
    isPremium    Bool,
    boosters     Array(String),
    appVersion   LowCardinality(String)
)
ENGINE = MergeTree ORDER BY startedAt;

INSERT INTO game_matches
SELECT
    5000000 + number AS matchId,
    200000 + p * 37 AS playerId,
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 101) % 1000000) / 1000000, 3) * 60 * 86400000)) AS startedAt,
    multiIf(m < 52, 'casual', m < 84, 'ranked', m < 95, 'event', 'tutorial') AS gameMode,
    ['Canyon', 'Frostpeak', 'Harbor', 'Jungle', 'Citadel', 'Dunes'][1 + mi] AS mapName,
    ['Aria', 'Bolt', 'Cinder', 'Doro', 'Echo', 'Fenn', 'Grim', 'Hazel', 'Iris', 'Jax'][1 + hi] AS heroName,
    ['US', 'IN', 'BR', 'DE', 'JP', 'FR'][1 + toUInt32(pow((cityHash64(p, 106) % 100000) / 100000, 1.8) * 6)] AS countryCode,
    if(cityHash64(p, 107) % 100 < 63, 'android', 'ios') AS platform,
    multiIf(o < 35 + 2 * hi + if(isPremium, 4, 0), 'won', o < 89, 'lost', o < 93, 'draw', 'abandoned') AS outcome,
    if(outcome = 'abandoned', 15, 120) + mi * 25 + cityHash64(number, 109) % 400 AS durationSec,
    toUInt16(pow((cityHash64(number, 110) % 100000) / 100000, 2) * 30) + if(outcome = 'won', 3, 0) AS kills,
    cityHash64(number, 111) % 14 AS deaths,
    multiIf(gameMode != 'ranked', 0, outcome = 'won', 20 + cityHash64(number, 112) % 15, outcome = 'lost', -12 - toInt32(cityHash64(number, 112) % 15), 0) AS trophyChange,
    cityHash64(p, 113) % 100 < 22 AS isPremium,
    arraySlice(['shield', 'double_xp', 'magnet', 'revive'], 1, toInt32(cityHash64(number, 114) % 4)) AS boosters,
    multiIf(cityHash64(number, 115) % 10 < 6, '4.2.0', cityHash64(number, 115) % 10 < 9, '4.1.3', '4.0.9') AS appVersion
FROM
(
    SELECT
        number,
        toUInt32(pow((cityHash64(number, 100) % 1000000) / 1000000, 2) * 4000) AS p,
        cityHash64(number, 102) % 100 AS m,
        toUInt32(pow((cityHash64(number, 103) % 100000) / 100000, 1.7) * 6) AS mi,
        toUInt32(pow((cityHash64(number, 104) % 100000) / 100000, 1.7) * 10) AS hi,
        cityHash64(number, 105) % 100 AS o
    FROM numbers(120000)
);

CREATE TABLE ret_lines
(
    ret_no     UInt64 COMMENT 'number of the return, one row is one returned article position',
    cust_no    UInt32 COMMENT 'customer number',
    ord_no     UInt64 COMMENT 'number of the original order',
    art_no     String COMMENT 'article number',
    art_grp    LowCardinality(String) COMMENT 'product group',
    ord_ts     DateTime COMMENT 'when the customer placed the order',
    rcvd_ts    DateTime COMMENT 'when the returned goods arrived in our warehouse',
    qty        UInt8 COMMENT 'pieces sent back',
    refund_amt Nullable(Decimal(10, 2)) COMMENT 'EUR paid back to the customer, empty unless st is refunded',
    rsn_cd     LowCardinality(String) COMMENT 'reason: SIZE does not fit, DSL disliked, DMG damaged, WRG wrong article, LATE arrived too late',
    cond_cd    FixedString(1) COMMENT 'condition grade: A as new, B used, C unsellable',
    ctry       LowCardinality(String) COMMENT 'country the return came from, ISO code',
    carr       LowCardinality(String) COMMENT 'carrier',
    restk      UInt8 COMMENT '1 if put back into stock',
    st         LowCardinality(String) COMMENT 'open, checked, refunded or rejected'
)
ENGINE = MergeTree ORDER BY rcvd_ts;

INSERT INTO ret_lines
SELECT
    900000 + number AS ret_no,
    40000 + 13 * toUInt32(pow((cityHash64(number, 201) % 1000000) / 1000000, 2) * 6000) AS cust_no,
    7000000 + cityHash64(number, 202) % 900000 AS ord_no,
    'A-' || toString(1000 + cityHash64(number, 203) % 400) AS art_no,
    ['shoes', 'dresses', 'jackets', 'linen', 'kitchen', 'lamps'][1 + toUInt32(pow((cityHash64(number, 204) % 100000) / 100000, 1.9) * 6)] AS art_grp,
    rcvd_ts - toIntervalSecond(3 * 86400 + cityHash64(number, 205) % (18 * 86400)) AS ord_ts,
    now() - toIntervalSecond(toUInt32(pow((cityHash64(number, 206) % 1000000) / 1000000, 3) * 90 * 86400)) AS rcvd_ts,
    1 + toUInt8(pow((cityHash64(number, 207) % 100000) / 100000, 3) * 4) AS qty,
    if(st = 'refunded', toDecimal64(round(9 + pow((cityHash64(number, 208) % 100000) / 100000, 2) * 240, 2) * qty, 2), NULL) AS refund_amt,
    multiIf(r < 44, 'SIZE', r < 70, 'DSL', r < 86, 'DMG', r < 95, 'WRG', 'LATE') AS rsn_cd,
    multiIf(rsn_cd = 'DMG', 'C', cityHash64(number, 210) % 100 < 70, 'A', cityHash64(number, 210) % 100 < 92, 'B', 'C') AS cond_cd,
    ['DE', 'AT', 'CH', 'NL', 'PL'][1 + toUInt32(pow((cityHash64(number, 211) % 100000) / 100000, 2.2) * 5)] AS ctry,
    ['DHL', 'Hermes', 'GLS', 'UPS'][1 + toUInt32(pow((cityHash64(number, 212) % 100000) / 100000, 1.8) * 4)] AS carr,
    multiIf(cond_cd = 'A', cityHash64(number, 213) % 100 < 93, cond_cd = 'B', cityHash64(number, 213) % 100 < 41, cityHash64(number, 213) % 100 < 3) AS restk,
    multiIf(s < 62, 'refunded', s < 77, 'checked', s < 91, 'open', 'rejected') AS st
FROM (SELECT number, cityHash64(number, 209) % 100 AS r, cityHash64(number, 214) % 100 AS s FROM numbers(60000));

CREATE TABLE air_readings
(
    measured_at            DateTime,
    `sensor.id`            LowCardinality(String),
    `sensor.city`          LowCardinality(String),
    `sensor.site`          LowCardinality(String),
    `reading.pm25`         Nullable(Float64),
    `reading.pm10`         Float64,
    `reading.no2`          Float64,
    `reading.temp_c`       Float64,
    `reading.humidity_pct` UInt8,
    `device.battery_pct`   UInt8,
    `device.firmware`      LowCardinality(String),
    `device.calibrated`    Bool
)
ENGINE = MergeTree ORDER BY measured_at;

INSERT INTO air_readings
SELECT
    now() - toIntervalSecond(toUInt32(pow((cityHash64(number, 301) % 1000000) / 1000000, 3) * 45 * 86400)) AS measured_at,
    'aq-' || leftPad(toString(s), 3, '0'),
    ['Warsaw', 'Milan', 'Madrid', 'Berlin', 'Oslo'][1 + ci],
    ['roadside', 'residential', 'school', 'industrial', 'park'][1 + si],
    if(cityHash64(number, 304) % 100 < 4, NULL, round(a, 1)),
    round(a * 1.4 + (cityHash64(number, 305) % 1000) / 100, 1),
    round(12 + [38, 16, 21, 29, 6][1 + si] + (cityHash64(number, 306) % 2400) / 100, 1),
    round(2 + ci * 1.3 + (cityHash64(number, 307) % 22000) / 1000, 2),
    30 + cityHash64(number, 308) % 65,
    if(s % 17 = 3, cityHash64(number, 309) % 30, 12 + cityHash64(number, 309) % 89),
    ['2.1', '2.0', '1.9'][1 + toUInt32(pow((cityHash64(s, 310) % 1000) / 1000, 2) * 3)],
    cityHash64(s, 311) % 100 >= 14
FROM
(
    SELECT
        number, s, ci, si,
        (6 + [21, 15, 9, 7, 1][1 + ci] + [9, 4, 3, 12, 0][1 + si] + (cityHash64(s, 312) % 900) / 100)
            * (0.5 + 1.4 * pow((cityHash64(number, 313) % 100000) / 100000, 2)) AS a
    FROM
    (
        SELECT
            number,
            1 + toUInt32(pow((cityHash64(number, 300) % 1000000) / 1000000, 1.5) * 150) AS s,
            toUInt32(pow((cityHash64(s, 302) % 1000) / 1000, 1.4) * 5) AS ci,
            toUInt32(pow((cityHash64(s, 303) % 1000) / 1000, 1.4) * 5) AS si
        FROM numbers(200000)
    )
);

CREATE TABLE museum_visits
(
    visit_id     UInt64,
    visitor_id   Nullable(UInt32),
    museum       LowCardinality(String),
    entered_at   DateTime,
    stay_minutes Nullable(UInt16),
    ticket_type  LowCardinality(String),
    paid_eur     Decimal(8, 2),
    party_size   UInt8,
    halls        Array(String),
    audio_guide  LowCardinality(Nullable(String)),
    home_country LowCardinality(String),
    sold_via     LowCardinality(String)
)
ENGINE = MergeTree ORDER BY entered_at;

INSERT INTO museum_visits
SELECT
    number AS visit_id,
    if(cityHash64(number, 401) % 100 < 38, NULL, 3000 + 11 * toUInt32(pow((cityHash64(number, 402) % 1000000) / 1000000, 1.6) * 9000)) AS visitor_id,
    ['Natural History', 'Art Hall', 'Science Lab', 'Maritime', 'Folk Village'][1 + mu] AS museum,
    now() - toIntervalSecond(sec) AS entered_at,
    if(sec < 5400 AND cityHash64(number, 404) % 100 < 60 OR cityHash64(number, 404) % 100 < 5, NULL, 20 + mu * 9 + t * 7 + cityHash64(number, 405) % 150) AS stay_minutes,
    ['regular', 'reduced', 'family', 'free'][1 + t] AS ticket_type,
    multiIf(t = 3, 0, t = 2, 29 + mu, (if(t = 1, 7.5, 12.5) + mu) * party_size) AS paid_eur,
    if(t = 2, 3 + cityHash64(number, 406) % 3, 1 + toUInt8(pow((cityHash64(number, 406) % 1000) / 1000, 3) * if(v = 0, 3, 6))) AS party_size,
    arrayFilter((x, i) -> cityHash64(number, 407, i) % 100 < 80 - 11 * i, ['Entrance', 'Dinosaurs', 'Impressionists', 'Ships', 'Planetarium', 'Minerals'], [0, 1, 2, 3, 4, 5]) AS halls,
    multiIf(g < 57, NULL, g < 80, 'en', g < 91, 'de', g < 97, 'fr', 'ja') AS audio_guide,
    ['DE', 'FR', 'NL', 'US', 'GB', 'JP'][1 + toUInt32(pow((cityHash64(number, 408) % 100000) / 100000, 2.3) * 6)] AS home_country,
    ['online', 'counter', 'partner'][1 + v] AS sold_via
FROM
(
    SELECT
        number,
        toUInt32(pow((cityHash64(number, 403) % 1000000) / 1000000, 3) * 100 * 86400) AS sec,
        toUInt32(pow((cityHash64(number, 409) % 100000) / 100000, 1.7) * 5) AS mu,
        multiIf(cityHash64(number, 410) % 100 < 49, 0, cityHash64(number, 410) % 100 < 74, 1, cityHash64(number, 410) % 100 < 90, 2, 3) AS t,
        multiIf(cityHash64(number, 411) % 100 < 50 - 4 * mu, 0, cityHash64(number, 411) % 100 < 86, 1, 2) AS v,
        cityHash64(number, 412) % 100 AS g
    FROM numbers(80000)
);

CREATE TABLE pledges
(
    created_ms     Int64,
    pledge_id      String,
    backer_id      UInt32,
    project        LowCardinality(String),
    category       LowCardinality(String),
    amount_usd     Float64,
    reward_tier    LowCardinality(String),
    backer_country LowCardinality(String),
    pay_state      LowCardinality(String),
    anonymous      Bool,
    referrer       Nullable(String)
)
ENGINE = MergeTree ORDER BY created_ms;

INSERT INTO pledges
SELECT
    toUnixTimestamp64Milli(now64(3)) - toInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 3) * 70 * 86400000) AS created_ms,
    'pl_' || lower(hex(cityHash64(number, 502))) AS pledge_id,
    toUInt32(70000 + 7 * toUInt32(pow((cityHash64(number, 503) % 1000000) / 1000000, 1.7) * 20000)) AS backer_id,
    ['Solar Kettle', 'Dragon Dice', 'Pocket Synth', 'Moss Garden', 'Night Rail', 'Tiny Loom', 'Star Atlas', 'Bike Beam', 'Clay Cafe', 'River Film', 'Paper Robots', 'Quiet Fan', 'Hex Kingdoms', 'Folk Songs', 'Rain Coat 2', 'Deep Lens'][1 + pr] AS project,
    ['Technology', 'Games', 'Music', 'Design', 'Games', 'Design', 'Publishing', 'Technology', 'Food', 'Film', 'Technology', 'Technology', 'Games', 'Music', 'Design', 'Film'][1 + pr] AS category,
    multiIf(ti = 0, 5, ti = 1, 29, ti = 2, 59, 180) + round(pow((cityHash64(number, 505) % 100000) / 100000, 4) * 700, 2) AS amount_usd,
    ['none', 'early_bird', 'standard', 'deluxe'][1 + ti] AS reward_tier,
    ['US', 'GB', 'CA', 'DE', 'AU', 'SE'][1 + toUInt32(pow((cityHash64(backer_id, 506) % 100000) / 100000, 2) * 6)] AS backer_country,
    multiIf(ps < 76, 'collected', ps < 87, 'pending', ps < 90 + transform(backer_country, ['US', 'GB', 'CA', 'DE', 'AU', 'SE'], [5, 4, 3, 2, 6, 1], 0), 'failed', ps < 98, 'refunded', 'collected') AS pay_state,
    cityHash64(number, 508) % 100 < 12 AS anonymous,
    multiIf(rf < 30, NULL, rf < 58, 'newsletter', rf < 79, 'instagram', rf < 92, 'search', 'podcast') AS referrer
FROM
(
    SELECT
        number,
        toUInt32(pow((cityHash64(number, 504) % 1000000) / 1000000, 1.8) * 16) AS pr,
        multiIf(cityHash64(number, 509) % 100 < 14, 0, cityHash64(number, 509) % 100 < 46, 1, cityHash64(number, 509) % 100 < 86, 2, 3) AS ti,
        cityHash64(number, 507) % 100 AS ps,
        cityHash64(number, 510) % 100 AS rf
    FROM numbers(100000)
);

CREATE TABLE job_runs
(
    run_id       String,
    job          LowCardinality(String),
    host         LowCardinality(String),
    dc           LowCardinality(String),
    queued_at    DateTime,
    started_at   DateTime,
    dur_ms       UInt32,
    state        LowCardinality(String),
    exit_code    Int16,
    err_class    Nullable(String),
    retry_cnt    UInt8,
    peak_mem_mb  UInt32,
    triggered_by LowCardinality(String),
    tags         Array(LowCardinality(String))
)
ENGINE = MergeTree ORDER BY started_at;

INSERT INTO job_runs
SELECT
    'run-' || toString(number) AS run_id,
    ['etl_orders', 'sync_crm', 'send_mails', 'nightly_backup', 'rebuild_index', 'train_model', 'report_sales', 'purge_logs'][1 + j] AS job,
    'srv' || leftPad(toString(1 + hn), 2, '0') AS host,
    ['fra1', 'ams2', 'nyc3'][1 + cityHash64(hn, 603) % 3] AS dc,
    started_at - toIntervalSecond(toUInt32(pow((cityHash64(number, 604) % 100000) / 100000, 3) * if(tr < 70, 120, 400))) AS queued_at,
    now() - toIntervalSecond(toUInt32(pow((cityHash64(number, 605) % 1000000) / 1000000, 3) * 50 * 86400)) AS started_at,
    toUInt32([90000, 20000, 9000, 900000, 240000, 2400000, 45000, 15000][1 + j] * (0.4 + 2.5 * pow((cityHash64(number, 606) % 100000) / 100000, 3))) AS dur_ms,
    multiIf(st < 88 - j, 'succeeded', st < 94, 'failed', st < 97, 'timeout', 'cancelled') AS state,
    multiIf(state = 'succeeded', 0, state = 'failed', 1, state = 'timeout', 124, 130) AS exit_code,
    if(state = 'failed', ['OutOfMemory', 'ConnectionReset', 'BadInput', 'DiskFull'][1 + toUInt32(pow((cityHash64(number, 608) % 1000) / 1000, 2) * 4)], NULL) AS err_class,
    if(state = 'failed', 1 + cityHash64(number, 609) % 3, cityHash64(number, 609) % 100 < 6) AS retry_cnt,
    [600, 200, 120, 900, 2100, 9000, 400, 80][1 + j] + cityHash64(number, 610) % 300 AS peak_mem_mb,
    multiIf(tr < 70, 'schedule', tr < 88, 'api', 'manual') AS triggered_by,
    arrayFilter((x, i) -> cityHash64(number, 611, i) % 100 < 45 - 12 * i, ['prod', 'billing', 'critical', 'gpu'], [0, 1, 2, 3]) AS tags
FROM
(
    SELECT
        number,
        toUInt32(pow((cityHash64(number, 601) % 1000000) / 1000000, 1.8) * 8) AS j,
        toUInt32(pow((cityHash64(number, 602) % 1000000) / 1000000, 1.6) * 40) AS hn,
        cityHash64(number, 607) % 100 AS st,
        cityHash64(number, 612) % 100 AS tr
    FROM numbers(220000)
);

CREATE TABLE LabResults
(
    ResultId    UInt64 COMMENT 'one row is one test on one animal',
    AnimalId    UInt32 COMMENT 'the patient',
    OwnerId     UInt32 COMMENT 'who owns the animal',
    Species     LowCardinality(String) COMMENT 'dog, cat, rabbit, horse or parrot',
    Clinic      LowCardinality(String) COMMENT 'veterinary practice that sent the sample',
    TestCode    LowCardinality(String) COMMENT 'CBC blood count, GLU glucose, T4 thyroid, CREA creatinine (kidney), CRP inflammation, FIV virus',
    ResultValue Nullable(Float64) COMMENT 'measured value, empty while pending',
    Flag        LowCardinality(Nullable(String)) COMMENT 'normal, low, high or critical, empty while pending',
    CollectedAt DateTime COMMENT 'when the sample was taken',
    ReportedAt  Nullable(DateTime) COMMENT 'when the result was sent to the clinic, empty while pending',
    PriceCents  UInt32 COMMENT 'price charged, euro cents',
    IsUrgent    UInt8 COMMENT '1 for express tests'
)
ENGINE = MergeTree ORDER BY CollectedAt;

INSERT INTO LabResults
SELECT
    300000 + number AS ResultId,
    8000 + a AS AnimalId,
    500 + intDiv(a, 2) AS OwnerId,
    ['dog', 'cat', 'rabbit', 'horse', 'parrot'][1 + sp] AS Species,
    ['Green Paw', 'Riverside Vets', 'Hill Farm', 'City Pets', 'Dr Moss', 'Old Mill'][1 + toUInt32(pow((cityHash64(a, 703) % 100000) / 100000, 1.8) * 6)] AS Clinic,
    ['CBC', 'GLU', 'CREA', 'T4', 'CRP', 'FIV'][1 + te] AS TestCode,
    if(pending, NULL, round([7.2, 92, 1.3, 2.4, 8.5, 0.4][1 + te] * (0.6 + 0.1 * sp + 0.9 * (cityHash64(number, 704) % 1000) / 1000), 2)) AS ResultValue,
    multiIf(pending, NULL, f < 68 - 3 * sp, 'normal', f < 86, 'high', f < 96, 'low', 'critical') AS Flag,
    now() - toIntervalSecond(sec) AS CollectedAt,
    if(pending, NULL, CollectedAt + toIntervalSecond(turn)) AS ReportedAt,
    [3200, 1450, 1690, 4100, 2300, 3850][1 + te] + urg * 1500 AS PriceCents,
    urg AS IsUrgent
FROM
(
    SELECT
        number, a, sp, te, sec, urg, f,
        if(urg, 600 + cityHash64(number, 705) % 14400, 1800 + cityHash64(number, 705) % 172800) AS turn,
        turn > sec OR cityHash64(number, 706) % 100 < 2 AS pending
    FROM
    (
        SELECT
            number,
            toUInt32(pow((cityHash64(number, 701) % 1000000) / 1000000, 1.8) * 7000) AS a,
            toUInt32(pow((cityHash64(a, 702) % 100000) / 100000, 2) * 5) AS sp,
            toUInt32(pow((cityHash64(number, 707) % 100000) / 100000, 1.6) * 6) AS te,
            toUInt32(pow((cityHash64(number, 708) % 1000000) / 1000000, 3) * 80 * 86400) AS sec,
            toUInt8(cityHash64(number, 709) % 100 < 17) AS urg,
            cityHash64(number, 710) % 100 AS f
        FROM numbers(50000)
    )
);

CREATE TABLE taxi_rides
(
    ride_id     UInt64,
    req_ts      DateTime64(3),
    driver_id   UInt32,
    rider_id    UInt32,
    city        LowCardinality(String),
    pickup_zone LowCardinality(String),
    drop_zone   LowCardinality(String),
    status      LowCardinality(String),
    dist_m      UInt32,
    dur_s       UInt32,
    wait_s      UInt16,
    fare        Decimal(8, 2),
    tip         Decimal(8, 2),
    pay_type    LowCardinality(String),
    rating      Nullable(UInt8),
    pooled      Bool,
    promo_code  Nullable(String)
)
ENGINE = MergeTree ORDER BY req_ts;

INSERT INTO taxi_rides
SELECT
    number AS ride_id,
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 801) % 1000000) / 1000000, 3) * 65 * 86400000)) AS req_ts,
    1000 + 3 * d AS driver_id,
    50000 + toUInt32(pow((cityHash64(number, 802) % 1000000) / 1000000, 1.5) * 25000) AS rider_id,
    ['Lisbon', 'Porto', 'Vienna', 'Prague'][1 + ci] AS city,
    ['Centre', 'Airport', 'Station', 'Riverside', 'Campus', 'Suburbs'][1 + toUInt32(pow((cityHash64(number, 804) % 100000) / 100000, 1.7) * 6)] AS pickup_zone,
    ['Airport', 'Centre', 'Suburbs', 'Station', 'Campus', 'Riverside'][1 + toUInt32(pow((cityHash64(number, 805) % 100000) / 100000, 1.5) * 6)] AS drop_zone,
    multiIf(s < 84 - 2 * ci, 'completed', s < 93, 'cancelled_by_rider', s < 97, 'cancelled_by_driver', 'no_show') AS status,
    if(status = 'completed', toUInt32(800 + pow((cityHash64(number, 806) % 100000) / 100000, 2) * 24000), 0) AS dist_m,
    if(status = 'completed', toUInt32(dist_m / (5 + cityHash64(number, 807) % 8)) + 60, 0) AS dur_s,
    30 + toUInt16(pow((cityHash64(number, 808) % 100000) / 100000, 2) * 1100) AS wait_s,
    if(status = 'completed', toDecimal64(round((3.5 + dist_m / 1000 * (1.1 + 0.15 * ci)) * if(pooled, 0.7, 1), 2), 2), 0) AS fare,
    if(status = 'completed' AND cityHash64(number, 809) % 100 < 35, toDecimal64(round(0.5 + (cityHash64(number, 810) % 600) / 100, 2), 2), 0) AS tip,
    multiIf(py < 47, 'card', py < 73, 'app', py < 92, 'cash', 'corporate') AS pay_type,
    if(status = 'completed' AND cityHash64(number, 812) % 100 < 58, 5 - toUInt8(pow((cityHash64(number, 813) % 1000) / 1000, if(pooled, 2, 3)) * 5), NULL) AS rating,
    cityHash64(number, 814) % 100 < 19 AS pooled,
    multiIf(pc < 88, NULL, pc < 94, 'WELCOME10', pc < 98, 'RAINY', 'FRIEND5') AS promo_code
FROM
(
    SELECT
        number,
        toUInt32(pow((cityHash64(number, 800) % 1000000) / 1000000, 1.6) * 1500) AS d,
        toUInt32(pow((cityHash64(d, 803) % 100000) / 100000, 1.6) * 4) AS ci,
        cityHash64(number, 811) % 100 AS s,
        cityHash64(number, 815) % 100 AS py,
        cityHash64(number, 816) % 100 AS pc
    FROM numbers(150000)
);
