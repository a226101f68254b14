import { plural } from '../format/format';
import type { DeadLetters } from './connections-api';

/** How many bytes a text in Base64 stands for. */
export function bytesOfBase64(text: string): number {
  const padding = /=*$/.exec(text)?.[0].length ?? 0;
  return Math.floor((text.length * 3) / 4) - padding;
}

/** What is to be known of a payload that is not shown as it is; empty when there is nothing. */
export function payloadNote({
  payload,
  base64,
  cut,
}: Pick<DeadLetters['dead_letters'][number], 'payload' | 'base64' | 'cut'>): string {
  const size = base64 ? plural(bytesOfBase64(payload), 'byte') : plural(payload.length, 'character');
  const form = base64 ? 'It is no text, and shown in Base64' : '';
  if (!cut) return form && `${form}: ${size}.`;
  return form ? `${form}: the first ${size} of it.` : `Only its first ${size} are shown.`;
}
