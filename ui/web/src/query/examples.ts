export interface Example {
  label: string;
  sql: string;
}

/** Queries to start from. They use only the columns that every stream's table has. */
export function examplesFor(table: string): Example[] {
  return [
    {
      label: 'How many',
      sql: `SELECT count() AS events, min(_timestamp) AS first, max(_timestamp) AS last\nFROM ${table}`,
    },
    {
      label: 'Latest events',
      sql: `SELECT *\nFROM ${table}\nWHERE _timestamp > now() - INTERVAL 1 MINUTE\nORDER BY _timestamp DESC\nLIMIT 50`,
    },
    {
      label: 'Rate over time',
      sql: [
        'SELECT toStartOfInterval(_timestamp, INTERVAL 10 SECOND) AS at, count() / 10 AS events_per_s',
        `FROM ${table}`,
        'WHERE _timestamp > now() - INTERVAL 10 MINUTE\nGROUP BY at\nORDER BY at DESC',
      ].join('\n'),
    },
    {
      label: 'By partition',
      sql: [
        'SELECT _partition, count() AS events, min(_offset) AS first, max(_offset) AS last',
        `FROM ${table}`,
        'GROUP BY _partition\nORDER BY _partition',
      ].join('\n'),
    },
    { label: 'Columns', sql: `DESCRIBE TABLE ${table}` },
  ];
}
