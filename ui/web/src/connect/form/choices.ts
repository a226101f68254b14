/** What somebody decides about a topic's columns before there is a table. Pure, so that the tests can pin it down. */
import type { ColumnChoice, Preview } from '../connections-api';

type Path = readonly string[];
type Column = Preview['columns'][number];

/** One line of the proposal, with what was decided about it. */
export interface Row {
  column: Column;
  /** Decided or proposed; undefined when the field gets no column. */
  type: string | undefined;
  /** Messages of the sample that do not fit into that type. */
  rejects: number;
  /** Whether it is left out along with an object that it lies in. */
  isCovered: boolean;
}

export const pathKey = (path: Path) => JSON.stringify(path);
const isSame = (a: Path, b: Path) => pathKey(a) === pathKey(b);
const isWithin = (path: Path, above: Path) =>
  path.length >= above.length && above.every((key, index) => key === path[index]);

/** The proposal's lines as they are decided now. */
export function rowsOf(proposal: Preview, choices: readonly ColumnChoice[]): Row[] {
  return proposal.columns.map((column) => {
    const choice = choices.find(({ path }) => isSame(path, column.path));
    const above = choices.find(({ path, leave_out }) => leave_out && isWithin(column.path, path));
    const type = above ? undefined : (choice?.type ?? column.type);
    return {
      column,
      type,
      rejects: column.choices.find((option) => option.type === type)?.rejects ?? 0,
      isCovered: above !== undefined && above !== choice,
    };
  });
}

/** A type for a column. What is proposed anyway is no decision. */
export function withType(
  choices: readonly ColumnChoice[],
  column: Pick<Column, 'path' | 'type'>,
  type: string,
): ColumnChoice[] {
  const others = choices.filter(({ path }) => !isSame(path, column.path));
  return type === column.type ? others : [...others, { path: [...column.path], type }];
}

/** A field, with all that is in it, left out or taken back in. */
export function withLeftOut(
  choices: readonly ColumnChoice[],
  path: Path,
  isLeftOut: boolean,
): ColumnChoice[] {
  const others = choices.filter(
    (choice) => !(isLeftOut ? isWithin(choice.path, path) : isSame(choice.path, path)),
  );
  return isLeftOut ? [...others, { path: [...path], leave_out: true }] : others;
}

/** A type without what every column has: `Nullable(DateTime64(3, 'UTC'))` is `DateTime64(3)`. */
export function shortType(type: string): string {
  return type.replace(", 'UTC'", '').replace(/Nullable\(((?:[^()]|\([^()]*\))*)\)/, '$1');
}
