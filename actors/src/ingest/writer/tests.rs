use super::*;
use crate::ingest::schema::TableSchema;

fn taken(partition: Partition, schema: &Arc<TableSchema>, alone: bool) -> Taken {
    let (slot, _) = Slot::new(partition, 1, Arc::default());
    let mut batch = PartitionBatch::new(schema.clone(), 0);
    batch.alone = alone;
    (slot, batch)
}

fn partitions(groups: &[Vec<Taken>]) -> Vec<Vec<Partition>> {
    groups
        .iter()
        .map(|group| group.iter().map(|(slot, _)| slot.partition).collect())
        .collect()
}

#[test]
fn batches_share_an_insert_when_nothing_keeps_them_apart() {
    let (old, new) = (Arc::new(TableSchema::default()), Arc::new(TableSchema::default()));
    let all = vec![
        taken(0, &old, false),
        taken(0, &new, false),
        taken(1, &new, false),
        taken(2, &old, false),
    ];
    assert_eq!(partitions(&groups(all)), [vec![0, 2], vec![0, 1]]);
    let suspect = vec![taken(0, &old, true), taken(1, &old, false), taken(2, &old, false)];
    assert_eq!(partitions(&groups(suspect)), [vec![0], vec![1, 2]]);
}

#[test]
fn a_partition_keeps_its_order() {
    let (old, new) = (Arc::new(TableSchema::default()), Arc::new(TableSchema::default()));
    let all = vec![
        taken(0, &old, false),
        taken(1, &new, false),
        taken(1, &old, false),
    ];
    assert_eq!(partitions(&groups(all)), [vec![0], vec![1], vec![1]]);
}
