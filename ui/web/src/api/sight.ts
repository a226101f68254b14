/** Whether somebody can see the page. */

/** A tab is left for a moment quite often. */
const PATIENCE_MS = 20_000;

export class Sight {
  private left = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly ended: AbortSignal;

  constructor(ended: AbortSignal) {
    this.ended = ended;
    document.addEventListener('visibilitychange', () => this.changed(), { signal: ended });
  }

  /** Waits until the page is seen; the signal that comes says when it has not been for a while. */
  async seen(): Promise<AbortSignal> {
    while (document.visibilityState === 'hidden' && !this.ended.aborted) {
      await new Promise((done) => {
        document.addEventListener('visibilitychange', done, { once: true, signal: this.ended });
        this.ended.addEventListener('abort', done, { once: true });
      });
    }
    this.left = new AbortController();
    return this.left.signal;
  }

  private changed() {
    clearTimeout(this.timer);
    if (document.visibilityState !== 'hidden') return;
    this.timer = setTimeout(() => this.left.abort(), PATIENCE_MS);
  }
}
