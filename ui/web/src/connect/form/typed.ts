/** What is typed into a connection's form, and what is sent of it. Pure, so that the tests can pin it down. */
import { fromTyped } from '../../format/time';
import type { Connection, Draft, Mechanism, Security, ShownSecret } from '../connections-api';

/** `kept`: as it is, where the form has no words for it. */
export type Kind = Security<unknown>['kind'] | 'kept';

export interface Typed {
  name: string;
  brokers: string;
  kind: Kind;
  tls: boolean;
  ca: string;
  certificate: string;
  key: string;
  key_password: string;
  mechanism: Mechanism;
  username: string;
  password: string;
  token_url: string;
  client_id: string;
  client_secret: string;
  scope: string;
}

type TextName = Exclude<keyof Typed, 'kind' | 'tls' | 'mechanism'>;
export type SecretName = 'key' | 'key_password' | 'password' | 'client_secret';
const SECRETS: readonly SecretName[] = ['key', 'key_password', 'password', 'client_secret'];

export const NOTHING: Typed = {
  name: '',
  brokers: '',
  kind: 'plaintext',
  tls: true,
  ca: '',
  certificate: '',
  key: '',
  key_password: '',
  mechanism: 'SCRAM-SHA-256',
  username: '',
  password: '',
  token_url: '',
  client_id: '',
  client_secret: '',
  scope: '',
};

/** The form for a connection that is there. Its secrets are not known, and their fields stay empty. */
export function typedFrom({ name, brokers, security }: Connection): Typed {
  const typed: Typed = { ...NOTHING, name, brokers: brokers ?? '' };
  if (!security) return { ...typed, kind: 'kept' };
  const known = Object.entries(security).filter(([, value]) => typeof value !== 'object');
  return { ...typed, ...Object.fromEntries(known) };
}

/** What is there of secrets, by field. */
export function keptSecrets(connection: Connection | undefined): Partial<Record<SecretName, ShownSecret>> {
  const fields: Record<string, unknown> = { ...connection?.security };
  const kept = SECRETS.filter((name) => fields[name] != null).map((name) => [name, fields[name]]);
  return Object.fromEntries(kept);
}

/** What stays when somebody leaves the page and comes back: everything but secrets. */
export function withoutSecrets(typed: Typed): Typed {
  return { ...typed, key: '', key_password: '', password: '', client_secret: '' };
}

/** What is sent. What is left empty is left out: a secret then stays as it is. */
export function draftOf(typed: Typed): Draft {
  const brokers = typed.brokers.trim();
  const security = securityOf(typed);
  return security ? { brokers, security } : { brokers };
}

function securityOf(typed: Typed): Security<string> | undefined {
  const { kind, tls, certificate, mechanism, username, token_url, client_id } = typed;
  const given = <Name extends TextName>(...names: Name[]): Partial<Record<Name, string>> => {
    const filled = names.filter((name) => typed[name] !== '');
    return Object.fromEntries(filled.map((name) => [name, typed[name]])) as Partial<Record<Name, string>>;
  };
  switch (kind) {
    case 'kept':
      return undefined;
    case 'plaintext':
      return { kind };
    case 'tls':
      return { kind, ...given('ca') };
    case 'mtls':
      return { kind, certificate, ...given('ca', 'key', 'key_password') };
    case 'sasl':
      return { kind, mechanism, username, tls, ...given('password'), ...(tls ? given('ca') : {}) };
    case 'oauthbearer':
      return {
        kind,
        token_url,
        client_id,
        tls,
        ...given('client_secret', 'scope'),
        ...(tls ? given('ca') : {}),
      };
  }
}

/** The form's field that a problem is about: the node says `security.password`, for example. */
export function fieldOf(problemField: string): string {
  return problemField.replace(/^security\./, '');
}

export type Start = 'earliest' | 'latest' | 'time';

/** Where a stream begins, as the node takes it; undefined while the time is not complete. */
export function startOf(start: Start, time: string): string | undefined {
  return start === 'time' ? fromTyped(time) : start;
}

/** Whether a PEM text has what it should: `undefined`, or what to tell. */
export function pemMistake(text: string, wanted: RegExp, what: string): string | undefined {
  if (text.trim() === '' || /^(?:env|file):/.test(text.trim())) return undefined;
  return wanted.test(text)
    ? undefined
    : `This is no ${what} in PEM, the text form that begins with -----BEGIN.`;
}

export const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;
export const KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;
