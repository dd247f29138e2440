// The steps that undo takes back and redo repeats. A step that only the server knows is null.

export class Steps {
  constructor() {
    this.undoable = 0; // how many more the server can take back
    this.redoable = 0;
    this.clear();
  }

  clear() {
    this.past = [];
    this.future = [];
  }

  add(step) {
    this.past.push(step);
    this.future = [];
    this.redoable = 0;
  }

  // Take a step back and return it; undefined if there is nothing to take back.
  undo() {
    if (!this.past.length && !this.undoable) return undefined;
    if (!this.past.length) this.undoable--;
    const step = this.past.pop() ?? null;
    this.future.push(step);
    return step;
  }

  redo() {
    if (!this.future.length && !this.redoable) return undefined;
    if (!this.future.length) this.redoable--;
    const step = this.future.pop() ?? null;
    this.past.push(step);
    return step;
  }

  // Take over how many steps the server can undo and redo, once it has all acts made here.
  stands({ undo, redo }) {
    if (undo === undefined) return;
    this.undoable = Math.max(0, undo - this.past.length);
    this.redoable = Math.max(0, redo - this.future.length);
  }
}

// Whether the server took back what was expected. It names fifty candidates at most.
export function same(some, others) {
  return some.length > 50 || [...some].sort().join() === [...others].sort().join();
}
