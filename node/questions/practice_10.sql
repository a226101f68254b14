-- Eight tables for natural-language questions: loads into the database that the client selects. All times are relative to now().
CREATE TABLE table_bookings
(
    booked_at   DateTime COMMENT 'when the guest made the reservation',
    seating_at  DateTime COMMENT 'when the party is due at the table',
    booking_id  UInt64 COMMENT 'unique number of the reservation',
    guest_id    UInt32 COMMENT 'the guest who booked',
    restaurant  LowCardinality(String) COMMENT 'name of the restaurant',
    city        LowCardinality(String) COMMENT 'city code: LDN London, PAR Paris, BER Berlin, MAD Madrid, ROM Rome',
    party_size  UInt8 COMMENT 'number of people expected',
    channel     LowCardinality(String) COMMENT 'how the booking was made: web, app, phone, walk_in, partner',
    status      LowCardinality(String) COMMENT 'confirmed, seated, cancelled or no_show',
    deposit_eur Nullable(Decimal(8, 2)) COMMENT 'deposit paid in euro, empty if none was asked for',
    zone        LowCardinality(String) COMMENT 'part of the restaurant',
    dietary     Array(String) COMMENT 'dietary wishes of the party',
    is_birthday Bool COMMENT 'whether a birthday is celebrated'
)
ENGINE = MergeTree ORDER BY booked_at;

INSERT INTO table_bookings
SELECT
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 101) % 1000000) / 1000000, 3) * 45 * 86400)) AS booked_at,
    toStartOfInterval(booked_at, INTERVAL 30 MINUTE) + toIntervalMinute(30 * (1 + toUInt32(pow((cityHash64(number, 102) % 1000000) / 1000000, 2.5) * 480))) AS seating_at,
    5000000 + number AS booking_id,
    1 + toUInt32(pow((cityHash64(number, 103) % 1000000) / 1000000, 1.6) * 9000) AS guest_id,
    ['Luigi', 'Sakura', 'Bistro Nord', 'El Toro', 'Spice Route', 'The Anchor', 'Zum Hirschen'][1 + toUInt8(pow((cityHash64(number, 104) % 1000000) / 1000000, 1.7) * 7)] AS restaurant,
    ['LDN', 'PAR', 'BER', 'MAD', 'ROM'][1 + toUInt8(pow((cityHash64(number, 105) % 1000000) / 1000000, 1.5) * 5)] AS city,
    1 + toUInt8(pow((cityHash64(number, 106) % 1000000) / 1000000, 2) * (7 + length(restaurant) % 5)) AS party_size,
    multiIf(c < 42, 'web', c < 68, 'app', c < 84, 'phone', c < 93, 'walk_in', 'partner') AS channel,
    multiIf(h < 9 + length(channel), 'cancelled', seating_at > now(), 'confirmed', h < 12 + 2 * length(channel), 'no_show', 'seated') AS status,
    if(cityHash64(number, 109) % 100 < 35, toDecimal64(party_size * (5 + cityHash64(number, 110) % 1500 / 100), 2), NULL) AS deposit_eur,
    ['main', 'window', 'terrace', 'bar', 'private'][1 + toUInt8(pow((cityHash64(number, 111) % 1000000) / 1000000, 1.6) * 5)] AS zone,
    arrayFilter(x -> cityHash64(number, x, 112) % 100 < length(x) + 2, ['vegan', 'vegetarian', 'gluten_free', 'halal', 'nut_allergy']) AS dietary,
    cityHash64(number, 113) % 100 < 7 AS is_birthday
FROM (SELECT number, cityHash64(number, 107) % 100 AS c, cityHash64(number, 108) % 100 AS h FROM numbers(120000));

CREATE TABLE holidayBookings
(
    bookedOn      DateTime64(3),
    departureDate Date,
    bookingRef    String,
    customerId    UInt32,
    destination   LowCardinality(String),
    boardType     LowCardinality(String),
    nights        UInt8,
    adults        UInt8,
    children      UInt8,
    starRating    UInt8,
    totalPrice    Float64,
    bookingState  LowCardinality(String),
    salesChannel  LowCardinality(String),
    hasInsurance  UInt8,
    extras        Array(LowCardinality(String)),
    cancelledOn   Nullable(DateTime)
)
ENGINE = MergeTree ORDER BY (destination, bookedOn);

INSERT INTO holidayBookings
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 201) % 1000000) / 1000000, 3) * 75 * 86400000)) AS bookedOn,
    toDate(bookedOn) + 3 + toUInt16(pow((cityHash64(number, 202) % 1000000) / 1000000, 1.8) * 240) AS departureDate,
    concat('HB', toString(400000 + number)) AS bookingRef,
    70000 + toUInt32(pow((cityHash64(number, 203) % 1000000) / 1000000, 1.7) * 22000) AS customerId,
    ['ES', 'GR', 'TR', 'IT', 'PT', 'HR', 'EG'][1 + toUInt8(pow((cityHash64(number, 204) % 1000000) / 1000000, 1.6) * 7)] AS destination,
    ['all_inclusive', 'half_board', 'bed_breakfast', 'self_catering', 'full_board'][1 + toUInt8(pow((cityHash64(number, 205) % 1000000) / 1000000, 1.5) * 5)] AS boardType,
    3 + toUInt8(pow((cityHash64(number, 206) % 1000000) / 1000000, 1.6) * (12 + cityHash64(destination, 1) % 7)) AS nights,
    1 + toUInt8(pow((cityHash64(number, 207) % 1000000) / 1000000, 1.4) * 4) AS adults,
    toUInt8(pow((cityHash64(number, 208) % 1000000) / 1000000, 2.4) * 4) AS children,
    3 + toUInt8(pow((cityHash64(number, 209) % 1000000) / 1000000, 1.4) * 3) AS starRating,
    round(nights * (adults + children * 0.5) * (25 + 14 * starRating + cityHash64(number, 210) % 4000 / 100), 2) AS totalPrice,
    multiIf(h < 8 + length(salesChannel), 'CANCELLED', h < 26, 'OPTION', 'CONFIRMED') AS bookingState,
    multiIf(c < 45, 'web', c < 70, 'agency', c < 88, 'app', 'callcentre') AS salesChannel,
    if(cityHash64(number, 213) % 100 < 31, 1, 0) AS hasInsurance,
    arrayFilter(x -> cityHash64(number, x, 214) % 100 < 3 * length(x), ['transfer', 'rentalcar', 'spa', 'golf', 'excursion']) AS extras,
    if(bookingState = 'CANCELLED', toDateTime(bookedOn) + toIntervalSecond(toUInt64((now() - toDateTime(bookedOn)) * (cityHash64(number, 215) % 1000) / 1000)), NULL) AS cancelledOn
FROM (SELECT number, cityHash64(number, 211) % 100 AS c, cityHash64(number, 212) % 100 AS h FROM numbers(80000));

CREATE TABLE rx_sales
(
    sold_at  DateTime,
    sale_no  UInt64,
    store_id UInt16,
    st       LowCardinality(String),
    cust_no  Nullable(UInt32),
    drug_nm  LowCardinality(String),
    drug_cls LowCardinality(String),
    qty      UInt8,
    unit_prc Decimal(8, 2),
    disc_pct UInt8,
    rx_flg   UInt8,
    pay_mth  LowCardinality(String),
    ins_amt  Nullable(Decimal(10, 2))
)
ENGINE = MergeTree ORDER BY (store_id, sold_at);

INSERT INTO rx_sales
SELECT
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 301) % 1000000) / 1000000, 3) * 40 * 86400)) AS sold_at,
    900000 + number AS sale_no,
    100 + toUInt16(pow((cityHash64(number, 302) % 1000000) / 1000000, 1.4) * 60) AS store_id,
    ['CA', 'NY', 'TX', 'FL', 'OH'][1 + store_id % 5] AS st,
    if(cityHash64(number, 303) % 100 < 22, NULL, 1 + toUInt32(pow((cityHash64(number, 304) % 1000000) / 1000000, 1.5) * 15000)) AS cust_no,
    ['ibuprofen', 'paracetamol', 'amoxicillin', 'cetirizine', 'omeprazole', 'metformin', 'aspirin', 'azithromycin', 'loratadine', 'atorvastatin', 'insulin', 'naproxen'][d] AS drug_nm,
    ['painkiller', 'painkiller', 'antibiotic', 'allergy', 'stomach', 'diabetes', 'painkiller', 'antibiotic', 'allergy', 'cardio', 'diabetes', 'painkiller'][d] AS drug_cls,
    1 + toUInt8(pow((cityHash64(number, 306) % 1000000) / 1000000, 2.2) * 5) AS qty,
    toDecimal64([6.49, 3.99, 14.2, 8.75, 12.1, 9.3, 4.25, 18.9, 10.4, 16.6, 42.5, 7.8][d] + (cityHash64(number, 307) % 120) / 100, 2) AS unit_prc,
    if(cityHash64(number, 308) % 100 < 28, 5 * (1 + cityHash64(number, 309) % (3 + store_id % 4)), 0) AS disc_pct,
    if(cityHash64(number, 310) % 100 < [12, 5, 96, 15, 40, 93, 4, 97, 11, 95, 99, 20][d], 1, 0) AS rx_flg,
    multiIf(rx_flg = 1 AND p < 70, 'insurance', p < 48, 'card', p < 83, 'cash', 'mobile') AS pay_mth,
    if(pay_mth = 'insurance', toDecimal64(toFloat64(unit_prc) * qty * (50 + cityHash64(number, 312) % 45) / 100, 2), NULL) AS ins_amt
FROM (SELECT number, 1 + toUInt8(pow((cityHash64(number, 305) % 1000000) / 1000000, 1.5) * 12) AS d, cityHash64(number, 311) % 100 AS p FROM numbers(150000));

CREATE TABLE water_telemetry
(
    `reading.ts`    DateTime64(3),
    `received.ts`   DateTime64(3),
    `meter.id`      String,
    `meter.kind`    LowCardinality(String),
    `site.district` LowCardinality(String),
    `usage.litres`  Float64,
    `flow.peak_lpm` Float32,
    `pressure.bar`  Float32,
    `battery.pct`   UInt8,
    `alarm.code`    LowCardinality(Nullable(String)),
    `valve.open`    Bool
)
ENGINE = MergeTree ORDER BY `reading.ts`;

INSERT INTO water_telemetry
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 401) % 1000000) / 1000000, 2.5) * 35 * 86400000)) AS `reading.ts`,
    least(now64(3), `reading.ts` + toIntervalMillisecond(200 + toUInt64(pow((cityHash64(number, 402) % 1000000) / 1000000, 6) * 90000))) AS `received.ts`,
    concat('WM-', leftPad(toString(m), 5, '0')) AS `meter.id`,
    multiIf(cityHash64(m, 404) % 100 < 74, 'residential', cityHash64(m, 404) % 100 < 93, 'commercial', 'industrial') AS `meter.kind`,
    ['Northgate', 'Riverside', 'Old Town', 'Harbour', 'Hillcrest', 'Westpark'][1 + toUInt8(pow((cityHash64(m, 405) % 1000000) / 1000000, 1.5) * 6)] AS `site.district`,
    round(pow((cityHash64(number, 406) % 1000000) / 1000000, 2) * multiIf(`meter.kind` = 'residential', 60, `meter.kind` = 'commercial', 400, 2500) + (cityHash64(m, 3) % 900) / 30, 1) AS `usage.litres`,
    round(2 + pow((cityHash64(number, 407) % 1000000) / 1000000, 3) * multiIf(`meter.kind` = 'residential', 40, `meter.kind` = 'commercial', 120, 600), 1) AS `flow.peak_lpm`,
    round(2.4 + (cityHash64(`site.district`, 408) % 200) / 100 + (cityHash64(number, 409) % 1000) / 1000, 2) AS `pressure.bar`,
    100 - toUInt8(pow((cityHash64(m, 410) % 1000000) / 1000000, 2) * 92) AS `battery.pct`,
    multiIf(a < 30, 'LEAK', a < 42, 'LOW_BATTERY', a < 50, 'TAMPER', a < 55, 'BACKFLOW', a < 58, 'BURST', NULL) AS `alarm.code`,
    cityHash64(number, 412) % 100 < 95 AS `valve.open`
FROM (SELECT number, 1 + toUInt32(pow((cityHash64(number, 403) % 1000000) / 1000000, 1.6) * 2500) AS m, cityHash64(number, 411) % (700 + m % 600) AS a FROM numbers(250000));

CREATE TABLE agent_shifts
(
    shift_id      UInt32 COMMENT 'number of the shift',
    agent_id      UInt32 COMMENT 'the call-centre agent',
    team          LowCardinality(String) COMMENT 'team of the agent: billing, tech, sales, retention',
    site          LowCardinality(String) COMMENT 'office: DUB Dublin, KRK Krakow, LIS Lisbon, MNL Manila',
    shift_start   DateTime COMMENT 'when the shift began',
    shift_end     Nullable(DateTime) COMMENT 'when the shift ended, NULL while it is still running',
    shift_type    LowCardinality(String) COMMENT 'early, late or night',
    calls_handled UInt16 COMMENT 'calls answered in the shift',
    talk_s        UInt32 COMMENT 'time spent talking to callers, in seconds',
    hold_s        UInt32 COMMENT 'time callers were kept on hold, in seconds',
    break_min     UInt16 COMMENT 'breaks taken, in minutes',
    overtime_min  UInt16 COMMENT 'overtime, in minutes',
    csat          Nullable(Float32) COMMENT 'customer satisfaction from 1 to 5, NULL if nobody rated',
    remote        Bool COMMENT 'true if the agent worked from home',
    langs         Array(String) COMMENT 'language codes the agent speaks'
)
ENGINE = MergeTree ORDER BY shift_start;

INSERT INTO agent_shifts
SELECT
    number AS shift_id,
    a AS agent_id,
    ['billing', 'tech', 'sales', 'retention'][1 + toUInt8(pow((cityHash64(a, 503) % 1000000) / 1000000, 1.4) * 4)] AS team,
    ['MNL', 'LIS', 'KRK', 'DUB'][1 + toUInt8(pow((cityHash64(a, 504) % 1000000) / 1000000, 1.5) * 4)] AS site,
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 2.6) * 90 * 86400)) AS shift_start,
    if(shift_start + toIntervalMinute(240 + cityHash64(number, 505) % 300) > now(), NULL, shift_start + toIntervalMinute(240 + cityHash64(number, 505) % 300)) AS shift_end,
    multiIf(s < 52, 'early', s < 85, 'late', 'night') AS shift_type,
    8 + toUInt16(pow((cityHash64(number, 507) % 1000000) / 1000000, 1.3) * (60 + 8 * length(team))) AS calls_handled,
    calls_handled * (90 + cityHash64(number, 508) % 260 + 15 * length(team)) AS talk_s,
    calls_handled * (cityHash64(number, 509) % 70) AS hold_s,
    15 + toUInt16(pow((cityHash64(number, 510) % 1000000) / 1000000, 2) * 75) AS break_min,
    if(cityHash64(number, 511) % 100 < 24, 10 + toUInt16(pow((cityHash64(number, 512) % 1000000) / 1000000, 2) * 170), 0) AS overtime_min,
    if(cityHash64(number, 513) % 100 < 12, NULL, round(2.2 + (cityHash64(number, 514) % 230) / 100 + (cityHash64(team, 2) % 50) / 100, 2)) AS csat,
    cityHash64(number, 515) % 100 < 20 + cityHash64(a, 516) % 40 AS remote,
    arrayConcat(['en'], arrayFilter(x -> cityHash64(a, x, 517) % 100 < 28, ['es', 'de', 'fr', 'pl', 'pt'])) AS langs
FROM (SELECT number, 1000 + toUInt32(pow((cityHash64(number, 502) % 1000000) / 1000000, 1.5) * 900) AS a, cityHash64(number, 506) % 100 AS s FROM numbers(40000));

CREATE TABLE chess_games
(
    game_id       UInt64,
    started_ms    UInt64,
    ended_ms      UInt64,
    white_player  String,
    black_player  String,
    white_country LowCardinality(String),
    white_rating  UInt16,
    black_rating  UInt16,
    time_control  LowCardinality(String),
    opening       LowCardinality(String),
    winner        LowCardinality(String),
    termination   LowCardinality(String),
    move_count    UInt16,
    duration_s    UInt32,
    is_rated      Bool
)
ENGINE = MergeTree ORDER BY started_ms;

INSERT INTO chess_games
SELECT
    7000000 + number AS game_id,
    toUInt64(toUnixTimestamp64Milli(now64(3))) - duration_s * 1000 - toUInt64(pow((cityHash64(number, 601) % 1000000) / 1000000, 3) * 30 * 86400000) AS started_ms,
    started_ms + duration_s * 1000 AS ended_ms,
    concat('player', toString(w)) AS white_player,
    concat('player', toString(if(b = w, b + 1, b))) AS black_player,
    ['IN', 'US', 'RU', 'DE', 'FR', 'NO', 'BR'][1 + toUInt8(pow((cityHash64(w, 604) % 1000000) / 1000000, 1.6) * 7)] AS white_country,
    900 + cityHash64(w, 605) % 1700 + cityHash64(number, 606) % 90 AS white_rating,
    900 + cityHash64(black_player, 605) % 1700 + cityHash64(number, 607) % 90 AS black_rating,
    multiIf(t < 44, 'blitz', t < 74, 'bullet', t < 95, 'rapid', 'classical') AS time_control,
    ['Sicilian Defence', 'Queens Gambit', 'Italian Game', 'French Defence', 'Caro-Kann', 'London System', 'Ruy Lopez', 'Kings Indian'][1 + toUInt8(pow((cityHash64(number, 609) % 1000000) / 1000000, 1.5) * 8)] AS opening,
    multiIf(termination IN ('stalemate', 'agreement'), 'draw', r < 46 + length(opening) % 9, 'white', 'black') AS winner,
    multiIf(e < 30, 'checkmate', e < 64, 'resignation', e < 86, 'timeout', e < 89 + length(opening) % 4, 'stalemate', e < 97, 'agreement', 'abandoned') AS termination,
    8 + toUInt16(pow((cityHash64(number, 612) % 1000000) / 1000000, 1.4) * multiIf(t < 44, 80, t < 74, 70, t < 95, 90, 110)) AS move_count,
    toUInt32(move_count * multiIf(t < 44, 7, t < 74, 2, t < 95, 22, 75) * (70 + cityHash64(number, 613) % 60) / 100) AS duration_s,
    cityHash64(number, 614) % 100 < 82 AS is_rated
FROM
(
    SELECT number, 1 + toUInt32(pow((cityHash64(number, 602) % 1000000) / 1000000, 2.2) * 30000) AS w, 1 + toUInt32(pow((cityHash64(number, 603) % 1000000) / 1000000, 2.2) * 30000) AS b,
        cityHash64(number, 608) % 100 AS t, cityHash64(number, 610) % 100 AS r, cityHash64(number, 611) % 100 AS e
    FROM numbers(200000)
);

CREATE TABLE car_rentals
(
    rntl_no  UInt64,
    drv_id   UInt32,
    tier     LowCardinality(Nullable(String)),
    veh_cls  LowCardinality(String),
    fuel_typ LowCardinality(String),
    pick_loc LowCardinality(String),
    drop_loc LowCardinality(String),
    pick_dt  DateTime,
    ret_dt   Nullable(DateTime),
    days     UInt8,
    km       Nullable(UInt32),
    rate_day Decimal(8, 2),
    tot_amt  Decimal(10, 2),
    dmg_flg  UInt8
)
ENGINE = MergeTree ORDER BY (pick_loc, pick_dt);

INSERT INTO car_rentals
SELECT
    310000 + number AS rntl_no,
    dr AS drv_id,
    multiIf(cityHash64(dr, 703) % 100 < 18, 'silver', cityHash64(dr, 703) % 100 < 28, 'gold', cityHash64(dr, 703) % 100 < 32, 'platinum', NULL) AS tier,
    ['compact', 'economy', 'suv', 'van', 'luxury'][v] AS veh_cls,
    multiIf(f < 41, 'petrol', f < 68, 'diesel', f < 86, 'hybrid', 'electric') AS fuel_typ,
    ['MUC', 'FRA', 'CDG', 'AMS', 'BCN', 'VIE', 'ZRH'][l] AS pick_loc,
    if(cityHash64(number, 707) % 100 < 76 + 2 * l, pick_loc, ['CDG', 'MUC', 'AMS', 'BCN', 'FRA', 'ZRH', 'VIE'][1 + cityHash64(number, 708) % 7]) AS drop_loc,
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 701) % 1000000) / 1000000, 2.8) * 80 * 86400)) AS pick_dt,
    if(pick_dt + toIntervalHour(24 * days - cityHash64(number, 709) % 9) > now(), NULL, pick_dt + toIntervalHour(24 * days - cityHash64(number, 709) % 9)) AS ret_dt,
    1 + toUInt8(pow((cityHash64(number, 710) % 1000000) / 1000000, 2.2) * 14) AS days,
    if(ret_dt IS NULL, NULL, toUInt32(days * (30 + pow((cityHash64(number, 711) % 1000000) / 1000000, 2) * (260 + 30 * v)))) AS km,
    toDecimal64([38, 27, 71, 64, 145][v] + (cityHash64(number, 712) % 2200) / 100, 2) AS rate_day,
    rate_day * days AS tot_amt,
    if(ret_dt IS NOT NULL AND cityHash64(number, 713) % 1000 < 25 + 12 * v, 1, 0) AS dmg_flg
FROM
(
    SELECT number, 1 + toUInt32(pow((cityHash64(number, 702) % 1000000) / 1000000, 1.7) * 12000) AS dr, 1 + toUInt8(pow((cityHash64(number, 704) % 1000000) / 1000000, 1.6) * 5) AS v,
        cityHash64(number, 705) % 100 AS f, 1 + toUInt8(pow((cityHash64(number, 706) % 1000000) / 1000000, 1.5) * 7) AS l
    FROM numbers(60000)
);

CREATE TABLE SurveyResponses
(
    SubmittedAt  DateTime64(3),
    ResponseId   String,
    RespondentId UInt32,
    SurveyName   LowCardinality(String),
    Country      LowCardinality(String),
    AgeGroup     LowCardinality(String),
    NpsScore     Nullable(UInt8),
    Stars        UInt8,
    FillTimeMs   UInt32,
    Device       LowCardinality(String),
    Source       LowCardinality(String),
    Completed    UInt8,
    Topics       Array(String),
    Comment      Nullable(String)
)
ENGINE = MergeTree ORDER BY SubmittedAt;

INSERT INTO SurveyResponses
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 801) % 1000000) / 1000000, 3) * 60 * 86400000)) AS SubmittedAt,
    concat('r-', lower(hex(cityHash64(number, 802)))) AS ResponseId,
    r AS RespondentId,
    ['onboarding', 'support_followup', 'product_feedback', 'exit', 'annual'][1 + toUInt8(pow((cityHash64(number, 804) % 1000000) / 1000000, 1.5) * 5)] AS SurveyName,
    ['US', 'GB', 'BR', 'DE', 'IN', 'JP', 'MX', 'PL'][1 + toUInt8(pow((cityHash64(r, 805) % 1000000) / 1000000, 1.6) * 8)] AS Country,
    ['25-34', '35-44', '18-24', '45-54', '55-64', '65+'][1 + toUInt8(pow((cityHash64(r, 806) % 1000000) / 1000000, 1.5) * 6)] AS AgeGroup,
    if(Completed = 0 OR cityHash64(number, 807) % 100 < 15, NULL, 10 - toUInt8(pow((cityHash64(number, 808) % 1000000) / 1000000, 1.5 + (cityHash64(Country, 1) % 10) / 10) * 11)) AS NpsScore,
    5 - toUInt8(pow((cityHash64(number, 809) % 1000000) / 1000000, 1.3 + (cityHash64(SurveyName, 2) % 10) / 10 + if(Device = 'mobile', 0.2, 0)) * 5) AS Stars,
    8000 + toUInt32(pow((cityHash64(number, 810) % 1000000) / 1000000, 3) * if(Device = 'mobile', 420000, 560000)) AS FillTimeMs,
    multiIf(cityHash64(number, 811) % 100 < 57, 'mobile', cityHash64(number, 811) % 100 < 91, 'desktop', 'tablet') AS Device,
    multiIf(s < 46, 'email', s < 71, 'in_app', s < 88, 'sms', 'qr_code') AS Source,
    if(cityHash64(number, 813) % 100 < 62 + 3 * length(Source), 1, 0) AS Completed,
    arrayFilter(x -> cityHash64(number, x, 814) % 100 < 2 * length(x), ['price', 'quality', 'delivery', 'usability', 'staff', 'performance']) AS Topics,
    if(cityHash64(number, 815) % 100 < 19, ['Great service', 'Too slow', 'Would recommend', 'Hard to use', 'Fine'][1 + cityHash64(number, 816) % 5], NULL) AS Comment
FROM (SELECT number, 1 + toUInt32(pow((cityHash64(number, 803) % 1000000) / 1000000, 1.6) * 40000) AS r, cityHash64(number, 812) % 100 AS s FROM numbers(180000));
