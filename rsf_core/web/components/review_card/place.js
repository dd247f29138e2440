// The reviewer's place: the queue of a view, the position in it, and the candidate in focus, which may be outside the queue.

export class Place {
  constructor() {
    this.clear();
  }

  clear() {
    this.queue = [];
    this.position = 0;
    this.focused = null;
    this.done = new Set(); // candidates that were decided on the way
    this.audit = new Set(); // candidates that are in the queue for the random audit
  }

  // How many candidates are left in the queue, from here on.
  get left() {
    return this.queue.length - this.position;
  }

  get here() {
    return this.queue[this.position] ?? null;
  }

  // Where to begin next time: a candidate of the random audit has no place in the order, so the next one that has.
  get resume() {
    const at = this.queue.indexOf(this.focused);
    if (!this.audit.has(this.focused) || at < 0) return this.focused;
    const ordered = (id) => !this.audit.has(id);
    return this.queue.slice(at).find(ordered) ?? this.queue.slice(0, at).findLast(ordered) ?? this.focused;
  }

  // `passed(id)`: whether it need not be shown on the way through the queue; `audit`: those of `ids` that are of the random
  // audit.
  extend(ids, passed, audit = []) {
    const queued = new Set(this.queue);
    const fresh = ids.filter((id) => !queued.has(id) && !passed(id));
    this.queue.push(...fresh);
    for (const id of audit) if (fresh.includes(id)) this.audit.add(id);
  }

  // How the reviewer came to see a candidate, to be recorded with the decision; undefined if it is not in the queue.
  shown(id, order) {
    return this.queue.includes(id) ? { candidate: id, order, audit: this.audit.has(id) } : undefined;
  }

  // Go to the next candidate, which gets the focus; nothing has it at the end. From outside the queue, go back to the place in
  // it.
  advance(passed) {
    this.position = this.ahead(passed);
    this.focused = this.here;
  }

  // The position of the next candidate; the length of the queue at the end.
  ahead(passed) {
    const at = this.queue.indexOf(this.focused, this.position);
    let next = at < 0 ? this.position : at + 1;
    while (next < this.queue.length && passed(this.queue[next])) next++;
    return next;
  }

  // Go to the nearest candidate of another prompt, forward (1) or backward (-1). Returns whether there is one.
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

  // The candidate before (-1) or after (1) the focus among its siblings, cyclically.
  sibling(step, ids) {
    return ids[(ids.indexOf(this.focused) + step + ids.length) % ids.length];
  }
}
