// The choices, between pairs or among candidates to rank, without the page: the place in the queue, what was chosen and what
// the server answered.

import { routeOf, unique } from "../review_card/outbox.js";
import { Steps, same } from "../review_card/steps.js";

// `route` is where a choice is sent to. `counted` is the server's name for how many choices were made, `shown` for what it
// sends back on an undo. `ids` are the candidates of an item of the queue, `about` identifies the item by these, `fields` are
// those of a choice.
export const PAIRS = {
  route: "compare",
  kind: "compare",
  counted: "compared",
  shown: "pairs",
  ids: (pair) => [pair.left.candidate_id, pair.right.candidate_id],
  about: (ids) => [...ids].sort().join(" "), // whichever is on the left
  fields: (verdict) => ({ verdict }),
};
export class Choices {
  constructor(between = PAIRS) {
    this.between = between;
    this.steps = new Steps();
    this.clear();
  }

  clear() {
    this.steps.clear();
    this.queue = [];
    this.position = 0;
    this.count = 0; // choices of this reviewer in the round
    this.adrift = false; // the server has something else: the queue must be requested again
  }

  // Who chooses in which round (`data` of the page), and the outbox that keeps the choices until they are sent.
  of(data, outbox) {
    this.data = data;
    this.outbox = outbox;
  }

  get here() {
    return this.queue[this.position] ?? null;
  }

  get left() {
    return this.queue.length - this.position;
  }

  // Choices of this round that are not sent yet.
  get unsent() {
    return this.outbox.acts.filter((act) => routeOf(act) === this.between.route && act.round === this.data.round);
  }

  // The first part of the queue, or more of it.
  take(content) {
    const known = new Set([...this.queue.map((one) => this.about(one)), ...this.unsentAbout()]);
    this.queue.push(...content.queue.filter((one) => !known.has(this.about(one))));
    this.stands(content);
  }

  about(one) {
    return this.between.about(this.between.ids(one));
  }

  // The items of the queue that unsent acts are about, without those taken back.
  unsentAbout() {
    const about = [];
    for (const act of this.unsent) {
      if (act.kind === "undo") about.pop();
      else about.push(this.between.about(act.candidates));
    }
    return about;
  }

  // Take over the server's counts, once nothing is unsent.
  stands(content) {
    const count = content[this.between.counted];
    if (this.unsent.length || count === undefined) return;
    this.steps.stands({ undo: content.undo, redo: 0 });
    this.count = count;
  }

  choose(word) {
    if (!this.here) return;
    const act = this.act(this.between.kind, this.between.ids(this.here), this.between.fields(word));
    if (this.data.guide) act.guide = this.data.guide.version; // the version that the choice follows
    this.steps.add({ act, fresh: !this.data.again });
    this.say(act, this.position + 1, !this.data.again);
  }

  skip() {
    if (this.here) this.position++;
  }

  // Undo or redo. Returns the step, undefined if there is none, null if only the server knows it.
  walk(kind) {
    const step = this.steps[kind]();
    if (kind === "undo" && step !== undefined) {
      if (step === null) this.steps.future.pop(); // what it was is not known here: it cannot be sent again
      const act = this.act("undo", [], { expects: step?.act.candidates });
      this.say(act, step ? this.placeOf(step.act) : this.position, step ? -step.fresh : 0);
    } else if (step) {
      step.act = { ...step.act, act: unique() };
      this.say(step.act, this.placeOf(step.act) + 1, step.fresh);
    }
    return step;
  }

  // The place in the queue of what an act is about: an item that only the server knew may have come before it since.
  placeOf(act) {
    const about = this.between.about(act.candidates);
    return this.queue.findIndex((one) => this.about(one) === about);
  }

  act(kind, candidates, extra) {
    return { act: unique(), to: this.between.route, round: this.data.round, kind, candidates, ...extra };
  }

  say(act, position, more) {
    this.position = position;
    this.count += Number(more);
    this.outbox.add(act);
  }

  // Take the server's answer to a batch of choices. Returns whether the queue must be requested again.
  acknowledge(batch, content) {
    const touched = new Map(content.results.map((result) => [result.act, result.candidates]));
    const walks = batch.filter((act) => act.kind === "undo");
    const other = walks.some((act) => act.expects && !same(act.expects, touched.get(act.act) ?? []));
    this.adrift ||= other || content.results.some((result) => result.refused); // or another tab has acted
    for (const act of walks) if (!act.expects) this.back(touched.get(act.act) ?? [], content[this.between.shown] ?? []);
    this.stands(content);
    const again = this.adrift && !this.unsent.length;
    if (again) this.adrift = false;
    return again;
  }

  // Show again an item whose choice only the server knew to be the last.
  back(ids, shown) {
    const one = shown.find((other) => same(this.between.ids(other), ids));
    if (!one) return;
    const others = (some) => some.filter((other) => this.about(other) !== this.about(one));
    const before = others(this.queue.slice(0, this.position));
    this.queue = [...before, one, ...others(this.queue.slice(this.position))];
    this.position = before.length;
  }
}
