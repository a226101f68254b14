/** The app's pages by their paths. Each is a part of its own that is loaded when it is opened. */
import { lazy, Suspense } from 'react';
import { Link, Redirect, Route, Switch } from 'wouter';
import { Empty } from '../ui/notice';
import { nameInPath } from './path';
import { SessionGate } from './session';
import { Shell } from './shell';

const Connect = lazy(() => import('../connect/page'));
const ConnectionPage = lazy(() => import('../connect/connection-page'));
const StreamPage = lazy(() => import('../connect/stream-page'));
const Query = lazy(() => import('../query/page'));
const Visualize = lazy(() => import('../visualize/page'));
const ClusterPage = lazy(() => import('../cluster/page'));

export function App() {
  return (
    <SessionGate>
      <Shell>
        <Suspense
          fallback={
            <p className="sr-only" role="status">
              Loading the page…
            </p>
          }
        >
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
