/** Answers that come as Server-Sent Events. `EventSource` can make no POST, and does not tell why there is no answer. */
import { REQUEST_HEADER, sessionEnded } from './client';
import { problemFrom } from './problem';

export interface ServerEvent {
  name: string;
  data: unknown;
}

/** The events of `POST path`, as they come. Aborting the signal ends the connection, and with it what runs on the node. */
export function postForEvents(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const headers = { 'content-type': 'application/json' };
  return eventsOf(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
}

/** The events of a request, as they come. */
export async function* eventsOf(path: string, request: RequestInit): AsyncGenerator<ServerEvent> {
  const headers = { ...REQUEST_HEADER, ...request.headers, accept: 'text/event-stream' };
  const response = await fetch(path, { ...request, headers });
  if (!response.ok || !response.body) {
    if (response.status === 401) sessionEnded.dispatchEvent(new Event('ended'));
    throw problemFrom(response.status, await response.text());
  }
  const text = response.body.pipeThrough(new TextDecoderStream());
  const reader = text.getReader();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.feed(value);
    }
  } finally {
    // Leaving the loop early ends the connection as well.
    await reader.cancel().catch(() => undefined);
  }
}

/** Takes a stream of events apart, whatever the pieces it comes in. */
export class EventParser {
  private rest = '';

  *feed(piece: string): Generator<ServerEvent> {
    this.rest += piece;
    for (;;) {
      const end = /\r\n\r\n|\n\n|\r\r/.exec(this.rest);
      if (!end) return;
      const event = parse(this.rest.slice(0, end.index));
      this.rest = this.rest.slice(end.index + end[0].length);
      if (event) yield event;
    }
  }
}

function parse(text: string): ServerEvent | undefined {
  let name = 'message';
  const data: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const [field, ...rest] = line.split(':');
    const value = rest.join(':').replace(/^ /, '');
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
  }
  // A comment keeps the connection alive and says nothing.
  return data.length > 0 ? { name, data: JSON.parse(data.join('\n')) } : undefined;
}
