/** The `{name:Type}` parameters of statements, and the values that a board has for them. Pure. */
import type { Variable } from './board';
import { type Stretch, stepSeconds } from './range';

export interface Parameter {
  name: string;
  type: string;
}

/** A parameter, or what only looks like one: it stands in quotes or in a comment. A type may hold a zone in quotes. */
const PARAMETER =
  /('(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.)*`|"(?:[^"\\]|\\.)*"|--[^\n]*|\/\*[\s\S]*?\*\/)|\{\s*([A-Za-z_]\w*)\s*:\s*([^{}]+?)\s*\}/g;

/** A statement with something in the place of each parameter. */
export function withParameters(sql: string, value: (parameter: Parameter) => string): string {
  return sql.replace(PARAMETER, (whole, hidden: string | undefined, name: string, type: string) =>
    hidden === undefined ? value({ name, type }) : whole,
  );
}

/** The parameters of a statement. */
export function parametersOf(sql: string): Parameter[] {
  const found = new Map<string, Parameter>();
  withParameters(sql, (parameter) => {
    found.set(parameter.name, parameter);
    return '';
  });
  return [...found.values()];
}

/** A time as a parameter of this type. Seconds since 1970 mean the same in whatever zone the server is. */
function timeAs(type: string, ms: number): string {
  if (/DateTime64|Float|Decimal/.test(type)) return (ms / 1_000).toFixed(3);
  if (/Date(?!Time)/.test(type)) return new Date(ms).toISOString().slice(0, 10);
  return String(Math.floor(ms / 1_000));
}

export interface Values {
  params: Record<string, string>;
  /** Parameters that nothing has a value for. */
  missing: string[];
}

/** The values for a statement: the board's range and variables before the tile's own. */
export function valuesFor(
  sql: string,
  stretch: Stretch,
  variables: readonly Pick<Variable, 'name' | 'value'>[],
  own: Record<string, string>,
): Values {
  const params: Record<string, string> = {};
  const missing: string[] = [];
  for (const { name, type } of parametersOf(sql)) {
    const variable = variables.find((variable) => variable.name === name);
    if (name === 'from') params[name] = timeAs(type, stretch.fromMs);
    else if (name === 'to') params[name] = timeAs(type, stretch.toMs);
    else if (name === 'step') params[name] = String(stepSeconds(stretch));
    else if (variable) params[name] = variable.value;
    else if (Object.hasOwn(own, name)) params[name] = own[name] ?? '';
    else missing.push(name);
  }
  return { params, missing };
}
