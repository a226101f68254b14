interface Props {
  children: string;
  /** Highest height, as a class; what is longer scrolls. */
  height?: string;
  small?: boolean;
}

/** Text that is shown as it is: statements, payloads, JSON. */
export function Code({ children, height = 'max-h-96', small = false }: Props) {
  return (
    <pre
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
      tabIndex={0}
      className={`overflow-auto whitespace-pre-wrap rounded-[10px] border border-line bg-bg px-3 py-2 text-left font-mono [overflow-wrap:anywhere] ${small ? 'text-xs' : 'text-sm'} ${height}`}
    >
      {children}
    </pre>
  );
}
