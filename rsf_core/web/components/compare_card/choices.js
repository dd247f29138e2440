// What is chosen between, pairs or candidates to rank, free of the page: where one is, what was said and what the server answered.

import { routeOf, unique } from "../review_card/outbox.js";
import { Steps, same } from "../review_card/steps.js";

// `route` is where a choice is said to, `counted` how the server calls how many were chosen between and `shown` what it sends back
// of an undo; `ids` are the candidates of one, `about` is what tells one from another by these, `said` what a choice says.
export const PAIRS = {
  route: "compare",
  kind: "compare",
  counted: "compared",
  shown: "pairs",
  ids: (pair) => [pair.left.candidate_id, pair.right.candidate_id],
  about: (ids) => [...ids].sort().join(" "), // whichever stands left
  said: (verdict) => ({ verdict }),
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
    this.count = 0; // chosen between in the round, by this reviewer
    this.adrift = false; // the server knows otherwise: what comes is to be asked for again
  }

  // Who chooses where (`data` of the page), and where that is kept until it is sent.
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

  // The first part of what comes, or more of it.
  take(content) {
    const known = new Set([...this.queue.map((one) => this.about(one)), ...this.said()]);
    this.queue.push(...content.queue.filter((one) => !known.has(this.about(one))));
    this.stands(content);
  }

  about(one) {
    return this.between.about(this.between.ids(one));
  }

  // What was chosen between by acts that are not sent, and not taken back.
  said() {
    const about = [];
    for (const act of this.unsent) {
      if (act.kind === "undo") about.pop();
      else about.push(this.between.about(act.candidates));
    }
    return about;
  }

  // What the server knows stands here once nothing is unsent.
  stands(content) {
    const count = content[this.between.counted];
    if (this.unsent.length || count === undefined) return;
    this.steps.stands({ undo: content.undo, redo: 0 });
    this.count = count;
  }

  choose(word) {
    if (!this.here) return;
    const act = this.act(this.between.kind, this.between.ids(this.here), this.between.said(word));
    if (this.data.guide) act.guide = this.data.guide.version; // by which it is chosen
    this.steps.add({ act, fresh: !this.data.again });
    this.say(act, this.position + 1, !this.data.again);
  }

  skip() {
    if (this.here) this.position++;
  }

  // Undo or redo: the step, undefined where there is none, null where only the server knows it.
  walk(kind) {
    const step = this.steps[kind]();
    if (kind === "undo" && step !== undefined) {
      if (step === null) this.steps.future.pop(); // what it was is not known here: it cannot be said again
      const act = this.act("undo", [], { expects: step?.act.candidates });
      this.say(act, step ? this.placeOf(step.act) : this.position, step ? -step.fresh : 0);
    } else if (step) {
      step.act = { ...step.act, act: unique() };
      this.say(step.act, this.placeOf(step.act) + 1, step.fresh);
    }
    return step;
  }

  // Where in the queue that stands of which an act is: one that only the server knew may have come before it since.
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

  // The server's answer to a batch of choices; whether what comes is to be asked for again.
  told(batch, content) {
    const touched = new Map(content.results.map((result) => [result.act, result.candidates]));
    const walks = batch.filter((act) => act.kind === "undo");
    const other = walks.some((act) => act.expects && !same(act.expects, touched.get(act.act) ?? []));
    this.adrift ||= other || content.results.some((result) => result.refused); // or another tab was at work
    for (const act of walks) if (!act.expects) this.back(touched.get(act.act) ?? [], content[this.between.shown] ?? []);
    this.stands(content);
    const again = this.adrift && !this.unsent.length;
    if (again) this.adrift = false;
    return again;
  }

  // One that only the server knew to be the last is read again.
  back(ids, shown) {
    const one = shown.find((other) => same(this.between.ids(other), ids));
    if (!one) return;
    const others = (some) => some.filter((other) => this.about(other) !== this.about(one));
    const before = others(this.queue.slice(0, this.position));
    this.queue = [...before, one, ...others(this.queue.slice(this.position))];
    this.position = before.length;
  }
}
