// The pairs to compare, free of the page: where one is, what was said and what the server answered to it.

import { routeOf, unique } from "../review_card/outbox.js";
import { Steps, same } from "../review_card/steps.js";

export const ROUTE = "compare";

export class Choices {
  constructor() {
    this.steps = new Steps();
    this.clear();
  }

  clear() {
    this.steps.clear();
    this.pairs = [];
    this.position = 0;
    this.compared = 0; // pairs of the round, by this reviewer
    this.adrift = false; // the server knows otherwise: the pairs are to be asked for again
  }

  // Who compares what (`data` of the page), and where that is kept until it is sent.
  of(data, outbox) {
    this.data = data;
    this.outbox = outbox;
  }

  get here() {
    return this.pairs[this.position] ?? null;
  }

  get left() {
    return this.pairs.length - this.position;
  }

  // Choices of this round that are not sent yet.
  get unsent() {
    return this.outbox.acts.filter((act) => routeOf(act) === ROUTE && act.round === this.data.round);
  }

  // The first part of the pairs, or more of them.
  take(content) {
    const known = new Set([...this.pairs.map(named), ...said(this.unsent)]);
    this.pairs.push(...content.queue.filter((pair) => !known.has(named(pair))));
    this.stands(content);
  }

  // What the server knows stands here once nothing is unsent.
  stands(content) {
    if (this.unsent.length || content.compared === undefined) return;
    this.steps.stands({ undo: content.undo, redo: 0 });
    this.compared = content.compared;
  }

  choose(verdict) {
    if (!this.here) return;
    const act = this.act("compare", idsOf(this.here), { verdict });
    if (this.data.guide) act.guide = this.data.guide.version; // by which it is chosen
    this.steps.add({ act, position: this.position, fresh: !this.data.again });
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
      this.say(act, step?.position ?? this.position, step ? -step.fresh : 0);
    } else if (step) {
      step.act = { ...step.act, act: unique() };
      this.say(step.act, step.position + 1, step.fresh);
    }
    return step;
  }

  act(kind, candidates, extra) {
    return { act: unique(), to: ROUTE, round: this.data.round, kind, candidates, ...extra };
  }

  say(act, position, more) {
    this.position = position;
    this.compared += Number(more);
    this.outbox.add(act);
  }

  // The server's answer to a batch of choices; whether the pairs are to be asked for again.
  told(batch, content) {
    const touched = new Map(content.results.map((result) => [result.act, result.candidates]));
    const walks = batch.filter((act) => act.kind === "undo");
    const other = walks.some((act) => act.expects && !same(act.expects, touched.get(act.act) ?? []));
    this.adrift ||= other || content.results.some((result) => result.refused); // or another tab was at work
    for (const act of walks) if (!act.expects) this.back(touched.get(act.act) ?? [], content.pairs ?? []);
    this.stands(content);
    const again = this.adrift && !this.unsent.length;
    if (again) this.adrift = false;
    return again;
  }

  // A pair that only the server knew to be the last is read again.
  back(ids, shown) {
    const pair = shown.find((one) => same(idsOf(one), ids));
    if (!pair) return;
    const before = this.pairs.slice(0, this.position).filter((one) => named(one) !== named(pair));
    const after = this.pairs.slice(this.position).filter((one) => named(one) !== named(pair));
    this.pairs = [...before, pair, ...after];
    this.position = before.length;
  }
}

function idsOf(pair) {
  return [pair.left.candidate_id, pair.right.candidate_id];
}

// The name of two candidates, whichever stands left.
function named(pair) {
  return nameOf(idsOf(pair));
}

function nameOf(ids) {
  return [...ids].sort().join(" ");
}

// The pairs that were compared by these acts and not taken back.
function said(acts) {
  const names = [];
  for (const act of acts) {
    if (act.kind === "undo") names.pop();
    else names.push(nameOf(act.candidates));
  }
  return names;
}
