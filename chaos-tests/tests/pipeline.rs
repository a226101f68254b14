//! What becomes of messages: real Kafka, a node, real ClickHouse.

use anyhow::{Context, Result, ensure};
use aurora_chaos_tests::load::{Message, produce_messages, produce_raw, produce_transaction};
use aurora_chaos_tests::node::stream_id;
use aurora_chaos_tests::sandbox::{Sandbox, eventually};
use aurora_chaos_tests::shared;
use aurora_chaos_tests::stack::{PATIENCE, Stack};
use serde_json::{Value, json};

#[tokio::test]
async fn new_fields_become_columns_while_running() -> Result<()> {
    Sandbox::run("new-fields", async |sandbox| {
        let topic = "new-fields";
        let stack = Stack::with_topic(sandbox, topic, &[r#"{"id":1}"#, r#"{"id":2}"#]).await?;
        let first = [r#"{"id":3,"colour":"red","size":{"width":1.5}}"#, r#"{"id":4}"#];
        stack.produce(topic, &first).await?;
        stack
            .produce(topic, &[r#"{"id":5,"colour":"blue","sold":true}"#])
            .await?;
        let rows = stack
            .clickhouse
            .lines("SELECT id, colour, `size.width`, sold FROM events.new_fields ORDER BY id");
        let expected = [
            r"1	\N	\N	\N",
            r"2	\N	\N	\N",
            r"3	red	1.5	\N",
            r"4	\N	\N	\N",
            r"5	blue	\N	true",
        ];
        assert_eq!(rows.await?, expected);
        assert_eq!(stack.column_type(topic, "sold").await?, "Nullable(Bool)");
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn columns_widen_as_far_as_that_is_exact() -> Result<()> {
    Sandbox::run("widening", async |sandbox| {
        let topic = "widening";
        let first = r#"{"id":1,"n":7,"big":9007199254740993,"at":"2026-05-06T07:08:09.123Z","u":1}"#;
        let stack = Stack::with_topic(sandbox, topic, &[first]).await?;
        assert_eq!(stack.column_type(topic, "n").await?, "Nullable(Int64)");
        assert_eq!(
            stack.column_type(topic, "at").await?,
            "Nullable(DateTime64(3, 'UTC'))"
        );
        let later = [
            r#"{"id":2,"n":1.5}"#,
            r#"{"id":3,"at":"2026-05-06T07:08:09.123456Z"}"#,
            r#"{"id":4,"u":18446744073709551615}"#,
            // There is a value that a float cannot hold: this one has to stay out.
            r#"{"id":5,"big":1.5}"#,
        ];
        let stream = stack.produce(topic, &later).await?;
        assert_eq!((stream.rows, stream.dead_letters), (4, 1));
        assert_eq!(stack.column_type(topic, "n").await?, "Nullable(Float64)");
        assert_eq!(stack.column_type(topic, "big").await?, "Nullable(Int64)");
        assert_eq!(stack.column_type(topic, "u").await?, "Nullable(Int128)");
        let rows = stack
            .clickhouse
            .lines("SELECT id, n, big, at, u FROM events.widening ORDER BY id");
        let expected = [
            "1	7	9007199254740993	2026-05-06 07:08:09.123000	1",
            r"2	1.5	\N	\N	\N",
            r"3	\N	\N	2026-05-06 07:08:09.123456	\N",
            r"4	\N	\N	\N	18446744073709551615",
        ];
        assert_eq!(rows.await?, expected);
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn what_does_not_fit_is_a_dead_letter_and_intact() -> Result<()> {
    Sandbox::run("dead-letters", async |sandbox| {
        let topic = "dead-letters";
        let stack = Stack::with_topic(sandbox, topic, &[r#"{"n":1}"#, r#"{"n":2}"#]).await?;
        let wrong = |key: Option<&'static [u8]>, payload: &'static [u8]| Message {
            partition: 0,
            key,
            payload: Some(payload),
        };
        let messages = [
            wrong(Some(b"k\xff\0\t"), b" {\"n\" : \"text\"}\n"),
            wrong(None, b"{\"n\":3"),
            wrong(Some(b""), b"{\"n\":\"\xc3\x28\"}"),
            Message::new(r#"{"n":4}"#),
            wrong(None, b""),
            wrong(None, b"[1]"),
        ];
        let stream = stack.produce_messages(topic, &messages).await?;
        assert_eq!((stream.rows, stream.dead_letters), (3, 5));
        let letters = stack.clickhouse.lines(
            "SELECT offset, reason, hex(payload), hex(key), key IS NULL, detail != '', timestamp > '2020-01-01'
             FROM aurora.dead_letters ORDER BY offset",
        );
        let expected = [
            "2	wrong_type	207B226E22203A202274657874227D0A	6BFF0009	0	1	1",
            r"3	invalid_json	7B226E223A33	\N	1	1	1",
            "4	invalid_utf8	7B226E223A22C328227D		0	1	1",
            r"6	empty		\N	1	1	1",
            r"7	not_an_object	5B315D	\N	1	1	1",
        ];
        assert_eq!(letters.await?, expected);
        let rows = stack
            .clickhouse
            .lines("SELECT _offset, n FROM events.dead_letters ORDER BY 1");
        assert_eq!(rows.await?, ["0	1", "1	2", "5	4"]);
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn tombstones_are_skipped_and_counted() -> Result<()> {
    Sandbox::run("tombstones", async |sandbox| {
        let topic = "tombstones";
        let stack = Stack::with_topic(sandbox, topic, &[r#"{"n":1}"#]).await?;
        let tombstone = Message {
            partition: 0,
            key: Some(b"1"),
            payload: None,
        };
        let messages = [tombstone, Message::new(r#"{"n":2}"#), tombstone];
        let stream = stack.produce_messages(topic, &messages).await?;
        assert_eq!((stream.rows, stream.dead_letters, stream.skipped), (2, 0, 2));
        stack.until_journaled(topic, 4).await?;
        let journal = "SELECT sum(rows), sum(dead), sum(skipped), sum(absent) FROM aurora.journal";
        assert_eq!(stack.clickhouse.line(journal).await?, "2	0	2	0");
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn aborted_transactions_leave_nothing_but_absent_offsets() -> Result<()> {
    Sandbox::run("transactions", async |sandbox| {
        let topic = "transactions";
        let stack = Stack::with_topic(sandbox, topic, &[r#"{"n":0}"#, r#"{"n":1}"#]).await?;
        let aborted: [(i32, &[u8]); 2] = [(0, br#"{"n":-1}"#), (0, br#"{"n":-2,"ghost":1}"#)];
        produce_transaction(stack.kafka, topic, &aborted, false).await?;
        produce_transaction(stack.kafka, topic, &[(0, br#"{"n":5}"#)], true).await?;
        stack.produce(topic, &[r#"{"n":7}"#]).await?;
        let rows = stack
            .clickhouse
            .lines("SELECT _offset, n FROM events.transactions ORDER BY 1");
        // 2 and 3 were aborted, 4 and 6 are the transactions' markers.
        assert_eq!(rows.await?, ["0	0", "1	1", "5	5", "7	7"]);
        stack.until_journaled(topic, 8).await?;
        let journal = "SELECT sum(rows), sum(dead), sum(skipped), sum(absent) FROM aurora.journal";
        assert_eq!(stack.clickhouse.line(journal).await?, "4	0	0	4");
        let ghosts = "SELECT count() FROM system.columns WHERE table = 'transactions' AND name = 'ghost'";
        assert_eq!(stack.clickhouse.number(ghosts).await?, 0);
        stack.audit(topic).await
    })
    .await
}

/// A transaction ends with a marker, which has an offset and is no message.
#[tokio::test]
async fn the_events_of_a_transaction_at_the_end_are_there_once() -> Result<()> {
    Sandbox::run("transaction-at-the-end", async |sandbox| {
        let topic = "transaction-at-the-end";
        let stack = Stack::with_topic(sandbox, topic, &[r#"{"n":0}"#]).await?;
        produce_transaction(stack.kafka, topic, &[(0, br#"{"n":1}"#)], true).await?;
        // The marker that ends the transaction has an offset too, and nobody reads it: what is journaled ends
        // with the last event.
        stack.until_journaled(topic, 2).await?;
        let rows = stack
            .clickhouse
            .number("SELECT count() FROM events.transaction_at_the_end")
            .await?;
        assert_eq!(rows, 2);
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn partitions_that_are_added_are_picked_up() -> Result<()> {
    Sandbox::run("more-partitions", async |sandbox| {
        let topic = "more-partitions";
        let stack = Stack::with_topic(sandbox, topic, &[r#"{"n":0}"#]).await?;
        stack.kafka.increase_partitions(topic, 4).await?;
        let messages = [1, 3].map(|partition| Message {
            partition,
            key: None,
            payload: Some(br#"{"n":1}"#),
        });
        let stream = stack.produce_messages(topic, &messages).await?;
        assert_eq!(stream.partitions.len(), 4);
        let rows = stack
            .clickhouse
            .lines("SELECT _partition, _offset FROM events.more_partitions ORDER BY 1");
        assert_eq!(rows.await?, ["0	0", "1	0", "3	0"]);
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn a_topic_made_anew_begins_a_new_generation() -> Result<()> {
    made_anew("made-anew", 3).await
}

/// The old life's position exists in the new one, too, before anybody has noticed.
#[tokio::test]
async fn a_topic_made_anew_and_larger_is_not_taken_for_the_old_one() -> Result<()> {
    made_anew("made-anew-larger", 50).await
}

async fn made_anew(topic: &str, messages: u64) -> Result<()> {
    Sandbox::run(topic, async |sandbox| {
        let payloads = |life: u64, count: u64| -> Vec<String> {
            let payload = |n| format!(r#"{{"life":{life},"n":{n}}}"#);
            (0..count).map(payload).collect()
        };
        let (old, new) = (payloads(1, 5), payloads(2, messages));
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let stack = Stack::with_topic(sandbox, topic, &old).await?;
        stack.until_journaled(topic, 5).await?;
        stack.kafka.delete_topic(topic).await?;
        stack.kafka.create_topic(topic, 1, &[]).await?;
        let new: Vec<Message<'_>> = new.iter().map(|payload| Message::new(payload)).collect();
        produce_messages(stack.kafka, topic, &new).await?;
        let lives = format!(
            "SELECT _generation, life, count(), uniqExact(_offset), min(_offset), max(_offset), sum(n)
             FROM events.{} GROUP BY 1, 2 ORDER BY 1, 2",
            topic.replace('-', "_")
        );
        let (last, sum) = (messages - 1, (0..messages).sum::<u64>());
        let expected = [
            "1	1	5	5	0	4	10".to_owned(),
            format!("2	2	{messages}	{messages}	0	{last}	{sum}"),
        ];
        eventually("the events of both lives, each once", PATIENCE, async || {
            let found = stack.clickhouse.lines(&lives).await?;
            ensure!(found == expected, "generation, life, rows … are {found:?}");
            anyhow::Ok(true)
        })
        .await?;
        stack.until_journaled(topic, 5 + messages).await?;
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn rows_that_clickhouse_refuses_become_dead_letters_alone() -> Result<()> {
    Sandbox::run("refused", async |sandbox| {
        let topic = "refused";
        let kafka = shared::kafka().await?;
        kafka.create_topic(topic, 2, &[]).await?;
        let stack = Stack::start(sandbox, &[topic]).await?;
        stack.produce(topic, &[r#"{"n":1}"#]).await?;
        stack
            .clickhouse
            .execute("ALTER TABLE events.refused ADD CONSTRAINT positive CHECK n > 0")
            .await?;
        let payloads: Vec<String> = (1..=200).map(payload_of).collect();
        let messages: Vec<Message<'_>> = (0..)
            .zip(&payloads)
            .map(|(number, payload)| Message {
                partition: number % 2,
                key: None,
                payload: Some(payload.as_bytes()),
            })
            .collect();
        let stream = stack.produce_messages(topic, &messages).await?;
        assert_eq!((stream.rows, stream.dead_letters), (198, 3));
        let letters = stack.clickhouse.lines(
            "SELECT reason, payload, detail LIKE '%positive%' FROM aurora.dead_letters ORDER BY payload",
        );
        let expected = [
            "refused	{\"n\":-100}	1",
            "refused	{\"n\":-101}	1",
            "refused	{\"n\":-3}	1",
        ];
        assert_eq!(letters.await?, expected);
        let rows = "SELECT count(), sum(n) FROM events.refused";
        let sum = 1 + (1..=200).filter(|n| !is_refused(*n)).sum::<i32>();
        assert_eq!(stack.clickhouse.line(rows).await?, format!("198	{sum}"));
        stack.until_journaled(topic, 201).await?;
        stack.audit(topic).await
    })
    .await
}

/// One alone in its neighbourhood, and two next to each other in different partitions.
fn is_refused(n: i32) -> bool {
    [3, 100, 101].contains(&n)
}

fn payload_of(n: i32) -> String {
    format!(r#"{{"n":{}}}"#, if is_refused(n) { -n } else { n })
}

#[tokio::test]
async fn nested_arrays_may_differ_in_length() -> Result<()> {
    Sandbox::run("nested-arrays", async |sandbox| {
        let topic = "nested-arrays";
        let payloads = [
            r#"{"order":{"items":["a","b"],"prices":[1.5,2.5,3.5],"lines":[{"x":1},{"x":2}]}}"#,
            r#"{"order":{"items":[],"prices":[4]}}"#,
            r#"{"order":{"items":["c"]}}"#,
        ];
        let stack = Stack::with_topic(sandbox, topic, &payloads).await?;
        let rows = stack.clickhouse.lines(
            "SELECT order_items, order_prices, order_lines FROM events.nested_arrays ORDER BY _offset",
        );
        let expected = [
            r#"['a','b']	[1.5,2.5,3.5]	['{"x":1}','{"x":2}']"#,
            "[]	[4]	[]",
            "['c']	[]	[]",
        ];
        assert_eq!(rows.await?, expected);
        stack.audit(topic).await
    })
    .await
}

#[tokio::test]
async fn keys_may_be_anything() -> Result<()> {
    Sandbox::run("odd-keys", async |sandbox| {
        let topic = "odd-keys";
        let odd = [
            "a.b",
            "it's",
            "say \"x\"",
            "back`tick",
            "back\\slash",
            "größe",
            "日本",
            "",
            " ",
            "tab\tline\n",
            "a b",
            "SELECT",
            "1st",
            "_offset",
            "😀",
            "{n:Int64}",
            "?",
            "%s",
            "--",
            "/*",
        ];
        let object = |first: usize| -> Value {
            (first..)
                .zip(odd)
                .map(|(number, key)| (key.to_owned(), Value::from(number)))
                .collect()
        };
        // The same names from the start in one object, and while running in a nested one.
        let mut first = object(1);
        first["a"] = json!({ "b": 1_000 });
        let stack = Stack::with_topic(sandbox, topic, &[&first.to_string()]).await?;
        let later = json!({ "o": object(101), "id": 1 }).to_string();
        let stream = stack.produce(topic, &[&later]).await?;
        assert_eq!((stream.rows, stream.dead_letters), (2, 0));
        for (number, key) in (1..).zip(odd) {
            assert_eq!(value_at(&stack, 0, &[key]).await?, number.to_string(), "{key:?}");
            let nested = value_at(&stack, 1, &["o", key]).await?;
            assert_eq!(nested, (100 + number).to_string(), "o.{key:?}");
        }
        assert_eq!(value_at(&stack, 0, &["a", "b"]).await?, "1000");
        stack.audit(topic).await
    })
    .await
}

/// The value of the field at `path` in the row of an offset, found by what the columns say of themselves.
async fn value_at(stack: &Stack, offset: u64, path: &[&str]) -> Result<String> {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let column = stack
        .clickhouse
        .line(&format!(
            "SELECT replaceAll(replaceAll(name, '\\\\', '\\\\\\\\'), '`', '\\\\`') FROM system.columns
             WHERE table = 'odd_keys' AND comment = '{}' FORMAT TSVRaw",
            quoted(&json!({ "path": path }).to_string())
        ))
        .await;
    let column = match column {
        Ok(column) => column,
        // A name with a line break in it is two lines.
        Err(_) if path.iter().any(|key| key.contains('\n')) => path.join("."),
        Err(error) => return Err(error).with_context(|| format!("no column holds {path:?}")),
    };
    let query = format!("SELECT `{column}` FROM events.odd_keys WHERE _offset = {offset}");
    stack.clickhouse.line(&query).await
}

#[tokio::test]
async fn fields_beyond_the_limit_go_to_the_catch_all() -> Result<()> {
    Sandbox::run("many-fields", async |sandbox| {
        let (at_once, by_and_by) = ("many-fields-at-once", "many-fields-by-and-by");
        let kafka = shared::kafka().await?;
        kafka.create_topic(at_once, 1, &[]).await?;
        kafka.create_topic(by_and_by, 1, &[]).await?;
        let fields = |numbers: std::ops::Range<usize>| -> String {
            let object: Value = numbers.map(|n| (format!("f{n:03}"), Value::from(n))).collect();
            object.to_string()
        };
        let stack = Stack::start(sandbox, &[at_once, by_and_by]).await?;
        stack.produce(at_once, &[&fields(0..600)]).await?;
        stack.produce(by_and_by, &[&fields(0..1)]).await?;
        let parts: Vec<String> = (0..20).map(|part| fields(part * 30..part * 30 + 30)).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        stack.produce(by_and_by, &parts).await?;
        for topic in [at_once, by_and_by] {
            let table = topic.replace('-', "_");
            let columns = format!(
                "SELECT count() FROM system.columns WHERE table = '{table}' AND NOT startsWith(name, '_')"
            );
            assert_eq!(stack.clickhouse.number(&columns).await?, 500, "{topic}");
            // Wherever a field went, its value is the number in its name.
            let rest = format!(
                "SELECT count(), sum(toUInt64(tupleElement(field, 2))), countIf(toUInt64(substring(tupleElement(field, 1), 2)) != toUInt64(tupleElement(field, 2)))
                 FROM events.{table} ARRAY JOIN JSONExtractKeysAndValuesRaw(ifNull(_rest, '{{}}')) AS field"
            );
            let expected = format!("100	{}	0", (500..600).sum::<u64>());
            assert_eq!(stack.clickhouse.line(&rest).await?, expected, "{topic}");
            let last = format!("SELECT max(f499) FROM events.{table}");
            assert_eq!(stack.clickhouse.line(&last).await?, "499", "{topic}");
            stack.audit(topic).await?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_stream_waits_for_its_first_message_and_says_so() -> Result<()> {
    Sandbox::run("empty-topic", async |sandbox| {
        let topic = "empty-topic";
        let kafka = shared::kafka().await?;
        let stack = Stack::start(sandbox, &[topic]).await?;
        let waits_for = async |words: &str| {
            eventually(&format!("{words:?} as the reason"), PATIENCE, async || {
                let stream = stack.stream(topic).await?;
                ensure!(
                    stream.state == "waiting" && stream.reason.as_ref().is_some_and(|r| r.contains(words)),
                    "it is {} because {:?}",
                    stream.state,
                    stream.reason
                );
                anyhow::Ok(true)
            })
            .await
        };
        waits_for("does not exist").await?;
        kafka.create_topic(topic, 1, &[]).await?;
        waits_for("no messages yet").await?;
        let audit = format!("/api/v1/streams/{}/audit", stream_id(topic));
        let answer = stack.node.api().post(&audit, &Value::Null).await?;
        assert_eq!(answer.status, 409, "{}", answer.body);
        produce_raw(kafka, topic, 0, None, Some(br#"{"n":1}"#)).await?;
        let stream = stack.until_consumed(topic).await?;
        assert_eq!((stream.state.as_str(), stream.rows), ("running", 1));
        stack.audit(topic).await
    })
    .await
}
