-- Eight tables for natural-language questions: loads into the database that the client selects. All times are relative to now().
CREATE TABLE blood_donations
(
    donation_id     UInt64,
    donor_id        UInt32 COMMENT 'the person who gave blood',
    registered_at   DateTime COMMENT 'when the donor checked in at the desk',
    donated_at      DateTime COMMENT 'when the donation was taken',
    lab_released_at Nullable(DateTime) COMMENT 'when the laboratory finished testing, NULL while still in the lab',
    center          LowCardinality(String) COMMENT 'donation centre',
    blood_type      LowCardinality(String) COMMENT 'ABO group with rhesus sign, such as O- or AB+',
    donation_kind   Enum8('whole_blood' = 1, 'plasma' = 2, 'platelets' = 3),
    volume_ml       UInt16 COMMENT 'amount taken, in millilitres',
    haemoglobin     Nullable(Float32) COMMENT 'g/dl, measured before donating',
    donor_age       UInt8,
    first_time      Bool COMMENT 'true if it is the first donation of this person here',
    lab_result      LowCardinality(String) COMMENT 'OK usable, REJ rejected, PEND result still open',
    side_effects    Array(String) COMMENT 'complaints reported by the donor afterwards'
)
ENGINE = MergeTree ORDER BY donated_at;

INSERT INTO blood_donations
SELECT
    880000 + number AS donation_id,
    10000 + toUInt32(pow(((cityHash64(number, 102) % 1000000) / 1000000), 1.9) * 16000) AS donor_id,
    donated_at - toIntervalSecond(300 + toUInt32(pow(((cityHash64(number, 103) % 1000000) / 1000000), 2) * (2400 + 300 * c))) AS registered_at,
    now() - toIntervalSecond(toUInt64(pow(((cityHash64(number, 101) % 1000000) / 1000000), 2.6) * 100 * 86400)) AS donated_at,
    if(donated_at + toIntervalMinute(600 + toUInt32(pow(((cityHash64(number, 104) % 1000000) / 1000000), 1.5) * 4200)) > now(), NULL, donated_at + toIntervalMinute(600 + toUInt32(pow(((cityHash64(number, 104) % 1000000) / 1000000), 1.5) * 4200))) AS lab_released_at,
    ['City Hall', 'Eastside', 'University', 'Station Square', 'Mobile Bus'][c] AS center,
    ['O+', 'A+', 'B+', 'O-', 'A-', 'AB+', 'B-', 'AB-'][1 + toUInt8(pow((cityHash64(donor_id, 105) % 1000000) / 1000000, 1.7) * 8)] AS blood_type,
    multiIf(cityHash64(number, 106) % 100 < 58 + c, 'whole_blood', cityHash64(number, 106) % 100 < 89, 'plasma', 'platelets') AS donation_kind,
    multiIf(donation_kind = 'whole_blood', 430 + cityHash64(number, 107) % 61, donation_kind = 'plasma', 560 + cityHash64(number, 107) % 190, 200 + cityHash64(number, 107) % 90) AS volume_ml,
    if(cityHash64(number, 108) % 100 < 6, NULL, round(11.8 + ((cityHash64(number, 109) % 1000000) / 1000000) * 4.2 + c / 20, 1)) AS haemoglobin,
    18 + toUInt8(pow((cityHash64(donor_id, 110) % 1000000) / 1000000, 1.4) * 50) AS donor_age,
    cityHash64(number, 111) % 100 < 11 + c AS first_time,
    multiIf(lab_released_at IS NULL, 'PEND', cityHash64(number, 112) % 100 < 2 + 2 * c, 'REJ', 'OK') AS lab_result,
    arrayFilter(x -> cityHash64(number, x, 113) % 100 < length(x) / 2, ['dizziness', 'bruise', 'nausea', 'fainting']) AS side_effects
FROM (SELECT number, 1 + toUInt8(pow(((cityHash64(number, 114) % 1000000) / 1000000), 1.5) * 5) AS c FROM numbers(60000));

CREATE TABLE ferryCrossings
(
    sailingNo     UInt64,
    vesselName    LowCardinality(String),
    depPort       LowCardinality(String) COMMENT 'port code: DOV Dover, CAL Calais, HUL Hull, RTM Rotterdam, POR Portsmouth, BIL Bilbao',
    arrPort       LowCardinality(String) COMMENT 'port code, as depPort',
    scheduledDep  DateTime COMMENT 'departure by the timetable',
    actualDep     Nullable(DateTime) COMMENT 'when the ship really left',
    actualArr     Nullable(DateTime) COMMENT 'when the ship really arrived',
    sailingStatus Enum8('scheduled' = 0, 'underway' = 1, 'arrived' = 2, 'cancelled' = 3),
    cancelReason  LowCardinality(Nullable(String)),
    passengers    UInt16,
    cars          UInt16,
    carCapacity   UInt16,
    lorries       UInt16,
    waveHeight    Float32 COMMENT 'significant wave height in metres',
    fuelLitres    Float32,
    ticketRevenue Decimal(12, 2) COMMENT 'EUR',
    nightSailing  UInt8
)
ENGINE = MergeTree ORDER BY (depPort, scheduledDep);

INSERT INTO ferryCrossings
SELECT
    50000 + number AS sailingNo,
    multiIf(r <= 2, ['Channel Star', 'White Cliff', 'Spirit of Kent'][1 + toUInt8(pow(((cityHash64(number, 201) % 1000000) / 1000000), 1.3) * 3)], r <= 4, ['North Pride', 'Humber Queen'][1 + toUInt8(pow(((cityHash64(number, 201) % 1000000) / 1000000), 1.3) * 2)], ['Cantabria', 'Biscay Dawn'][1 + toUInt8(pow(((cityHash64(number, 201) % 1000000) / 1000000), 1.3) * 2)]) AS vesselName,
    ['DOV', 'CAL', 'HUL', 'RTM', 'POR', 'BIL'][r] AS depPort,
    ['CAL', 'DOV', 'RTM', 'HUL', 'BIL', 'POR'][r] AS arrPort,
    toStartOfInterval(now() - toIntervalSecond(toUInt64(pow(((cityHash64(number, 203) % 1000000) / 1000000), 2.4) * 120 * 86400)), INTERVAL 5 MINUTE) AS scheduledDep,
    if(x OR scheduledDep + toIntervalMinute(dl) > now(), NULL, scheduledDep + toIntervalMinute(dl)) AS actualDep,
    if(actualDep IS NULL OR actualDep + toIntervalMinute(du) > now(), NULL, actualDep + toIntervalMinute(du)) AS actualArr,
    multiIf(x, 'cancelled', actualDep IS NULL, 'scheduled', actualArr IS NULL, 'underway', 'arrived') AS sailingStatus,
    if(x, ['weather', 'technical', 'strike', 'low_demand'][1 + toUInt8(pow(((cityHash64(number, 204) % 1000000) / 1000000), 1.6) * 4)], NULL) AS cancelReason,
    if(x, 0, 40 + toUInt16(pow(((cityHash64(number, 205) % 1000000) / 1000000), 1.4) * (500 + 60 * r + length(vesselName) * 20))) AS passengers,
    if(x, 0, toUInt16(carCapacity * (0.1 + 0.88 * pow(((cityHash64(number, 206) % 1000000) / 1000000), 0.8 + r / 10)))) AS cars,
    120 + 15 * length(vesselName) AS carCapacity,
    if(x, 0, toUInt16(pow(((cityHash64(number, 207) % 1000000) / 1000000), 1.6) * (30 + 5 * r))) AS lorries,
    round(0.2 + pow(((cityHash64(number, 208) % 1000000) / 1000000), 2) * 4 + r / 10, 1) AS waveHeight,
    if(x, 0, round(du * (28 + ((cityHash64(number, 209) % 1000000) / 1000000) * 9 + length(vesselName)), 1)) AS fuelLitres,
    toDecimal64(passengers * (18 + r * 3) + cars * (45 + 4 * r) + lorries * 160 + cityHash64(number, 210) % 9000 / 100, 2) AS ticketRevenue,
    if(toHour(scheduledDep) >= 22 OR toHour(scheduledDep) < 5, 1, 0) AS nightSailing
FROM
(
    SELECT number, 1 + toUInt8(pow(((cityHash64(number, 202) % 1000000) / 1000000), 1.4) * 6) AS r, cityHash64(number, 211) % 1000 < 25 + 12 * (1 + toUInt8(pow(((cityHash64(number, 202) % 1000000) / 1000000), 1.4) * 6)) AS x,
        toUInt32(pow(((cityHash64(number, 212) % 1000000) / 1000000), 3.5) * (60 + 14 * r)) AS dl, [90, 92, 660, 650, 1500, 1480][r] + cityHash64(number, 213) % 25 AS du
    FROM numbers(25000)
);

CREATE TABLE mobile_cdr
(
    st_ts   DateTime COMMENT 'start of the call, text or data session',
    end_ts  DateTime,
    cdr_id  UInt64,
    sub_id  UInt32 COMMENT 'mobile subscriber',
    rec_typ LowCardinality(String) COMMENT 'MO outgoing call, MT incoming call, SMS text message, DATA data session',
    b_ctry  LowCardinality(String) COMMENT 'country of the other party, ISO code, empty for data',
    net     LowCardinality(String) COMMENT '3G, 4G or 5G',
    cell_id UInt32,
    dur_s   UInt32 COMMENT 'duration in seconds',
    bytes   UInt64 COMMENT 'volume of a data session in bytes',
    roam    UInt8 COMMENT '1 while abroad (roaming)',
    drp_flg UInt8 COMMENT '1 = call dropped',
    rls_cd  Nullable(UInt16) COMMENT 'release cause of calls: 16 normal, 17 busy, 19 no answer, 34 no circuit',
    chrg    Decimal(10, 4) COMMENT 'charged amount in EUR',
    plan    LowCardinality(String)
)
ENGINE = MergeTree ORDER BY (sub_id, st_ts);

INSERT INTO mobile_cdr
SELECT
    now() - toIntervalSecond(dur_s + toUInt64(pow(((cityHash64(number, 301) % 1000000) / 1000000), 2.6) * 45 * 86400)) AS st_ts,
    st_ts + dur_s AS end_ts,
    30000000 + number AS cdr_id,
    s AS sub_id,
    multiIf(t < 37, 'MO', t < 63, 'MT', t < 76, 'SMS', 'DATA') AS rec_typ,
    if(t >= 76, '', ['DE', 'AT', 'PL', 'TR', 'IT', 'CH', 'FR'][1 + toUInt8(pow(((cityHash64(number, 303) % 1000000) / 1000000), 2.6) * 7)]) AS b_ctry,
    multiIf(cityHash64(number, 304) % 100 < 12, '3G', cityHash64(number, 304) % 100 < 64, '4G', '5G') AS net,
    4000 + toUInt32(pow(((cityHash64(number, 305) % 1000000) / 1000000), 1.8) * 700) AS cell_id,
    multiIf(t < 63, if(rls_cd IN (17, 19, 34), 0, 4 + toUInt32(pow(((cityHash64(number, 306) % 1000000) / 1000000), 3) * (2600 + t * 20))), t < 76, 0, 20 + toUInt32(pow(((cityHash64(number, 306) % 1000000) / 1000000), 2) * 7000)) AS dur_s,
    if(t >= 76, toUInt64(pow(((cityHash64(number, 307) % 1000000) / 1000000), 4) * multiIf(net = '5G', 3.1, net = '4G', 1.7, 0.3) * 1000000000), 0) AS bytes,
    if(cityHash64(number, 308) % 100 < 7, 1, 0) AS roam,
    if(t < 63 AND rls_cd = 16 AND cityHash64(number, 309) % 1000 < multiIf(net = '3G', 52, net = '4G', 24, 13), 1, 0) AS drp_flg,
    if(t < 63, multiIf(cityHash64(number, 310) % 100 < 74, 16, cityHash64(number, 310) % 100 < 83, 17, cityHash64(number, 310) % 100 < 97, 19, 34), NULL) AS rls_cd,
    toDecimal64(multiIf(t < 37 AND b_ctry != 'DE', 0.12 + dur_s * 0.0039, t < 76 AND t >= 63 AND plan = 'prepaid', 0.09, t >= 76 AND roam = 1, bytes / 1000000 * 0.004, t < 37 AND plan = 'prepaid', dur_s * 0.0015, 0), 4) AS chrg,
    ['flat_m', 'prepaid', 'flat_l', 'business', 'youth'][1 + toUInt8(pow((cityHash64(s, 311) % 1000000) / 1000000, 1.4) * 5)] AS plan
FROM (SELECT number, 100000 + toUInt32(pow(((cityHash64(number, 302) % 1000000) / 1000000), 1.8) * 14000) AS s, cityHash64(number, 312) % 100 AS t FROM numbers(120000));

CREATE TABLE ski_scans
(
    `scan.at`         DateTime64(3),
    `scan.id`         UInt64,
    `lift.name`       LowCardinality(String),
    `lift.area`       LowCardinality(String),
    `pass.no`         String,
    `pass.kind`       LowCardinality(String),
    `pass.sold_at`    DateTime,
    `pass.price_chf`  Decimal(8, 2),
    `skier.age_group` LowCardinality(String),
    `skier.country`   LowCardinality(String),
    `queue.wait_s`    UInt16,
    `air.temp_c`      Float32,
    `gate.ok`         Bool,
    `gate.denial`     LowCardinality(Nullable(String)),
    `ride.vertical_m` UInt16
)
ENGINE = MergeTree ORDER BY `scan.at`;

INSERT INTO ski_scans
SELECT
    now64(3) - toIntervalMillisecond(toUInt64(pow(((cityHash64(number, 401) % 1000000) / 1000000), 2.7) * 40 * 86400000)) AS `scan.at`,
    number AS `scan.id`,
    ['Gipfelbahn', 'Sonnenlift', 'Talexpress', 'Hornbahn', 'Kidslift', 'Gletscherjet', 'Waldlift', 'Panorama Six'][l] AS `lift.name`,
    ['Summit', 'South', 'Valley', 'South', 'Valley', 'Summit', 'Valley', 'Summit'][l] AS `lift.area`,
    concat('SP', leftPad(toString(p), 6, '0')) AS `pass.no`,
    multiIf(cityHash64(p, 404) % 100 < 47, 'day', cityHash64(p, 404) % 100 < 71, 'season', cityHash64(p, 404) % 100 < 90, 'multi_day', 'evening') AS `pass.kind`,
    toDateTime(`scan.at`) - toIntervalMinute(20 + toUInt32(pow(((cityHash64(number, 405) % 1000000) / 1000000), 4) * multiIf(`pass.kind` = 'season', 90000, `pass.kind` = 'multi_day', 12000, 4000))) AS `pass.sold_at`,
    toDecimal64(multiIf(`pass.kind` = 'day', 79, `pass.kind` = 'season', 890, `pass.kind` = 'multi_day', 312, 38) * multiIf(`skier.age_group` = 'child', 0.5, `skier.age_group` = 'teen', 0.7, `skier.age_group` = 'senior', 0.85, 1), 2) AS `pass.price_chf`,
    multiIf(cityHash64(p, 406) % 100 < 61, 'adult', cityHash64(p, 406) % 100 < 78, 'child', cityHash64(p, 406) % 100 < 90, 'teen', 'senior') AS `skier.age_group`,
    ['CH', 'DE', 'NL', 'GB', 'IT', 'BE', 'SE'][1 + toUInt8(pow((cityHash64(p, 407) % 1000000) / 1000000, 1.7) * 7)] AS `skier.country`,
    toUInt16(pow(((cityHash64(number, 408) % 1000000) / 1000000), 2.5) * (700 + 60 * l)) AS `queue.wait_s`,
    round(-14 + ((cityHash64(number, 409) % 1000000) / 1000000) * 17 + l / 4, 1) AS `air.temp_c`,
    d >= 16 + 3 * l + multiIf(`pass.kind` = 'evening', 41, `pass.kind` = 'day', 15, `pass.kind` = 'multi_day', 7, 0) AS `gate.ok`,
    if(`gate.ok`, NULL, ['expired', 'not_valid_today', 'wrong_area', 'blocked', 'photo_mismatch'][1 + toUInt8(pow(((cityHash64(number, 410) % 1000000) / 1000000), 1.5) * 5)]) AS `gate.denial`,
    if(`gate.ok`, [820, 410, 265, 530, 60, 940, 310, 690][l], 0) AS `ride.vertical_m`
FROM (SELECT number, 1 + toUInt8(pow(((cityHash64(number, 402) % 1000000) / 1000000), 1.4) * 8) AS l, 1 + toUInt32(pow(((cityHash64(number, 403) % 1000000) / 1000000), 1.7) * 9000) AS p, cityHash64(number, 411) % 1000 AS d FROM numbers(90000));

CREATE TABLE LaundryOrders
(
    OrderNo         String,
    CustomerId      UInt32,
    Branch          LowCardinality(String) COMMENT 'shop where the clothes were handed in',
    DroppedOffAt    DateTime COMMENT 'clothes handed in',
    PromisedFor     DateTime COMMENT 'promised to be ready by',
    ReadyAt         Nullable(DateTime) COMMENT 'cleaned and ready, empty while in progress',
    CollectedAt     Nullable(DateTime) COMMENT 'picked up by the customer, empty if still here',
    Service         Enum8('wash_fold' = 1, 'dry_clean' = 2, 'ironing' = 3, 'alteration' = 4),
    ItemCount       UInt8,
    WeightGrams     UInt32,
    TotalPrice      Decimal(8, 2),
    TipAmount       Nullable(Decimal(6, 2)),
    IsExpress       Bool,
    HomeDelivery    UInt8,
    Stains          Array(String),
    Rating          Nullable(UInt8) COMMENT '1 to 5 stars, empty if the customer did not rate'
)
ENGINE = MergeTree ORDER BY (Branch, DroppedOffAt);

INSERT INTO LaundryOrders
SELECT
    concat('L-', toString(700000 + number)) AS OrderNo,
    2000 + toUInt32(pow(((cityHash64(number, 502) % 1000000) / 1000000), 1.9) * 9000) AS CustomerId,
    ['Market Street', 'Harbour Mall', 'Oak Lane', 'Kings Road', 'West End', 'Airport Plaza'][b] AS Branch,
    toStartOfMinute(now() - toIntervalSecond(toUInt64(pow(((cityHash64(number, 501) % 1000000) / 1000000), 2.6) * 80 * 86400))) AS DroppedOffAt,
    DroppedOffAt + toIntervalHour(if(IsExpress, 12, 48)) AS PromisedFor,
    if(DroppedOffAt + toIntervalMinute(wm) > now(), NULL, DroppedOffAt + toIntervalMinute(wm)) AS ReadyAt,
    if(ReadyAt IS NULL OR cityHash64(number, 503) % 100 < 3 OR ReadyAt + toIntervalMinute(cm) > now(), NULL, ReadyAt + toIntervalMinute(cm)) AS CollectedAt,
    ['wash_fold', 'dry_clean', 'ironing', 'alteration'][s] AS Service,
    1 + toUInt8(pow(((cityHash64(number, 504) % 1000000) / 1000000), 2) * [22, 9, 14, 4][s]) AS ItemCount,
    ItemCount * (180 + cityHash64(number, 505) % 420) AS WeightGrams,
    toDecimal64(ItemCount * [2.1, 8.4, 2.9, 14.5][s] * if(IsExpress, 1.5, 1) * if(HomeDelivery = 1, 1.15, 1) + cityHash64(number, 506) % 300 / 100, 2) AS TotalPrice,
    if(cityHash64(number, 507) % 100 < 26, toDecimal64(0.5 + cityHash64(number, 508) % 700 / 100, 2), NULL) AS TipAmount,
    e = 1 AS IsExpress,
    if(cityHash64(number, 509) % 100 < 14 + 3 * b, 1, 0) AS HomeDelivery,
    arrayFilter(x -> cityHash64(number, x, 510) % 100 < 2 * length(x), ['wine', 'coffee', 'grass', 'oil', 'blood', 'ink']) AS Stains,
    if(CollectedAt IS NULL OR cityHash64(number, 511) % 100 < 55, NULL, 5 - toUInt8(pow(((cityHash64(number, 512) % 1000000) / 1000000), 1.4 + b / 6) * 5)) AS Rating
FROM
(
    SELECT number, 1 + toUInt8(pow(((cityHash64(number, 513) % 1000000) / 1000000), 1.5) * 6) AS b, 1 + toUInt8(pow(((cityHash64(number, 514) % 1000000) / 1000000), 1.6) * 4) AS s, if(cityHash64(number, 515) % 100 < 19, 1, 0) AS e,
        toUInt32(if(e = 1, 240 + pow(((cityHash64(number, 516) % 1000000) / 1000000), 2) * 620, 800 + 150 * s + pow(((cityHash64(number, 516) % 1000000) / 1000000), 2) * 2400)) AS wm, 60 + toUInt32(pow(((cityHash64(number, 517) % 1000000) / 1000000), 2) * 8000) AS cm
    FROM numbers(50000)
);

CREATE TABLE BIN_COLL
(
    COLL_TS  DateTime COMMENT 'when the bin was lifted by the truck',
    SYNC_TS  DateTime COMMENT 'when the record reached the office',
    BIN_ID   UInt32,
    TRUCK    LowCardinality(String),
    DISTR    LowCardinality(String) COMMENT 'district of the city',
    WASTE_TP LowCardinality(String) COMMENT 'R residual waste, P paper, B bio waste, G glass, L light packaging',
    BIN_VOL  UInt16 COMMENT 'bin size in litres',
    KG       Nullable(Float32) COMMENT 'weighed content in kg, NULL if the scale failed',
    FILL_PCT UInt8 COMMENT 'how full the bin was',
    EMPTIED  UInt8 COMMENT '1 emptied, 0 left standing',
    FAULT_CD LowCardinality(Nullable(String)) COMMENT 'OVF overfilled, BLK access blocked, CON wrong waste inside (contaminated), DMG bin damaged',
    CREW_SZ  UInt8,
    DIST_M   UInt32
)
ENGINE = MergeTree ORDER BY (DISTR, COLL_TS);

INSERT INTO BIN_COLL
SELECT
    toStartOfMinute(now() - toIntervalSecond(toUInt64(pow(((cityHash64(number, 601) % 1000000) / 1000000), 2.7) * 65 * 86400))) AS COLL_TS,
    least(now(), COLL_TS + toIntervalSecond(15 + toUInt32(pow(((cityHash64(number, 602) % 1000000) / 1000000), 5) * 14000))) AS SYNC_TS,
    b AS BIN_ID,
    concat('T-', toString(11 + toUInt8(pow(((cityHash64(number, 604) % 1000000) / 1000000), 1.4) * 18))) AS TRUCK,
    ['Northfield', 'Lindenau', 'Altstadt', 'Seeberg', 'Muehlental', 'Kronpark'][k] AS DISTR,
    w AS WASTE_TP,
    [80, 120, 240, 660, 1100][1 + toUInt8(pow((cityHash64(b, 606) % 1000000) / 1000000, 1.6) * 5)] AS BIN_VOL,
    if(cityHash64(number, 607) % 100 < 4, NULL, if(EMPTIED = 0, 0, round(BIN_VOL * FILL_PCT / 100 * multiIf(w = 'R', 0.14, w = 'P', 0.08, w = 'B', 0.24, w = 'G', 0.31, 0.04) * (0.7 + ((cityHash64(number, 608) % 1000000) / 1000000) * 0.6), 1))) AS KG,
    least(100, 22 + toUInt8(pow(((cityHash64(number, 609) % 1000000) / 1000000), 0.7) * (74 + k))) AS FILL_PCT,
    if(FAULT_CD IN ('BLK', 'CON', 'DMG') AND cityHash64(number, 610) % 10 < 9, 0, 1) AS EMPTIED,
    if(f >= 34 + 8 * k, NULL, ['OVF', 'BLK', 'CON', 'DMG'][1 + toUInt8(pow(((cityHash64(number, 611) % 1000000) / 1000000), 1.6) * 4)]) AS FAULT_CD,
    2 + (cityHash64(number, 612) % 100 < 37) AS CREW_SZ,
    20 + toUInt32(pow(((cityHash64(number, 613) % 1000000) / 1000000), 3) * (900 + 220 * k)) AS DIST_M
FROM
(
    SELECT number, 1 + toUInt32(pow(((cityHash64(number, 603) % 1000000) / 1000000), 2.1) * 21000) AS b, cityHash64(number, 614) % 1000 AS f, 1 + toUInt8(pow((cityHash64(b, 605) % 1000000) / 1000000, 1.5) * 6) AS k,
        ['R', 'P', 'B', 'L', 'G'][1 + toUInt8(pow((cityHash64(b, 615) % 1000000) / 1000000, 1.5) * 5)] AS w
    FROM numbers(80000)
);

CREATE TABLE trnsljobs
(
    jobid       UInt64,
    createdat   DateTime,
    dueat       DateTime COMMENT 'deadline agreed with the client',
    deliveredat Nullable(DateTime) COMMENT 'when the finished translation went out',
    client      LowCardinality(String),
    translator  LowCardinality(Nullable(String)) COMMENT 'empty until somebody takes the job',
    srclang     LowCardinality(String) COMMENT 'language code of the source text',
    tgtlang     LowCardinality(String) COMMENT 'language code of the translation',
    subject     LowCardinality(String),
    words       UInt32,
    feecents    UInt32 COMMENT 'price of the job in euro cents',
    urgency     Enum8('low' = 1, 'normal' = 2, 'rush' = 3),
    certified   Bool COMMENT 'sworn translation',
    revisions   UInt8,
    qascore     Nullable(Float32),
    formats     Array(String)
)
ENGINE = MergeTree ORDER BY createdat;

INSERT INTO trnsljobs
SELECT
    60000 + number AS jobid,
    toStartOfMinute(now() - toIntervalSecond(toUInt64(pow(((cityHash64(number, 701) % 1000000) / 1000000), 2.3) * 130 * 86400))) AS createdat,
    createdat + toIntervalHour([120, 72, 24][u]) AS dueat,
    if(translator IS NULL OR createdat + toIntervalMinute(wm) > now(), NULL, createdat + toIntervalMinute(wm)) AS deliveredat,
    ['Norvik Bank', 'Alba Motors', 'Helio Energy', 'Casa Editora', 'Medix Labs', 'Tribunal Sur', 'Gamehaus'][c] AS client,
    if(createdat > now() - toIntervalMinute(30 + cityHash64(number, 703) % 2000) AND cityHash64(number, 704) % 10 < 8, NULL, ['Ines', 'Bogdan', 'Yuki', 'Carla', 'Femi', 'Lars', 'Noor', 'Petra', 'Tomas'][1 + toUInt8(pow(((cityHash64(number, 705) % 1000000) / 1000000), 1.4) * 9)]) AS translator,
    ['en', 'de', 'fr', 'es'][1 + toUInt8(pow(((cityHash64(number, 706) % 1000000) / 1000000), 1.6) * 4)] AS srclang,
    if(tl = srclang, 'nl', tl) AS tgtlang,
    ['legal', 'marketing', 'technical', 'medical', 'finance'][1 + toUInt8(pow(((cityHash64(number, 707) % 1000000) / 1000000), 1.4) * 5)] AS subject,
    90 + toUInt32(pow(((cityHash64(number, 708) % 1000000) / 1000000), 3) * (9000 + 900 * c)) AS words,
    toUInt32(words * ([9, 12, 19][u] + c / 2 + cityHash64(number, 709) % 5)) AS feecents,
    ['low', 'normal', 'rush'][u] AS urgency,
    cityHash64(number, 710) % 100 < if(subject = 'legal', 44, 6) AS certified,
    toUInt8(pow(((cityHash64(number, 711) % 1000000) / 1000000), 3) * (4 + c / 2)) AS revisions,
    if(deliveredat IS NULL OR cityHash64(number, 712) % 100 < 21, NULL, round(100 - pow(((cityHash64(number, 713) % 1000000) / 1000000), 2.5) * (30 + 2 * c), 1)) AS qascore,
    arrayConcat([['docx', 'pdf', 'xlsx', 'html'][1 + toUInt8(pow(((cityHash64(number, 714) % 1000000) / 1000000), 1.6) * 4)]], arrayFilter(x -> cityHash64(number, x, 715) % 100 < 13, ['srt', 'idml', 'json'])) AS formats
FROM
(
    SELECT number, 1 + toUInt8(pow(((cityHash64(number, 702) % 1000000) / 1000000), 1.4) * 7) AS c, [2, 1, 3][1 + toUInt8(pow(((cityHash64(number, 716) % 1000000) / 1000000), 1.7) * 3)] AS u,
        ['de', 'es', 'en', 'it', 'pl', 'ja', 'pt'][1 + toUInt8(pow(((cityHash64(number, 717) % 1000000) / 1000000), 1.5) * 7)] AS tl, toUInt32([120, 72, 24][u] * 60 * (0.2 + pow(((cityHash64(number, 718) % 1000000) / 1000000), 1.3) * 0.95)) AS wm
    FROM numbers(30000)
);

CREATE TABLE modReports
(
    report_id    UInt64,
    reported_ms  UInt64 COMMENT 'when a user reported the content, Unix time in milliseconds',
    decided_ms   Nullable(UInt64) COMMENT 'when a moderator decided, Unix milliseconds, NULL if still open',
    reporter_id  UInt32 COMMENT 'user who reported',
    author_id    UInt32 COMMENT 'user whose content was reported',
    content_type LowCardinality(String),
    reason       LowCardinality(String),
    decision     LowCardinality(String) COMMENT 'keep, remove, warn, ban, or empty while open',
    moderator    LowCardinality(Nullable(String)),
    country      LowCardinality(String),
    tox_score    Float32 COMMENT 'toxicity from 0 to 1 by the classifier',
    is_auto      Bool COMMENT 'decided by a rule and not by a person',
    appealed     UInt8,
    appeal_won   Nullable(UInt8) COMMENT 'NULL unless an appeal was decided',
    labels       Array(LowCardinality(String))
)
ENGINE = MergeTree ORDER BY reported_ms;

INSERT INTO modReports
SELECT
    400000 + number AS report_id,
    toUInt64(toUnixTimestamp64Milli(now64(3))) - toUInt64(pow(((cityHash64(number, 801) % 1000000) / 1000000), 2.6) * 70 * 86400000) AS reported_ms,
    if(reported_ms + dm > toUnixTimestamp64Milli(now64(3)), NULL, reported_ms + dm) AS decided_ms,
    1 + toUInt32(pow(((cityHash64(number, 802) % 1000000) / 1000000), 2) * 15000) AS reporter_id,
    20000 + toUInt32(pow(((cityHash64(number, 803) % 1000000) / 1000000), 2.3) * 18000) AS author_id,
    ['comment', 'post', 'image', 'video', 'profile'][t] AS content_type,
    ['spam', 'harassment', 'hate', 'nudity', 'scam', 'copyright'][r] AS reason,
    multiIf(decided_ms IS NULL, '', cityHash64(number, 806) % 100 < 48 + 3 * t - 30 * tox_score, 'keep', cityHash64(number, 806) % 100 < 76 + r, 'remove', cityHash64(number, 806) % 100 < 93, 'warn', 'ban') AS decision,
    if(decided_ms IS NULL OR a, NULL, ['mika', 'oksana', 'ravi', 'lucia', 'ben', 'aylin', 'joao'][1 + toUInt8(pow(((cityHash64(number, 807) % 1000000) / 1000000), 1.5) * 7)]) AS moderator,
    ['US', 'BR', 'IN', 'GB', 'DE', 'FR', 'ID', 'MX'][1 + toUInt8(pow((cityHash64(author_id, 808) % 1000000) / 1000000, 1.6) * 8)] AS country,
    round(pow(((cityHash64(number, 809) % 1000000) / 1000000), 1.6 - r / 10), 3) AS tox_score,
    decided_ms IS NOT NULL AND a AS is_auto,
    if(decision IN ('remove', 'warn', 'ban') AND cityHash64(number, 810) % 100 < 8 + 2 * r, 1, 0) AS appealed,
    if(appealed = 1 AND cityHash64(number, 811) % 100 < 80, if(cityHash64(number, 812) % 100 < 18 + 4 * t, 1, 0), NULL) AS appeal_won,
    arrayFilter(x -> cityHash64(number, x, 813) % 100 < 2 * length(x), ['slur', 'threat', 'minor', 'bot', 'repeat_offender', 'satire']) AS labels
FROM
(
    SELECT number, 1 + toUInt8(pow(((cityHash64(number, 804) % 1000000) / 1000000), 1.6) * 5) AS t, 1 + toUInt8(pow(((cityHash64(number, 805) % 1000000) / 1000000), 1.5) * 6) AS r, cityHash64(number, 814) % 100 < 31 AS a,
        toUInt64(if(a, 200 + ((cityHash64(number, 815) % 1000000) / 1000000) * 4000, 60000 + pow(((cityHash64(number, 815) % 1000000) / 1000000), 2.2) * (14 + 5 * r + 4 * (1 + toUInt8(pow(((cityHash64(number, 807) % 1000000) / 1000000), 1.5) * 7))) * 3600000)) AS dm
    FROM numbers(100000)
);
