/** The page's colours, for what is drawn on a canvas and cannot use them by name. */
export interface ChartTheme {
  text: string;
  muted: string;
  line: string;
  raised: string;
  surface: string;
  font: string;
  /** One colour after another, for series. */
  colours: string[];
}

/** The tokens of `app.css` as they are now, which is to say of the theme that is on. */
export function chartTheme(): ChartTheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: token('text'),
    muted: token('muted'),
    line: token('line'),
    raised: token('raised'),
    surface: token('surface'),
    font: getComputedStyle(document.body).fontFamily,
    colours: ['accent', 'violet', 'blue', 'amber', 'red'].map(token),
  };
}

const DASHES = ['solid', 'dashed', 'dotted'] as const;

/** How the series of this number looks. Past the last colour they begin again, and the line is broken differently. */
export function look(theme: ChartTheme, at: number): { colour: string; dash: (typeof DASHES)[number] } {
  const colour = theme.colours[at % theme.colours.length] ?? theme.text;
  return { colour, dash: DASHES[Math.floor(at / theme.colours.length) % DASHES.length] ?? 'solid' };
}
