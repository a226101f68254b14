-- Eight tables of eight fields. All times are relative to now(), the nearer the denser.
CREATE TABLE lesson_events
(
    event_time    DateTime64(3),
    learner_id    UInt32,
    course_code   LowCardinality(String),
    lesson_no     UInt8,
    event_type    LowCardinality(String),
    watch_seconds UInt32,
    quiz_score    Nullable(Float32),
    plan          LowCardinality(String),
    country       LowCardinality(String),
    platform      LowCardinality(String),
    topics        Array(LowCardinality(String)),
    enrolled_at   DateTime
)
ENGINE = MergeTree ORDER BY event_time;

INSERT INTO lesson_events
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 101) % 1000000) / 1000000, 3) * 45 * 86400000)) AS event_time,
    1 + toUInt32(pow((cityHash64(number, 102) % 1000000) / 1000000, 1.6) * 6000) AS learner_id,
    ['PY101', 'SQL200', 'ML310', 'UX110', 'JS120', 'FIN150', 'LEAD01', 'STAT220'][1 + ci] AS course_code,
    1 + toUInt8(pow((cityHash64(number, 103) % 1000) / 1000, 1.5) * 20) AS lesson_no,
    multiIf(h < 420, 'lesson_started', h < 740 - ci * 20, 'lesson_completed', h < 890 - ci * 20, 'quiz_passed', h < 970, 'quiz_failed', 'certificate_issued') AS event_type,
    toUInt32(multiIf(event_type = 'lesson_started', 20 + cityHash64(number, 105) % 500, event_type = 'lesson_completed', 300 + (cityHash64(number, 105) % 1500) * if(platform = 'web', 1.3, if(platform = 'ios', 1.0, 0.8)) + ci * 40, 0)) AS watch_seconds,
    multiIf(event_type = 'quiz_passed', toFloat32(round(60 + (cityHash64(number, 106) % 400) / 10 - ci * 0.6 * (cityHash64(number, 106) % 100) / 100, 1)), event_type = 'quiz_failed', toFloat32(round((cityHash64(number, 106) % 600) / 10, 1)), NULL) AS quiz_score,
    multiIf(p < 52, 'free', p < 77, 'basic', p < 93, 'pro', 'team') AS plan,
    ['US', 'IN', 'DE', 'BR', 'GB', 'PL'][1 + toUInt32(pow((cityHash64(learner_id, 107) % 1000) / 1000, 1.8) * 6)] AS country,
    multiIf(cityHash64(learner_id, 108) % 10 < 5, 'web', cityHash64(learner_id, 108) % 10 < 8, 'android', 'ios') AS platform,
    [['python', 'programming'], ['sql', 'data', 'databases'], ['python', 'machine learning', 'data'], ['design'], ['javascript', 'programming'], ['finance'], ['leadership', 'soft skills'], ['statistics', 'data']][1 + ci] AS topics,
    toDateTime(now() - toIntervalDay(46) - toIntervalMinute(cityHash64(learner_id, 109) % 460000)) AS enrolled_at
FROM
(
    SELECT number, cityHash64(number, 104) % 1000 AS h, toUInt8(pow((cityHash64(number, 110) % 100000) / 100000, 1.5) * 8) AS ci,
        cityHash64(1 + toUInt32(pow((cityHash64(number, 102) % 1000000) / 1000000, 1.6) * 6000), 111) % 100 AS p
    FROM numbers(120000)
);

CREATE TABLE mailSends
(
    messageId      String,
    sentAt         DateTime64(3),
    campaignName   LowCardinality(String),
    audience       LowCardinality(String),
    subscriberId   UInt64,
    mailDomain     LowCardinality(String),
    subjectVariant LowCardinality(String),
    deliveryStatus LowCardinality(String),
    bounceType     Nullable(String),
    deliveryMs     UInt32,
    sizeKb         UInt32,
    openedAt       Nullable(DateTime64(3)),
    clickedAt      Nullable(DateTime64(3)),
    unsubscribed   Bool
)
ENGINE = MergeTree ORDER BY sentAt;

INSERT INTO mailSends
SELECT
    'm-' || lower(hex(number + 700000)) AS messageId,
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 201) % 1000000) / 1000000, 3) * 60 * 86400000)) AS sentAt,
    ['weekly_digest', 'spring_sale', 'product_news', 'welcome', 'black_friday', 'price_drop', 'win_back', 'webinar_invite', 'birthday', 'survey'][1 + ci] AS campaignName,
    multiIf(cityHash64(subscriberId, 203) % 100 < 55, 'customers', cityHash64(subscriberId, 203) % 100 < 85, 'prospects', cityHash64(subscriberId, 203) % 100 < 96, 'partners', 'press') AS audience,
    1 + toUInt64(pow((cityHash64(number, 204) % 1000000) / 1000000, 1.3) * 20000) AS subscriberId,
    ['gmail.com', 'outlook.com', 'yahoo.com', 'gmx.de', 'icloud.com', 'web.de'][1 + toUInt32(pow((cityHash64(subscriberId, 205) % 1000) / 1000, 1.9) * 6)] AS mailDomain,
    if(cityHash64(number, 206) % 100 < 55, 'A', 'B') AS subjectVariant,
    multiIf(h < 925 - if(mailDomain = 'yahoo.com', 40, 0), 'delivered', h < 970, 'bounced', h < 990, 'deferred', 'complained') AS deliveryStatus,
    if(deliveryStatus = 'bounced', if(cityHash64(number, 207) % 100 < 35, 'hard', 'soft'), NULL) AS bounceType,
    toUInt32(200 + pow((cityHash64(number, 208) % 100000) / 100000, 4) * if(mailDomain = 'gmx.de', 24000, 9000)) AS deliveryMs,
    toUInt32(12 + ci * 9 + cityHash64(number, 209) % 60) AS sizeKb,
    if(deliveryStatus = 'delivered' AND cityHash64(number, 210) % 1000 < 190 + 28 * (9 - ci) + if(subjectVariant = 'B', 70, 0) AND sentAt + toIntervalMillisecond(od) < now64(3), sentAt + toIntervalMillisecond(od), NULL) AS openedAt,
    if(openedAt IS NOT NULL AND cityHash64(number, 212) % 100 < 24 AND openedAt + toIntervalMillisecond(cd) < now64(3), openedAt + toIntervalMillisecond(cd), NULL) AS clickedAt,
    toBool(openedAt IS NOT NULL AND cityHash64(number, 214) % 1000 < 12 + ci * 4) AS unsubscribed
FROM
(
    SELECT number, cityHash64(number, 215) % 1000 AS h, toUInt8(pow((cityHash64(number, 202) % 100000) / 100000, 1.5) * 10) AS ci,
        toUInt64(15000 + pow((cityHash64(number, 211) % 100000) / 100000, 4) * 172800000) AS od,
        toUInt64(2000 + pow((cityHash64(number, 213) % 100000) / 100000, 3) * 900000) AS cd
    FROM numbers(200000)
);

CREATE TABLE ins_claims
(
    clm_no     String COMMENT 'Claim number',
    pol_no     String COMMENT 'Policy number',
    rptd_at    DateTime COMMENT 'When the claim was reported',
    loss_dt    Date COMMENT 'Day the damage happened',
    lob        LowCardinality(String) COMMENT 'Line of business',
    clm_st     LowCardinality(String) COMMENT 'Claim status: new, in_review, approved, paid, rejected, withdrawn',
    amt_clmd   Decimal(12, 2) COMMENT 'Amount claimed, USD',
    amt_paid   Nullable(Decimal(12, 2)) COMMENT 'Amount paid out, USD, empty until the claim is paid',
    ded        UInt16 COMMENT 'Deductible, USD',
    st_cd      LowCardinality(String) COMMENT 'US state of the policyholder',
    adj_id     UInt16 COMMENT 'Adjuster who handles the claim',
    chan       LowCardinality(String) COMMENT 'How the claim was reported',
    fraud_flg  UInt8 COMMENT 'Suspected fraud, 1 or 0',
    settled_at Nullable(DateTime) COMMENT 'When the claim was paid or rejected'
)
ENGINE = MergeTree ORDER BY rptd_at;

INSERT INTO ins_claims
SELECT
    'C' || toString(5000000 + number) AS clm_no,
    'P' || toString(100000 + toUInt32(pow((cityHash64(number, 301) % 1000000) / 1000000, 1.5) * 22000)) AS pol_no,
    toDateTime(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 302) % 1000000) / 1000000, 3) * 180 * 86400))) AS rptd_at,
    toDate(rptd_at) - toUInt16(pow((cityHash64(number, 303) % 1000) / 1000, 3) * 30) AS loss_dt,
    multiIf(l < 46, 'motor', l < 71, 'home', l < 86, 'travel', l < 95, 'health', 'liability') AS lob,
    multiIf(fin >= now(), if(h < 45, 'new', 'in_review'), h < 60, 'paid', h < 60 + multiIf(lob = 'travel', 30, lob = 'home', 22, lob = 'motor', 16, lob = 'health', 11, 26), 'rejected', h < 95, 'approved', 'withdrawn') AS clm_st,
    toDecimal64(round(80 + pow((cityHash64(number, 305) % 100000) / 100000, 3) * multiIf(lob = 'motor', 18000, lob = 'home', 42000, lob = 'travel', 3500, lob = 'health', 9000, 90000), 2), 2) AS amt_clmd,
    if(clm_st = 'paid', toDecimal64(round(greatest(toFloat64(amt_clmd) - ded, 20) * (0.7 + (cityHash64(number, 306) % 300) / 1000), 2), 2), NULL) AS amt_paid,
    [100, 250, 500, 1000][1 + toUInt8(pow((cityHash64(pol_no, 307) % 1000) / 1000, 1.4) * 4)] AS ded,
    ['CA', 'TX', 'FL', 'NY', 'OH', 'GA', 'WA'][1 + toUInt8(pow((cityHash64(pol_no, 308) % 10000) / 10000, 1.6) * 7)] AS st_cd,
    101 + toUInt16(pow((cityHash64(number, 309) % 10000) / 10000, 1.5) * 40) AS adj_id,
    multiIf(cityHash64(number, 310) % 100 < 41, 'web', cityHash64(number, 310) % 100 < 68, 'phone', cityHash64(number, 310) % 100 < 88, 'app', 'broker') AS chan,
    toUInt8(cityHash64(number, 311) % 1000 < multiIf(st_cd = 'FL', 70, st_cd = 'GA', 20, 35) + if(lob = 'motor', 15, 0)) AS fraud_flg,
    if(clm_st IN ('paid', 'rejected'), fin, NULL) AS settled_at
FROM
(
    SELECT number, cityHash64(number, 312) % 100 AS h, cityHash64(number, 304) % 100 AS l,
        toDateTime(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 302) % 1000000) / 1000000, 3) * 180 * 86400)) + toIntervalSecond(toUInt64(3600 + pow((cityHash64(number, 313) % 10000) / 10000, 3) * (if(l < 46, 25, 40) * 86400)))) AS fin
    FROM numbers(60000)
);

CREATE TABLE call_records
(
    `call.id`            UInt64,
    `call.started_at`    DateTime64(3),
    `call.kind`          LowCardinality(String),
    `call.result`        LowCardinality(String),
    `call.dur_s`         UInt32,
    `call.setup_ms`      UInt32,
    `call.cost_cents`    UInt32,
    `call.roaming`       Bool,
    `call.quality_score` Nullable(Float32),
    `caller.id`          UInt32,
    `caller.plan`        LowCardinality(String),
    `caller.country`     LowCardinality(String),
    `callee.country`     LowCardinality(String),
    `cell.tower`         LowCardinality(String),
    `cell.tech`          LowCardinality(String)
)
ENGINE = MergeTree ORDER BY `call.started_at`;

INSERT INTO call_records
SELECT
    9000000 + number,
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 401) % 1000000) / 1000000, 2.5) * 14 * 86400000)),
    multiIf(k < 78, 'voice', k < 91, 'video', 'conference') AS kind,
    multiIf(h < 700, 'completed', h < 700 + multiIf(tech = '3G', 90, tech = '4G', 45, 20), 'dropped', h < 890, 'no_answer', h < 965, 'busy', 'failed') AS result,
    multiIf(result = 'completed', toUInt32(8 + pow((cityHash64(number, 404) % 100000) / 100000, 3) * multiIf(kind = 'voice', 2200, kind = 'video', 3600, 5400)), result = 'dropped', 3 + cityHash64(number, 404) % 300, 0) AS dur,
    toUInt32(300 + pow((cityHash64(number, 405) % 100000) / 100000, 3) * multiIf(tech = '3G', 9000, tech = '4G', 4500, 2500)) AS setup_ms,
    toUInt32(if(plan = 'prepaid', dur * 0.15, if(roam, dur * 0.09, if(caller_country != callee_country, dur * 0.05, 0)))) AS cost,
    roam,
    if(result = 'completed', toFloat32(round(1 + 4 * pow((1 + cityHash64(number, 406) % 100) / 100, multiIf(tech = '3G', 0.7, tech = '4G', 0.4, 0.25)), 2)), NULL) AS quality,
    caller,
    multiIf(cityHash64(caller, 407) % 100 < 38, 'prepaid', cityHash64(caller, 407) % 100 < 63, 'flat_m', cityHash64(caller, 407) % 100 < 80, 'flat_l', cityHash64(caller, 407) % 100 < 92, 'business', 'youth') AS plan,
    ['DE', 'FR', 'IT', 'AT', 'PL', 'CH'][1 + toUInt8(pow((cityHash64(caller, 408) % 1000) / 1000, 1.8) * 6)] AS caller_country,
    if(cityHash64(number, 409) % 100 < 84, caller_country, ['DE', 'FR', 'IT', 'AT', 'PL', 'CH'][1 + toUInt8(pow((cityHash64(number, 410) % 1000) / 1000, 1.4) * 6)]) AS callee_country,
    'T' || leftPad(toString(1 + toUInt16(pow((cityHash64(number, 411) % 10000) / 10000, 1.8) * 60)), 3, '0') AS tower,
    tech
FROM
(
    SELECT number, cityHash64(number, 402) % 1000 AS h, cityHash64(number, 403) % 100 AS k,
        1 + toUInt32(pow((cityHash64(number, 412) % 1000000) / 1000000, 1.5) * 9000) AS caller,
        multiIf(cityHash64(number, 413) % 100 < 58, '4G', cityHash64(number, 413) % 100 < 88, '5G', '3G') AS tech,
        toBool(cityHash64(number, 414) % 100 < 7) AS roam
    FROM numbers(250000)
);

CREATE TABLE irrigation_readings
(
    ts_ms            Int64,
    sensor_id        LowCardinality(String),
    field_name       LowCardinality(String),
    crop             LowCardinality(String),
    soil_moist_pct   Nullable(Float32),
    soil_temp_c      Float32,
    flow_lpm         Float32,
    water_l          Float64,
    pump_on          UInt8,
    pump_run_s       UInt32,
    valve_state      LowCardinality(String),
    battery_mv       UInt16,
    firmware         LowCardinality(String),
    alarms           Array(String)
)
ENGINE = MergeTree ORDER BY ts_ms;

INSERT INTO irrigation_readings
SELECT
    toUnixTimestamp64Milli(now64(3)) - toInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 2.8) * 20 * 86400000) AS ts_ms,
    'S-' || leftPad(toString(sid), 3, '0') AS sensor_id,
    ['Hilltop', 'Riverbend', 'Oakside', 'Mill Field', 'Long Acre', 'Southgate'][1 + fi] AS field_name,
    ['maize', 'potatoes', 'vines', 'wheat', 'apples', 'maize'][1 + fi] AS crop,
    if(cityHash64(number, 502) % 100 < 6, NULL, toFloat32(round(14 + fi * 3 + (cityHash64(number, 503) % 2500) / 100, 1))) AS soil_moist_pct,
    toFloat32(round(6 + fi * 0.8 + (cityHash64(number, 504) % 1800) / 100, 1)) AS soil_temp_c,
    if(pump_on = 1, toFloat32(round(15 + fi * 4 + (cityHash64(number, 505) % 6000) / 100, 1)), 0) AS flow_lpm,
    if(pump_on = 1, round(flow_lpm * pump_run_s / 60, 1), 0) AS water_l,
    toUInt8(cityHash64(number, 506) % 100 < 24 + fi * 3) AS pump_on,
    if(pump_on = 1, toUInt32(30 + pow((cityHash64(number, 507) % 10000) / 10000, 2) * 870), 0) AS pump_run_s,
    multiIf(pump_on = 1, 'open', cityHash64(number, 508) % 1000 < 25, 'stuck', cityHash64(number, 508) % 1000 < 90, 'open', 'closed') AS valve_state,
    toUInt16(3650 - sid % 7 * 35 - cityHash64(number, 509) % 420) AS battery_mv,
    multiIf(sid % 10 < 6, '2.4.1', sid % 10 < 9, '2.3.0', '1.9.8') AS firmware,
    arrayFilter(x -> x != '', [if(cityHash64(number, 510) % 1000 < 20 + fi * 3, 'low_pressure', ''), if(cityHash64(number, 511) % 1000 < 9, 'leak', ''), if(battery_mv < 3120, 'low_battery', ''), if(cityHash64(number, 512) % 1000 < 14, 'clogged_filter', '')]) AS alarms
FROM
(
    SELECT number, 1 + toUInt16(pow((cityHash64(number, 513) % 10000) / 10000, 1.4) * 90) AS sid,
        toUInt8(pow((cityHash64(sid, 514) % 1000) / 1000, 1.3) * 6) AS fi
    FROM numbers(150000)
);

CREATE TABLE gym_checkins
(
    chk_ts    DateTime,
    mbr_id    UInt32,
    club      LowCardinality(String),
    cls       LowCardinality(Nullable(String)),
    instr     LowCardinality(Nullable(String)),
    tier      LowCardinality(String),
    dur_min   UInt16,
    kcal      UInt16,
    avg_hr    Nullable(UInt8),
    is_late   Bool,
    is_guest  UInt8,
    booked_ts Nullable(DateTime),
    bkg_chan  LowCardinality(String),
    extras    Array(LowCardinality(String)),
    fee_amt   Decimal(8, 2)
)
ENGINE = MergeTree ORDER BY chk_ts;

INSERT INTO gym_checkins
SELECT
    toDateTime(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 601) % 1000000) / 1000000, 3) * 60 * 86400))) AS chk_ts,
    mbr AS mbr_id,
    ['Downtown', 'Riverside', 'Harbour', 'Old Town', 'Airport'][1 + toUInt8(pow((cityHash64(number, 602) % 1000) / 1000, 1.6) * 5)] AS club,
    if(c < 35, NULL, ['spin', 'yoga', 'hiit', 'pilates', 'boxing', 'zumba'][1 + toUInt8(pow((cityHash64(number, 603) % 1000) / 1000, 1.5) * 6)]) AS cls,
    if(c < 35, NULL, ['Mia', 'Jonas', 'Priya', 'Carlos', 'Anna', 'Tom', 'Leila'][1 + toUInt8(pow((cityHash64(number, 604) % 1000) / 1000, 1.5) * 7)]) AS instr,
    multiIf(cityHash64(mbr, 605) % 100 < 48, 'basic', cityHash64(mbr, 605) % 100 < 75, 'plus', cityHash64(mbr, 605) % 100 < 89, 'student', 'premium') AS tier,
    toUInt16(if(c < 35, 25 + pow((cityHash64(number, 606) % 1000) / 1000, 2) * 100, 40 + cityHash64(number, 606) % 25) + if(club = 'Harbour', 6, 0)) AS dur_min,
    toUInt16(dur_min * multiIf(cls = 'hiit', 11, cls = 'boxing', 10, cls = 'spin', 9, cls = 'zumba', 7, cls = 'yoga', 4, cls = 'pilates', 4.6, 6) * (0.8 + (cityHash64(number, 607) % 400) / 1000)) AS kcal,
    if(cityHash64(number, 608) % 100 < 42, toUInt8(95 + cityHash64(number, 609) % 60), NULL) AS avg_hr,
    toBool(c >= 35 AND cityHash64(number, 610) % 100 < multiIf(club = 'Airport', 19, club = 'Downtown', 12, 8)) AS is_late,
    toUInt8(cityHash64(number, 611) % 100 < 5) AS is_guest,
    if(c < 35, NULL, chk_ts - toIntervalMinute(10 + toUInt32(pow((cityHash64(number, 612) % 1000) / 1000, 3) * 7000))) AS booked_ts,
    multiIf(c < 35, 'none', cityHash64(number, 613) % 100 < 63, 'app', cityHash64(number, 613) % 100 < 85, 'web', cityHash64(number, 613) % 100 < 95, 'front_desk', 'phone') AS bkg_chan,
    arrayFilter(x -> x != '', [if(cityHash64(number, 614) % 100 < 17, 'towel', ''), if(cityHash64(number, 615) % 100 < 11, 'sauna', ''), if(cityHash64(number, 616) % 100 < 4, 'personal_trainer', '')]) AS extras,
    toDecimal64(if(is_guest = 1, 18.5, 0) + if(has(extras, 'towel'), 2, 0) + if(has(extras, 'sauna'), 6.5, 0) + if(has(extras, 'personal_trainer'), 45, 0), 2) AS fee_amt
FROM
(
    SELECT number, cityHash64(number, 617) % 100 AS c, 1 + toUInt32(pow((cityHash64(number, 618) % 1000000) / 1000000, 1.7) * 4500) AS mbr
    FROM numbers(100000)
);

CREATE TABLE listings
(
    listing_id     UInt64,
    listed_at      DateTime,
    sold_at        Nullable(DateTime),
    seller_id      UInt32,
    buyer_id       Nullable(UInt32),
    seller_type    LowCardinality(String),
    category       LowCardinality(String),
    brand          LowCardinality(String),
    item_condition LowCardinality(String),
    status         LowCardinality(String),
    ask_price      Float64,
    sold_price     Nullable(Float64),
    city           LowCardinality(String),
    country        LowCardinality(String),
    ships          Bool,
    photo_cnt      UInt8,
    view_cnt       UInt32,
    fav_cnt        UInt32,
    first_reply_min Nullable(UInt32)
)
ENGINE = MergeTree ORDER BY listed_at;

INSERT INTO listings
SELECT
    20000000 + number AS listing_id,
    toDateTime(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 701) % 1000000) / 1000000, 3) * 90 * 86400))) AS listed_at,
    if(status = 'sold', listed_at + toIntervalSecond(dt), NULL) AS sold_at,
    1 + toUInt32(pow((cityHash64(number, 702) % 1000000) / 1000000, 1.8) * 8000) AS seller_id,
    if(status = 'sold', 1 + toUInt32(pow((cityHash64(number, 703) % 1000000) / 1000000, 1.4) * 8000), NULL) AS buyer_id,
    if(cityHash64(seller_id, 704) % 100 < 82, 'private', 'dealer') AS seller_type,
    ['bikes', 'phones', 'furniture', 'clothing', 'cameras', 'consoles', 'toys'][1 + ci] AS category,
    [['Trek', 'Canyon', 'Giant'], ['Apple', 'Samsung', 'Xiaomi'], ['IKEA', 'Vitra', 'Hay'], ['Zara', 'Patagonia', 'Nike'], ['Canon', 'Fujifilm', 'Leica'], ['Sony', 'Nintendo', 'Microsoft'], ['LEGO', 'Playmobil', 'Mattel']][1 + ci][1 + toUInt8(pow((cityHash64(number, 706) % 1000) / 1000, 1.6) * 3)] AS brand,
    multiIf(cn < 8, 'new', cn < 30, 'like_new', cn < 72, 'good', cn < 94, 'fair', 'for_parts') AS item_condition,
    multiIf(s < 22 + if(ci = 1, 16, 0) - ci + if(cn < 30, 8, 0) AND toUInt64(pow((cityHash64(number, 701) % 1000000) / 1000000, 3) * 90 * 86400) > dt, 'sold', s < 78, 'active', s < 92, 'expired', 'removed') AS status,
    round((5 + pow((cityHash64(number, 707) % 100000) / 100000, 3) * [1800, 900, 600, 120, 2400, 450, 90][1 + ci]) * multiIf(cn < 8, 1.5, cn < 30, 1.25, cn < 72, 1, cn < 94, 0.7, 0.3), 2) AS ask_price,
    if(status = 'sold', round(ask_price * (0.75 + (cityHash64(number, 708) % 250) / 1000), 2), NULL) AS sold_price,
    [['Berlin', 'Hamburg', 'Munich'], ['Paris', 'Lyon', 'Nantes'], ['Madrid', 'Valencia', 'Seville'], ['Warsaw', 'Krakow', 'Gdansk']][1 + co][1 + toUInt8(pow((cityHash64(number, 709) % 1000) / 1000, 1.7) * 3)] AS city,
    ['DE', 'FR', 'ES', 'PL'][1 + co] AS country,
    toBool(cityHash64(number, 710) % 100 < if(ci IN (0, 2), 30, 74)) AS ships,
    toUInt8(1 + pow((cityHash64(number, 711) % 1000) / 1000, 2) * 12) AS photo_cnt,
    toUInt32(3 + pow((cityHash64(number, 712) % 100000) / 100000, 4) * 2600) AS view_cnt,
    toUInt32(view_cnt * (cityHash64(number, 713) % 100) / 1400) AS fav_cnt,
    if(cityHash64(number, 714) % 100 < 61, toUInt32(1 + pow((cityHash64(number, 715) % 10000) / 10000, 4) * if(seller_type = 'dealer', 900, 2800)), NULL) AS first_reply_min
FROM
(
    SELECT number, cityHash64(number, 716) % 100 AS s, cityHash64(number, 717) % 100 AS cn,
        toUInt8(pow((cityHash64(number, 705) % 10000) / 10000, 1.4) * 7) AS ci, toUInt8(pow((cityHash64(number, 718) % 10000) / 10000, 1.8) * 4) AS co,
        toUInt64(120 + pow((cityHash64(number, 719) % 10000) / 10000, 4) * 20 * 86400) AS dt
    FROM numbers(80000)
);

CREATE TABLE flight_legs
(
    flt_no       String COMMENT 'Flight number',
    airline      LowCardinality(String) COMMENT 'Airline, IATA code',
    orig         LowCardinality(String) COMMENT 'Airport of departure, IATA code',
    dest         LowCardinality(String) COMMENT 'Airport of arrival, IATA code',
    sched_dep    DateTime COMMENT 'Scheduled departure',
    act_dep      Nullable(DateTime) COMMENT 'Actual departure, empty if the flight was cancelled',
    flt_st       LowCardinality(String) COMMENT 'on_time, delayed (15 minutes late or more), cancelled or diverted',
    dep_dly_min  Nullable(UInt16) COMMENT 'Departure delay in minutes, empty if the flight was cancelled',
    dly_cause    Nullable(String) COMMENT 'Cause of a delay, only if delayed',
    taxi_out_s   Nullable(UInt32) COMMENT 'Seconds from the gate to take-off',
    block_min    UInt16 COMMENT 'Planned minutes from gate to gate',
    pax          UInt16 COMMENT 'Passengers booked',
    seats        UInt16 COMMENT 'Seats on the aircraft',
    fuel_kg      UInt32 COMMENT 'Fuel loaded, kg',
    ac_type      LowCardinality(String) COMMENT 'Aircraft type',
    tail_no      LowCardinality(String) COMMENT 'Registration of the aircraft'
)
ENGINE = MergeTree ORDER BY sched_dep;

INSERT INTO flight_legs
SELECT
    airline || toString(100 + cityHash64(number, 801) % 250) AS flt_no,
    ['LH', 'BA', 'AF', 'KL', 'IB'][1 + ai] AS airline,
    ['FRA', 'LHR', 'CDG', 'AMS', 'MAD', 'MUC', 'VIE', 'JFK'][1 + oi] AS orig,
    ['FRA', 'LHR', 'CDG', 'AMS', 'MAD', 'MUC', 'VIE', 'JFK'][1 + (oi + 1 + toUInt8(pow((cityHash64(number, 804) % 1000) / 1000, 1.5) * 7)) % 8] AS dest,
    base - toIntervalMinute(dly) AS sched_dep,
    if(flt_st = 'cancelled', NULL, base) AS act_dep,
    multiIf(h < 14 + ai * 6, 'cancelled', h < 19 + ai * 6, 'diverted', dly >= 15, 'delayed', 'on_time') AS flt_st,
    if(flt_st = 'cancelled', NULL, dly) AS dep_dly_min,
    if(flt_st = 'delayed', ['late_inbound', 'weather', 'air_traffic', 'technical', 'crew'][1 + toUInt8(pow((cityHash64(number, 805) % 1000) / 1000, 1.6) * 5)], NULL) AS dly_cause,
    if(flt_st = 'cancelled', NULL, toUInt32(240 + pow((cityHash64(number, 806) % 1000) / 1000, 2) * 1500 + if(orig = 'LHR', 300, 0) + if(orig = 'JFK', 420, 0))) AS taxi_out_s,
    toUInt16(if(orig = 'JFK' OR dest = 'JFK', 430 + cityHash64(number, 807) % 70, 65 + cityHash64(number, 807) % 95)) AS block_min,
    toUInt16(seats * (0.55 + (cityHash64(number, 808) % 400) / 1000 + (4 - ai) * 0.012)) AS pax,
    toUInt16(multiIf(ac_type = 'A320', 180, ac_type = 'B738', 186, ac_type = 'E190', 100, ac_type = 'A359', 315, 290)) AS seats,
    toUInt32(block_min * multiIf(ac_type = 'A320', 46, ac_type = 'B738', 48, ac_type = 'E190', 33, ac_type = 'A359', 98, 92) + cityHash64(number, 809) % 1800) AS fuel_kg,
    if(orig = 'JFK' OR dest = 'JFK', if(cityHash64(number, 810) % 100 < 60, 'A359', 'B789'), multiIf(cityHash64(number, 810) % 100 < 52, 'A320', cityHash64(number, 810) % 100 < 79, 'B738', 'E190')) AS ac_type,
    upper(substring(airline, 1, 1)) || '-' || ac_type || '-' || toString(1 + toUInt8(pow((cityHash64(number, 811) % 1000) / 1000, 1.5) * 12)) AS tail_no
FROM
(
    SELECT number, cityHash64(number, 812) % 1000 AS h,
        toUInt8(pow((cityHash64(number, 802) % 10000) / 10000, 1.5) * 5) AS ai, toUInt8(pow((cityHash64(number, 803) % 10000) / 10000, 1.4) * 8) AS oi,
        toDateTime(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 813) % 1000000) / 1000000, 3) * 45 * 86400))) AS base,
        toUInt16(if(cityHash64(number, 814) % 100 < 25, 0, pow((cityHash64(number, 815) % 10000) / 10000, 4 - ai * 0.35) * 190)) AS dly
    FROM numbers(50000)
);
