/** The app's pages by their paths. Each is a part of its own that is loaded when it is opened. */
import { type ComponentType, lazy, Suspense } from 'react';
import { Link, Redirect, Route, Switch } from 'wouter';
import { useTimes } from '../format/time';
import { Empty } from '../ui/notice';
import { nameInPath } from './path';
import { SessionGate } from './session';
import { Shell } from './shell';
import { PageSkeleton } from './skeleton';

const PARTS = {
  connect: () => import('../connect/page'),
  connection: () => import('../connect/connection-page'),
  stream: () => import('../connect/stream-page'),
  query: () => import('../query/page'),
  visualize: () => import('../visualize/page'),
  cluster: () => import('../cluster/page'),
};

/** The part that a path needs, the first that fits. */
const PATHS: [string, keyof typeof PARTS][] = [
  ['/connect/streams/', 'stream'],
  ['/connect/new', 'connection'],
  ['/connect/connections/', 'connection'],
  ['/query', 'query'],
  ['/visualize', 'visualize'],
  ['/cluster', 'cluster'],
  ['/', 'connect'],
];

/** Begins to load the page that a path needs, while the node is still being asked who is here. */
export function preload(path: string): void {
  const [, part] = PATHS.find(([start]) => path.startsWith(start)) ?? [];
  // Whoever shows the page asks for it again, and tells of what fails.
  if (part) PARTS[part]().catch(() => undefined);
}

const Connect = lazy(PARTS.connect);
const ConnectionPage = lazy<ComponentType<{ name?: string }>>(PARTS.connection);
const StreamPage = lazy(PARTS.stream);
const Query = lazy(PARTS.query);
const Visualize = lazy<ComponentType<{ name?: string }>>(PARTS.visualize);
const ClusterPage = lazy(PARTS.cluster);

export function App() {
  // Whatever shows a time is drawn anew when another zone is chosen.
  useTimes();
  return (
    <SessionGate>
      <Shell>
        <Suspense fallback={<PageSkeleton />}>
          <Switch>
            <Route path="/">
              <Redirect to="/connect" replace />
            </Route>
            <Route path="/connect" component={Connect} />
            <Route path="/connect/streams/:id">
              {() => <StreamPage id={nameInPath(location.pathname)} />}
            </Route>
            <Route path="/connect/new">
              <ConnectionPage key="new" />
            </Route>
            <Route path="/connect/connections/:name">
              {() => (
                <ConnectionPage key={nameInPath(location.pathname)} name={nameInPath(location.pathname)} />
              )}
            </Route>
            <Route path="/query" component={Query} />
            <Route path="/visualize">
              <Visualize />
            </Route>
            <Route path="/visualize/:name">{() => <Visualize name={nameInPath(location.pathname)} />}</Route>
            <Route path="/cluster" component={ClusterPage} />
            <Route>
              <h1 className="sr-only">There is no such page</h1>
              <Empty
                title="There is no such page"
                action={
                  <Link href="/connect" className="text-accent underline">
                    To the start
                  </Link>
                }
              />
            </Route>
          </Switch>
        </Suspense>
      </Shell>
    </SessionGate>
  );
}
