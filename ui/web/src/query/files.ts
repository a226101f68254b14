/** A result as a file, made by the node and not cut at what the page shows. */
import { REQUEST_HEADER } from '../api/client';
import { problemFrom } from '../api/problem';
import { save } from '../ui/save';

export const FORMATS = [
  { id: 'csv', label: 'CSV' },
  { id: 'jsonlines', label: 'JSON lines' },
  { id: 'parquet', label: 'Parquet' },
  { id: 'arrow', label: 'Arrow' },
] as const;

export type Format = (typeof FORMATS)[number]['id'];

/** Runs the statement again into a file that the browser keeps. */
export async function download(sql: string, params: Record<string, string>, format: Format): Promise<void> {
  const response = await fetch(`/api/v1/sql?format=${format}&name=aurora`, {
    method: 'POST',
    headers: { ...REQUEST_HEADER, 'content-type': 'application/json' },
    body: JSON.stringify({ sql, params }),
  });
  if (!response.ok) throw problemFrom(response.status, await response.text());
  save(await response.blob(), `aurora.${format === 'jsonlines' ? 'jsonl' : format}`);
}
