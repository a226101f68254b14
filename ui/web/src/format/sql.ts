/** Names as SQL can use them. */

export function quoted(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}

/** The same, without quotes where none are needed: for people to read. */
export function quotedName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoted(name);
}
