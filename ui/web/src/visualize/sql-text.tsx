/** A statement to be read. */
export function SqlText({ sql }: { sql: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
    <pre tabIndex={0} className="max-h-96 overflow-auto rounded-lg bg-bg p-3 font-mono text-sm">
      {sql}
    </pre>
  );
}
