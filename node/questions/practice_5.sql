-- Eight tables as they come from eight businesses. Every time is relative to now(), denser the nearer to now.
CREATE TABLE card_txn
(
    txn_ts     DateTime64(3) COMMENT 'when the card was used',
    stl_ts     Nullable(DateTime64(3)) COMMENT 'when the transaction was settled, null if not settled',
    txn_id     String COMMENT 'transaction id',
    card_id    UInt32 COMMENT 'token of the card',
    cust_id    UInt32 COMMENT 'customer who holds the card',
    merch_nm   LowCardinality(String) COMMENT 'merchant name',
    mcc_grp    LowCardinality(String) COMMENT 'merchant category group',
    cty        LowCardinality(String) COMMENT 'country of the merchant, ISO code',
    amt        Decimal(12, 2) COMMENT 'transaction amount in EUR',
    fee_amt    Nullable(Decimal(8, 2)) COMMENT 'interchange fee in EUR',
    txn_typ    LowCardinality(String) COMMENT 'purchase, cash_withdrawal or refund',
    auth_st    LowCardinality(String) COMMENT 'authorisation status',
    decl_rsn   Nullable(String) COMMENT 'reason of the decline',
    entry_mode LowCardinality(String) COMMENT 'how the card was read',
    card_typ   LowCardinality(String) COMMENT 'debit, credit or prepaid',
    fraud_flg  UInt8 COMMENT '1 if flagged as fraud'
)
ENGINE = MergeTree ORDER BY txn_ts;

INSERT INTO card_txn
SELECT
    now64(3) - toIntervalMillisecond(age_ms) AS txn_ts,
    if(st = 'approved' AND age_ms > settle_ms, toNullable(txn_ts + toIntervalMillisecond(settle_ms)), NULL) AS stl_ts,
    'T' || leftPad(toString(number), 8, '0') AS txn_id,
    card AS card_id,
    1 + cityHash64(card, 101) % 2600 AS cust_id,
    if(typ = 'cash_withdrawal', 'CityATM', ['FreshMart', 'Petrol24', 'SkyJet', 'Bella Roma', 'VoltShop', 'GreenGrocer', 'HotelPlus', 'LuckySpin', 'MegaFuel', 'Sushi Go'][mi]) AS merch_nm,
    if(typ = 'cash_withdrawal', 'cash', ['grocery', 'fuel', 'travel', 'restaurant', 'electronics', 'grocery', 'travel', 'gambling', 'fuel', 'restaurant'][mi]) AS mcc_grp,
    ['DE', 'FR', 'NL', 'ES', 'IT', 'US'][1 + toUInt8(pow((cityHash64(number, 102) % 100000) / 100000, 2) * 6)] AS cty,
    toDecimal64(if(typ = 'cash_withdrawal', 20 + 10 * (cityHash64(number, 103) % 30), [34, 55, 310, 42, 180, 26, 240, 70, 61, 29][mi] * (0.2 + 1.9 * pow((cityHash64(number, 104) % 100000) / 100000, 2)) * if(card % 10 >= 6, 1.35, 1)), 2) AS amt,
    if(st = 'approved' AND typ = 'purchase', toNullable(toDecimal64(toFloat64(amt) * 0.004 + 0.05, 2)), NULL) AS fee_amt,
    typ AS txn_typ,
    st AS auth_st,
    if(st = 'declined', ['insufficient_funds', 'insufficient_funds', 'insufficient_funds', 'wrong_pin', 'wrong_pin', 'expired_card', 'suspected_fraud', 'insufficient_funds', 'limit_exceeded', 'limit_exceeded', 'limit_exceeded'][1 + cityHash64(number, 105) % 11], NULL) AS decl_rsn,
    em AS entry_mode,
    multiIf(card % 10 < 6, 'debit', card % 10 < 9, 'credit', 'prepaid') AS card_typ,
    cityHash64(number, 106) % 1000 < if(em = 'ecommerce', 14, 4) AS fraud_flg
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 107) % 1000000) / 1000000, 3) * 60 * 86400000) AS age_ms,
        toUInt64((4 + cityHash64(number, 108) % 48 + (cityHash64(number, 109) % 1000) / 1000) * 3600000) AS settle_ms,
        toUInt32(1 + pow((cityHash64(number, 110) % 1000000) / 1000000, 1.6) * 4000) AS card,
        1 + toUInt8(pow((cityHash64(number, 111) % 1000000) / 1000000, 1.7) * 10) AS mi,
        multiIf(cityHash64(number, 112) % 100 < 88, 'purchase', cityHash64(number, 112) % 100 < 96, 'cash_withdrawal', 'refund') AS typ,
        if(typ = 'cash_withdrawal', 'chip', ['contactless', 'contactless', 'contactless', 'contactless', 'ecommerce', 'ecommerce', 'ecommerce', 'chip', 'chip', 'magstripe'][1 + cityHash64(number, 113) % 10]) AS em,
        multiIf(cityHash64(number, 114) % 1000 < multiIf(em = 'ecommerce', 110, em = 'magstripe', 160, 45), 'declined', cityHash64(number, 114) % 1000 > 985, 'reversed', 'approved') AS st
    FROM numbers(200000)
);

CREATE TABLE ticketValidations
(
    validatedAt  DateTime,
    validationId UInt64,
    cardId       UInt64,
    ticketType   LowCardinality(String),
    vehicleType  LowCardinality(String),
    lineName     LowCardinality(String),
    stopName     LowCardinality(String),
    zoneNo       UInt8,
    accepted     Bool,
    rejectReason Nullable(String),
    fareCents    UInt32,
    isTransfer   UInt8,
    validatorId  String
)
ENGINE = MergeTree ORDER BY validatedAt;

INSERT INTO ticketValidations
SELECT
    toDateTime(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 201) % 1000000) / 1000000, 3) * 45 * 86400))) AS validatedAt,
    number + 5000000 AS validationId,
    card AS cardId,
    tt AS ticketType,
    ['metro', 'metro', 'bus', 'tram', 'bus', 'train', 'tram', 'bus'][li] AS vehicleType,
    ['U1', 'U2', 'B12', 'T5', 'B40', 'S3', 'T9', 'B77'][li] AS lineName,
    ['Central Station', 'Market Square', 'University', 'Airport', 'Harbour', 'City Hall', 'Stadium', 'Zoo', 'Old Mill', 'Hospital', 'West Park', 'Lakeside'][si] AS stopName,
    1 + toUInt8(si / 5) AS zoneNo,
    ok AS accepted,
    if(ok, NULL, multiIf(cityHash64(number, 202) % 100 < 48, 'expired', cityHash64(number, 202) % 100 < 75, 'wrong_zone', cityHash64(number, 202) % 100 < 92, 'unreadable', 'blocked')) AS rejectReason,
    if(ok, multiIf(tt = 'single', 320, tt = 'day_pass', 210, tt = 'monthly', 95, tt = 'student', 60, 70) + 40 * (zoneNo - 1), 0) AS fareCents,
    cityHash64(number, 203) % 100 < if(si = 2, 60, 18) AS isTransfer,
    'V' || toString(100 * li + cityHash64(number, 204) % 40) AS validatorId
FROM
(
    SELECT
        number,
        toUInt64(700000 + pow((cityHash64(number, 205) % 1000000) / 1000000, 1.5) * 60000) AS card,
        multiIf(cityHash64(card, 206) % 100 < 38, 'monthly', cityHash64(card, 206) % 100 < 63, 'single', cityHash64(card, 206) % 100 < 82, 'student', cityHash64(card, 206) % 100 < 93, 'day_pass', 'senior') AS tt,
        1 + toUInt8(pow((cityHash64(number, 207) % 1000000) / 1000000, 1.8) * 8) AS li,
        1 + toUInt8(pow((cityHash64(number, 208) % 1000000) / 1000000, 1.8) * 12) AS si,
        toBool(cityHash64(number, 209) % 1000 >= [25, 40, 75, 55, 95, 30, 62, 120][li]) AS ok
    FROM numbers(250000)
);

CREATE TABLE web_events
(
    `ts`             DateTime64(3),
    `event.id`       UInt64,
    `event.type`     LowCardinality(String),
    `session.id`     String,
    `user.id`        UInt64,
    `user.country`   LowCardinality(String),
    `user.state`     LowCardinality(Nullable(String)),
    `page.path`      String,
    `page.load_ms`   UInt32,
    `device.type`    LowCardinality(String),
    `device.browser` LowCardinality(String),
    `utm.source`     Nullable(String),
    `order.total`    Nullable(Float64),
    `order.items`    Nullable(UInt8),
    `experiments`    Array(String)
)
ENGINE = MergeTree ORDER BY ts;

INSERT INTO web_events
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 301) % 1000000) / 1000000, 3) * 60 * 86400000)) AS ts,
    number AS `event.id`,
    et AS `event.type`,
    lower(hex(cityHash64(sess, 302))) AS `session.id`,
    usr AS `user.id`,
    country AS `user.country`,
    if(country = 'US', toNullable(['CA', 'TX', 'NY', 'FL', 'WA'][1 + toUInt8(pow((cityHash64(usr, 303) % 1000) / 1000, 1.5) * 5)]), NULL) AS `user.state`,
    multiIf(et = 'checkout_start', '/checkout', et = 'order', '/checkout/done', et = 'search', '/search', et = 'add_to_cart', '/product/' || toString(pg + 100),
        pg < 3, '/', pg < 5, '/sale', pg = 5, '/help', pg = 6, '/new-arrivals', '/product/' || toString(pg + 100)) AS `page.path`,
    toUInt32((180 + 2600 * pow((cityHash64(number, 304) % 100000) / 100000, 3)) * if(dev = 'mobile', 1.4, 1) * if(et = 'checkout_start', 1.7, 1)) AS `page.load_ms`,
    dev AS `device.type`,
    ['chrome', 'safari', 'firefox', 'edge'][1 + toUInt8(pow((cityHash64(usr, 305) % 1000) / 1000, 1.9) * 4)] AS `device.browser`,
    multiIf(cityHash64(sess, 306) % 100 < 36, 'google', cityHash64(sess, 306) % 100 < 56, NULL, cityHash64(sess, 306) % 100 < 74, 'newsletter', cityHash64(sess, 306) % 100 < 87, 'instagram', cityHash64(sess, 306) % 100 < 95, 'tiktok', 'affiliate') AS `utm.source`,
    if(et = 'order', toNullable(round((12 + 240 * pow((cityHash64(number, 307) % 100000) / 100000, 2)) * if(dev = 'desktop', 1.3, 1), 2)), NULL) AS `order.total`,
    if(et = 'order', toNullable(toUInt8(1 + cityHash64(number, 308) % 6)), NULL) AS `order.items`,
    arrayFilter((x, i) -> cityHash64(usr, 309, i) % 100 < 30, ['new_nav', 'free_shipping_banner', 'big_photos'], [1, 2, 3]) AS experiments
FROM
(
    SELECT
        number,
        cityHash64(number, 310) % 40000 AS sess,
        toUInt64(10000 + pow((cityHash64(sess, 311) % 1000000) / 1000000, 1.3) * 14000) AS usr,
        ['US', 'DE', 'GB', 'FR', 'CA'][1 + toUInt8(pow((cityHash64(usr, 312) % 1000) / 1000, 1.5) * 5)] AS country,
        multiIf(cityHash64(sess, 313) % 100 < 57, 'mobile', cityHash64(sess, 313) % 100 < 92, 'desktop', 'tablet') AS dev,
        toUInt32(pow((cityHash64(number, 314) % 1000000) / 1000000, 2) * 60) AS pg,
        cityHash64(number, 315) % 1000 AS h,
        multiIf(h < 640, 'page_view', h < 790, 'search', h < 910, 'add_to_cart', h < if(dev = 'desktop', 955, 970), 'checkout_start', 'order') AS et
    FROM numbers(300000)
);

CREATE TABLE quality_checks
(
    inspected_at    DateTime,
    produced_at     DateTime,
    serial_no       String,
    plant           LowCardinality(String),
    production_line LowCardinality(String),
    product_family  LowCardinality(String),
    shift           LowCardinality(String),
    inspector_id    UInt16,
    automated       Bool,
    result          LowCardinality(String),
    defect_codes    Array(String),
    inspection_s    Float32,
    weight_g        Float64,
    scrap_cost_eur  Nullable(Float64)
)
ENGINE = MergeTree ORDER BY inspected_at;

INSERT INTO quality_checks
SELECT
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 401) % 1000000) / 1000000, 3) * 70 * 86400)) AS inspected_at,
    inspected_at - toIntervalSecond(900 + toUInt64(pow((cityHash64(number, 402) % 100000) / 100000, 2) * 180000)) AS produced_at,
    'SN-' || hex(number + 1048576) AS serial_no,
    ['Leipzig', 'Brno', 'Puebla', 'Katowice'][p] AS plant,
    concat(substring(['Leipzig', 'Brno', 'Puebla', 'Katowice'][p], 1, 1), toString(ln)) AS production_line,
    fam AS product_family,
    ['early', 'early', 'early', 'late', 'late', 'night'][1 + cityHash64(number, 403) % 6] AS shift,
    toUInt16(200 + pow((cityHash64(number, 404) % 100000) / 100000, 1.9) * 45) AS inspector_id,
    auto AS automated,
    res AS result,
    if(res = 'pass', [], arrayDistinct(arrayMap(i -> ['scratch', 'dent', 'misalignment', 'crack', 'missing_screw', 'leak'][1 + toUInt8(pow((cityHash64(number, 405, i) % 10000) / 10000, 1.8) * 6)], range(1 + cityHash64(number, 406) % 3)))) AS defect_codes,
    toFloat32(round(if(auto, 6, 55) + if(auto, 10, 140) * pow((cityHash64(number, 407) % 10000) / 10000, 2), 1)) AS inspection_s,
    round(if(fam = 'gearbox', 8200, if(fam = 'pump', 3400, if(fam = 'valve', 640, 1250))) * (0.95 + (cityHash64(number, 408) % 10000) / 100000), 1) AS weight_g,
    if(res = 'fail', toNullable(round(if(fam = 'gearbox', 95, if(fam = 'pump', 42, 11)) * (0.6 + (cityHash64(number, 409) % 1000) / 1000), 2)), NULL) AS scrap_cost_eur
FROM
(
    SELECT
        number,
        1 + toUInt8(pow((cityHash64(number, 410) % 100000) / 100000, 1.5) * 4) AS p,
        1 + toUInt8(pow((cityHash64(number, 411) % 100000) / 100000, 1.4) * 3) AS ln,
        ['valve', 'pump', 'sensor_housing', 'gearbox'][1 + toUInt8(pow((cityHash64(number, 412) % 100000) / 100000, 1.6) * 4)] AS fam,
        toBool(cityHash64(number, 413) % 100 < 62) AS auto,
        cityHash64(number, 414) % 1000 AS h,
        multiIf(h < 22 + 14 * p + 9 * ln, 'fail', h < 100 + 14 * p + 9 * ln, 'rework', 'pass') AS res
    FROM numbers(80000)
);

CREATE TABLE chat_messages
(
    sent_ms         Int64,
    msg_id          UInt64,
    conversation_id UInt32,
    customer_id     UInt32,
    agent_id        Nullable(UInt32),
    sender_role     LowCardinality(String),
    channel         LowCardinality(String),
    language        LowCardinality(String),
    topic           LowCardinality(String),
    chars           UInt16,
    sentiment       Float32,
    reply_ms        Nullable(UInt32),
    rating          Nullable(UInt8),
    attachments     Array(String),
    escalated       UInt8
)
ENGINE = MergeTree ORDER BY sent_ms;

INSERT INTO chat_messages
SELECT
    toUnixTimestamp64Milli(now64(3)) - toInt64(pow((cityHash64(number, 501) % 1000000) / 1000000, 3) * 60 * 86400000) AS sent_ms,
    number + 1 AS msg_id,
    conv AS conversation_id,
    toUInt32(40000 + cityHash64(conv, 502) % 9000) AS customer_id,
    if(role = 'agent', toNullable(toUInt32(11 + pow((cityHash64(conv, 503) % 100000) / 100000, 1.8) * 40)), NULL) AS agent_id,
    role AS sender_role,
    ['web', 'whatsapp', 'app', 'email'][ch] AS channel,
    ['en', 'de', 'es', 'fr', 'it'][1 + toUInt8(pow((cityHash64(conv, 504) % 10000) / 10000, 2) * 5)] AS language,
    ['delivery', 'billing', 'returns', 'technical', 'account', 'cancellation'][tp] AS topic,
    toUInt16(8 + 700 * pow((cityHash64(number, 505) % 10000) / 10000, 3)) AS chars,
    toFloat32(round(if(role = 'customer', [0.05, -0.25, -0.1, -0.15, 0.2, -0.45][tp], 0.35) + ((cityHash64(number, 506) % 1000) - 500) / 1000, 3)) AS sentiment,
    multiIf(role = 'agent', toNullable(toUInt32((20000 + 900000 * pow((cityHash64(number, 507) % 10000) / 10000, 3)) * [1, 1.5, 1.2, 2.1, 0.8, 1.8][tp])), role = 'bot', toNullable(toUInt32(200 + cityHash64(number, 508) % 1500)), NULL) AS reply_ms,
    if(role = 'customer' AND cityHash64(number, 509) % 100 < 9, toNullable(toUInt8(least(5, 1 + toUInt8(pow((cityHash64(number, 510) % 10000) / 10000, [0.35, 0.5, 0.42, 0.9][ch]) * 5)))), NULL) AS rating,
    if(cityHash64(number, 511) % 100 < 12, arraySlice(['photo.jpg', 'invoice.pdf', 'screenshot.png', 'log.txt'], 1 + cityHash64(number, 512) % 3, 1 + cityHash64(number, 513) % 2), []) AS attachments,
    cityHash64(conv, 514) % 100 < [4, 9, 6, 12, 3, 16][tp] AS escalated
FROM
(
    SELECT
        number,
        toUInt32(pow((cityHash64(number, 515) % 1000000) / 1000000, 1.2) * 18000) AS conv,
        1 + toUInt8(pow((cityHash64(conv, 516) % 10000) / 10000, 1.6) * 6) AS tp,
        1 + toUInt8(pow((cityHash64(conv, 517) % 10000) / 10000, 1.5) * 4) AS ch,
        multiIf(cityHash64(number, 518) % 100 < 48, 'customer', cityHash64(number, 518) % 100 < 80, 'agent', 'bot') AS role
    FROM numbers(120000)
);

CREATE TABLE ev_sess
(
    plug_in_at  DateTime,
    plug_out_at Nullable(DateTime),
    sess_id     UInt64,
    stn_id      LowCardinality(String),
    city        LowCardinality(String),
    conn_typ    LowCardinality(String),
    drv_id      UInt32,
    pay_meth    LowCardinality(String),
    kwh         Float64,
    peak_kw     Float32,
    dur_min     Nullable(Float64),
    cost_eur    Decimal(10, 2),
    st          LowCardinality(String),
    err_cd      Nullable(String),
    roaming     Bool
)
ENGINE = MergeTree ORDER BY plug_in_at;

INSERT INTO ev_sess
SELECT
    now() - toIntervalSecond(age_s) AS plug_in_at,
    if(age_s > dur_s, toNullable(plug_in_at + toIntervalSecond(dur_s)), NULL) AS plug_out_at,
    number + 900000 AS sess_id,
    'ST-' || leftPad(toString(stn), 3, '0') AS stn_id,
    ['Munich', 'Vienna', 'Zurich', 'Milan', 'Prague'][1 + toUInt8(pow((cityHash64(stn, 601) % 1000) / 1000, 1.4) * 5)] AS city,
    conn AS conn_typ,
    toUInt32(1 + pow((cityHash64(number, 602) % 1000000) / 1000000, 1.5) * 6000) AS drv_id,
    ['app', 'rfid', 'credit_card', 'plug_and_charge'][pm] AS pay_meth,
    round(least(age_s, dur_s) / 3600 * pk * 0.55, 2) AS kwh,
    toFloat32(round(pk, 1)) AS peak_kw,
    if(age_s > dur_s, toNullable(round(dur_s / 60, 1)), NULL) AS dur_min,
    if(age_s > dur_s AND stat != 'error', toDecimal64(kwh * [0.42, 0.39, 0.61, 0.49][pm] + 0.5, 2), toDecimal64(0, 2)) AS cost_eur,
    if(age_s > dur_s, stat, 'charging') AS st,
    if(age_s > dur_s AND stat = 'error', ['overheat', 'overheat', 'overheat', 'overheat', 'comm_lost', 'comm_lost', 'ground_fault', 'overheat', 'comm_lost', 'cable_locked', 'cable_locked'][1 + cityHash64(number, 603) % 11], NULL) AS err_cd,
    toBool(cityHash64(number, 604) % 100 < 10 + stn % 37) AS roaming
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 605) % 1000000) / 1000000, 3) * 80 * 86400) AS age_s,
        toUInt32(1 + pow((cityHash64(number, 606) % 100000) / 100000, 1.7) * 120) AS stn,
        ['CCS', 'Type2', 'CHAdeMO'][1 + toUInt8(pow((cityHash64(number, 607) % 10000) / 10000, 1.8) * 3)] AS conn,
        if(conn = 'CCS', 90, if(conn = 'Type2', 11, 45)) * (0.6 + (cityHash64(number, 608) % 1000) / 1000) AS pk,
        multiIf(cityHash64(number, 609) % 100 < 84, 'completed', cityHash64(number, 609) % 100 < 93, 'aborted', 'error') AS stat,
        toUInt32(if(stat = 'completed', 1, 0.3) * if(conn = 'Type2', 4, 1) * (600 + 4200 * pow((cityHash64(number, 610) % 10000) / 10000, 2))) AS dur_s,
        1 + toUInt8(pow((cityHash64(number, 611) % 10000) / 10000, 1.5) * 4) AS pm
    FROM numbers(40000)
);

CREATE TABLE time_entries
(
    work_date        Date,
    clock_in         Nullable(DateTime),
    clock_out        Nullable(DateTime),
    entry_id         UInt32,
    employee_id      UInt32,
    department       LowCardinality(String),
    office           LowCardinality(String),
    contract_type    LowCardinality(String),
    entry_type       LowCardinality(String),
    project_code     Nullable(String),
    worked_minutes   Nullable(UInt16),
    break_minutes    UInt8,
    overtime_minutes UInt16,
    hourly_rate      Decimal(8, 2),
    is_remote        Bool,
    approved         UInt8
)
ENGINE = MergeTree ORDER BY work_date;

INSERT INTO time_entries
SELECT
    toDate(now() - toIntervalSecond(age_s)) AS work_date,
    if(typ IN ('work', 'training'), toNullable(now() - toIntervalSecond(age_s)), NULL) AS clock_in,
    if(closed AND typ IN ('work', 'training'), clock_in + toIntervalMinute(wm + br), NULL) AS clock_out,
    toUInt32(number + 1) AS entry_id,
    emp AS employee_id,
    dep AS department,
    ['Berlin', 'Lyon', 'Madrid', 'Austin'][1 + toUInt8(pow((cityHash64(emp, 701) % 1000) / 1000, 1.4) * 4)] AS office,
    multiIf(cityHash64(emp, 702) % 100 < 66, 'full_time', cityHash64(emp, 702) % 100 < 86, 'part_time', 'contractor') AS contract_type,
    typ AS entry_type,
    if(typ = 'work' AND cityHash64(number, 703) % 100 < 85, toNullable(['ATLAS', 'BOREAL', 'CITRUS', 'DELTA', 'ECHO', 'FALCON', 'GECKO'][1 + toUInt8(pow((cityHash64(number, 704) % 10000) / 10000, 1.8) * 7)]), NULL) AS project_code,
    if(typ IN ('work', 'training') AND closed, toNullable(wm), NULL) AS worked_minutes,
    if(typ IN ('work', 'training'), br, 0) AS break_minutes,
    if(typ = 'work' AND closed AND wm > 480, toUInt16(wm - 480), 0) AS overtime_minutes,
    toDecimal64(if(dep = 'Engineering', 48, if(dep = 'Finance', 43, if(dep = 'Sales', 38, 27))) + cityHash64(emp, 705) % 14, 2) AS hourly_rate,
    toBool(typ = 'work' AND cityHash64(number, 706) % 100 < if(dep = 'Engineering', 58, if(dep = 'Finance', 37, if(dep = 'Sales', 24, 6)))) AS is_remote,
    cityHash64(number, 707) % 100 < 88 AS approved
FROM
(
    SELECT
        number,
        toUInt64(pow((cityHash64(number, 708) % 1000000) / 1000000, 2.5) * 75 * 86400) AS age_s,
        toUInt32(3000 + pow((cityHash64(number, 709) % 1000000) / 1000000, 1.3) * 900) AS emp,
        ['Engineering', 'Operations', 'Sales', 'Support', 'Finance'][1 + toUInt8(pow((cityHash64(emp, 710) % 1000) / 1000, 1.4) * 5)] AS dep,
        multiIf(cityHash64(number, 711) % 100 < 84, 'work', cityHash64(number, 711) % 100 < 91, 'vacation', cityHash64(number, 711) % 100 < 96, 'sick', 'training') AS typ,
        toUInt16(210 + 330 * pow((cityHash64(number, 712) % 10000) / 10000, 0.6) + if(dep = 'Operations', 45, if(dep = 'Sales', 20, 0))) AS wm,
        toUInt8(15 + 15 * (cityHash64(number, 713) % 4)) AS br,
        age_s > 60 * (wm + br) AS closed
    FROM numbers(30000)
);

CREATE TABLE adBids
(
    bidTime     DateTime64(3) COMMENT 'when the bid was sent',
    auctionId   String COMMENT 'auction on the exchange',
    advertiser  LowCardinality(String) COMMENT 'advertiser the bid was made for',
    campaignId  UInt32 COMMENT 'campaign of the advertiser',
    publisher   LowCardinality(String) COMMENT 'site or app that offers the ad space',
    adFormat    LowCardinality(String) COMMENT 'banner, video, native or audio',
    countryCode LowCardinality(String) COMMENT 'country of the viewer',
    os          LowCardinality(String) COMMENT 'operating system of the device',
    bidCpm      Float64 COMMENT 'price offered, USD per 1000 impressions',
    floorCpm    Float64 COMMENT 'minimum price of the publisher, USD per 1000 impressions',
    won         UInt8 COMMENT '1 if the bid won the auction',
    clearingCpm Nullable(Float64) COMMENT 'price to be paid, USD per 1000 impressions, only if won',
    lossReason  Nullable(String) COMMENT 'why the bid lost',
    latencyUs   UInt32 COMMENT 'time to respond in microseconds',
    clicked     UInt8 COMMENT '1 if the ad was clicked',
    segments    Array(LowCardinality(String)) COMMENT 'audience segments of the viewer'
)
ENGINE = MergeTree ORDER BY bidTime;

INSERT INTO adBids
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 801) % 1000000) / 1000000, 3) * 40 * 86400000)) AS bidTime,
    'au-' || lower(hex(cityHash64(number, 802))) AS auctionId,
    ['Northwind', 'Contoso', 'Fabrikam', 'Tailspin', 'Litware', 'Wingtip'][adv] AS advertiser,
    camp AS campaignId,
    ['dailynews.com', 'weather.app', 'gamezone', 'cooking.tv', 'sportshub', 'musicbox', 'travelblog', 'autoworld'][pub] AS publisher,
    fmt AS adFormat,
    ctry AS countryCode,
    opsys AS os,
    round(floor_p * (0.9 + 1.4 * (cityHash64(number, 803) % 1000) / 1000), 3) AS bidCpm,
    round(floor_p, 3) AS floorCpm,
    w AS won,
    if(w, toNullable(round(floor_p + (greatest(bidCpm, floor_p) - floor_p) * 0.7, 3)), NULL) AS clearingCpm,
    if(w, NULL, multiIf(cityHash64(number, 804) % 100 < 57, 'outbid', cityHash64(number, 804) % 100 < 80, 'below_floor', cityHash64(number, 804) % 100 < 94, 'timeout', 'blocked_creative')) AS lossReason,
    toUInt32(1800 + 90000 * pow((cityHash64(number, 805) % 10000) / 10000, 4)) AS latencyUs,
    w AND cityHash64(number, 806) % 1000 < [9, 31, 17, 5][indexOf(['banner', 'video', 'native', 'audio'], fmt)] + 4 * pub AS clicked,
    arrayFilter((x, i) -> cityHash64(number, 807, i) % 100 < 45 - 8 * i, ['sports_fan', 'parent', 'gamer', 'traveller'], [1, 2, 3, 4]) AS segments
FROM
(
    SELECT
        number,
        toUInt32(500 + pow((cityHash64(number, 808) % 1000000) / 1000000, 1.4) * 160) AS camp,
        1 + toUInt8(pow((cityHash64(camp, 809) % 1000) / 1000, 1.2) * 6) AS adv,
        1 + toUInt8(pow((cityHash64(number, 810) % 10000) / 10000, 1.7) * 8) AS pub,
        ['banner', 'native', 'video', 'audio'][1 + toUInt8(pow((cityHash64(number, 811) % 10000) / 10000, 1.6) * 4)] AS fmt,
        ['US', 'GB', 'BR', 'FR', 'JP', 'MX'][1 + toUInt8(pow((cityHash64(camp, 812, cityHash64(number, 813) % 3) % 10000) / 10000, 1.4) * 6)] AS ctry,
        ['android', 'ios', 'windows', 'ctv'][1 + toUInt8(pow((cityHash64(number, 814) % 10000) / 10000, 1.7) * 4)] AS opsys,
        (0.4 + 2.2 * pow((cityHash64(number, 815) % 10000) / 10000, 2)) * if(fmt = 'video', 3.2, 1) * if(ctry = 'US', 1.5, if(ctry = 'JP', 1.8, 1)) AS floor_p,
        cityHash64(number, 816) % 1000 < 110 + 22 * adv + if(opsys = 'ios', 60, 0) AS w
    FROM numbers(300000)
);
