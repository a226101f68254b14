const PLACES = [
  'sm:col-span-3',
  'sm:col-span-9',
  'sm:col-span-12',
  'sm:col-span-4',
  'sm:col-span-4',
  'sm:col-span-4',
];

/** Stands where a board will be, about as high. */
export function BoardSkeleton() {
  return (
    <div role="status" className="space-y-4 py-4">
      <span className="sr-only">Loading the board…</span>
      <div className="h-10 w-64 rounded-lg bg-raised" />
      <div className="h-10 rounded-lg bg-raised" />
      <div className="grid gap-3 sm:grid-cols-12">
        {PLACES.map((place, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never change.
          <div key={at} className={`card h-72 motion-safe:animate-pulse ${place}`} />
        ))}
      </div>
    </div>
  );
}
