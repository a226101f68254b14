-- Tables for the practice questions (practice_2.jsonl): parcels, electricity, clinics, newsletters, a library, a call centre.
-- Loads into the database that the client selects; made like practice_1.sql, whose head says how.

-- Parcels: abbreviated codes, some explained; Aurora's own columns.
CREATE TABLE parcels
(
    parcel_no      String,
    booked_at      DateTime COMMENT 'when the sender handed in the order',
    picked_up_at   Nullable(DateTime),
    promised_by    DateTime COMMENT 'latest delivery that the customer was promised',
    delivered_at   Nullable(DateTime),
    sender_id      UInt32,
    origin_hub     LowCardinality(String) COMMENT 'IATA code of the airport next to the hub',
    dest_country   LowCardinality(String),
    carrier        LowCardinality(String),
    service        LowCardinality(String) COMMENT 'EXP express, STD standard, ECO economy',
    status_code    LowCardinality(String) COMMENT 'CRE created, TRN in transit, DLV delivered, RTN returned, LST lost',
    weight_kg      Float32,
    declared_value Decimal(12, 2),
    postage_eur    Decimal(8, 2),
    damaged        Bool,
    attempts       UInt8 COMMENT 'how often the driver tried to deliver',
    _topic         LowCardinality(String),
    _partition     Int32,
    _offset        UInt64,
    _timestamp     DateTime64(3, 'UTC'),
    _generation    UInt32
)
ENGINE = MergeTree ORDER BY booked_at;

INSERT INTO parcels
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    'PX' || leftPad(toString(40000000 + number * 37), 9, '0') AS parcel_no,
    now() - toIntervalSecond(ago_s) AS booked_at,
    if(pick_s < ago_s AND fate > 0.02, toNullable(booked_at + toIntervalSecond(pick_s)), NULL) AS picked_up_at,
    booked_at + toIntervalHour(transform(service, ['EXP', 'STD'], [30, 84], 160)) AS promised_by,
    if(picked_up_at IS NOT NULL AND way_s < ago_s AND fate > 0.06, toNullable(booked_at + toIntervalSecond(way_s)), NULL) AS delivered_at,
    sender AS sender_id,
    hub AS origin_hub,
    pick(['DE', 'PL', 'FR', 'IT', 'ES', 'CH', 'GB', 'DK'], u(number, 703), 1.4) AS dest_country,
    carrier_name AS carrier,
    service_class AS service,
    multiIf(picked_up_at IS NULL, 'CRE', delivered_at IS NOT NULL, 'DLV', fate <= 0.035 AND way_s < ago_s, 'LST',
        fate <= 0.06 AND way_s < ago_s, 'RTN', 'TRN') AS status_code,
    round(0.2 + 4 * -log(1 - u(number, 705)) * if(service = 'ECO', 1.7, 1), 2) AS weight_kg,
    toDecimal64(8 + 140 * -log(1 - u(number, 706)), 2) AS declared_value,
    toDecimal64(3.1 + weight_kg * transform(service, ['EXP', 'STD'], [2.4, 1.1], 0.7), 2) AS postage_eur,
    u(number, 707) < transform(carrier, ['Norvik', 'BlueVan', 'Pelikan', 'Ostwind'], [0.03, 0.021, 0.034, 0.047], 0.01) AS damaged,
    if(delivered_at IS NULL, 0, toUInt8(pick([1, 2, 3], u(number, 708), 2.2))) AS attempts,
    'parcel-events' AS _topic,
    toInt32(number % 5) AS _partition,
    intDiv(number, 5) AS _offset,
    booked_at + toIntervalMillisecond(300 + cityHash64(number, 709) % 3000) AS _timestamp,
    2 AS _generation
FROM
(
    WITH
        (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
        (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
    SELECT
        number,
        toUInt32(30 + pow(u(number, 701), 1.9) * 90 * 86400) AS ago_s,
        10 + toUInt32(floor(2500 * pow(u(number, 702), 1.6))) * 331 % 9973 AS sender,
        pick(['LEJ', 'CDG', 'MAD', 'BGY', 'KTW', 'LGG'], u(number, 710), 1.4) AS hub,
        pick(['Norvik', 'BlueVan', 'Pelikan', 'Ostwind'], u(number, 711), 1.4) AS carrier_name,
        pick(['STD', 'ECO', 'EXP'], u(number, 712), 1.4) AS service_class,
        u(number, 713) AS fate,
        toUInt32(1800 + 30000 * u(number, 714)) AS pick_s,
        toUInt32(pick_s + transform(service_class, ['EXP', 'STD'], [50000., 150000.], 330000.) * (0.4 + 0.55 * -log(1 - u(number, 715)))
            * transform(carrier_name, ['Norvik', 'Ostwind'], [0.9, 1.25], 1.)) AS way_s
    FROM numbers(90000)
);

-- Electricity: camelCase, units in the names, no comments.
CREATE TABLE meterReads
(
    readAt       DateTime,
    meterId      UInt32,
    gridArea     LowCardinality(String),
    customerType LowCardinality(String),
    tariff       LowCardinality(String),
    kwh          Float64,
    peakKw       Float32,
    solarKwh     Nullable(Float64),
    costCents    UInt32,
    voltage      Float32,
    estimated    UInt8,
    installedOn  Date
)
ENGINE = MergeTree ORDER BY readAt;

INSERT INTO meterReads
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    now() - toIntervalSecond(toUInt32(pow(u(number, 801), 2) * 80 * 86400)) AS readAt,
    meter AS meterId,
    pick(['Nordstadt', 'Hafen', 'Lindenau', 'Westend', 'Altdorf'], u(meter, 802), 1.4) AS gridArea,
    multiIf(u(meter, 803) < 0.71, 'household', u(meter, 803) < 0.93, 'business', 'public') AS customerType,
    pick(['flat', 'night', 'dynamic'], u(meter, 804), 1.5) AS tariff,
    round(0.05 + 0.6 * -log(1 - u(number, 805)) * transform(customerType, ['household', 'business'], [1., 6.], 3.5)
        * (0.7 + 0.6 * u(meter, 806)) * if(toHour(readAt) BETWEEN 17 AND 20, 2.5, 1), 3) AS kwh,
    round(kwh * (2 + 3 * u(number, 807)), 2) AS peakKw,
    if(u(meter, 808) < 0.24, toNullable(round(0.9 * pow(u(number, 809), 2) * transform(gridArea, ['Altdorf', 'Lindenau'], [1.6, 1.3], 1.), 3)), NULL)
        AS solarKwh,
    toUInt32(round(kwh * transform(tariff, ['flat', 'night'], [34., 29.], 24. + 16 * u(number, 810)))) AS costCents,
    round(224 + 12 * u(meter, 811) + 6 * (u(number, 812) - 0.5), 1) AS voltage,
    u(number, 813) < transform(gridArea, ['Hafen', 'Westend'], [0.06, 0.035], 0.02) AS estimated,
    toDate('2015-03-01') + toUInt16(floor(3900 * u(meter, 814))) AS installedOn
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT number, 700000 + toUInt32(floor(3200 * pow(u(number, 815), 1.15))) * 1009 % 50021 AS meter
    FROM numbers(160000)
);

-- Clinics: several times, an Enum, codes in an array; comments where a name says little.
CREATE TABLE appointments
(
    appt_id      UInt64,
    patient_id   UInt32,
    doctor       LowCardinality(String),
    dept         LowCardinality(String) COMMENT 'department',
    site         LowCardinality(String),
    scheduled_at DateTime COMMENT 'the agreed time; only appointments whose time has come are kept here',
    booked_at    DateTime,
    called_in_at Nullable(DateTime) COMMENT 'when the doctor called the patient in',
    left_at      Nullable(DateTime),
    outcome      Enum8('attended' = 1, 'no_show' = 2, 'cancelled' = 3),
    cancelled_by LowCardinality(Nullable(String)),
    insurance    LowCardinality(String),
    first_visit  Bool,
    age          UInt8,
    fee_chf      Decimal(8, 2),
    icd_codes    Array(LowCardinality(String)) COMMENT 'diagnoses'
)
ENGINE = MergeTree ORDER BY scheduled_at;

INSERT INTO appointments
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick,
    ['Dr. Aebi', 'Dr. Brunner', 'Dr. Caruso', 'Dr. Dreyer', 'Dr. Egli', 'Dr. Fontana', 'Dr. Gut', 'Dr. Haas', 'Dr. Iten'] AS doctors
SELECT
    number + 1 AS appt_id,
    patient AS patient_id,
    pick(if(site = 'Hillcrest', reverse(doctors), doctors), u(number, 903), 1.25) AS doctor,
    transform(doctor, ['Dr. Aebi', 'Dr. Brunner', 'Dr. Caruso', 'Dr. Dreyer', 'Dr. Egli', 'Dr. Fontana', 'Dr. Gut'],
        ['Dermatology', 'Cardiology', 'Orthopaedics', 'Dermatology', 'Paediatrics', 'Cardiology', 'ENT'], 'Orthopaedics') AS dept,
    pick(['Lakeside', 'Station', 'Hillcrest'], u(number, 904), 1.5) AS site,
    now() - toIntervalSecond(ago_s) AS scheduled_at,
    scheduled_at - toIntervalSecond(toUInt32(3600 + 1300000 * -log(1 - u(number, 905)))) AS booked_at,
    if(outcome = 'attended' AND wait_s < ago_s, toNullable(scheduled_at + toIntervalSecond(wait_s)), NULL) AS called_in_at,
    if(called_in_at IS NOT NULL AND wait_s + stay_s < ago_s, toNullable(scheduled_at + toIntervalSecond(wait_s + stay_s)), NULL) AS left_at,
    CAST(multiIf(fate < if(first_visit, 0.13, 0.07), 'no_show', fate > 0.89, 'cancelled', 'attended'),
        'Enum8(\'attended\' = 1, \'no_show\' = 2, \'cancelled\' = 3)') AS outcome,
    if(outcome = 'cancelled', toNullable(if(u(number, 907) < 0.72, 'patient', 'clinic')), NULL) AS cancelled_by,
    pick(['public', 'private', 'accident', 'self_pay'], u(patient, 908), 1.6) AS insurance,
    u(number, 909) < 0.31 AS first_visit,
    if(dept = 'Paediatrics', toUInt8(u(patient, 910) * 16), if(dept = 'ENT', toUInt8(4 + u(patient, 910) * 80), toUInt8(17 + u(patient, 910) * 76))) AS age,
    toDecimal64(if(outcome = 'attended', 65 + 90 * -log(1 - u(number, 911)) * if(insurance = 'private', 1.5, 1), if(outcome = 'no_show', 40, 0)), 2)
        AS fee_chf,
    if(outcome = 'attended', arrayFilter((code, i) -> u(number, 920 + i) < 0.11 + 0.04 * i + if(dept = 'Orthopaedics' AND code = 'M54', 0.3, 0), ['I10', 'L20', 'M54', 'H66', 'J06', 'E11'],
        [1, 2, 3, 4, 5, 6]), []) AS icd_codes
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT
        number,
        toUInt32(pow(u(number, 901), 1.9) * 110 * 86400) AS ago_s,
        10000 + toUInt32(floor(8000 * pow(u(number, 902), 1.3))) * 2711 % 40009 AS patient,
        u(number, 906) AS fate,
        toUInt32(900 * -log(1 - u(number, 912)) * (0.8 + 0.4 * u(number, 904))) AS wait_s,
        toUInt32(400 + 900 * u(number, 913)) AS stay_s
    FROM numbers(50000)
);

-- Newsletters: one table of events of several kinds; Aurora's own columns, no comments.
CREATE TABLE newsletter_events
(
    evt_time    DateTime64(3),
    evt         LowCardinality(String),
    subscriber  UInt32,
    issue       LowCardinality(String),
    list        LowCardinality(String),
    mail_client LowCardinality(String),
    lang        LowCardinality(String),
    link_url    Nullable(String),
    bounce_type LowCardinality(Nullable(String)),
    paid        UInt8,
    _topic      LowCardinality(String),
    _partition  Int32,
    _offset     UInt64,
    _timestamp  DateTime64(3, 'UTC'),
    _generation UInt32
)
ENGINE = MergeTree ORDER BY evt_time;

INSERT INTO newsletter_events
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    toDateTime64(now(), 3) - toIntervalSecond(toUInt32(pow(u(number, 1001), 2) * 75 * 86400)) AS evt_time,
    pick(['delivered', 'delivered', 'delivered', 'delivered', 'delivered', 'open', 'open', 'open', 'click', 'click', 'bounce', 'unsubscribe',
        'spam_report'], kind, if(topic_list = 'weekly_digest', 2.8, 1.3) * if(paid, 0.85, 1)) AS evt,
    person AS subscriber,
    ['Autumn special', 'Rate changes', 'Product news', 'Reader survey', 'Year in review', 'Tips and tricks'][1 + toUInt8(floor(6 * pow(u(number, 1003), 1.3)))]
        AS issue,
    topic_list AS list,
    pick(['gmail', 'apple_mail', 'outlook', 'yahoo', 'other'], u(person, 1004), 1.4) AS mail_client,
    pick(['en', 'de', 'fr', 'it'], u(person, 1005), 1.6) AS lang,
    if(evt = 'click', toNullable('https://news.example/' || pick(['pricing', 'blog', 'survey', 'webinar', 'jobs', 'shop'], u(number, 1006), 1.4)), NULL)
        AS link_url,
    if(evt = 'bounce', toNullable(if(u(number, 1007) < 0.35, 'hard', 'soft')), NULL) AS bounce_type,
    u(person, 1008) < 0.19 AS paid,
    'newsletter' AS _topic,
    toInt32(number % 3) AS _partition,
    intDiv(number, 3) AS _offset,
    evt_time + toIntervalMillisecond(100 + cityHash64(number, 1009) % 5000) AS _timestamp,
    1 AS _generation
FROM
(
    WITH
        (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
        (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
    SELECT
        number,
        u(number, 1002) AS kind,
        50 + toUInt32(floor(14000 * pow(u(number, 1010), 1.3))) * 4013 % 77003 AS person,
        pick(['weekly_digest', 'offers', 'product_updates', 'investors'], u(number, 1011), 1.4) AS topic_list
    FROM numbers(170000)
);

-- A library: names with dots, dates due, what is not back is NULL; Aurora's own columns.
CREATE TABLE loans
(
    loan_id            UInt64,
    loaned_at          DateTime,
    due_on             Date,
    returned_at        Nullable(DateTime),
    `member.id`        UInt32,
    `member.age_group` LowCardinality(String),
    `book.id`          UInt32,
    `book.genre`       LowCardinality(String),
    `book.format`      LowCardinality(String),
    `book.pages`       Nullable(UInt16),
    branch             LowCardinality(String),
    renewals           UInt8,
    fine_eur           Decimal(6, 2),
    self_checkout      Bool,
    _topic             LowCardinality(String),
    _partition         Int32,
    _offset            UInt64,
    _timestamp         DateTime64(3, 'UTC'),
    _generation        UInt32
)
ENGINE = MergeTree ORDER BY loaned_at;

INSERT INTO loans
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    900000 + number AS loan_id,
    now() - toIntervalSecond(ago_s) AS loaned_at,
    toDate(loaned_at) + if(`book.format` = 'dvd', 7, 28) + 14 * renewals AS due_on,
    if(kept_s < ago_s AND u(number, 1102) > 0.05, toNullable(loaned_at + toIntervalSecond(kept_s)), NULL) AS returned_at,
    member AS `member.id`,
    pick(['adult', 'child', 'teen', 'senior'], u(member, 1103), 1.5) AS `member.age_group`,
    book AS `book.id`,
    pick(['crime', 'fantasy', 'biography', 'picture_book', 'travel', 'cooking', 'poetry'], u(book, 1104), 1.3) AS `book.genre`,
    pick(['paperback', 'hardcover', 'ebook', 'audiobook', 'dvd'], u(book, 1105), 1.5) AS `book.format`,
    if(`book.format` IN ('audiobook', 'dvd'), NULL, toNullable(toUInt16(40 + 700 * pow(u(book, 1106), 1.5)))) AS `book.pages`,
    pick(['Central', 'Eastgate', 'Mill Lane', 'Harbourside'], u(number, 1107), 1.4) AS branch,
    toUInt8(pick([0, 1, 2, 3], u(number, 1108), 2.2)) AS renewals,
    if(returned_at IS NOT NULL AND toDate(returned_at) > due_on, toDecimal64(0.25 * dateDiff('day', due_on, toDate(assumeNotNull(returned_at))), 2), toDecimal64(0, 2)) AS fine_eur,
    u(number, 1109) < transform(branch, ['Central', 'Eastgate'], [0.62, 0.5], 0.31) AS self_checkout,
    'library.loans' AS _topic,
    toInt32(number % 2) AS _partition,
    intDiv(number, 2) AS _offset,
    loaned_at + toIntervalMillisecond(500 + cityHash64(number, 1110) % 1500) AS _timestamp,
    1 AS _generation
FROM
(
    WITH (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u
    SELECT
        number,
        toUInt32(pow(u(number, 1101), 1.7) * 150 * 86400) AS ago_s,
        3000 + toUInt32(floor(5000 * pow(u(number, 1111), 1.6))) * 1861 % 30011 AS member,
        4100 + toUInt32(floor(4000 * pow(u(number, 1112), 1.8))) * 557 % 20011 AS book,
        toUInt32(86400 + 1700000 * -log(1 - u(number, 1113))) AS kept_s
    FROM numbers(70000)
);

-- A call centre: PascalCase, durations in milliseconds, no comments.
CREATE TABLE PhoneCalls
(
    CallId        UUID,
    StartTime     DateTime64(3),
    Queue         LowCardinality(String),
    CallerId      UInt32,
    CallerCountry LowCardinality(String),
    Language      LowCardinality(String),
    AgentId       Nullable(UInt16),
    Team          LowCardinality(Nullable(String)),
    WaitMs        UInt32,
    TalkMs        UInt32,
    Abandoned     UInt8,
    Transfers     UInt8,
    Solved        Bool,
    QualityScore  Nullable(Float32),
    Reason        LowCardinality(String)
)
ENGINE = MergeTree ORDER BY StartTime;

INSERT INTO PhoneCalls
WITH
    (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
    (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
SELECT
    reinterpretAsUUID(reverse(unhex(hex(cityHash64(number, 1201)) || hex(cityHash64(number, 1202))))) AS CallId,
    toDateTime64(now(), 3) - toIntervalSecond(toUInt32(pow(u(number, 1203), 2.1) * 75 * 86400)) AS StartTime,
    queue_name AS Queue,
    caller AS CallerId,
    pick(['DE', 'AT', 'CH', 'FR', 'IT', 'NL'], u(caller, 1204), 1.7) AS CallerCountry,
    transform(CallerCountry, ['FR', 'IT', 'NL'], ['French', 'Italian', 'Dutch'], 'German') AS Language,
    if(Abandoned, NULL, toNullable(agent)) AS AgentId,
    if(Abandoned, NULL, toNullable(['Falcon', 'Otter', 'Lynx'][1 + agent % 3])) AS Team,
    toUInt32(3000 + 75000 * -log(1 - u(number, 1206)) * transform(queue_name, ['Claims', 'Technical'], [1.6, 1.2], 0.8)) AS WaitMs,
    if(Abandoned, 0, toUInt32(20000 + 240000 * -log(1 - u(number, 1207)) * transform(queue_name, ['Technical', 'Claims'], [1.7, 1.2], 0.9))) AS TalkMs,
    WaitMs > 60000 AND u(number, 1208) < 0.22 AS Abandoned,
    if(Abandoned, 0, toUInt8(pick([0, 1, 2], u(number, 1209), 2.4))) AS Transfers,
    NOT Abandoned AND u(number, 1210) < if(Transfers > 0, 0.55, 0.8) AS Solved,
    if(NOT Abandoned AND u(number, 1211) < 0.2, toNullable(round(10 * pow(u(number, 1212), 0.4 + 0.3 * (agent % 3)), 1)), NULL) AS QualityScore,
    pick(if(CallerCountry = 'AT', ['contract', 'invoice', 'password', 'complaint', 'outage', 'address_change'],
        ['invoice', 'password', 'outage', 'address_change', 'contract', 'complaint']), u(number, 1213), 1.4) AS Reason
FROM
(
    WITH
        (n, k) -> (cityHash64(n, k) % 1000000) / 1000000 AS u,
        (list, x, p) -> list[1 + toUInt32(floor(length(list) * pow(x, p)))] AS pick
    SELECT
        number,
        pick(['Billing', 'Technical', 'Sales', 'Claims'], u(number, 1214), 1.3) AS queue_name,
        200000 + toUInt32(floor(16000 * pow(u(number, 1215), 1.4))) * 3121 % 88001 AS caller,
        toUInt16(101 + floor(45 * pow(u(number, 1205), 1.3)) * 17 % 47) AS agent
    FROM numbers(110000)
);
