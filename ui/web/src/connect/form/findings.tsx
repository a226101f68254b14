/** What a test of a connection found, step by step. */
import { CircleCheck, CircleX } from 'lucide-react';
import { sentence } from '../../format/format';
import type { Check, Findings } from '../connections-api';

const STEPS: Record<Check['check'], string> = {
  name: 'Name',
  port: 'Port',
  tls: 'Encryption',
  login: 'Login',
  topics: 'Topics',
};

function verdict({ ok, checks }: Findings): string {
  if (!ok) return 'This does not work yet.';
  return checks.every((check) => check.ok) ? 'This works.' : 'This works, with something to look at.';
}

export function FindingsList({ findings }: { findings: Findings }) {
  // The same may be found of two brokers.
  const checks = findings.checks.map((check, step) => ({ ...check, step }));
  return (
    <div className="flex flex-col gap-3">
      <p role="status" className={`font-semibold ${findings.ok ? 'text-accent' : 'text-red'}`}>
        {verdict(findings)}
      </p>
      <ol className="flex flex-col gap-2">
        {checks.map(({ step, check, ok, detail, why, what_to_do }) => (
          <li
            key={step}
            className={`flex gap-3 rounded-[10px] border px-3 py-2 ${ok ? 'border-line' : 'border-red/50 bg-red/10'}`}
          >
            {ok ? (
              <CircleCheck aria-hidden className="mt-0.5 size-5 shrink-0 text-accent" />
            ) : (
              <CircleX aria-hidden className="mt-0.5 size-5 shrink-0 text-red" />
            )}
            <div className="min-w-0 [overflow-wrap:anywhere]">
              <p>
                <span className="font-medium">{STEPS[check] ?? check}</span>
                <span className="sr-only">{ok ? ' works' : ' fails'}</span>{' '}
                <span className="text-muted">{detail}</span>
              </p>
              {why && <p>{sentence(why)}</p>}
              {what_to_do && <p className="text-muted">{sentence(what_to_do)}</p>}
            </div>
          </li>
        ))}
      </ol>
    </div>
  );
}
