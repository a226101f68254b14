import logo from '../logo.svg';

/** Stands where a page will be, until what makes it has come. */
export function PageSkeleton() {
  return (
    <div className="flex flex-col gap-4 py-4">
      <p role="status" className="sr-only">
        Loading the page…
      </p>
      <div aria-hidden className="h-10 w-40 rounded-lg bg-raised" />
      <div aria-hidden className="card h-72 motion-safe:animate-pulse" />
    </div>
  );
}

/** Stands where the app will be, until the node has said who is here. `index.html` shows the same before any script runs. */
export function AppSkeleton() {
  return (
    <>
      <div className="mx-auto flex max-w-7xl items-center gap-2.5 px-4 py-3 md:px-6">
        <img src={logo} width="30" height="30" alt="" />
        <span className="py-1.5 font-semibold text-lg">Aurora</span>
      </div>
      <main className="mx-auto max-w-7xl px-4 md:px-6">
        <PageSkeleton />
      </main>
    </>
  );
}
