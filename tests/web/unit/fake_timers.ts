// setTimeout under the test's control: node's own mock of it differs between the versions that run these tests.
export class FakeTimers {
  private readonly real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  private readonly waiting = new Map<number, { at: number; run: () => void }>();
  private now = 0;
  private next = 1;

  install(): void {
    this.waiting.clear();
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delay = 0) => {
        this.waiting.set(this.next, { at: this.now + delay, run });
        return this.next++;
      },
      clearTimeout: (timer: number | undefined) => {
        if (timer !== undefined) this.waiting.delete(timer);
      },
    });
  }

  restore(): void {
    Object.assign(globalThis, this.real);
  }

  tick(ms: number): void {
    this.now += ms;
    for (const [timer, { at, run }] of [...this.waiting]) {
      if (at > this.now || !this.waiting.delete(timer)) continue;
      run();
    }
  }
}
