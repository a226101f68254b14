import { setText } from './dom';

const SHOW_RECOVERY_MS = 2_500;

/** Tells when the node is out of reach and when it is back. It floats, so that nothing below it moves. */
export class Banner {
  private lost = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly element: HTMLElement) {}

  showLost(text: string): void {
    this.lost = true;
    clearTimeout(this.timer);
    this.show('lost', text);
    // What is on the page stays readable, but is marked as no longer live.
    document.body.classList.add('stale');
  }

  showContact(): void {
    if (!this.lost) return;
    this.lost = false;
    document.body.classList.remove('stale');
    this.show('found', 'Back in contact.');
    this.timer = setTimeout(() => this.element.classList.remove('shown'), SHOW_RECOVERY_MS);
  }

  private show(kind: 'lost' | 'found', text: string): void {
    this.element.dataset.kind = kind;
    this.element.classList.add('shown');
    setText(this.element, text);
  }
}
