/** How a connection is secured, in the words of whoever runs the brokers. */
import { useId } from 'react';
import { TextField } from '../../ui/fields';
import { MECHANISMS, type Mechanism, type ShownSecret } from '../connections-api';
import { PemField } from './pem-field';
import { CERTIFICATE, KEY, type Kind, type SecretName, type Typed } from './typed';

const KINDS: [Kind, string][] = [
  ['plaintext', 'None: not encrypted, nobody logs in'],
  ['tls', 'TLS: encrypted, nobody logs in'],
  ['mtls', 'Mutual TLS: a certificate logs in'],
  ['sasl', 'SASL: a user with a password'],
  ['oauthbearer', 'OAuth: a token of another server (OAUTHBEARER)'],
];

export interface FormProps {
  typed: Typed;
  onChange: (change: Partial<Typed>) => void;
  /** What is wrong with a field, if anything. */
  errorOf: (name: keyof Typed) => string | undefined;
  kept: Partial<Record<SecretName, ShownSecret>>;
}

export function SecurityFields(props: FormProps & { mayKeep: boolean }) {
  const { typed, onChange, mayKeep } = props;
  const id = useId();
  return (
    <>
      <div className="flex flex-col gap-1.5">
        <label htmlFor={id} className="font-medium">
          Security
        </label>
        <select
          id={id}
          className="field"
          value={typed.kind}
          onChange={(event) => onChange({ kind: event.target.value as Kind })}
        >
          {mayKeep && <option value="kept">Leave it as it is</option>}
          {KINDS.map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
      </div>
      {typed.kind === 'tls' && <Authority {...props} />}
      {typed.kind === 'mtls' && <MutualTls {...props} />}
      {typed.kind === 'sasl' && <Password {...props} />}
      {typed.kind === 'oauthbearer' && <Token {...props} />}
    </>
  );
}

function Authority({ typed, onChange, errorOf }: FormProps) {
  return (
    <PemField
      label="Certificate authority"
      name="ca"
      value={typed.ca}
      onChange={(ca) => onChange({ ca })}
      wanted={CERTIFICATE}
      what="certificate"
      hint="Whose certificates are trusted. Leave it empty for those that the system trusts."
      error={errorOf('ca')}
    />
  );
}

interface SecretProps extends FormProps {
  label: string;
  name: SecretName;
}

function keptHint(kept: ShownSecret | undefined, otherwise = ''): string {
  if (!kept) return otherwise;
  return 'reference' in kept
    ? `Taken from ${kept.reference}. Leave it empty to keep that.`
    : 'Set; leave it empty to keep it.';
}

function Secret({ label, name, typed, onChange, errorOf, kept }: SecretProps) {
  return (
    <TextField
      label={label}
      name={name}
      isSecret
      value={typed[name]}
      onChange={(value) => onChange({ [name]: value })}
      hint={keptHint(kept[name])}
      error={errorOf(name)}
    />
  );
}

function MutualTls(props: FormProps) {
  const { typed, onChange, errorOf, kept } = props;
  return (
    <>
      <PemField
        label="Client certificate"
        name="certificate"
        value={typed.certificate}
        onChange={(certificate) => onChange({ certificate })}
        wanted={CERTIFICATE}
        what="certificate"
        hint="With those between it and what the brokers trust."
        error={errorOf('certificate')}
      />
      <PemField
        label="Its private key"
        name="key"
        value={typed.key}
        onChange={(key) => onChange({ key })}
        wanted={KEY}
        what="private key"
        hint={keptHint(kept.key, 'It is kept encrypted and never shown again.')}
        error={errorOf('key')}
      />
      <Secret {...props} label="The key’s password, if it has one" name="key_password" />
      <Authority {...props} />
    </>
  );
}

function Encrypted(props: FormProps) {
  const { typed, onChange } = props;
  return (
    <>
      <label className="flex items-center gap-2.5">
        <input
          type="checkbox"
          className="size-4.5 accent-accent"
          checked={typed.tls}
          onChange={(event) => onChange({ tls: event.target.checked })}
        />
        Encrypted with TLS
      </label>
      {typed.tls && <Authority {...props} />}
    </>
  );
}

function Password(props: FormProps) {
  const { typed, onChange, errorOf } = props;
  return (
    <>
      <label className="flex flex-col gap-1.5">
        <span className="font-medium">Mechanism</span>
        <select
          className="field"
          value={typed.mechanism}
          onChange={(event) => onChange({ mechanism: event.target.value as Mechanism })}
        >
          {MECHANISMS.map((mechanism) => (
            <option key={mechanism}>{mechanism}</option>
          ))}
        </select>
      </label>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label="User"
          name="username"
          isMono
          value={typed.username}
          onChange={(username) => onChange({ username })}
          error={errorOf('username')}
        />
        <Secret {...props} label="Password" name="password" />
      </div>
      {typed.mechanism === 'PLAIN' && !typed.tls && (
        <p className="text-amber text-sm">
          PLAIN without TLS sends the password so that everybody on the way can read it.
        </p>
      )}
      <Encrypted {...props} />
    </>
  );
}

function Token(props: FormProps) {
  const { typed, onChange, errorOf } = props;
  const text = (name: 'token_url' | 'client_id' | 'scope', label: string, placeholder = '') => (
    <TextField
      label={label}
      name={name}
      isMono
      placeholder={placeholder}
      value={typed[name]}
      onChange={(value) => onChange({ [name]: value })}
      error={errorOf(name)}
    />
  );
  return (
    <>
      {text('token_url', 'Where tokens are asked for', 'https://login.example.com/oauth2/token')}
      <div className="grid gap-4 sm:grid-cols-2">
        {text('client_id', 'Client ID')}
        <Secret {...props} label="Client secret" name="client_secret" />
      </div>
      {text('scope', 'Scope, if one is needed')}
      <Encrypted {...props} />
    </>
  );
}
