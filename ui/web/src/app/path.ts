/** The name at the end of a path. The router has decoded half of it by then (`decodeURI`), so that a name with `%` in it would be lost. */
export function nameInPath(pathname: string): string {
  const part = pathname.replace(/\/+$/, '').split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    // Typed by hand.
    return part;
  }
}
