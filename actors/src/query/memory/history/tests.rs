use super::*;
use proptest::prelude::*;

#[test]
fn a_record_is_one_line_whatever_is_in_it_and_never_too_long() {
    let record = Record {
        question: "how\nmany \"orders\"?\0 \u{1F600}".to_owned(),
        sql: "ä".repeat(MAX_SQL_BYTES),
        tables: vec!["t".to_owned(); 1_000],
        elapsed_ms: f64::NAN,
        cost: f64::INFINITY,
        ..Record::new(Kind::Question, "ann", "192.0.2.1")
    };
    let line = record.line("node-1");
    assert!(!line.contains('\n'));
    let read: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(read["question"], record.question);
    let sql = read["sql"].as_str().unwrap();
    assert!(sql.len() <= MAX_SQL_BYTES && sql.ends_with("ä…"));
    assert_eq!(read["tables"].as_array().unwrap().len(), MAX_TABLES);
    assert_eq!((&read["elapsed_ms"], &read["cost"]), (&0.0.into(), &0.0.into()));
}

#[test]
fn later_records_have_greater_names() {
    let names: Vec<RecordId> = (0..1_000).map(|_| RecordId::new()).collect();
    assert!(names.is_sorted());
    assert_eq!(names[0].as_str().parse::<RecordId>().unwrap(), names[0]);
    assert!("' OR 1 = 1".parse::<RecordId>().is_err());
}

#[test]
fn names_are_read_as_they_are_written() {
    for outcome in [
        Outcome::Ok,
        Outcome::Refused,
        Outcome::Failed,
        Outcome::Declined,
        Outcome::Cancelled,
    ] {
        assert_eq!(Outcome::from_name(outcome.name()), Some(outcome));
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
    }
    for purpose in [Purpose::Person, Purpose::Dashboard, Purpose::Page] {
        assert_eq!(Purpose::from_name(purpose.name()), Some(purpose));
        assert_eq!(serde_json::to_value(purpose).unwrap(), purpose.name());
    }
    assert_eq!(Kind::from_name("question"), Some(Kind::Question));
    assert_eq!(Kind::from_name("Question"), None);
}

proptest! {
    #[test]
    fn no_text_gets_out_of_its_quotes(text in any::<String>()) {
        let filter = HistoryFilter {
            user: Some(text.clone()),
            search: Some(text),
            limit: usize::MAX,
            ..HistoryFilter::default()
        };
        let mut statement = filter.statement();
        // Without the literals, nothing is left of what was given.
        let mut plain = String::new();
        let (mut quoted, mut escaped) = (false, false);
        for c in statement.drain(..) {
            match (quoted, escaped, c) {
                (true, true, _) => escaped = false,
                (true, false, '\\') => escaped = true,
                (_, _, '\'') => quoted = !quoted,
                (true, ..) => {}
                (false, ..) => plain.push(c),
            }
        }
        prop_assert!(!quoted && !escaped);
        let empty = HistoryFilter {
            user: Some(String::new()),
            search: Some(String::new()),
            limit: usize::MAX,
            ..HistoryFilter::default()
        };
        prop_assert_eq!(plain, empty.statement().replace('\'', ""));
        prop_assert!(empty.statement().contains("LIMIT 200 SETTINGS"));
    }
}
