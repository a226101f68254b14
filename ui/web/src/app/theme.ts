/** Dark or light: what the system says, until somebody chooses. */
import { useSyncExternalStore } from 'react';

export type Theme = 'dark' | 'light';
export type Choice = Theme | 'system';

const KEY = 'aurora.theme';
const BACKGROUND = { dark: '#070b14', light: '#f4f7fb' } as const;
const system = matchMedia('(prefers-color-scheme: light)');
const changed = new EventTarget();

export function choice(): Choice {
  const kept = localStorage.getItem(KEY);
  return kept === 'dark' || kept === 'light' ? kept : 'system';
}

export function theme(): Theme {
  const chosen = choice();
  if (chosen !== 'system') return chosen;
  return system.matches ? 'light' : 'dark';
}

export function choose(chosen: Choice): void {
  if (chosen === 'system') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, chosen);
  apply();
}

function apply(): void {
  const now = theme();
  document.documentElement.dataset.theme = now;
  document.querySelector('meta[name="theme-color"]')?.setAttribute('content', BACKGROUND[now]);
  changed.dispatchEvent(new Event('change'));
}

/** Applies the theme and keeps it so; called once, before anything is drawn. */
export function startTheme(): void {
  apply();
  system.addEventListener('change', apply);
  // Another tab of the same node.
  addEventListener('storage', (event) => event.key === KEY && apply());
}

function subscribe(listener: () => void): () => void {
  changed.addEventListener('change', listener);
  return () => changed.removeEventListener('change', listener);
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, theme);
}
