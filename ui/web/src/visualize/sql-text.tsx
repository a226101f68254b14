/** A statement to be read, all of it: nothing of it is out of sight at the side. */
export function SqlText({ sql }: { sql: string }) {
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
      tabIndex={0}
      className="max-h-96 overflow-y-auto whitespace-pre-wrap rounded-lg bg-bg p-3 font-mono text-sm [overflow-wrap:anywhere]"
    >
      {sql}
    </pre>
  );
}
