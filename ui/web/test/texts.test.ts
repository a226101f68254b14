import { describe, expect, test } from 'vitest';
import { EventParser } from '../src/api/events';
import { problemFrom } from '../src/api/problem';
import { nameInPath } from '../src/app/path';
import { examplesFor } from '../src/query/examples';

describe('problems', () => {
  test('keep what the node says', () => {
    const body = JSON.stringify({ title: 'Unknown table', detail: 'no table x', hint: 'try y', status: 404 });
    expect(problemFrom(404, body)).toMatchObject({
      title: 'Unknown table',
      detail: 'no table x',
      hint: 'try y',
    });
  });

  test('survive a proxy that speaks no JSON', () => {
    const fallback = { title: 'The node answered with status 502', detail: '', hint: '' };
    expect(problemFrom(502, '<html>Bad gateway</html>')).toMatchObject(fallback);
    expect(problemFrom(502, 'null')).toMatchObject({ title: fallback.title });
    expect(problemFrom(502, '')).toMatchObject(fallback);
  });
});

test('examples ask the given table', () => {
  const examples = examplesFor('events.`odd name`');
  expect(examples.length).toBeGreaterThan(3);
  for (const { sql } of examples) expect(sql).toContain('events.`odd name`');
});

describe('events', () => {
  test('are found whatever the pieces they come in', () => {
    const text =
      ': still there\n\nevent: rows\ndata: [[1],\ndata: [2]]\n\nevent: done\r\ndata:{"truncated":false}\r\n\r\n';
    for (const size of [1, 2, 7, text.length]) {
      const parser = new EventParser();
      const found = [];
      for (let at = 0; at < text.length; at += size) found.push(...parser.feed(text.slice(at, at + size)));
      expect(found).toEqual([
        { name: 'rows', data: [[1], [2]] },
        { name: 'done', data: { truncated: false } },
      ]);
    }
  });
});

test('a name is read from the end of a path, whatever is in it', () => {
  for (const name of ['demo:shop_events', '100 % of it', 'a&b?c#d', 'Ümsatz', '%41'])
    expect(nameInPath(`/visualize/${encodeURIComponent(name)}`)).toBe(name);
  expect(nameInPath('/visualize/100%')).toBe('100%');
});
