use super::*;

fn journal() -> Journaled {
    Journaled {
        partition: 3,
        first: 0,
        last: 9,
        rows: 8,
        dead: 2,
        skipped: 0,
        absent: 0,
        expired: 0,
        gaps: 0,
        unaccounted: 0,
    }
}

fn counted(rows: (u64, u64), dead: (u64, u64), both: u64) -> Counted {
    let count = |(all, distinct)| Count { all, distinct };
    Counted {
        rows: count(rows),
        dead: count(dead),
        both,
        ..Counted::default()
    }
}

#[test]
fn rows_made_of_dead_letters_come_on_top_each_with_its_letter() {
    let found = |retried: (u64, u64), retried_with_letter| {
        let counted = Counted {
            retried: Count {
                all: retried.0,
                distinct: retried.1,
            },
            retried_with_letter,
            ..counted((8, 8), (2, 2), 0)
        };
        judge(&journal(), &counted)
    };
    assert_eq!(found((2, 2), 2), Vec::<String>::new());
    assert_eq!(
        found((2, 1), 2),
        ["partition 3: 1 rows made of dead letters are doubled"]
    );
    assert_eq!(
        found((2, 2), 1),
        ["partition 3: 1 rows say that they were made of dead letters that are not there"]
    );
}

#[test]
fn slices_cover_every_journaled_offset_once_and_stay_small() {
    let long = Journaled {
        first: 7,
        last: 7 + 2 * SLICE,
        ..journal()
    };
    let short = (10..200).map(|partition| Journaled {
        partition,
        ..journal()
    });
    let rows: Vec<Journaled> = std::iter::once(long).chain(short).collect();
    let slices = slices(&rows);
    let size = |stretch: &Stretch| stretch.to - stretch.from + 1;
    for slice in &slices {
        assert!(slice.len() <= COUNTED_TOGETHER);
        assert!(slice.iter().map(size).sum::<u64>() <= SLICE);
    }
    for row in &rows {
        let of_row = slices.iter().flatten().filter(|s| s.partition == row.partition);
        assert_eq!(of_row.map(size).sum::<u64>(), row.last - row.first + 1);
    }
    assert_eq!(
        slices.len(),
        3 + 2,
        "190 short ones, 64 together, the first with the rest of the long one"
    );
}

#[test]
fn each_way_to_be_wrong_is_found() {
    let found = |counted: &Counted| judge(&journal(), counted);
    assert_eq!(found(&counted((8, 8), (2, 2), 0)), Vec::<String>::new());
    assert_eq!(
        found(&counted((9, 8), (2, 2), 0)),
        ["partition 3: 1 rows are doubled"]
    );
    assert_eq!(
        found(&counted((7, 7), (2, 2), 0)),
        ["partition 3: 1 rows are missing"]
    );
    assert_eq!(
        found(&counted((8, 8), (3, 3), 0)),
        ["partition 3: 1 dead letters are too many"]
    );
    assert_eq!(
        found(&counted((8, 8), (2, 2), 1)),
        ["partition 3: 1 offsets are both rows and dead letters"]
    );
    // One lost and one doubled keep the count, and are both found.
    let swapped = found(&counted((8, 7), (2, 2), 0));
    assert_eq!(
        swapped,
        [
            "partition 3: 1 rows are doubled",
            "partition 3: 1 rows are missing"
        ]
    );
    let holes = Journaled {
        gaps: 1,
        unaccounted: 2,
        ..journal()
    };
    assert_eq!(judge(&holes, &counted((8, 8), (2, 2), 0)).len(), 2);
}
