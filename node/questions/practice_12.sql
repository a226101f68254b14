-- Eight tables of eight fields for natural-language questions: loads into the database that the client selects.
-- Every time is relative to now() and denser near it, so today, this week and this month always have rows.
CREATE TABLE parking_sessions
(
    session_no    UInt64,
    entered_at    DateTime COMMENT 'when the vehicle passed the entry barrier',
    exited_at     Nullable(DateTime) COMMENT 'when it left, empty while it is still inside',
    garage        LowCardinality(String) COMMENT 'name of the car park',
    level         Int8,
    plate         String,
    plate_ctry    LowCardinality(String) COMMENT 'country of the number plate, ISO code: NL, BE, DE, FR, PL',
    vehicle_class Enum8('car' = 1, 'van' = 2, 'motorbike' = 3, 'camper' = 4),
    tariff        LowCardinality(String) COMMENT 'H hourly ticket, D day ticket, E evening flat rate, S season pass',
    fee_cents     Nullable(UInt32) COMMENT 'parking fee in euro cents, empty until the vehicle has left',
    ev_charging   Bool COMMENT 'whether the vehicle was plugged in at a charging point',
    lost_ticket   UInt8
)
ENGINE = MergeTree ORDER BY entered_at;

INSERT INTO parking_sessions
SELECT
    700000 + number AS session_no,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1001) % 1000000) / 1000000, 3) * 60 * 86400)) AS entered_at,
    if(entered_at + stay > now(), NULL, entered_at + stay) AS exited_at,
    garage0 AS garage,
    toInt8(toInt64(cityHash64(number, 1004) % (3 + length(garage))) % 6 - 2) AS level,
    concat(char(65 + pl % 23), char(65 + pl % 19), '-', leftPad(toString(pl), 5, '0')) AS plate,
    ['NL', 'DE', 'BE', 'FR', 'PL'][1 + toUInt8(pow((cityHash64(pl, 1006) % 1000000) / 1000000, 2.2) * 5)] AS plate_ctry,
    multiIf(v < 78, 'car', v < 89, 'van', v < 96, 'motorbike', 'camper') AS vehicle_class,
    tar AS tariff,
    if(exited_at IS NULL, NULL, toUInt32(multiIf(tar = 'S', 0, tar = 'D', 1850 + 100 * length(garage), tar = 'E', 900, 180 + intDiv(stay, 1800) * (110 + 5 * length(garage))))) AS fee_cents,
    vehicle_class IN ('car', 'van') AND cityHash64(number, 1008) % 100 < 7 + length(garage) % 6 AS ev_charging,
    tar IN ('H', 'D', 'E') AND cityHash64(number, 1009) % 1000 < 12 AS lost_ticket
FROM
(
    SELECT
        number,
        cityHash64(number, 1007) % 100 AS v,
        toUInt32(pow((cityHash64(number, 1005) % 1000000) / 1000000, 1.5) * 26000) AS pl,
        ['Central Station', 'Old Harbour', 'Opera', 'Market Hall', 'Riverside', 'University'][1 + toUInt8(pow((cityHash64(number, 1003) % 1000000) / 1000000, 1.6) * 6)] AS garage0,
        multiIf(cityHash64(number, 1002) % 100 < 58, 'H', cityHash64(number, 1002) % 100 < 73, 'D', cityHash64(number, 1002) % 100 < 83, 'E', 'S') AS tar,
        toUInt32(300 + pow((cityHash64(number, 1010) % 1000000) / 1000000, 3) * multiIf(tar = 'H', 20000, tar = 'D', 70000, tar = 'E', 15000, 190000) * (0.7 + length(garage0) / 30)) AS stay
    FROM numbers(90000)
);

CREATE TABLE ciBuilds
(
    buildId       UInt64,
    repo          LowCardinality(String) COMMENT 'code repository the build belongs to',
    branch        String,
    author        LowCardinality(String) COMMENT 'developer whose commit was built',
    triggeredBy   Enum8('push' = 1, 'pull_request' = 2, 'schedule' = 3, 'manual' = 4),
    queuedAt      DateTime64(3) COMMENT 'when the build entered the queue',
    startedAt     DateTime64(3) COMMENT 'when a runner picked it up',
    finishedAt    Nullable(DateTime64(3)) COMMENT 'empty while the build is running',
    result        Nullable(String) COMMENT 'success, failure, cancelled or timeout, empty while running',
    failedStage   Nullable(String) COMMENT 'stage that broke, only for failures: compile, lint, unit, e2e, deploy',
    runnerOs      LowCardinality(String),
    testsRun      UInt32,
    testsFailed   UInt32,
    coveragePct   Nullable(Float64) COMMENT 'line coverage in percent, if it was measured',
    artifactBytes UInt64 COMMENT 'size of the stored artifacts in bytes',
    isRelease     Bool,
    labels        Array(String)
)
ENGINE = MergeTree ORDER BY (repo, queuedAt);

INSERT INTO ciBuilds
SELECT
    1200000 + number AS buildId,
    r AS repo,
    multiIf(cityHash64(number, 1102) % 100 < 34, 'main', cityHash64(number, 1102) % 100 < 46, 'develop', concat('feature/', toString(cityHash64(number, 1103) % 700))) AS branch,
    a AS author,
    multiIf(cityHash64(number, 1105) % 100 < 47, 'push', cityHash64(number, 1105) % 100 < 80, 'pull_request', cityHash64(number, 1105) % 100 < 92, 'schedule', 'manual') AS triggeredBy,
    now64(3) - toIntervalMillisecond(900 + toUInt64(pow((cityHash64(number, 1106) % 1000000) / 1000000, 3) * 45 * 86400000)) AS queuedAt,
    queuedAt + toIntervalMillisecond(400 + toUInt32(pow((cityHash64(number, 1107) % 1000000) / 1000000, 3) * os_wait)) AS startedAt,
    if(startedAt + toIntervalMillisecond(run_ms) > now64(3), NULL, startedAt + toIntervalMillisecond(run_ms)) AS finishedAt,
    if(finishedAt IS NULL, NULL, multiIf(h < 68 + length(r), 'success', h < 93, 'failure', h < 98, 'cancelled', 'timeout')) AS result,
    if(result = 'failure', ['unit', 'e2e', 'compile', 'lint', 'deploy'][1 + toUInt8(pow((cityHash64(number, 1109) % 1000000) / 1000000, 1.7) * 5)], NULL) AS failedStage,
    os AS runnerOs,
    40 + length(r) * 90 + toUInt32(cityHash64(number, 1111) % 300) AS testsRun,
    if(failedStage IN ('unit', 'e2e'), 1 + toUInt32(pow((cityHash64(number, 1112) % 1000000) / 1000000, 4) * 60), 0) AS testsFailed,
    if(cityHash64(number, 1113) % 100 < 64, round(52 + length(r) * 1.7 + (cityHash64(number, 1114) % 2300) / 100, 2), NULL) AS coveragePct,
    toUInt64(900000 + pow((cityHash64(number, 1115) % 1000000) / 1000000, 2) * 24000000 * length(r)) AS artifactBytes,
    branch = 'main' AND cityHash64(number, 1116) % 100 < 9 AS isRelease,
    arrayFilter(x -> cityHash64(number, x, 1117) % 100 < 2 * length(x) - 5, ['flaky', 'hotfix', 'nightly', 'security', 'dependencies']) AS labels
FROM
(
    SELECT
        number,
        cityHash64(number, 1108) % 100 AS h,
        ['storefront', 'billing-core', 'mobile', 'search', 'infra', 'ledger'][1 + toUInt8(pow((cityHash64(number, 1101) % 1000000) / 1000000, 1.5) * 6)] AS r,
        ['amara', 'bjorn', 'chidi', 'dolores', 'emeka', 'freya', 'goran', 'hanako', 'ilse', 'jamal', 'kaia', 'lorenzo', 'mei', 'nadia'][1 + toUInt8(pow((cityHash64(number, 1104) % 1000000) / 1000000, 1.4) * 14)] AS a,
        multiIf(cityHash64(number, 1110) % 100 < 71, 'linux', cityHash64(number, 1110) % 100 < 88, 'macos', 'windows') AS os,
        multiIf(os = 'linux', 60000, os = 'macos', 420000, 260000) AS os_wait,
        toUInt32(40000 + pow((cityHash64(number, 1118) % 1000000) / 1000000, 2.5) * 130000 * length(r)) AS run_ms
    FROM numbers(120000)
);

CREATE TABLE FishLandings
(
    LandingNo     UInt64,
    TripStartedAt DateTime COMMENT 'when the vessel left port',
    LandedAt      DateTime COMMENT 'when the catch was brought ashore',
    SoldAt        Nullable(DateTime) COMMENT 'when the catch was sold at the auction, empty if not sold yet',
    Vessel        LowCardinality(String),
    FlagState     LowCardinality(String) COMMENT 'ISO code of the flag the vessel sails under: NO, IS, DK, GB, FO',
    Port          LowCardinality(String),
    Species       LowCardinality(String) COMMENT 'FAO code: COD cod, HAD haddock, MAC mackerel, HER herring, POK saithe, LBE lobster',
    Gear          Enum8('trawl' = 1, 'longline' = 2, 'gillnet' = 3, 'seine' = 4, 'pots' = 5) COMMENT 'fishing gear used',
    WeightKg      Float64 COMMENT 'landed weight in kilograms',
    PricePerKg    Nullable(Decimal(8, 2)) COMMENT 'auction price in euro per kilogram, empty while unsold',
    CrewSize      UInt8,
    OverQuota     UInt8,
    Certificates  Array(String)
)
ENGINE = MergeTree ORDER BY LandedAt;

INSERT INTO FishLandings
SELECT
    88000 + number AS LandingNo,
    LandedAt - toIntervalMinute(240 + toUInt32(pow((cityHash64(number, 1202) % 1000000) / 1000000, 1.8) * 300 * length(Vessel))) AS TripStartedAt,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1201) % 1000000) / 1000000, 2.8) * 90 * 86400)) AS LandedAt,
    if(cityHash64(number, 1203) % 100 < 4 OR LandedAt + sale > now(), NULL, LandedAt + sale) AS SoldAt,
    vs AS Vessel,
    ['NO', 'IS', 'GB', 'DK', 'FO'][1 + toUInt8(pow((cityHash64(vs, 1205) % 1000000) / 1000000, 1.3) * 5)] AS FlagState,
    ['Bergen', 'Peterhead', 'Reykjavik', 'Skagen', 'Torshavn', 'Tromso'][1 + toUInt8(pow((cityHash64(number, 1206) % 1000000) / 1000000, 1.5) * 6)] AS Port,
    sp AS Species,
    if(sp = 'LBE', 'pots', ['trawl', 'longline', 'seine', 'gillnet'][1 + toUInt8(pow((cityHash64(number, 1208) % 1000000) / 1000000, 1.4) * 4)]) AS Gear,
    round(multiIf(sp = 'LBE', 40, sp IN ('MAC', 'HER'), 900, 350) * (0.3 + pow((cityHash64(number, 1209) % 1000000) / 1000000, 2) * 9), 1) AS WeightKg,
    if(SoldAt IS NULL, NULL, toDecimal64(multiIf(sp = 'LBE', 21.5, sp = 'COD', 4.4, sp = 'HAD', 3.1, sp = 'MAC', 1.6, sp = 'HER', 0.9, 1.9) * (0.8 + (cityHash64(number, 1210) % 1000) / 2000), 2)) AS PricePerKg,
    2 + toUInt8(pow((cityHash64(number, 1211) % 1000000) / 1000000, 1.5) * (4 + length(vs) % 9)) AS CrewSize,
    cityHash64(number, 1212) % 100 < 2 + length(Port) % 5 AS OverQuota,
    arrayFilter(x -> cityHash64(vs, number % 9, x, 1213) % 100 < 5 * length(x) - 4, ['MSC', 'line_caught', 'dolphin_safe', 'local']) AS Certificates
FROM
(
    SELECT
        number,
        toUInt32(1200 + cityHash64(number, 1204) % 1000 * 130) AS sale,
        ['Havbris', 'Northern Lass', 'Sula', 'Kristina II', 'Ocean Harvest', 'Skarv', 'Blue Gannet', 'Freyja', 'Marie-Anne', 'Polarlys', 'Silver Darling', 'Tjaldur', 'Vestkapp', 'Wave Dancer'][1 + toUInt8(pow((cityHash64(number, 1214) % 1000000) / 1000000, 1.4) * 14)] AS vs,
        ['COD', 'HAD', 'MAC', 'HER', 'POK', 'LBE'][1 + toUInt8(pow((cityHash64(number, 1207) % 1000000) / 1000000, 1.4) * 6)] AS sp
    FROM numbers(40000)
);

CREATE TABLE cine_tix
(
    tix_id   UInt64 COMMENT 'ticket number',
    sold_ts  DateTime COMMENT 'time of sale',
    show_ts  DateTime COMMENT 'start of the screening',
    scan_ts  Nullable(DateTime) COMMENT 'when the ticket was scanned at the door, empty if it was not used',
    film     LowCardinality(String),
    site     LowCardinality(String) COMMENT 'the cinema',
    scr_fmt  LowCardinality(String) COMMENT 'screen format: 2D, 3D, IMX (IMAX), 4DX',
    lang     LowCardinality(String) COMMENT 'OV original version, DUB dubbed, SUB subtitled',
    seat_cat Enum8('standard' = 1, 'premium' = 2, 'loveseat' = 3, 'wheelchair' = 4),
    px       Decimal(6, 2) COMMENT 'ticket price in euro',
    disc_cd  Nullable(String) COMMENT 'discount code: STU student, SEN senior, KID child, MEM member, empty for full price',
    cust_id  Nullable(UInt32) COMMENT 'loyalty card holder, empty for anonymous sales',
    chan     LowCardinality(String),
    snacks   Array(String) COMMENT 'snacks bought with the ticket',
    rfnd     UInt8 COMMENT '1 if the money was given back'
)
ENGINE = MergeTree ORDER BY (site, sold_ts);

INSERT INTO cine_tix
SELECT
    30000000 + number AS tix_id,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1301) % 1000000) / 1000000, 3) * 50 * 86400)) AS sold_ts,
    toStartOfInterval(sold_ts, INTERVAL 15 MINUTE) + toIntervalMinute(15 * (1 + toUInt32(pow((cityHash64(number, 1302) % 1000000) / 1000000, 4) * 800))) AS show_ts,
    if(show_ts > now() OR rfnd = 1 OR cityHash64(number, 1303) % 100 < 4 + length(ch), NULL, greatest(sold_ts + 15, show_ts - toIntervalSecond(cityHash64(number, 1304) % 1500))) AS scan_ts,
    ['Midnight Ferry', 'The Last Beekeeper', 'Orbit Nine', 'Paper Tigers', 'Salt and Smoke', 'Dino Camp', 'Quiet Harbour', 'Neon Saints'][1 + toUInt8(pow((cityHash64(number, 1305) % 1000000) / 1000000, 1.5) * 8)] AS film,
    ['Rialto', 'Odyssey', 'Lumen', 'Kino West', 'Palace'][1 + toUInt8(pow((cityHash64(number, 1306) % 1000000) / 1000000, 1.4) * 5)] AS site,
    fmt AS scr_fmt,
    ['DUB', 'OV', 'SUB'][1 + toUInt8(pow((cityHash64(number, 1308) % 1000000) / 1000000, 1.6) * 3)] AS lang,
    multiIf(s < 74, 'standard', s < 91, 'premium', s < 97, 'loveseat', 'wheelchair') AS seat_cat,
    toDecimal64(multiIf(fmt = '2D', 9.5, fmt = '3D', 12, fmt = 'IMX', 15.5, 18) + multiIf(s < 74, 0, s < 91, 3, s < 97, 5.5, -2) + length(site) / 4 - if(d < 34, 2.5, 0), 2) AS px,
    multiIf(d < 14, 'STU', d < 20, 'SEN', d < 28, 'KID', d < 34, 'MEM', NULL) AS disc_cd,
    if(cityHash64(number, 1311) % 100 < 46, 5000 + toUInt32(pow((cityHash64(number, 1312) % 1000000) / 1000000, 1.6) * 14000), NULL) AS cust_id,
    ch AS chan,
    arrayFilter(x -> cityHash64(number, x, 1313) % 100 < 3 * length(x) - 7, ['popcorn', 'soda', 'nachos', 'candy', 'ice_cream']) AS snacks,
    cityHash64(number, 1314) % 100 < length(ch) - 2 AS rfnd
FROM
(
    SELECT
        number,
        cityHash64(number, 1309) % 100 AS s,
        cityHash64(number, 1310) % 100 AS d,
        multiIf(cityHash64(number, 1307) % 100 < 61, '2D', cityHash64(number, 1307) % 100 < 79, '3D', cityHash64(number, 1307) % 100 < 93, 'IMX', '4DX') AS fmt,
        multiIf(cityHash64(number, 1315) % 100 < 44, 'app', cityHash64(number, 1315) % 100 < 72, 'website', cityHash64(number, 1315) % 100 < 90, 'counter', 'kiosk') AS ch
    FROM numbers(110000)
);

CREATE TABLE property_viewings
(
    `viewing.id`            UInt64,
    `viewing.requested_at`  DateTime COMMENT 'when the interested buyer asked for a viewing',
    `viewing.scheduled_for` DateTime COMMENT 'date and time of the viewing itself',
    `viewing.state`         LowCardinality(String) COMMENT 'planned, done, no_show or cancelled',
    `viewing.virtual`       Bool COMMENT 'by video instead of on site',
    `listing.id`            UInt32 COMMENT 'the property for sale',
    `listing.city`          LowCardinality(String),
    `listing.kind`          Enum8('flat' = 1, 'terraced' = 2, 'semi' = 3, 'detached' = 4, 'bungalow' = 5),
    `listing.area_sqft`     UInt32 COMMENT 'floor area in square feet',
    `listing.bedrooms`      UInt8,
    `listing.asking_price`  UInt32 COMMENT 'asking price in pounds',
    `listing.features`      Array(String),
    `agent.name`            LowCardinality(String) COMMENT 'estate agent who shows the property',
    `buyer.id`              UInt32,
    `buyer.first_time`      UInt8 COMMENT '1 for first-time buyers',
    `offer.made_at`         Nullable(DateTime) COMMENT 'when the buyer made an offer after the viewing, if any',
    `offer.amount`          Nullable(UInt32) COMMENT 'offered sum in pounds',
    `feedback.stars`        Nullable(UInt8)
)
ENGINE = MergeTree ORDER BY `viewing.requested_at`;

INSERT INTO property_viewings
SELECT
    61000 + number AS vid,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1401) % 1000000) / 1000000, 2.7) * 100 * 86400)) AS req,
    toStartOfInterval(req, INTERVAL 30 MINUTE) + toIntervalMinute(30 * (2 + toUInt32(pow((cityHash64(number, 1402) % 1000000) / 1000000, 3) * 500))) AS sch,
    multiIf(h < 13, 'cancelled', sch > now(), 'planned', h < 17 + length(ag) % 6, 'no_show', 'done') AS st,
    cityHash64(number, 1404) % 100 < 18 AS virt,
    lst + 9000 AS lid,
    ['Leeds', 'Bristol', 'Manchester', 'Glasgow', 'Cardiff'][1 + toUInt8(pow((cityHash64(lst, 1406) % 1000000) / 1000000, 1.5) * 5)] AS city,
    kd AS kind,
    area,
    1 + toUInt8(area / 480) AS beds,
    toUInt32(round((60000 + area * (170 + 12 * length(city)) + (cityHash64(lst, 1408) % 60000)) / 500) * 500) AS ask,
    arrayFilter(x -> cityHash64(lst, x, 1409) % 100 < 6 * length(x) - 12, ['garden', 'garage', 'balcony', 'pool', 'solar_roof']) AS feats,
    ag AS agent,
    200000 + toUInt32(pow((cityHash64(number, 1411) % 1000000) / 1000000, 1.5) * 13000) AS buyer,
    cityHash64(buyer, 1412) % 100 < 37 AS ft,
    if(st = 'done' AND cityHash64(number, 1413) % 100 < 9 + length(ag) % 5 AND sch + wait < now(), sch + wait, NULL) AS om,
    if(om IS NULL, NULL, toUInt32(round(ask * (0.86 + (cityHash64(number, 1415) % 2000) / 10000) / 500) * 500)) AS oa,
    if(st = 'done' AND cityHash64(number, 1416) % 100 < 55, 1 + toUInt8(pow((cityHash64(number, 1417) % 1000000) / 1000000, 0.6) * 5), NULL) AS stars
FROM
(
    SELECT
        number,
        cityHash64(number, 1403) % 100 AS h,
        toUInt32(pow((cityHash64(number, 1405) % 1000000) / 1000000, 1.4) * 2600) AS lst,
        ['flat', 'terraced', 'semi', 'detached', 'bungalow'][1 + toUInt8(pow((cityHash64(lst, 1407) % 1000000) / 1000000, 1.6) * 5)] AS kd,
        toUInt32(360 + length(kd) * 70 + cityHash64(lst, 1410) % 1100) AS area,
        ['Olivia Hart', 'Tom Byrne', 'Priya Nair', 'Callum Reid', 'Ewa Zielinska', 'Marcus Cole', 'Sian Pugh', 'Dev Anand'][1 + toUInt8(pow((cityHash64(number, 1418) % 1000000) / 1000000, 1.4) * 8)] AS ag,
        toUInt32(1800 + pow((cityHash64(number, 1414) % 1000000) / 1000000, 2) * 500000) AS wait
    FROM numbers(60000)
);

CREATE TABLE EMERG_CALLS
(
    CALL_NO    UInt64,
    CALL_TS    DateTime COMMENT 'when the emergency call came in',
    DISP_TS    Nullable(DateTime) COMMENT 'when the first unit was sent out',
    ARR_TS     Nullable(DateTime) COMMENT 'when the first unit arrived on scene',
    CLEAR_TS   Nullable(DateTime),
    CALL_TYPE  LowCardinality(String) COMMENT 'FIR fire, MED medical, RTC road traffic collision, HAZ hazardous material, RES rescue',
    PRIO       UInt8 COMMENT '1 life threatening, 2 urgent, 3 routine',
    DISTRICT   LowCardinality(String),
    STATION    LowCardinality(String) COMMENT 'fire station that answered',
    UNITS      Array(String) COMMENT 'kinds of units sent: engine, ladder, ambulance, rescue, command',
    DIST_M     UInt32 COMMENT 'road distance from the station to the scene in metres',
    FALSE_ALRM UInt8 COMMENT '1 if it turned out to be a false alarm',
    INJURED    Nullable(UInt16) COMMENT 'number of people hurt, empty if not reported',
    SRC        Enum8('phone' = 1, 'alarm_system' = 2, 'text' = 3, 'app' = 4)
)
ENGINE = MergeTree ORDER BY CALL_TS;

INSERT INTO EMERG_CALLS
SELECT
    4400000 + number AS CALL_NO,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1501) % 1000000) / 1000000, 3) * 55 * 86400)) AS CALL_TS,
    if(cityHash64(number, 1502) % 100 < 5 OR CALL_TS + d1 > now(), NULL, CALL_TS + d1) AS DISP_TS,
    if(DISP_TS IS NULL OR CALL_TS + d1 + d2 > now(), NULL, CALL_TS + d1 + d2) AS ARR_TS,
    if(ARR_TS IS NULL OR CALL_TS + d1 + d2 + d3 > now(), NULL, CALL_TS + d1 + d2 + d3) AS CLEAR_TS,
    ct AS CALL_TYPE,
    pr AS PRIO,
    ['Northgate', 'Docks', 'Old Town', 'Hillside', 'Westfield', 'Airport'][1 + toUInt8(pow((cityHash64(number, 1505) % 1000000) / 1000000, 1.4) * 6)] AS DISTRICT,
    ['Station 1', 'Station 4', 'Station 7', 'Station 9', 'Station 12'][1 + toUInt8(pow((cityHash64(number, 1506) % 1000000) / 1000000, 1.5) * 5)] AS STATION,
    if(DISP_TS IS NULL, [], arrayFilter(x -> (x = 'ambulance' AND ct NOT IN ('FIR', 'RES', 'HAZ')) OR (x = 'rescue' AND ct IN ('RES', 'HAZ')) OR (x = 'ambulance' AND ct = 'MED') OR (x = 'engine' AND ct = 'FIR') OR (cityHash64(number, x, 1507) % 100 < 10 + 3 * length(x) - 4 * pr), ['engine', 'ladder', 'ambulance', 'rescue', 'command'])) AS UNITS,
    dist AS DIST_M,
    cityHash64(number, 1509) % 100 < if(SRC = 'alarm_system', 31, 6) AS FALSE_ALRM,
    if(FALSE_ALRM = 1 OR cityHash64(number, 1510) % 100 < 40, NULL, toUInt16(pow((cityHash64(number, 1511) % 1000000) / 1000000, 5) * if(ct = 'RTC', 9, 5))) AS INJURED,
    multiIf(cityHash64(number, 1512) % 100 < 66, 'phone', cityHash64(number, 1512) % 100 < 84, 'alarm_system', cityHash64(number, 1512) % 100 < 95, 'app', 'text') AS SRC
FROM
(
    SELECT
        number,
        ['MED', 'FIR', 'RTC', 'RES', 'HAZ'][1 + toUInt8(pow((cityHash64(number, 1503) % 1000000) / 1000000, 1.9) * 5)] AS ct,
        multiIf(cityHash64(number, 1504) % 100 < 27, 1, cityHash64(number, 1504) % 100 < 70, 2, 3) AS pr,
        toUInt32(350 + pow((cityHash64(number, 1508) % 1000000) / 1000000, 1.6) * 17000) AS dist,
        toUInt32(20 + pr * 25 + cityHash64(number, 1513) % 120) AS d1,
        toUInt32(60 + dist / (9 + cityHash64(number, 1514) % 9)) AS d2,
        toUInt32(600 + pow((cityHash64(number, 1515) % 1000000) / 1000000, 2) * 9000) AS d3
    FROM numbers(75000)
);

CREATE TABLE roastLog
(
    nBatch     UInt64,
    dtRoasted  DateTime COMMENT 'end of the roast',
    dtTasted   Nullable(DateTime) COMMENT 'when the batch was cupped by the quality team',
    dtPacked   Nullable(DateTime) COMMENT 'when the coffee was bagged, empty if not bagged yet',
    sOrigin    LowCardinality(String) COMMENT 'country of the beans, ISO code: BR, CO, ET, KE, GT, VN',
    sMachine   LowCardinality(String) COMMENT 'roasting machine',
    sOperator  LowCardinality(String),
    eLevel     Enum8('light' = 1, 'medium' = 2, 'dark' = 3, 'espresso' = 4) COMMENT 'roast level',
    nGreenG    UInt32 COMMENT 'weight of the raw beans in grams',
    nRoastedG  UInt32 COMMENT 'weight after roasting in grams',
    nSecs      UInt16 COMMENT 'roasting time in seconds',
    fCup       Nullable(Float64) COMMENT 'cupping score from 0 to 100',
    decBeanEur Decimal(8, 2) COMMENT 'price of the raw beans in euro per kilogram',
    bDecaf     Bool,
    bReject    UInt8 COMMENT '1 if quality control turned the batch down',
    aNotes     Array(String) COMMENT 'flavour notes found in the cupping'
)
ENGINE = MergeTree ORDER BY (sMachine, dtRoasted);

INSERT INTO roastLog
SELECT
    15000 + number AS nBatch,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1601) % 1000000) / 1000000, 2.8) * 80 * 86400)) AS dtRoasted,
    if(cityHash64(number, 1602) % 100 < 25 OR dtRoasted + w1 > now(), NULL, dtRoasted + w1) AS dtTasted,
    if(bReject = 1 OR dtRoasted + w2 > now(), NULL, dtRoasted + w2) AS dtPacked,
    org AS sOrigin,
    mc AS sMachine,
    ['Anton', 'Beatriz', 'Carmen', 'Didier', 'Esra', 'Felix', 'Greta'][1 + toUInt8(pow((cityHash64(number, 1605) % 1000000) / 1000000, 1.5) * 7)] AS sOperator,
    lv AS eLevel,
    g AS nGreenG,
    toUInt32(g * (0.89 - multiIf(lv = 'light', 0.01, lv = 'medium', 0.03, lv = 'dark', 0.07, 0.055) - (cityHash64(number, 1608) % 400) / 10000)) AS nRoastedG,
    toUInt16(multiIf(lv = 'light', 540, lv = 'medium', 620, lv = 'dark', 790, 720) + cityHash64(number, 1609) % 180) AS nSecs,
    if(dtTasted IS NULL, NULL, round(74 + length(org) + (cityHash64(org, 1610) % 50) / 10 + (cityHash64(number, 1611) % 1400) / 100, 2)) AS fCup,
    toDecimal64(4.2 + (cityHash64(org, 1612) % 400) / 100 + (cityHash64(number, 1613) % 150) / 100, 2) AS decBeanEur,
    cityHash64(number, 1614) % 100 < 8 AS bDecaf,
    cityHash64(number, 1615) % 100 < 2 + length(mc) % 5 AS bReject,
    if(dtTasted IS NULL, [], arrayFilter(x -> cityHash64(number, x, org, 1616) % 100 < 4 * length(x) - 8, ['berry', 'citrus', 'chocolate', 'nutty', 'floral'])) AS aNotes
FROM
(
    SELECT
        number,
        ['BR', 'CO', 'ET', 'VN', 'GT', 'KE'][1 + toUInt8(pow((cityHash64(number, 1603) % 1000000) / 1000000, 1.5) * 6)] AS org,
        ['Probat 60', 'Giesen W30', 'Loring S35', 'Old Betty'][1 + toUInt8(pow((cityHash64(number, 1604) % 1000000) / 1000000, 1.3) * 4)] AS mc,
        ['medium', 'espresso', 'light', 'dark'][1 + toUInt8(pow((cityHash64(number, 1606) % 1000000) / 1000000, 1.3) * 4)] AS lv,
        toUInt32(8000 + (cityHash64(number, 1607) % 1000) * 3 * length(mc)) AS g,
        toUInt32(3600 + cityHash64(number, 1617) % 60000) AS w1,
        toUInt32(7200 + pow((cityHash64(number, 1618) % 1000000) / 1000000, 2) * 400000) AS w2
    FROM numbers(32000)
);

CREATE TABLE loanapplications
(
    appid        UInt64,
    custno       UInt32 COMMENT 'customer who applies',
    submittedat  DateTime COMMENT 'when the application was handed in',
    decidedat    Nullable(DateTime) COMMENT 'when the bank decided, empty while it is open',
    paidoutat    Nullable(DateTime) COMMENT 'when the money was transferred, empty if it was not',
    outcome      Enum8('pending' = 0, 'approved' = 1, 'rejected' = 2, 'withdrawn' = 3),
    rejectreason Nullable(String) COMMENT 'LOWSC credit score too low, INCOM income too low, DOCS papers missing, FRAUD suspected fraud, only if rejected',
    purpose      LowCardinality(String),
    amt          Decimal(12, 2) COMMENT 'amount asked for in euro',
    termmonths   UInt16 COMMENT 'term of the loan in months',
    ratepct      Nullable(Float64) COMMENT 'yearly interest rate in percent, only if approved',
    creditscore  Nullable(UInt16),
    netincome    Decimal(10, 2) COMMENT 'monthly net income of the customer in euro',
    ctry         LowCardinality(String) COMMENT 'country of residence: AT, CH, DE, IT, LI',
    chan         LowCardinality(String) COMMENT 'branch, online, broker or phone',
    selfemployed UInt8,
    cosigner     Bool COMMENT 'whether a second person signs',
    docs         Array(String) COMMENT 'documents handed in'
)
ENGINE = MergeTree ORDER BY (ctry, submittedat);

INSERT INTO loanapplications
SELECT
    910000 + number AS appid,
    cn AS custno,
    now() - toIntervalSecond(1 + toUInt64(pow((cityHash64(number, 1701) % 1000000) / 1000000, 2.9) * 75 * 86400)) AS submittedat,
    if(submittedat + w > now(), NULL, submittedat + w) AS decidedat,
    if(outcome = 'approved' AND cityHash64(number, 1703) % 100 < 88 AND submittedat + w + w2 < now(), submittedat + w + w2, NULL) AS paidoutat,
    multiIf(submittedat + w > now(), 'pending', h < multiIf(ch = 'online', 58, ch = 'branch', 67, ch = 'phone', 61, 52) - if(cityHash64(cn, 1711) % 430 < 150, 22, 0), 'approved', h < 92, 'rejected', 'withdrawn') AS outcome,
    if(outcome = 'rejected', ['LOWSC', 'INCOM', 'DOCS', 'FRAUD'][1 + toUInt8(pow((cityHash64(number, 1705) % 1000000) / 1000000, 1.6) * 4)], NULL) AS rejectreason,
    ['car', 'renovation', 'debt_consolidation', 'wedding', 'education', 'medical'][1 + toUInt8(pow((cityHash64(number, 1706) % 1000000) / 1000000, 1.5) * 6)] AS purpose,
    toDecimal64(round((1500 + pow((cityHash64(number, 1707) % 1000000) / 1000000, 2) * 3900 * (4 + length(purpose))) / 50) * 50, 2) AS amt,
    toUInt16(12 * (1 + toUInt8(pow((cityHash64(number, 1708) % 1000000) / 1000000, 1.3) * 10))) AS termmonths,
    if(outcome = 'approved', round(3.1 + length(purpose) / 10 + (cityHash64(number, 1709) % 420) / 100, 2), NULL) AS ratepct,
    if(cityHash64(cn, 1710) % 100 < 11, NULL, toUInt16(420 + cityHash64(cn, 1711) % 430)) AS creditscore,
    toDecimal64(1300 + toUInt32(pow((cityHash64(cn, 1712) % 1000000) / 1000000, 1.8) * 6500), 2) AS netincome,
    ['DE', 'AT', 'CH', 'IT', 'LI'][1 + toUInt8(pow((cityHash64(cn, 1713) % 1000000) / 1000000, 2) * 5)] AS ctry,
    ch AS chan,
    cityHash64(cn, 1714) % 100 < 17 AS selfemployed,
    cityHash64(number, 1715) % 100 < 22 AS cosigner,
    arrayFilter(x -> cityHash64(number, x, 1716) % 100 < 95 - 4 * length(x), ['payslip', 'id_card', 'tax_return', 'bank_statement']) AS docs
FROM
(
    SELECT
        number,
        cityHash64(number, 1704) % 100 AS h,
        3000 + toUInt32(pow((cityHash64(number, 1702) % 1000000) / 1000000, 1.5) * 21000) AS cn,
        multiIf(cityHash64(number, 1717) % 100 < 46, 'online', cityHash64(number, 1717) % 100 < 74, 'branch', cityHash64(number, 1717) % 100 < 92, 'broker', 'phone') AS ch,
        toUInt32(1800 + pow((cityHash64(number, 1718) % 1000000) / 1000000, 2) * multiIf(ch = 'online', 140000, ch = 'phone', 300000, ch = 'branch', 380000, 470000)) AS w,
        toUInt32(40000 + cityHash64(number, 1719) % 300000) AS w2
    FROM numbers(65000)
);
