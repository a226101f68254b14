/** The `{name:Type}` parameters of a statement, and what is typed for them. */

export interface Parameter {
  name: string;
  type: string;
}

/** What can stand before a parameter and hide it: texts, quoted names and comments. */
const HIDING =
  /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--[^\n]*|#!?[^\n]*|\/\*[\s\S]*?\*\//g;
const PARAMETER = /\{\s*([A-Za-z_]\w*)\s*:\s*([A-Za-z][\w(), .'-]*?)\s*\}/g;

/** The parameters in the order in which they come first, each once. */
export function parametersOf(sql: string): Parameter[] {
  const hidden = [...sql.matchAll(HIDING)].map(({ index, 0: text }) => [index, index + text.length] as const);
  const found = new Map<string, Parameter>();
  for (const { index, 1: name, 2: type } of sql.matchAll(PARAMETER)) {
    const isHidden = hidden.some(([from, to]) => from < index && index < to);
    if (name && type && !isHidden && !found.has(name)) found.set(name, { name, type });
  }
  return [...found.values()];
}

/** Whether a text is a statement rather than a question. */
export function looksLikeSql(text: string): boolean {
  const start = text.trimStart().replace(/^(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)+/, '');
  if (/^(?:WITH|EXPLAIN|DESCRIBE|DESC|EXISTS)\s+\S/i.test(start)) return /\b(?:SELECT|TABLE)\b/i.test(start);
  if (/^SHOW\s+(?:TABLES|DATABASES|CREATE|COLUMNS|FUNCTIONS)\b/i.test(start)) return true;
  return /^\(*\s*SELECT\s+\S/i.test(start) && /\bFROM\b|^\(*\s*SELECT\s+[\d'(]|\(\s*\)/i.test(start);
}
