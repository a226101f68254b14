import { describe, expect, test } from 'vitest';
import { arriving, type Rows } from '../src/connect/arriving';
import { chartData, shownTimes } from '../src/connect/chart-data';
import { originOf } from '../src/connect/columns';
import type { Connection, Preview, Security, ShownSecret } from '../src/connect/connections-api';
import { rowsOf, shortType, withLeftOut, withType } from '../src/connect/form/choices';
import {
  CERTIFICATE,
  draftOf,
  fieldOf,
  KEY,
  keptSecrets,
  NOTHING,
  pemMistake,
  startOf,
  typedFrom,
  withoutSecrets,
} from '../src/connect/form/typed';
import type { Measured } from '../src/connect/history';
import { payloadNote } from '../src/connect/payload';

function connection(security: Security<ShownSecret> | null): Connection {
  return {
    name: 'shop',
    version: 3,
    brokers: 'a:1,b:2',
    security,
    extras: [],
    streams: 0,
    changed_by: null,
    changed_at: null,
    reason: null,
  };
}

describe('what is sent of a form', () => {
  test('has no fields of other kinds of security', () => {
    const typed = { ...NOTHING, brokers: ' a:1 ', password: 'left from before', ca: 'CA' };
    expect(draftOf(typed)).toEqual({ brokers: 'a:1', security: { kind: 'plaintext' } });
    expect(draftOf({ ...typed, kind: 'tls' }).security).toEqual({ kind: 'tls', ca: 'CA' });
    expect(draftOf({ ...typed, kind: 'sasl', username: 'u', tls: false }).security).toEqual({
      kind: 'sasl',
      mechanism: 'SCRAM-SHA-256',
      username: 'u',
      password: 'left from before',
      tls: false,
    });
  });

  test('leaves out secrets that are to stay', () => {
    const shown = connection({ kind: 'mtls', certificate: 'C', key: { set: true } });
    expect(draftOf(typedFrom(shown)).security).toEqual({ kind: 'mtls', certificate: 'C' });
    expect(keptSecrets(shown)).toEqual({ key: { set: true } });
    expect(keptSecrets(undefined)).toEqual({});
  });

  test('says nothing of a security that the form has no words for', () => {
    expect(draftOf(typedFrom(connection(null)))).toEqual({ brokers: 'a:1,b:2' });
  });

  test('is the same for a connection that nobody has changed', () => {
    const security: Security<ShownSecret> = {
      kind: 'oauthbearer',
      token_url: 'https://t',
      client_id: 'c',
      scope: 's',
      tls: true,
      ca: 'CA',
    };
    expect(draftOf(typedFrom(connection(security)))).toEqual({ brokers: 'a:1,b:2', security });
  });
});

test('secrets are not kept when somebody leaves', () => {
  const typed = {
    ...NOTHING,
    username: 'u',
    password: 'p',
    key: 'k',
    key_password: 'kp',
    client_secret: 's',
  };
  expect(withoutSecrets(typed)).toEqual({ ...NOTHING, username: 'u' });
});

test('problems find their field', () => {
  expect(['brokers', 'security.password', ''].map(fieldOf)).toEqual(['brokers', 'password', '']);
});

test('a stream begins at an end or at a whole time', () => {
  expect(startOf('latest', 'nonsense')).toBe('latest');
  expect(startOf('time', '')).toBeUndefined();
  expect(startOf('time', '2026-11-26T')).toBeUndefined();
  expect(startOf('time', '2026-11-26T10:00')).toBe(new Date('2026-11-26T10:00').toISOString());
});

test('what is no PEM is told before it is sent', () => {
  const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
  expect(pemMistake(certificate, CERTIFICATE, 'certificate')).toBeUndefined();
  expect(pemMistake('', CERTIFICATE, 'certificate')).toBeUndefined();
  expect(pemMistake('file:/etc/ca.pem', CERTIFICATE, 'certificate')).toBeUndefined();
  expect(pemMistake(certificate, KEY, 'private key')).toMatch(/no private key/);
  for (const kind of ['', 'RSA ', 'EC ', 'ENCRYPTED ']) {
    expect(pemMistake(`-----BEGIN ${kind}PRIVATE KEY-----`, KEY, 'private key')).toBeUndefined();
  }
});

describe('rows that arrive', () => {
  const rows = (offsets: number[]): Rows => ({
    columns: ['price', 'coupon', 'tags', '_topic', '_partition', '_offset', '_timestamp', '_generation'].map(
      (name) => ({ name, type: 'String' }),
    ),
    rows: offsets.map((offset) => [1, null, [], 't', 0, String(offset), 'now', 1]),
  });

  test('show where they are from first, and no column without a value', () => {
    const shown = arriving(rows([7]), undefined);
    expect(shown.columns.map(({ name }) => name)).toEqual(['_timestamp', '_partition', '_offset', 'price']);
    expect(shown.rows[0]?.cells).toEqual(['now', 0, '7', 1]);
    expect(shown.empty).toBe(2);
  });

  test('are new when they were not there before', () => {
    expect(arriving(rows([7]), undefined).rows.map(({ isNew }) => isNew)).toEqual([false]);
    expect(arriving(rows([8, 7]), rows([7, 6])).rows.map(({ isNew }) => isNew)).toEqual([true, false]);
  });
});

describe('a chart', () => {
  const at = (second: number): Measured => ({
    atMs: second * 1000,
    rate: second,
    lag: 0,
    p50: null,
    p99: null,
  });

  test('breaks off where nothing was measured', () => {
    const lines = [({ rate }: Measured) => rate, ({ p50 }: Measured) => p50];
    expect(chartData([at(1), at(2), at(60)], lines)).toEqual([
      [1, 2, 2.001, 60],
      [1, 2, null, 60],
      [null, null, null, null],
    ]);
  });

  test('shows the ten minutes before the newest measurement', () => {
    expect(shownTimes([at(700)], 0)).toEqual([100, 700]);
    expect(shownTimes([], 600_000)).toEqual([0, 600]);
  });
});

test('columns say which field they come from', () => {
  expect(originOf('{"path":["customer","id"]}')).toBe('customer › id');
  expect(originOf('the Kafka topic')).toBe('the Kafka topic');
  expect(originOf('')).toBe('');
});

test('payloads say when they are not shown as they are', () => {
  expect(payloadNote({ payload: 'abc', base64: false, cut: false })).toBe('');
  expect(payloadNote({ payload: 'abc', base64: false, cut: true })).toBe(
    'Only its first 3 characters are shown.',
  );
  expect(payloadNote({ payload: 'AAE=', base64: true, cut: false })).toBe(
    'It is no text, and shown in Base64: 2 bytes.',
  );
});

describe('what is decided about columns', () => {
  const column = (path: string[], type: string, rejects: Record<string, number> = {}) => ({
    path,
    name: path.join('.'),
    type,
    proposed: type,
    seen: 10,
    missing: 0,
    evidence: '',
    examples: [],
    choices: [{ type, rejects: 0 }, ...Object.entries(rejects).map(([type, rejects]) => ({ type, rejects }))],
  });
  const n = column(['n'], 'Nullable(String)', { 'Nullable(Int64)': 3 });
  const proposal: Preview = {
    topic: 'orders',
    partitions: 1,
    sampled: 10,
    messages: [],
    left_out: [],
    rejected: [],
    columns: [n, column(['who'], 'Nullable(String)'), column(['who', 'mail'], 'Nullable(String)')],
  };
  const shown = (choices: Parameters<typeof rowsOf>[1]) =>
    rowsOf(proposal, choices).map(({ type, rejects, isCovered }) => [type, rejects, isCovered]);

  test('is nothing where the proposal is taken, again', () => {
    const chosen = withType([], n, 'Nullable(Int64)');
    expect(chosen).toEqual([{ path: ['n'], type: 'Nullable(Int64)' }]);
    expect(shown(chosen)[0]).toEqual(['Nullable(Int64)', 3, false]);
    expect(withType(chosen, n, 'Nullable(String)')).toEqual([]);
  });

  test('leaves out an object with all that is in it, and nothing twice', () => {
    const mail = withLeftOut([], ['who', 'mail'], true);
    expect(shown(mail)[2]).toEqual([undefined, 0, false]);
    const who = withLeftOut(mail, ['who'], true);
    expect(who).toEqual([{ path: ['who'], leave_out: true }]);
    expect(shown(who)).toEqual([
      ['Nullable(String)', 0, false],
      [undefined, 0, false],
      [undefined, 0, true],
    ]);
    expect(withLeftOut(who, ['who'], false)).toEqual([]);
    expect(withLeftOut(withLeftOut([], ['n'], true), ['who'], true)).toHaveLength(2);
  });

  test('leaves an object alone whose name only begins alike', () => {
    expect(shown(withLeftOut([], ['wh'], true))).toEqual(shown([]));
  });

  test('shows types without what every column has', () => {
    expect(shortType("Nullable(DateTime64(3, 'UTC'))")).toBe('DateTime64(3)');
    expect(shortType("Array(Nullable(DateTime64(9, 'UTC')))")).toBe('Array(DateTime64(9))');
    expect(shortType('LowCardinality(Nullable(String))')).toBe('LowCardinality(String)');
    expect(shortType('Array(Int64)')).toBe('Array(Int64)');
  });
});
