-- Tables for the practice questions (practice_1.jsonl): support, bike rental, sensors, advertising, hiring, games.
-- Loads into the database that the client selects. Every value follows from the row's number, and every time is relative to
-- now(), denser the nearer it is: "today" has rows just after midnight too. What is called u(n, k) is a number in [0, 1)
-- that row n (or the person, station, … n) has for the purpose k; pick(list, x, p) prefers the head of the list if p > 1.

-- Support: plain names, explained by comments; what has not happened is NULL.
CREATE TABLE tickets
(
    ticket_id      UInt64,
    opened_at      DateTime COMMENT 'when the customer wrote to us',
    first_reply_at Nullable(DateTime) COMMENT 'when a person answered for the first time',
    resolved_at    Nullable(DateTime) COMMENT 'when it was closed; empty while it is open',
    customer_id    UInt32,
    plan           Enum8('free' = 1, 'team' = 2, 'enterprise' = 3) COMMENT 'what the customer pays for',
    assignee       LowCardinality(Nullable(String)) COMMENT 'the agent who works on it, empty if nobody does',
    channel        LowCardinality(String),
    priority       Enum8('low' = 1, 'normal' = 2, 'high' = 3, 'urgent' = 4),
    category       LowCardinality(String),
    csat           Nullable(UInt8) COMMENT 'how happy the customer was with the solution, 1 (not at all) to 5',
    reopened       UInt8 COMMENT '1 if it came back after it had been closed',
    tags           Array(LowCardinality(String)),
    country        LowCardinality(String)
)
ENGINE = MergeTree ORDER BY opened_at;

INSERT INTO tickets
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    100000 + number AS ticket_id,
    now() - toIntervalSecond(toUInt32(pow(u(number, 101), 2) * 120 * 86400)) AS opened_at,
    if(opened_at + reply_s <= now() AND u(number, 102) > 0.04, toNullable(opened_at + reply_s), NULL) AS first_reply_at,
    if(opened_at + solve_s <= now() AND u(number, 103) > 0.07 AND assignee IS NOT NULL, toNullable(opened_at + solve_s), NULL)
        AS resolved_at,
    customer AS customer_id,
    multiIf(u(customer, 104) < 0.55, 'free', u(customer, 104) < 0.87, 'team', 'enterprise') AS plan,
    if(u(number, 105) < 0.08, NULL, toNullable(pick(['Amara', 'Bjorn', 'Chloe', 'Dmitri', 'Elif', 'Farid', 'Giulia', 'Hana',
        'Ivan', 'Joao', 'Kirsten', 'Liam'], u(number, 106), 1.3))) AS assignee,
    pick(['email', 'chat', 'web_form', 'phone', 'social'], u(number, 107), 1.4) AS channel,
    pick(['normal', 'low', 'high', 'urgent'], urgency, 1.5) AS priority,
    pick(['billing', 'login_problem', 'bug_report', 'feature_request', 'data_export', 'integration', 'cancellation'],
        u(number, 109), 1.4) AS category,
    if(resolved_at IS NOT NULL AND u(number, 110) < 0.45,
        toNullable(toUInt8(pick([5, 4, 3, 1, 2], u(number, 111), if(assignee IN ('Elif', 'Hana'), 2.4, 1.3)))), NULL) AS csat,
    resolved_at IS NOT NULL AND u(number, 112) < 0.11 AS reopened,
    arrayFilter((tag, i) -> u(number, 120 + i) < 0.2, ['vip', 'refund', 'mobile_app', 'api', 'gdpr', 'outage'],
        [1, 2, 3, 4, 5, 6]) AS tags,
    pick(['US', 'DE', 'GB', 'FR', 'NL', 'SE', 'CA', 'AU'], u(customer, 113), 1.6) AS country
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT
        number,
        2000 + toUInt32(floor(6000 * pow(u(number, 114), 1.5))) * 7919 % 60013 AS customer,
        u(number, 108) AS urgency,
        toUInt32(120 + 9000 * -log(1 - u(number, 115)) * (1.2 - urgency)) AS reply_s,
        toUInt32(reply_s + 600 + 110000 * -log(1 - u(number, 116)) * (1.3 - urgency)
            * (0.7 + 0.6 * u(toUInt32(floor(12 * pow(u(number, 106), 1.3))), 117))) AS solve_s
    FROM numbers(60000)
);

-- Bike rental: camelCase, no comments, Aurora's own columns.
CREATE TABLE bikeTrips
(
    tripId       String,
    startedAt    DateTime64(3),
    endedAt      DateTime64(3),
    durationSec  UInt32,
    startStation LowCardinality(String),
    endStation   LowCardinality(String),
    bikeId       UInt32,
    bikeType     LowCardinality(String),
    riderId      UInt32,
    isMember     Bool,
    distanceM    Float32,
    fareCents    UInt32,
    city         LowCardinality(String),
    rating       Nullable(UInt8),
    _topic       LowCardinality(String),
    _partition   Int32,
    _offset      UInt64,
    _timestamp   DateTime64(3, 'UTC'),
    _generation  UInt32
)
ENGINE = MergeTree ORDER BY startedAt;

INSERT INTO bikeTrips
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick,
    ['Harbour', 'Central Station', 'Old Market', 'University', 'Museum', 'City Park', 'Riverside', 'Stadium'] AS stations
SELECT
    'T' || leftPad(toString(number), 7, '0') AS tripId,
    toDateTime64(now(), 3) - toIntervalSecond(ago_s) AS startedAt,
    startedAt + toIntervalSecond(durationSec) AS endedAt,
    toUInt32(least(ago_s, 180 + 1100 * -log(1 - u(number, 202)) * if(isMember, 0.7, 1.4)
        * transform(bikeType, ['electric', 'cargo'], [1.25, 0.85], 1.))) AS durationSec,
    pick(stations, u(number, 203), 1.3) AS startStation,
    if(u(number, 204) < 0.1, startStation, pick(stations, u(number, 205), 1.5)) AS endStation,
    1 + toUInt32(floor(1800 * u(number, 206))) AS bikeId,
    pick(['classic', 'electric', 'cargo'], u(bikeId, 207), 1.8) AS bikeType,
    rider AS riderId,
    u(rider, 208) < 0.42 AS isMember,
    round(durationSec * (2.2 + 2 * u(number, 209)) * if(bikeType = 'electric', 1.4, 1), 1) AS distanceM,
    toUInt32(if(isMember, 0, 100) + ceil(durationSec / 60) * multiIf(bikeType = 'electric', 22, bikeType = 'cargo', 30, 12)) AS fareCents,
    pick(['Lyon', 'Bremen', 'Porto', 'Gent', 'Graz'], u(rider, 210), 1.5) AS city,
    if(u(number, 211) < 0.3, toNullable(toUInt8(pick([5, 4, 3, 2, 1], u(number, 212), if(bikeType = 'cargo', 1.2, 1.9)))), NULL) AS rating,
    'bike-trips' AS _topic,
    toInt32(number % 6) AS _partition,
    intDiv(number, 6) AS _offset,
    endedAt + toIntervalMillisecond(200 + cityHash64(number, 213) % 2000) AS _timestamp,
    1 AS _generation
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT
        number,
        toUInt32(60 + pow(u(number, 201), 2.2) * 75 * 86400) AS ago_s,
        10 + toUInt32(floor(9000 * pow(u(number, 214), 1.7))) * 6151 % 90001 AS rider
    FROM numbers(120000)
);

-- Sensors: names with dots, as flattened objects have them, units in the names, Aurora's own columns.
CREATE TABLE readings
(
    ts             DateTime64(3),
    `device.id`    String,
    `device.model` LowCardinality(String),
    `site.name`    LowCardinality(String),
    `site.floor`   Int8,
    temp_c         Nullable(Float32),
    humidity_pct   Nullable(Float32),
    co2_ppm        Nullable(UInt16),
    battery_mv     UInt16,
    signal_dbm     Int16,
    fault_codes    Array(LowCardinality(String)),
    door_open      UInt8,
    _topic         LowCardinality(String),
    _partition     Int32,
    _offset        UInt64,
    _timestamp     DateTime64(3, 'UTC'),
    _generation    UInt32
)
ENGINE = MergeTree ORDER BY ts;

INSERT INTO readings
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    toDateTime64(now(), 3) - toIntervalSecond(toUInt32(pow(u(number, 301), 2) * 70 * 86400)) AS ts,
    'dev-' || leftPad(lower(hex(device)), 4, '0') AS `device.id`,
    pick(['THX-2', 'THX-3', 'AirOne', 'AirOne Pro'], u(device, 302), 1.3) AS `device.model`,
    site AS `site.name`,
    toInt8(floor(u(device, 303) * 5)) - 1 AS `site.floor`,
    if(u(number, 304) < 0.02, NULL, toNullable(round(
        transform(site, ['Warehouse North', 'Cold Store', 'Office Tower', 'Greenhouse', 'Data Hall'], [16.5, 3.8, 21.7, 26.2, 23.4], 20.0)
        + 7 * (u(number, 305) - 0.5) - 0.9 * log(1 - u(number, 306)), 1))) AS temp_c,
    if(u(number, 307) < 0.03, NULL, toNullable(round(35 + 30 * u(device, 308) + 20 * u(number, 309), 1))) AS humidity_pct,
    if(startsWith(`device.model`, 'Air'), toNullable(toUInt16(400 + 250 * -log(1 - u(number, 310)) + 90 * u(device, 311))), NULL) AS co2_ppm,
    toUInt16(2400 + 900 * u(device, 312) + 60 * u(number, 313)) AS battery_mv,
    toInt16(-40 - 55 * u(device, 314) - 10 * u(number, 315)) AS signal_dbm,
    arrayFilter((code, i) -> u(number, 320 + i) < 0.004 * i + if(site = 'Greenhouse' AND code = 'E07', 0.02, 0),
        ['E01', 'E02', 'E07', 'LOWBAT', 'NOCAL'], [1, 2, 3, 4, 5]) AS fault_codes,
    site IN ('Cold Store', 'Warehouse North') AND u(number, 316) < 0.06 AS door_open,
    'building-sensors' AS _topic,
    toInt32(number % 8) AS _partition,
    intDiv(number, 8) AS _offset,
    ts + toIntervalMillisecond(50 + cityHash64(number, 317) % 900) AS _timestamp,
    1 AS _generation
FROM
(
    WITH
        (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
        (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
    SELECT
        number,
        1 + toUInt32(floor(420 * pow(u(number, 318), 1.2))) AS device,
        pick(['Warehouse North', 'Office Tower', 'Cold Store', 'Greenhouse', 'Data Hall'], u(device, 319), 1.4) AS site
    FROM numbers(200000)
);

-- Advertising: one row an hour, campaign, country and device class; abbreviations, some of them explained.
CREATE TABLE ad_perf
(
    hr        DateTime COMMENT 'the hour',
    cmp       LowCardinality(String) COMMENT 'campaign',
    net       LowCardinality(String) COMMENT 'network on which it was shown',
    geo       LowCardinality(String),
    dev       LowCardinality(String) COMMENT 'M mobile, D desktop, T tablet',
    impr      UInt32 COMMENT 'impressions: how often an ad was seen',
    clk       UInt32,
    conv      UInt16 COMMENT 'conversions: sign-ups after a click',
    spend_eur Decimal(10, 2),
    rev_eur   Decimal(10, 2)
)
ENGINE = MergeTree ORDER BY hr;

INSERT INTO ad_perf
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    toStartOfHour(now() - toIntervalSecond(toUInt32(pow(u(number, 401), 2) * 100 * 86400))) AS hr,
    ['spring_sale', 'brand_always_on', 'retargeting', 'winter_launch', 'app_install', 'b2b_whitepaper', 'student_offer'][c] AS cmp,
    ['search', 'social', 'display', 'social', 'video', 'search', 'video'][c] AS net,
    pick(['DE', 'FR', 'ES', 'IT', 'PL', 'AT'], u(number, 403), 1.4) AS geo,
    pick(['M', 'D', 'T'], u(number, 404), 1.7) AS dev,
    toUInt32(80 + 2500 * pow(u(number, 405), 2) * [1.0, 2.2, 0.8, 1.3, 1.7, 0.4, 0.6][c]) AS impr,
    toUInt32(impr * [0.031, 0.006, 0.014, 0.011, 0.008, 0.042, 0.019][c] * (0.5 + u(number, 406)) * if(dev = 'M', 1.2, 0.9)) AS clk,
    toUInt16(clk * [0.06, 0.021, 0.085, 0.035, 0.11, 0.045, 0.052][c] * (0.6 + u(number, 407)) * if(geo = 'DE' AND c = 3, 4, 1) + u(number, 408) * 0.9) AS conv,
    toDecimal64(clk * (0.15 + 0.7 * u(c, 409) + 0.2 * u(number, 410)) + 0.05, 2) AS spend_eur,
    toDecimal64(conv * (6 + 14 * u(c, 411) + 5 * u(number, 412)), 2) AS rev_eur
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT number, 1 + toUInt32(floor(7 * pow(u(number, 402), 1.2))) AS c
    FROM numbers(60000)
);

-- Hiring: several dates, a stage, people who apply more than once; no comments.
CREATE TABLE job_applications
(
    application_id   UInt32,
    candidate_id     UInt32,
    applied_at       DateTime,
    stage_changed_at DateTime,
    position         LowCardinality(String),
    department       LowCardinality(String),
    office           LowCardinality(String),
    source           LowCardinality(String),
    stage            Enum8('applied' = 1, 'phone_screen' = 2, 'onsite' = 3, 'offer' = 4, 'hired' = 5, 'rejected' = 6, 'withdrawn' = 7),
    rejection_reason LowCardinality(Nullable(String)),
    expected_salary  Nullable(UInt32),
    years_experience UInt8,
    skills           Array(String),
    remote_ok        Bool,
    recruiter        LowCardinality(String)
)
ENGINE = MergeTree ORDER BY application_id;

INSERT INTO job_applications
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    5000 + number AS application_id,
    candidate AS candidate_id,
    now() - toIntervalSecond(ago_s) AS applied_at,
    applied_at + toIntervalSecond(toUInt32(ago_s * pow(u(number, 502), 2))) AS stage_changed_at,
    pick(['Backend Engineer', 'Data Analyst', 'Account Executive', 'Product Designer', 'Office Manager', 'SRE', 'Controller'],
        u(number, 503), 1.3) AS position,
    transform(position, ['Backend Engineer', 'SRE', 'Data Analyst', 'Account Executive', 'Product Designer', 'Office Manager', 'Controller'],
        ['Engineering', 'Engineering', 'Data', 'Sales', 'Design', 'Operations', 'Finance'], '') AS department,
    pick(['BER', 'LON', 'NYC', 'WAW'], u(number, 504), 1.4) AS office,
    pick(['linkedin', 'career_page', 'referral', 'agency', 'job_fair'], u(number, 505), 1.5) AS source,
    multiIf(f < 0.22, 'applied', f < 0.36, 'phone_screen', f < 0.44, 'onsite', f < 0.48, 'offer', f < if(source = 'referral', 0.6, 0.53), 'hired', f < 0.91, 'rejected',
        'withdrawn') AS stage,
    if(stage = 'rejected', pick(['experience', 'salary', 'culture', 'position_filled', 'no_work_permit'], u(number, 507), 1.4), NULL)
        AS rejection_reason,
    if(u(number, 508) < 0.3, NULL, toNullable(toUInt32(38000 + 500 * floor(u(number, 509) * 60)
        + transform(department, ['Engineering', 'Data', 'Sales', 'Design', 'Operations', 'Finance'], [28000, 17000, 12000, 14000, 1500, 19000], 0))))
        AS expected_salary,
    toUInt8(floor(pow(u(candidate, 510), 1.6) * 22)) AS years_experience,
    arrayFilter((skill, i) -> u(candidate, 520 + i) < 0.5 - 0.05 * i, ['excel', 'sql', 'python', 'rust', 'figma', 'kubernetes', 'salesforce'],
        [1, 2, 3, 4, 5, 6, 7]) AS skills,
    u(number, 511) < 0.37 AS remote_ok,
    pick(['Paula', 'Quentin', 'Rosa', 'Stefan', 'Tanvi'], u(number, 512), 1.3) AS recruiter
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT
        number,
        toUInt32(pow(u(number, 501), 1.8) * 200 * 86400) AS ago_s,
        30000 + toUInt32(floor(15000 * pow(u(number, 513), 1.2))) * 4201 % 70001 AS candidate,
        u(number, 506) AS f
    FROM numbers(24000)
);

-- Games: a row for each player of a match; the time in milliseconds since 1970, flags as 0 and 1, Aurora's own columns.
CREATE TABLE match_players
(
    match_id    UInt64,
    player_id   UInt32,
    ended_ms    Int64,
    game_mode   LowCardinality(String),
    map         LowCardinality(String),
    hero        LowCardinality(String),
    won         UInt8,
    kills       UInt16,
    deaths      UInt16,
    assists     UInt16,
    duration_s  UInt32,
    platform    LowCardinality(String),
    region      LowCardinality(String),
    xp_gained   UInt32,
    premium     UInt8,
    left_early  UInt8,
    _topic      LowCardinality(String),
    _partition  Int32,
    _offset     UInt64,
    _timestamp  DateTime64(3, 'UTC'),
    _generation UInt32
)
ENGINE = MergeTree ORDER BY ended_ms;

INSERT INTO match_players
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    m AS match_id,
    player AS player_id,
    toInt64(toUnixTimestamp(now()) - toUInt32(pow(u(m, 601), 2.2) * 70 * 86400)) * 1000 AS ended_ms,
    pick(['ranked', 'casual', 'tournament', 'training'], u(m, 602), 1.5) AS game_mode,
    pick(['Dust Harbor', 'Ice Keep', 'Old Mine', 'Sky Temple', 'Neon Docks'], u(m, 603), 1.3) AS map,
    pick(['Ember', 'Volt', 'Moss', 'Shade', 'Quill', 'Anvil', 'Mirage', 'Tide'], u(number, 604), 1.3) AS hero,
    u(number, 605) < 0.44 + if(hero = 'Quill', 0.09, 0) + if(premium, 0.03, 0) AS won,
    toUInt16(floor(-log(1 - u(number, 606)) * if(won, 7, 5) * if(premium, 1.2, 1))) AS kills,
    toUInt16(floor(-log(1 - u(number, 607)) * 5.5)) AS deaths,
    toUInt16(floor(-log(1 - u(number, 608)) * 4)) AS assists,
    toUInt32(420 + 620 * -log(1 - u(m, 609)) * if(game_mode = 'tournament', 1.4, 1)) AS duration_s,
    pick(['PC', 'PS5', 'XBOX', 'SWITCH'], u(player, 610), 1.5) AS platform,
    pick(['EUW', 'NA', 'KR', 'LATAM', 'OCE'], u(player, 611), 1.4) AS region,
    toUInt32(duration_s / 6 + 90 * won + 5 * kills + if(premium, 120, 0)) AS xp_gained,
    u(player, 612) < 0.23 AS premium,
    u(number, 613) < if(platform = 'SWITCH', 0.09, 0.05) AS left_early,
    'match-results' AS _topic,
    toInt32(m % 12) AS _partition,
    intDiv(number, 12) AS _offset,
    fromUnixTimestamp64Milli(ended_ms) + toIntervalMillisecond(300 + cityHash64(number, 614) % 4000) AS _timestamp,
    1 AS _generation
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT
        number,
        800000 + intDiv(number, 6) AS m,
        500 + toUInt32(floor(12000 * pow(u(number, 615), 1.6))) * 3571 % 99991 AS player
    FROM numbers(180000)
);
