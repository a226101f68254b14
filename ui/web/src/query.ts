import { isAbort, Problem, runSql, type Stream } from './api';
import { h, setAttribute, setText } from './dom';
import { examplesFor } from './examples';
import { duration } from './format';
import { problemView, ROWS_AT_MOST, resultSummary, resultTable, truncationNote } from './result';

const ON_A_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);
const SHORTCUT = ON_A_MAC ? '⌘ ↵' : 'Ctrl ↵';
const TICK_MS = 100;

/** The SQL box: an editor, examples to start from, and the answer or the reason why there is none. */
export class QueryBox {
  private readonly editor = h('textarea', {
    id: 'sql',
    rows: 5,
    spellcheck: 'false',
    autocapitalize: 'off',
    autocomplete: 'off',
    'aria-label': 'SQL',
    placeholder: 'SELECT …',
    'aria-keyshortcuts': 'Control+Enter Meta+Enter',
  });
  private readonly examples = h('div', { class: 'examples', role: 'group', 'aria-label': 'Example queries' });
  private readonly runButton = h('button', { type: 'button', class: 'primary' }, 'Run');
  private readonly cancelButton = h('button', { type: 'button', 'aria-disabled': 'true' }, 'Cancel');
  private readonly summary = h('p', { class: 'summary', role: 'status', 'aria-live': 'polite' });
  private readonly elapsed = h('span', { class: 'elapsed', 'aria-hidden': 'true' });
  private readonly output = h('div', {
    class: 'output',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Result',
  });
  private readonly note = h('p', { class: 'note' });
  private running: AbortController | undefined;
  private exampleTables = '';

  constructor(root: HTMLElement) {
    root.append(
      h('header', {}, h('h2', { id: 'query-heading' }, 'Query'), this.examples),
      this.editor,
      h(
        'div',
        { class: 'actions' },
        this.runButton,
        this.cancelButton,
        h('kbd', { 'aria-hidden': 'true' }, SHORTCUT),
        this.elapsed,
        this.summary,
      ),
      this.output,
      this.note,
    );
    this.output.append(h('p', { class: 'idle' }, 'The answer will be here.'));
    this.runButton.addEventListener('click', () => this.run());
    this.cancelButton.addEventListener('click', () => this.running?.abort());
    this.editor.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void this.run();
      } else if (event.key === 'Escape') {
        this.running?.abort();
      }
    });
  }

  /** Offers examples for the streams' tables; rebuilt only when these change, so that a focus stays. */
  offerExamples(streams: readonly Pick<Stream, 'table'>[]): void {
    const tables = streams.map(({ table }) => table);
    const key = tables.join('\n');
    const [first] = tables;
    if (key === this.exampleTables || first === undefined) return;
    this.exampleTables = key;
    if (this.editor.value === '') this.editor.value = examplesFor(first)[0]?.sql ?? '';
    this.showExamples(first, tables);
  }

  private showExamples(table: string, tables: readonly string[]): void {
    const choice = h(
      'select',
      { 'aria-label': 'Table of the examples' },
      ...tables.map((name) => h('option', { value: name, selected: name === table }, name)),
    );
    choice.addEventListener('change', () => {
      this.showExamples(choice.value, tables);
      this.examples.querySelector('select')?.focus();
    });
    const buttons = examplesFor(table).map(({ label, sql }) => {
      const button = h('button', { type: 'button', class: 'chip' }, label);
      button.addEventListener('click', () => {
        this.editor.value = sql;
        void this.run();
      });
      return button;
    });
    this.examples.replaceChildren(...(tables.length > 1 ? [choice] : []), ...buttons);
  }

  private async run(): Promise<void> {
    const sql = this.editor.value.trim();
    if (sql === '') {
      this.editor.focus();
      return;
    }
    // Clicking an example while a query runs means: this one instead.
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const stopClock = this.showRunning();
    try {
      const answer = await runSql(sql, ROWS_AT_MOST, running.signal);
      if (this.running === running)
        this.show(resultTable(answer), resultSummary(answer), truncationNote(answer));
    } catch (error) {
      if (this.running === running) this.showFailure(error);
    } finally {
      stopClock();
      if (this.running === running) {
        this.running = undefined;
        this.setBusy(false);
      }
    }
  }

  private showRunning(): () => void {
    const startedMs = performance.now();
    setText(this.summary, 'Running…');
    this.setBusy(true);
    const timer = setInterval(() => {
      setText(this.elapsed, duration(performance.now() - startedMs).join(' '));
    }, TICK_MS);
    return () => clearInterval(timer);
  }

  // aria-disabled, not disabled: a button that is disabled under the reader's finger loses the focus.
  private setBusy(busy: boolean): void {
    setAttribute(this.cancelButton, 'aria-disabled', busy ? 'false' : 'true');
    setAttribute(this.output, 'aria-busy', busy ? 'true' : 'false');
    if (!busy) setText(this.elapsed, '');
  }

  private showFailure(error: unknown): void {
    if (isAbort(error)) {
      this.show(h('p', { class: 'idle' }, 'The query was cancelled.'), 'Cancelled');
    } else if (error instanceof Problem) {
      this.show(problemView(error), `Failed: ${error.title}`);
    } else {
      this.show(problemView(new Problem('The page failed', String(error), 'Reload it.', 0)), 'Failed');
    }
  }

  private show(content: HTMLElement, summary: string, note = ''): void {
    this.output.replaceChildren(content);
    this.output.scrollTo(0, 0);
    setText(this.summary, summary);
    setText(this.note, note);
  }
}
