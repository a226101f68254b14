/** The short reasons of dead letters, in words. One that is not known here is shown as it is. */
const WORDS: Record<string, string> = {
  empty: 'Empty message',
  too_large: 'Too large',
  invalid_utf8: 'No UTF-8',
  too_deep: 'Nested too deeply',
  invalid_json: 'No valid JSON',
  not_an_object: 'No JSON object',
  wrong_type: 'A value of another type',
  refused: 'Refused by ClickHouse',
  too_fresh: 'Too fresh',
  not_tried: 'Not tried',
  no_letter: 'No dead letter',
  earlier_generation: 'Of an earlier life of the topic',
};

export function reasonText(reason: string): string {
  return WORDS[reason] ?? reason;
}
