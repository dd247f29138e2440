// Where one is: the queue of a view, how far one has come in it, and the candidate in focus, which may stand beside it.

export class Place {
  constructor() {
    this.clear();
  }

  clear() {
    this.queue = [];
    this.position = 0;
    this.focused = null;
    this.done = new Set(); // what was decided on the way
    this.audit = new Set(); // what stands in the queue as one of the random audit
  }

  // What is left of the queue from here on.
  get left() {
    return this.queue.length - this.position;
  }

  get here() {
    return this.queue[this.position] ?? null;
  }

  // Where to begin another time: a candidate of the random audit has no place in the order, the next one has.
  get resume() {
    const at = this.queue.indexOf(this.focused);
    if (!this.audit.has(this.focused) || at < 0) return this.focused;
    const ordered = (id) => !this.audit.has(id);
    return this.queue.slice(at).find(ordered) ?? this.queue.slice(0, at).findLast(ordered) ?? this.focused;
  }

  // `passed` says what need not be shown on the way through the queue, `audit` which of them are of the random audit.
  extend(ids, passed, audit = []) {
    const queued = new Set(this.queue);
    const fresh = ids.filter((id) => !queued.has(id) && !passed(id));
    this.queue.push(...fresh);
    for (const id of audit) if (fresh.includes(id)) this.audit.add(id);
  }

  // How one came to see a candidate, for what is said of it: nothing where it is none of the queue.
  shown(id, order) {
    return this.queue.includes(id) ? { candidate: id, order, audit: this.audit.has(id) } : undefined;
  }

  // To the next one: it is in focus, or nothing at the end. From beside the queue back to where one stood in it.
  advance(passed) {
    this.position = this.ahead(passed);
    this.focused = this.here;
  }

  // Where the next one is in the queue, its length at the end.
  ahead(passed) {
    const at = this.queue.indexOf(this.focused, this.position);
    let next = at < 0 ? this.position : at + 1;
    while (next < this.queue.length && passed(this.queue[next])) next++;
    return next;
  }

  // To the nearest one of another prompt, forward (1) or backward (-1); whether there is one.
  toPrompt(step, promptOf) {
    const prompt = promptOf(this.focused);
    let at = this.queue.indexOf(this.focused);
    if (at < 0) at = this.position;
    do at += step;
    while (at >= 0 && at < this.queue.length && promptOf(this.queue[at]) === prompt);
    if (at < 0 || at >= this.queue.length) return false;
    this.position = at;
    this.focused = this.queue[at];
    return true;
  }

  // The one before (-1) or after (1) the focus among its siblings, round and round.
  sibling(step, ids) {
    return ids[(ids.indexOf(this.focused) + step + ids.length) % ids.length];
  }
}
