// The places that candidates are given before a ranking is sent, without the page.

export class Places {
  constructor() {
    this.of([]);
  }

  // Set the candidates; `places` are those that they already have, undefined for a candidate without one.
  of(ids, places = []) {
    this.ids = ids;
    this.given = new Map(ids.map((id, at) => [id, places[at]]).filter(([, place]) => place !== undefined));
    this.line = ids.filter((id) => this.given.has(id)).map((id) => [id, undefined]); // what can be taken back, the latest last
    this.at = Math.max(
      0,
      ids.findIndex((id) => !this.given.has(id)),
    );
  }

  get(id) {
    return this.given.get(id);
  }

  // The candidate that the next place is given to.
  get atHand() {
    return this.ids[this.at];
  }

  // The candidates without a place.
  get open() {
    return this.ids.filter((id) => !this.given.has(id));
  }

  // Give the candidate at hand a place, and go to the next one without a place. Returns false if there is no such place.
  give(place) {
    if (!this.ids.length || place < 1 || place > this.ids.length) return false;
    this.line.push([this.atHand, this.get(this.atHand)]);
    this.given.set(this.atHand, place);
    const after = [...this.ids.slice(this.at + 1), ...this.ids.slice(0, this.at)];
    const next = after.find((id) => !this.given.has(id));
    if (next !== undefined) this.at = this.ids.indexOf(next);
    return true;
  }

  // Take back the place that was given last. Returns false if there is none.
  back() {
    const last = this.line.pop();
    if (!last) return false;
    const [id, before] = last;
    if (before === undefined) this.given.delete(id);
    else this.given.set(id, before);
    this.at = this.ids.indexOf(id);
    return true;
  }

  move(step) {
    this.at = Math.max(0, Math.min(this.ids.length - 1, this.at + step));
  }

  go(id) {
    this.at = Math.max(0, this.ids.indexOf(id));
  }

  // The place of each candidate, without gaps: 1, 3, 3 means 1, 2, 2.
  get dense() {
    const used = [...new Set(this.given.values())].sort((a, b) => a - b);
    return this.ids.map((id) => used.indexOf(this.given.get(id)) + 1);
  }

  // The candidates with a place from the best to the worst, those with equal places together.
  get groups() {
    const used = [...new Set(this.given.values())].sort((a, b) => a - b);
    return used.map((place) => this.ids.filter((id) => this.given.get(id) === place));
  }
}
