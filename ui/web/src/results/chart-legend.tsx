import { useTheme } from '../app/theme';
import { chartTheme, look } from './chart-theme';

interface Props {
  names: readonly string[];
  hidden: ReadonlySet<string>;
  onToggle: (name: string) => void;
}

/** The names of the series with their colours and dashes. Each is a button that takes its series out or back in. */
export function ChartLegend({ names, hidden, onToggle }: Props) {
  useTheme();
  const theme = chartTheme();
  return (
    <ul aria-label="Series" className="flex shrink-0 gap-1 overflow-x-auto p-0.5 text-sm">
      {names.map((name, at) => {
        const { colour, dash } = look(theme, at);
        const shown = !hidden.has(name);
        return (
          <li key={name}>
            <button
              type="button"
              aria-pressed={shown}
              onClick={() => onToggle(name)}
              className={`flex items-center gap-1.5 whitespace-nowrap rounded-md px-1.5 py-1 hover:bg-raised ${shown ? 'text-text' : 'text-muted line-through'}`}
            >
              <svg aria-hidden="true" width="18" height="4" className={shown ? '' : 'opacity-40'}>
                <line
                  x1="1"
                  y1="2"
                  x2="17"
                  y2="2"
                  stroke={colour}
                  strokeWidth="3"
                  strokeDasharray={dash === 'solid' ? undefined : dash === 'dashed' ? '6 4' : '2 3'}
                />
              </svg>
              <span className="max-w-48 truncate" title={name}>
                {name}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
