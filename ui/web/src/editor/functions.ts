/** The names of ClickHouse's functions, asked of the node once the editor is used. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { askRows } from '../api/rows';

let asked: Promise<Completion[]> | undefined;

function functions(): Promise<Completion[]> {
  asked ??= (async () => {
    const sql =
      "SELECT name, is_aggregate FROM system.functions WHERE NOT startsWith(name, '_') ORDER BY name";
    const { rows } = await askRows(sql, { purpose: 'page', limit: 5_000 });
    return rows.map(([name, isAggregate]) => ({
      label: String(name),
      apply: `${name}(`,
      type: 'function',
      detail: isAggregate ? 'aggregate' : 'function',
    }));
  })();
  asked.catch(() => {
    asked = undefined;
  });
  return asked;
}

export async function functionCompletion(context: CompletionContext): Promise<CompletionResult | null> {
  const word = context.matchBefore(/[A-Za-z]\w+/);
  if (!word && !context.explicit) return null;
  return { from: word?.from ?? context.pos, options: await functions().catch(() => []), validFor: /^\w*$/ };
}
