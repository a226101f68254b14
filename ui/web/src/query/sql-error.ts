/** Where in a statement an error is, as far as ClickHouse's words tell. */

export interface Mark {
  from: number;
  to: number;
}

/** The place that an error is about; nothing when its words name none that is in the statement. */
export function placeOf(sql: string, detail: string): Mark | undefined {
  const position = /failed at position (\d+)/.exec(detail);
  if (position) {
    const from = Math.min(Math.max(Number(position[1]) - 1, 0), Math.max(sql.length - 1, 0));
    const word = /^[\w.`"]+|^\S/.exec(sql.slice(from));
    return { from, to: Math.min(sql.length, from + (word?.[0].length ?? 1)) };
  }
  const named = /(?:identifier|function|table|column)[^`'"]{0,40}[`'"]([\w.]+)[`'"]/i.exec(detail);
  const name = named?.[1];
  if (!name) return undefined;
  // The last part alone: ClickHouse puts a table's name in front of a column's.
  for (const candidate of [name, name.split('.').pop() ?? name]) {
    const at = new RegExp(`(?<![\\w.])${candidate.replace(/\./g, '\\.')}(?!\\w)`).exec(sql);
    if (at) return { from: at.index, to: at.index + candidate.length };
  }
  return undefined;
}
