/** Whatever went wrong, in the three parts a reader needs: what, why, what to do. */
export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    readonly hint: string,
    /** The HTTP status; 0 when there was no answer at all. */
    readonly status: number,
    /** The last part of its type, `expired` for example; empty when it has none. */
    readonly kind = '',
    /** The field of a form that it is about. */
    readonly field = '',
  ) {
    super(title);
    this.name = 'Problem';
  }
}

/** Reads an error's body: problem+json from a node, or anything at all from a proxy on the way. */
export function problemFrom(status: number, body: string): Problem {
  const fallbackTitle = `The node answered with status ${status}`;
  try {
    const { title, detail, hint, type, field } = JSON.parse(body) as Record<string, unknown>;
    const text = (part: unknown) => (typeof part === 'string' ? part : '');
    const kind = text(type).split(/[:/#]/).pop() ?? '';
    return new Problem(text(title) || fallbackTitle, text(detail), text(hint), status, kind, text(field));
  } catch {
    const looksLikeMarkup = body.trimStart().startsWith('<');
    return new Problem(fallbackTitle, looksLikeMarkup ? '' : body.trim().slice(0, 500), '', status);
  }
}

/** True when the reader, not the network, ended the request. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** Any error as a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new Problem(
      'The node took too long to answer',
      'Nothing came within the time allowed.',
      'Try again.',
      0,
    );
  }
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) {
    return new Problem(
      'The node did not answer',
      'The connection could not be made, or it broke off.',
      'Check that the node is running; this page tries again by itself.',
      0,
    );
  }
  console.error(error);
  return new Problem(
    'This page made a mistake',
    String(error),
    'Reload it; if that does not help, tell us.',
    0,
  );
}
