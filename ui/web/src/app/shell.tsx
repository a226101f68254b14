/** What stands around every page: the way to the others, who is here, and whether the node is. */
import {
  CircleUser,
  Clock,
  LayoutDashboard,
  type LucideIcon,
  Moon,
  Network,
  Plug,
  Sun,
  TextSearch,
} from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { Link, useLocation } from 'wouter';
import { api } from '../api/client';
import { useCluster } from '../api/live';
import { asProblem } from '../api/problem';
import { chooseTimes, hasOwnZone, useTimes, zoneName } from '../format/time';
import logo from '../logo.svg';
import { Button } from '../ui/button';
import { Menu } from '../ui/menu';
import { Toasts, tell } from '../ui/toast';
import { Contact } from './contact';
import { useSession } from './session';
import { useShortcuts } from './shortcuts';
import { choose, useTheme } from './theme';

interface Section {
  path: string;
  title: string;
  icon: LucideIcon;
}

export const SECTIONS: Section[] = [
  { path: '/connect', title: 'Connect', icon: Plug },
  { path: '/query', title: 'Query', icon: TextSearch },
  { path: '/visualize', title: 'Visualize', icon: LayoutDashboard },
  { path: '/cluster', title: 'Cluster', icon: Network },
];

export function Shell({ children }: { children: ReactNode }) {
  const [location, navigate] = useLocation();
  const section = SECTIONS.find((section) => location.startsWith(section.path));
  useShortcuts(navigate);
  useEffect(() => {
    document.title = section ? `${section.title} · Aurora` : 'Aurora';
  }, [section]);

  return (
    <div className="min-h-dvh pb-[calc(4.5rem+env(safe-area-inset-bottom))] md:pb-8">
      <a
        href="#main"
        className="-translate-y-20 fixed top-3 left-3 z-50 rounded-lg bg-accent px-4 py-2 text-on-accent focus:translate-y-0"
      >
        Skip to the page
      </a>
      <header className="mx-auto flex max-w-7xl items-center gap-3 px-4 py-3 md:gap-6 md:px-6">
        <Link href="/connect" className="flex items-center gap-2.5" aria-label="Aurora, to the start">
          <img src={logo} width="30" height="30" alt="" />
          <span className="font-semibold text-lg">Aurora</span>
        </Link>
        <nav
          aria-label="Pages"
          className="max-md:fixed max-md:inset-x-0 max-md:bottom-0 max-md:z-40 max-md:border-line max-md:border-t max-md:bg-surface max-md:pb-[env(safe-area-inset-bottom)]"
        >
          <ul className="flex max-md:justify-around md:gap-1">
            {SECTIONS.map(({ path, title, icon: Icon }) => (
              <li key={path}>
                <Link
                  href={path}
                  aria-current={section?.path === path ? 'page' : undefined}
                  className="flex items-center gap-2 rounded-[10px] px-3 py-2 text-muted hover:text-text aria-[current]:text-text max-md:flex-col max-md:gap-0.5 max-md:px-4 max-md:text-xs md:aria-[current]:bg-raised aria-[current]:[&_svg]:text-accent"
                >
                  <Icon aria-hidden className="size-5 md:size-4" />
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="ml-auto flex items-center gap-1.5">
          <ClusterName />
          <TimesButton />
          <ThemeButton />
          <Who />
        </div>
      </header>
      <main id="main" tabIndex={-1} className="mx-auto max-w-7xl px-4 outline-none md:px-6">
        {children}
      </main>
      <Contact />
      <Toasts />
    </div>
  );
}

function ClusterName() {
  const { data } = useCluster();
  if (!data) return null;
  const ready = data.nodes.filter((node) => node.state === 'ready').length;
  const all = ready === data.nodes.length;
  return (
    <Link
      href="/cluster"
      className="hidden items-center gap-2 whitespace-nowrap rounded-full border border-line bg-surface px-3 py-1 text-sm sm:max-md:inline-flex lg:inline-flex"
    >
      <span aria-hidden className={`size-2 rounded-full ${all ? 'bg-accent' : 'bg-amber'}`} />
      {data.nodes.length === 1 ? '1 node' : `${data.nodes.length} nodes`}
      {!all && `, ${ready} ready`}
    </Link>
  );
}

function ThemeButton() {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  const Icon = theme === 'dark' ? Sun : Moon;
  return (
    <Button kind="quiet" small aria-label={`Switch to ${other}`} onPress={() => choose(other)}>
      <Icon aria-hidden className="size-4.5" />
    </Button>
  );
}

/** For those whose own zone is UTC there is nothing to choose. */
function TimesButton() {
  const times = useTimes();
  if (!hasOwnZone()) return null;
  const other = times === 'utc' ? 'local' : 'utc';
  const words = times === 'utc' ? 'UTC' : `your own zone, ${zoneName()}`;
  return (
    <Button
      kind="quiet"
      small
      aria-label={`Times are in ${words}. Switch to ${other === 'utc' ? 'UTC' : 'your own zone'}`}
      onPress={() => chooseTimes(other)}
    >
      <Clock aria-hidden className="size-4" />
      <span className="tabular-nums">{zoneName()}</span>
    </Button>
  );
}

function Who() {
  const session = useSession();
  if (session.open) return null;
  async function logOut() {
    try {
      await api.DELETE('/api/v1/session');
    } catch (error) {
      return tell(asProblem(error).title);
    }
    // Nothing of what somebody has seen is left in the page for whoever comes next.
    location.reload();
  }
  return (
    <Menu
      label="Account"
      trigger={
        <Button kind="quiet" small aria-label={`${session.name ?? 'Account'}, ${session.role ?? 'no role'}`}>
          <CircleUser aria-hidden className="size-4.5" />
          <span className="max-sm:hidden">{session.name}</span>
        </Button>
      }
      choices={[
        {
          id: 'out',
          label: `Log out (${session.role ?? ''})`,
          text: 'Log out',
          onAction: () => void logOut(),
        },
      ]}
    />
  );
}
