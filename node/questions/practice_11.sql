-- Eight tables of eight different fields for natural-language questions: loads into the database that the client selects. All times are relative to now().
CREATE TABLE gym_visits
(
    visit_id     UInt64,
    entered_at   DateTime COMMENT 'check-in at the turnstile',
    left_at      Nullable(DateTime) COMMENT 'check-out, empty while the member is still inside or forgot to check out',
    member_no    UInt32 COMMENT 'membership number',
    club         LowCardinality(String) COMMENT 'club code: AMS Amsterdam, RTM Rotterdam, UTR Utrecht, EIN Eindhoven, GRN Groningen',
    plan         LowCardinality(String) COMMENT 'membership plan: basic, plus, premium or day_pass',
    age          UInt8,
    sex          LowCardinality(String) COMMENT 'f female, m male, x not given',
    classes      Array(String) COMMENT 'group classes attended during the visit',
    with_guest   Bool COMMENT 'the member brought a guest',
    locker_no    Nullable(UInt16),
    entry_method LowCardinality(String) COMMENT 'app_qr, card or reception'
)
ENGINE = MergeTree ORDER BY (club, entered_at);

INSERT INTO gym_visits
SELECT
    7000000 + number AS visit_id,
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 1101) % 1000000) / 1000000, 3) * 100 * 86400)) AS entered_at,
    if(cityHash64(number, 1102) % 100 < 6 OR entered_at + toIntervalSecond(dur + 300 * length(plan)) > now(), NULL, entered_at + toIntervalSecond(dur + 300 * length(plan))) AS left_at,
    m AS member_no,
    ['AMS', 'RTM', 'UTR', 'EIN', 'GRN'][1 + toUInt8(pow((cityHash64(m, 1104) % 1000000) / 1000000, 1.5) * 5)] AS club,
    multiIf(cityHash64(m, 1105) % 100 < 44, 'basic', cityHash64(m, 1105) % 100 < 73, 'plus', cityHash64(m, 1105) % 100 < 91, 'premium', 'day_pass') AS plan,
    16 + toUInt8(pow((cityHash64(m, 1106) % 1000000) / 1000000, 1.6) * 60) AS age,
    multiIf(cityHash64(m, 1107) % 100 < 47, 'f', cityHash64(m, 1107) % 100 < 96, 'm', 'x') AS sex,
    arrayFilter(x -> cityHash64(number, x, 1108) % 100 < 2 * length(x) + (plan = 'premium') * 6 - 4, ['yoga', 'spinning', 'pilates', 'boxing', 'zumba']) AS classes,
    cityHash64(number, 1109) % 100 < (3 + 5 * (plan = 'premium') + length(club)) AS with_guest,
    if(cityHash64(number, 1110) % 100 < 31, NULL, 1 + cityHash64(number, 1111) % 240) AS locker_no,
    multiIf(cityHash64(number, 1112) % 100 < 55, 'app_qr', cityHash64(number, 1112) % 100 < 90, 'card', 'reception') AS entry_method
FROM (SELECT number, 20000 + toUInt32(pow((cityHash64(number, 1103) % 1000000) / 1000000, 1.7) * 9000) AS m,
             900 + toUInt32(pow((cityHash64(number, 1113) % 1000000) / 1000000, 1.8) * 7800) + m % 900 AS dur FROM numbers(120000));

CREATE TABLE TrainStops
(
    TrainNo          LowCardinality(String),
    Category         Enum8('express' = 1, 'regional' = 2, 'suburban' = 3, 'night' = 4),
    Operator         LowCardinality(String),
    Station          LowCardinality(String),
    PlannedArrival   DateTime,
    ActualArrival    Nullable(DateTime) COMMENT 'empty when the stop was cancelled',
    PlannedDeparture DateTime,
    Platform         UInt8,
    IsCancelled      UInt8 COMMENT '1 if the train did not serve this stop',
    DelayReason      LowCardinality(Nullable(String)) COMMENT 'only filled for larger delays',
    PassengersOnBoard UInt16 COMMENT 'passengers on the train when it left the station',
    Seats            UInt16,
    BikesAllowed     Bool
)
ENGINE = MergeTree ORDER BY (Station, PlannedArrival);

INSERT INTO TrainStops
SELECT
    concat(['EX', 'RE', 'S', 'NT'][c], ' ', toString(100 * c + t)) AS TrainNo,
    CAST(c, 'Enum8(\'express\' = 1, \'regional\' = 2, \'suburban\' = 3, \'night\' = 4)') AS Category,
    ['NordRail', 'BlueLine', 'CityConnect', 'Alpina'][1 + (t * 7 + c) % 4] AS Operator,
    ['Hamburg', 'Hannover', 'Kassel', 'Frankfurt', 'Mannheim', 'Stuttgart', 'Ulm', 'Munich'][1 + toUInt8(pow((cityHash64(number, 1204) % 1000000) / 1000000, 1.3) * 8)] AS Station,
    toStartOfMinute(now() - toIntervalSecond(3600 + toUInt64(pow((cityHash64(number, 1201) % 1000000) / 1000000, 2.8) * 80 * 86400))) AS PlannedArrival,
    if(x < 3 + length(Operator) % 5, NULL, PlannedArrival + toIntervalSecond(toInt32(late) - 90)) AS ActualArrival,
    PlannedArrival + toIntervalMinute(1 + cityHash64(number, 1205) % (3 + length(Station))) AS PlannedDeparture,
    1 + toUInt8(pow((cityHash64(number, 1206) % 1000000) / 1000000, 1.3) * 14) AS Platform,
    if(ActualArrival IS NULL, 1, 0) AS IsCancelled,
    if(late - 90 > 600 AND ActualArrival IS NOT NULL AND cityHash64(number, 1207) % 100 < 93,
       ['signal_failure', 'weather', 'staff_shortage', 'track_works', 'police_action'][1 + toUInt8(pow((cityHash64(number, 1208) % 1000000) / 1000000, 1.5) * 5)], NULL) AS DelayReason,
    if(IsCancelled = 1, 0, 5 + toUInt16(Seats * 1.15 * pow((cityHash64(number, 1209) % 1000000) / 1000000, [0.8, 1.3, 1.6, 1.1][c]))) AS PassengersOnBoard,
    [460, 280, 190, 220][c] + 20 * (t % 5) AS Seats,
    c IN (2, 3) OR t % 3 = 0 AS BikesAllowed
FROM (SELECT number, [1, 2, 2, 2, 3, 3, 3, 3, 1, 4][1 + cityHash64(number, 1202) % 10] AS c, 1 + cityHash64(number, 1203) % 40 AS t, cityHash64(number, 1210) % 100 AS x,
             toUInt32(pow((cityHash64(number, 1211) % 1000000) / 1000000, 4) * [4200, 2100, 1500, 6800][c] * (1 + (t % 4) / 5)) AS late FROM numbers(150000));

CREATE TABLE ins_claims
(
    clm_no  String,
    pol_no  UInt32 COMMENT 'policy number',
    inc_dt  Date COMMENT 'day of the incident',
    rpt_ts  DateTime COMMENT 'when the claim was reported to us',
    stl_ts  Nullable(DateTime) COMMENT 'when the claim was settled, empty while it is not',
    lob     LowCardinality(String) COMMENT 'line of business: MOT motor, HOM home, TRV travel, LIA liability, PET pet',
    st_cd   LowCardinality(String) COMMENT 'status: O open, R under review, A approved and paid, D denied, W withdrawn by the customer',
    clm_amt Decimal(12, 2) COMMENT 'amount claimed in euro',
    pd_amt  Nullable(Decimal(12, 2)) COMMENT 'amount paid out in euro, only for approved claims',
    adj_id  UInt16 COMMENT 'the adjuster who handles it',
    reg     LowCardinality(String) COMMENT 'federal state: BY Bavaria, BE Berlin, HH Hamburg, NW North Rhine-Westphalia, SN Saxony',
    frd_flg UInt8 COMMENT '1 = suspected fraud',
    chnl    LowCardinality(String)
)
ENGINE = MergeTree ORDER BY rpt_ts;

INSERT INTO ins_claims
SELECT
    concat('C', toString(3000000 + number)) AS clm_no,
    400000 + toUInt32(pow((cityHash64(number, 1303) % 1000000) / 1000000, 1.5) * 21000) AS pol_no,
    toDate(rpt_ts) - toUInt16(pow((cityHash64(number, 1302) % 1000000) / 1000000, 3) * (25 + 20 * (lob = 'LIA'))) AS inc_dt,
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 1301) % 1000000) / 1000000, 2.4) * 240 * 86400)) AS rpt_ts,
    if(st_cd IN ('A', 'D'), rpt_ts + toIntervalSecond(toUInt64((0.05 + 0.95 * pow((cityHash64(number, 1304) % 1000000) / 1000000, 1.5 + l / 3)) * toFloat64(least(70 * 86400, toInt64(now() - rpt_ts))))), NULL) AS stl_ts,
    ['MOT', 'HOM', 'TRV', 'LIA', 'PET'][l] AS lob,
    multiIf(w < 4, 'W', now() - rpt_ts < (5 + cityHash64(number, 1306) % 30) * 86400 AND w < 70, ['O', 'O', 'R'][1 + w % 3], w < 84 - 7 * (reg = 'BE') + 4 * (reg = 'BY') - 3 * (reg = 'SN'), 'A', w < 97, 'D', 'R') AS st_cd,
    toDecimal64(40 + pow((cityHash64(number, 1307) % 1000000) / 1000000, 4) * [14000, 9000, 2600, 31000, 1900][l] + (cityHash64(number, 1308) % 10000) / 100, 2) AS clm_amt,
    if(st_cd = 'A', toDecimal64(toFloat64(clm_amt) * (38 + 6 * l + cityHash64(number, 1309) % 32) / 100, 2), NULL) AS pd_amt,
    11 + toUInt16(pow((cityHash64(number, 1310) % 1000000) / 1000000, 1.4) * 34) AS adj_id,
    ['NW', 'BY', 'BE', 'HH', 'SN'][1 + toUInt8(pow((cityHash64(pol_no, 1311) % 1000000) / 1000000, 1.6) * 5)] AS reg,
    if(cityHash64(number, 1312) % 1000 < 15 + 9 * l + 20 * (reg = 'BE'), 1, 0) AS frd_flg,
    multiIf(cityHash64(number, 1313) % 100 < 41, 'app', cityHash64(number, 1313) % 100 < 68, 'broker', cityHash64(number, 1313) % 100 < 91, 'phone', 'post') AS chnl
FROM (SELECT number, 1 + toUInt8(pow((cityHash64(number, 1305) % 1000000) / 1000000, 1.7) * 5) AS l, cityHash64(number, 1314) % 100 AS w FROM numbers(60000));

CREATE TABLE milkings
(
    `milking.ts`   DateTime64(3),
    `cow.id`       UInt32,
    `cow.breed`    LowCardinality(String),
    `lactation.no` UInt8 COMMENT 'how many times the cow has calved',
    `barn`         LowCardinality(String),
    `robot.id`     LowCardinality(String) COMMENT 'milking robot',
    `yield.ml`     UInt32 COMMENT 'milk given, in millilitres',
    `fat.pct`      Float32,
    `protein.pct`  Float32,
    `duration.sec` UInt16,
    `milk.temp_c`  Float32,
    `kickoff`      Bool COMMENT 'the cow kicked the cups off',
    `alert.code`   LowCardinality(Nullable(String)) COMMENT 'MAST suspected mastitis, LOWY low yield, FEVR fever, BLOD blood in the milk'
)
ENGINE = MergeTree ORDER BY (`cow.id`, `milking.ts`);

INSERT INTO milkings
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 1401) % 1000000) / 1000000, 2.6) * 75 * 86400000)) AS `milking.ts`,
    5000 + cow AS `cow.id`,
    ['Holstein', 'Jersey', 'Simmental', 'Brown Swiss'][b] AS `cow.breed`,
    1 + toUInt8(pow((cityHash64(cow, 1404) % 1000000) / 1000000, 1.7) * 6) AS `lactation.no`,
    ['North', 'South', 'Old'][1 + toUInt8(pow((cityHash64(cow, 1405) % 1000000) / 1000000, 1.4) * 3)] AS `barn`,
    concat(substring(barn, 1, 1), '-', toString(1 + cityHash64(number, 1406) % (2 + length(barn) % 4))) AS `robot.id`,
    toUInt32([13200, 9100, 10800, 11500][b] * (0.55 + 0.6 * (cityHash64(number, 1407) % 1000) / 1000) + 260 * (cityHash64(cow, 1408) % 12)) AS `yield.ml`,
    round([3.7, 5.0, 4.1, 4.2][b] + (cityHash64(number, 1409) % 900) / 1000 - 0.45, 2) AS `fat.pct`,
    round([3.1, 3.8, 3.4, 3.5][b] + (cityHash64(number, 1410) % 500) / 1000 - 0.25, 2) AS `protein.pct`,
    toUInt16(180 + `yield.ml` / 60 + pow((cityHash64(number, 1411) % 1000000) / 1000000, 2) * 260) AS `duration.sec`,
    round(37.4 + pow((cityHash64(number, 1412) % 1000000) / 1000000, 3) * 3.2, 1) AS `milk.temp_c`,
    cityHash64(number, 1413) % 100 < (2 + cow % 7) AS `kickoff`,
    multiIf(a < 9 + 5 * (b = 1), 'MAST', a < 29, 'LOWY', a < 36, 'FEVR', a < 39, 'BLOD', NULL) AS `alert.code`
FROM (SELECT number, toUInt32(pow((cityHash64(number, 1402) % 1000000) / 1000000, 1.15) * 640) AS cow,
             1 + toUInt8(pow((cityHash64(cow, 1403) % 1000000) / 1000000, 1.9) * 4) AS b, cityHash64(number, 1414) % 1000 AS a FROM numbers(110000));

CREATE TABLE adDelivery
(
    statHour       DateTime COMMENT 'start of the hour the figures are for',
    campaignId     UInt32,
    campaignName   LowCardinality(String),
    channel        Enum8('search' = 1, 'social' = 2, 'display' = 3, 'video' = 4),
    countryCode    LowCardinality(String),
    deviceType     LowCardinality(String),
    creativeFormat LowCardinality(String),
    impressions    UInt32,
    clicks         UInt32,
    conversions    UInt16,
    costMicros     UInt64 COMMENT 'spend in millionths of a euro',
    revenueEur     Decimal(12, 2) COMMENT 'sales attributed to the ads',
    isRetargeting  Bool
)
ENGINE = MergeTree ORDER BY (campaignId, statHour);

INSERT INTO adDelivery
SELECT
    toStartOfHour(now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 1501) % 1000000) / 1000000, 2.4) * 95 * 86400))) AS statHour,
    800 + k AS campaignId,
    ['Brand Always On', 'Black Friday', 'Spring Launch', 'Loyalty Push', 'New Customer Offer', 'App Install', 'Back to School', 'Clearance', 'Gift Guide', 'Winter Coats', 'Running Shoes', 'Newcomer Kids'][k] AS campaignName,
    CAST(1 + (cityHash64(number, 1503) % 9 + k) % 4, 'Enum8(\'search\' = 1, \'social\' = 2, \'display\' = 3, \'video\' = 4)') AS channel,
    ['DE', 'NL', 'AT', 'CH', 'PL', 'SE'][1 + toUInt8(pow((cityHash64(number, 1504) % 1000000) / 1000000, 1.5) * 6)] AS countryCode,
    multiIf(d < 61, 'mobile', d < 89, 'desktop', d < 97, 'tablet', 'tv') AS deviceType,
    ['image', 'text', 'carousel', 'video'][1 + (cityHash64(number, 1506) % 7 + toUInt8(channel)) % 4] AS creativeFormat,
    20 + toUInt32(pow((cityHash64(number, 1507) % 1000000) / 1000000, 3) * 9000) AS impressions,
    toUInt32(impressions * (0.004 + (cityHash64(number, 1508) % 1000) / 1000 * (0.01 + 0.004 * k % 0.03 + 0.02 * (channel = 'search')))) AS clicks,
    toUInt16(clicks * (cityHash64(number, 1509) % 1000) / 1000 * (0.04 + 0.01 * (k % 5))) AS conversions,
    toUInt64(clicks * (180000 + cityHash64(number, 1510) % 900000 + 60000 * k + 310000 * (countryCode = 'CH') + 120000 * (countryCode = 'SE') - 90000 * (countryCode = 'PL')) + impressions * 900) AS costMicros,
    toDecimal64(conversions * (14 + 3 * (k % 6) + (cityHash64(number, 1511) % 4000) / 100), 2) AS revenueEur,
    cityHash64(k, countryCode, 1512) % 100 < 30 AS isRetargeting
FROM (SELECT number, 1 + toUInt8(pow((cityHash64(number, 1502) % 1000000) / 1000000, 1.3) * 12) AS k, cityHash64(number, 1505) % 100 AS d FROM numbers(140000));

CREATE TABLE MAINT_ORDERS
(
    ORD_NO     UInt32,
    OPENED_TS  DateTime COMMENT 'order raised',
    STARTED_TS Nullable(DateTime) COMMENT 'technician began work',
    CLOSED_TS  Nullable(DateTime) COMMENT 'work finished',
    MACH_ID    LowCardinality(String) COMMENT 'machine the order is for',
    LINE_CD    LowCardinality(String) COMMENT 'production line: L1 bottling, L2 canning, L3 labelling, L4 palletising',
    ORD_TYPE   LowCardinality(String) COMMENT 'PM preventive maintenance, CM corrective repair, INS inspection',
    PRIO       Enum8('low' = 1, 'medium' = 2, 'high' = 3, 'critical' = 4),
    FAULT_CD   Nullable(String) COMMENT 'ELEC electrical, HYDR hydraulic, MECH mechanical, SENS sensor, SOFT software, only for corrective repairs',
    DOWNTIME_S UInt32 COMMENT 'how long the machine stood still, in seconds',
    PARTS_COST Decimal(10, 2) COMMENT 'EUR',
    PARTS      Array(String),
    TECH_ID    Nullable(UInt16) COMMENT 'technician, empty if nobody is assigned yet',
    EXT_FLG    UInt8 COMMENT '1 = done by an outside contractor',
    SHIFT      LowCardinality(String)
)
ENGINE = MergeTree ORDER BY OPENED_TS;

INSERT INTO MAINT_ORDERS
SELECT
    610000 + number AS ORD_NO,
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 1601) % 1000000) / 1000000, 2.3) * 200 * 86400)) AS OPENED_TS,
    if(OPENED_TS + toIntervalSecond(wait) > now() OR TECH_ID IS NULL, NULL, OPENED_TS + toIntervalSecond(wait)) AS STARTED_TS,
    if(STARTED_TS IS NULL OR OPENED_TS + toIntervalSecond(wait + work) > now(), NULL, OPENED_TS + toIntervalSecond(wait + work)) AS CLOSED_TS,
    concat('M', leftPad(toString(mc), 3, '0')) AS MACH_ID,
    ['L1', 'L2', 'L3', 'L4'][1 + toUInt8(pow((cityHash64(mc, 1603) % 1000000) / 1000000, 1.4) * 4)] AS LINE_CD,
    if(mc % 23 = 5 AND ty = 'PM', 'CM', ty) AS ORD_TYPE,
    CAST(p, 'Enum8(\'low\' = 1, \'medium\' = 2, \'high\' = 3, \'critical\' = 4)') AS PRIO,
    if(ORD_TYPE = 'CM', ['MECH', 'ELEC', 'SENS', 'HYDR', 'SOFT'][1 + toUInt8(pow((cityHash64(number, 1606) % 1000000) / 1000000, 1.4) * 5)], NULL) AS FAULT_CD,
    if(ORD_TYPE = 'INS', 0, toUInt32(pow((cityHash64(number, 1607) % 1000000) / 1000000, 3) * if(ORD_TYPE = 'CM', 30000, 7000) * (0.7 + mc % 5 / 5))) AS DOWNTIME_S,
    if(ORD_TYPE = 'INS', toDecimal64(0, 2), toDecimal64(pow((cityHash64(number, 1608) % 1000000) / 1000000, 4) * 2400 * (1 + length(FAULT_CD) * (FAULT_CD = 'HYDR') / 4) + 3.5, 2)) AS PARTS_COST,
    if(ORD_TYPE = 'INS', [], arrayFilter(x -> cityHash64(number, x, 1609) % 100 < 34 - 3 * length(x), ['belt', 'bearing', 'seal', 'fuse', 'valve', 'motor'])) AS PARTS,
    if(cityHash64(number, 1610) % 100 < 4 AND OPENED_TS > now() - INTERVAL 20 DAY, NULL, 301 + toUInt16(pow((cityHash64(number, 1611) % 1000000) / 1000000, 1.3) * 28)) AS TECH_ID,
    if(cityHash64(number, 1612) % 100 < 5 + 4 * toUInt8(p), 1, 0) AS EXT_FLG,
    ['early', 'early', 'late', 'late', 'night'][1 + cityHash64(number, 1613) % 5] AS SHIFT
FROM (SELECT number, 1 + toUInt32(pow((cityHash64(number, 1602) % 1000000) / 1000000, 1.3) * 160) AS mc, cityHash64(number, 1604) % 100 AS o, cityHash64(number, 1605) % 100 AS q,
             multiIf(o < 40, 'PM', o < 81, 'CM', 'INS') AS ty, multiIf(q < 28, 1, q < 71, 2, q < 93, 3, 4) AS p,
             300 + toUInt32(pow((cityHash64(number, 1614) % 1000000) / 1000000, 3) * 260000 / p) AS wait, 600 + toUInt32(pow((cityHash64(number, 1615) % 1000000) / 1000000, 2.5) * (18000 + 600 * (mc % 9))) AS work
      FROM numbers(55000));

CREATE TABLE examattempts
(
    attemptid    UInt64,
    learnerid    UInt32,
    coursename   LowCardinality(String),
    country      LowCardinality(String),
    startedat    DateTime64(3),
    submittedat  Nullable(DateTime64(3)),
    scorepct     Nullable(Float32),
    result       Enum8('ungraded' = 0, 'pass' = 1, 'fail' = 2, 'voided' = 3),
    gradedat     Nullable(DateTime64(3)),
    proctored    Bool,
    feeusd       Decimal(8, 2),
    device       LowCardinality(String),
    weaktopics   Array(LowCardinality(String))
)
ENGINE = MergeTree ORDER BY (learnerid, startedat);

INSERT INTO examattempts
SELECT
    88000000 + number AS attemptid,
    ln AS learnerid,
    ['Data Analysis', 'Project Management', 'Cyber Security', 'Bookkeeping', 'Cloud Basics', 'UX Design', 'Python'][cr] AS coursename,
    ['IN', 'US', 'NG', 'BR', 'PH', 'GB', 'CA'][1 + toUInt8(pow((cityHash64(ln, 1704) % 1000000) / 1000000, 1.5) * 7)] AS country,
    now64(3) - toIntervalMillisecond(toUInt64(pow((cityHash64(number, 1701) % 1000000) / 1000000, 2.7) * 110 * 86400000)) AS startedat,
    if(cityHash64(number, 1705) % 100 < 4 + cr OR startedat + toIntervalSecond(took) > now64(3), NULL, startedat + toIntervalSecond(took)) AS submittedat,
    if(result IN ('pass', 'fail'), round(sc, 1), NULL) AS scorepct,
    CAST(multiIf(submittedat IS NULL OR submittedat + toIntervalSecond(gd) > now64(3), 'ungraded', cityHash64(number, 1706) % 1000 < 13, 'voided', sc >= 70, 'pass', 'fail'), 'Enum8(\'ungraded\' = 0, \'pass\' = 1, \'fail\' = 2, \'voided\' = 3)') AS result,
    if(result IN ('pass', 'fail'), submittedat + toIntervalSecond(gd), NULL) AS gradedat,
    cityHash64(number, 1707) % 100 < 20 + 6 * cr AS proctored,
    toDecimal64([49, 99, 129, 39, 59, 79, 45][cr] * if(country IN ('IN', 'NG', 'PH'), 0.5, 1), 2) AS feeusd,
    multiIf(cityHash64(number, 1708) % 100 < 57, 'laptop', cityHash64(number, 1708) % 100 < 84, 'phone', 'tablet') AS device,
    if(result = 'fail', arrayFilter(x -> cityHash64(number, x, 1709) % 100 < 4 * length(x), ['theory', 'practice', 'terminology', 'case_study', 'math']), []) AS weaktopics
FROM (SELECT number, 1000 + toUInt32(pow((cityHash64(number, 1702) % 1000000) / 1000000, 1.6) * 24000) AS ln, 1 + toUInt8(pow((cityHash64(number, 1703) % 1000000) / 1000000, 1.4) * 7) AS cr,
             600 + toUInt32(pow((cityHash64(number, 1710) % 1000000) / 1000000, 1.2) * (3000 + 500 * cr)) AS took, 3600 + toUInt32(pow((cityHash64(number, 1711) % 1000000) / 1000000, 3) * 86400 * 6) AS gd,
             100 - pow((cityHash64(number, 1712) % 1000000) / 1000000, 1.3) * (62 + 2 * cr) AS sc FROM numbers(95000));

CREATE TABLE tblShelterAnimals
(
    nAnimalId     UInt32,
    sName         String,
    eSpecies      Enum8('dog' = 1, 'cat' = 2, 'rabbit' = 3, 'bird' = 4),
    sSize         LowCardinality(String) COMMENT 'S small, M medium, L large',
    dtIntake      DateTime COMMENT 'arrival at the shelter',
    dtAdopted     Nullable(DateTime) COMMENT 'went to a new owner',
    dVaccinated   Nullable(Date) COMMENT 'first vaccination here, empty if not vaccinated yet',
    sIntakeReason LowCardinality(String) COMMENT 'stray, surrender, confiscated or transfer',
    sShelter      LowCardinality(String),
    nWeightGrams  UInt32,
    nAgeMonths    UInt16 COMMENT 'age on arrival',
    bNeutered     Bool,
    bChipped      Bool,
    aTraits       Array(String),
    dcAdoptionFee Nullable(Decimal(7, 2)) COMMENT 'paid by the new owner'
)
ENGINE = MergeTree ORDER BY nAnimalId;

INSERT INTO tblShelterAnimals
SELECT
    10000 + number AS nAnimalId,
    ['Bella', 'Max', 'Luna', 'Rocky', 'Milo', 'Coco', 'Nala', 'Simba', 'Daisy', 'Oscar', 'Ruby', 'Buddy'][1 + toUInt8(pow((cityHash64(number, 1802) % 1000000) / 1000000, 1.2) * 12)] AS sName,
    CAST(s, 'Enum8(\'dog\' = 1, \'cat\' = 2, \'rabbit\' = 3, \'bird\' = 4)') AS eSpecies,
    ['S', 'M', 'L'][1 + toUInt8(pow((cityHash64(number, 1804) % 1000000) / 1000000, 1.3) * 3)] AS sSize,
    now() - toIntervalSecond(toUInt64(pow((cityHash64(number, 1801) % 1000000) / 1000000, 2.3) * 300 * 86400)) AS dtIntake,
    if(cityHash64(number, 1805) % 100 < 14 OR dtIntake + toIntervalSecond(stay) > now(), NULL, dtIntake + toIntervalSecond(stay)) AS dtAdopted,
    if(cityHash64(number, 1806) % 100 < 8 + 7 * s OR toDate(dtIntake) + (1 + cityHash64(number, 1807) % 9) > today(), NULL, toDate(dtIntake) + (1 + cityHash64(number, 1807) % 9)) AS dVaccinated,
    multiIf(r < 38 + 4 * s, 'stray', r < 78, 'surrender', r < 88, 'transfer', 'confiscated') AS sIntakeReason,
    ['Happy Paws', 'Riverbank', 'Second Chance', 'Hillside', 'Green Meadow'][1 + toUInt8(pow((cityHash64(number, 1809) % 1000000) / 1000000, 1.4) * 5)] AS sShelter,
    toUInt32([9000, 2600, 1100, 60][s] * (0.6 + (cityHash64(number, 1810) % 1000) / 900) * multiIf(sSize = 'S', 0.7, sSize = 'M', 1.3, 2.6)) AS nWeightGrams,
    1 + toUInt16(pow((cityHash64(number, 1811) % 1000000) / 1000000, 2) * [150, 170, 80, 120][s]) AS nAgeMonths,
    cityHash64(number, 1812) % 100 < [52, 63, 30, 2][s] AS bNeutered,
    cityHash64(number, 1813) % 100 < [71, 44, 8, 3][s] AS bChipped,
    arrayFilter(x -> cityHash64(number, x, 1814) % 100 < 4 * length(x) - 8, ['shy', 'playful', 'good_with_kids', 'senior', 'house_trained']) AS aTraits,
    if(dtAdopted IS NULL, NULL, toDecimal64([180, 95, 35, 20][s] + 10 * (cityHash64(number, 1815) % 7), 2)) AS dcAdoptionFee
FROM (SELECT number, 1 + toUInt8(pow((cityHash64(number, 1803) % 1000000) / 1000000, 1.5) * 4) AS s, cityHash64(number, 1808) % 100 AS r,
             86400 + toUInt32(pow((cityHash64(number, 1816) % 1000000) / 1000000, 2.2) * 86400 * (60 + 22 * s)) + 40000 * s AS stay FROM numbers(42000));
