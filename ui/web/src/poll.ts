/** Repeats a task: at a steady pace while it works, more slowly while it fails, not at all while nobody looks. */

const EVERY_MS = 1_000;
const SLOWEST_RETRY_MS = 5_000;

export function retryDelayMs(failures: number): number {
  return failures === 0 ? EVERY_MS : Math.min(EVERY_MS * failures, SLOWEST_RETRY_MS);
}

export function poll(task: () => Promise<void>, onFailure: (error: unknown) => void): void {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;

  const run = async () => {
    if (running || document.hidden) return;
    running = true;
    clearTimeout(timer);
    const startedMs = performance.now();
    try {
      await task();
      failures = 0;
    } catch (error) {
      failures += 1;
      onFailure(error);
    }
    running = false;
    // From start to start, so that slow answers do not stretch the second.
    const delayMs = retryDelayMs(failures) - (performance.now() - startedMs);
    timer = setTimeout(run, Math.max(delayMs, 0));
  };

  document.addEventListener('visibilitychange', run);
  window.addEventListener('online', run);
  void run();
}
