use super::*;
use crate::query::question::words::words;

fn meanings(question: &str) -> Vec<Meaning> {
    mentions(&words(question))
        .into_iter()
        .map(|mention| mention.meaning)
        .collect()
}

fn range(question: &str) -> (Option<Moment>, Option<Moment>) {
    match meanings(question).as_slice() {
        [Meaning::Range(range)] => (range.from.clone(), range.to.clone()),
        other => panic!("{question}: {other:?}"),
    }
}

#[test]
fn spans_are_read() {
    use TimeUnit::{Day, Hour, Month, Week};
    let start = |unit, shift| Some(Moment::Start(unit, shift));
    for (question, expected) in [
        ("in the last 24 hours", (Some(Moment::Ago(24, Hour)), None)),
        ("during the past 3 days", (Some(Moment::Ago(3, Day)), None)),
        ("in the last week", (Some(Moment::Ago(1, Week)), None)),
        ("orders last week", (start(Week, -1), start(Week, 0))),
        ("sales last month", (start(Month, -1), start(Month, 0))),
        ("this month", (start(Month, 0), None)),
        ("visits yesterday", (start(Day, -1), start(Day, 0))),
        ("since yesterday", (start(Day, -1), None)),
        ("since Monday", (Some(Moment::Weekday(1, 0)), None)),
        ("2 days ago", (start(Day, -2), start(Day, -1))),
        ("in the last hour", (Some(Moment::Ago(1, Hour)), None)),
        (
            "on 2024-05-01",
            (
                Some(Moment::Date("2024-05-01".into())),
                Some(Moment::Date("2024-05-02".into())),
            ),
        ),
        (
            "in March 2024",
            (
                Some(Moment::Date("2024-03-01".into())),
                Some(Moment::Date("2024-04-01".into())),
            ),
        ),
        (
            "in February",
            (Some(Moment::MonthOfYear(2, 0)), Some(Moment::MonthOfYear(2, 1))),
        ),
        (
            "before 2024-05-01",
            (None, Some(Moment::Date("2024-05-01".into()))),
        ),
        (
            "in 2023",
            (
                Some(Moment::Date("2023-01-01".into())),
                Some(Moment::Date("2024-01-01".into())),
            ),
        ),
    ] {
        assert_eq!(range(question), expected, "{question}");
    }
}

#[test]
fn groups_are_read() {
    for (question, expected) in [
        ("per hour", Meaning::Every(1, TimeUnit::Hour)),
        ("daily", Meaning::Every(1, TimeUnit::Day)),
        ("every 15 minutes", Meaning::Every(15, TimeUnit::Minute)),
        ("by hour of the day", Meaning::By(DayPart::HourOfDay)),
        ("for each day of the week", Meaning::By(DayPart::DayOfWeek)),
        ("over time", Meaning::OverTime),
        ("on weekends", Meaning::Only(DayPart::DayOfWeek, vec![6, 7])),
        ("on Mondays", Meaning::Only(DayPart::DayOfWeek, vec![1])),
        (
            "between 8 and 10 am",
            Meaning::Only(DayPart::HourOfDay, vec![8, 9]),
        ),
        ("after 22:00", Meaning::Only(DayPart::HourOfDay, vec![22, 23])),
        ("which hour", Meaning::Unit(TimeUnit::Hour)),
        ("in minutes", Meaning::Told(TimeUnit::Minute)),
    ] {
        assert_eq!(meanings(question), [expected], "{question}");
    }
    assert_eq!(meanings("this week compared to last week").len(), 2);
    assert!(meanings("how many may leave and march off").is_empty());
}

#[test]
fn nothing_breaks_it() {
    for odd in [
        "last",
        "between and",
        "since",
        "99999999999 days ago",
        "31 february",
        "0 minute intervals",
        "last 0 days",
    ] {
        let _ = meanings(odd);
    }
}
