// The review of one view, without the page: the known candidates, the place in the queue, the acts and the server's answers to
// them.

import { ownOpinion } from "./decisions.js";
import { Known } from "./known.js";
import { routeOf, unique } from "./outbox.js";
import { Place } from "./place.js";
import { Steps, same } from "./steps.js";

export const ROUTE = "say";

export class Review {
  constructor() {
    this.known = new Known();
    this.place = new Place();
    this.steps = new Steps();
    this.counts = {}; // of every view, in the server's last answer
    this.recent = null; // acts made while a queue is being loaded
    this.adrift = false; // the server has something else: the queue must be requested again
  }

  // Who reviews what (`data` of the page), and the outbox that keeps the acts until they are sent.
  of(data, outbox) {
    this.data = data;
    this.outbox = outbox;
  }

  // The acts of this round that are not sent yet, without the choices of Compare, which are in the same outbox.
  get unsent() {
    return this.outbox.acts.filter((act) => routeOf(act) === ROUTE && act.round === this.data.round);
  }

  get focused() {
    return this.known.get(this.place.focused);
  }

  // The candidates of the prompt in focus.
  get siblings() {
    return this.known.siblings(this.place.focused);
  }

  // How many candidates were decided since the queue was loaded, without those taken back.
  get decided() {
    return this.place.done.size;
  }

  // A queue is requested.
  expect() {
    this.recent = [];
  }

  // Take its first part, which may be older than acts made while it was being loaded.
  begin(content) {
    for (const part of [this.known, this.place, this.steps]) part.clear();
    this.take(content);
    const recent = this.recent.filter((act) => act.round === this.data.round);
    for (const act of new Set([...this.unsent, ...recent])) this.known.apply(act, this.data.reviewer);
    this.recent = null;
    this.place.focused = this.place.here;
  }

  // Take more of it. A prompt that is known already stays as it is here.
  more(content) {
    this.take({ ...content, prompts: content.prompts.filter((prompt) => !this.known.prompts.has(prompt.prompt_id)) });
    this.place.focused ??= this.place.here;
  }

  take(content) {
    for (const prompt of content.prompts) this.known.add(prompt);
    this.place.extend(content.queue, (id) => this.passed(id), content.audit);
    this.counts = content.counts;
    if (!this.unsent.length) this.steps.stands(content);
  }

  // Whether a candidate need not be shown on the way through the queue.
  passed(id) {
    const decided = this.data.view === "pending" && ownOpinion(this.known.get(id), this.data.reviewer);
    return this.place.done.has(id) || Boolean(decided);
  }

  advance() {
    this.place.advance((id) => this.passed(id));
  }

  // The candidate that comes into focus after the next decision; undefined at the end.
  get upcoming() {
    return this.known.get(this.place.queue[this.place.ahead((id) => this.passed(id))]);
  }

  toPrompt(step) {
    return this.place.toPrompt(step, (id) => this.known.get(id)?.prompt_id);
  }

  // Make an act. `fresh`: those of `ids` that it decides for the first time.
  say(kind, ids, extra, fresh = []) {
    const act = { act: unique(), round: this.data.round, kind, candidates: ids, ...extra };
    if (this.data.guide) act.guide = this.data.guide.version; // the version that the act follows
    const { focused, position } = this.place;
    this.steps.add({ act, focused, position, fresh, before: this.known.copies(ids) });
    this.known.apply(act, this.data.reviewer);
    this.recent?.push(act);
    this.outbox.add(act);
  }

  decide(action, ids, kind) {
    const fresh = ids.filter((id) => !this.place.done.has(id));
    const { view, filter, order } = this.data;
    const whole = view === "pending" && !Object.keys(filter ?? {}).length; // otherwise the candidate was looked for
    const shown = whole && ids.includes(this.place.focused) && this.place.shown(this.place.focused, order);
    this.say(kind, ids, { action, ...(shown && { shown }) }, fresh);
    for (const id of fresh) this.place.done.add(id);
    this.advance();
  }

  // Undo or redo. Returns the step, undefined if there is none, or null if only the server knows it: then it is shown once the
  // server has answered.
  walk(kind) {
    const step = this.steps[kind]();
    if (step === undefined) return undefined;
    const expects = step?.act.candidates;
    if (step) {
      if (kind === "undo") step.after = this.known.copies(expects);
      for (const id of step.fresh) this.place.done[kind === "undo" ? "delete" : "add"](id);
      for (const candidate of kind === "undo" ? step.before : step.after) this.known.replace(candidate);
      this.place.position = step.position;
      this.place.focused = step.focused;
    }
    this.outbox.add({ act: unique(), round: this.data.round, kind, candidates: [], expects, from: this.place.focused });
    return step;
  }

  // Take the server's answer to a batch of acts. Once nothing is unsent, the server's state is taken over. Returns `again`:
  // whether the queue must be requested again; `touched`: the candidate that an undo or redo which was not known here has
  // changed, unless the reviewer has gone on; `walked`: whether there was an undo or redo.
  acknowledge(batch, content) {
    const results = new Map(content.results.map((result) => [result.act, result]));
    this.known.answered(batch, content.prompts);
    if (!this.unsent.length) this.steps.stands(content);
    const walks = batch.filter((act) => act.kind === "undo" || act.kind === "redo");
    const other = walks.some((act) => act.expects && !same(act.expects, results.get(act.act)?.candidates ?? []));
    this.adrift ||= other || content.results.some((result) => result.refused); // or another tab of the same reviewer has acted
    if (this.unsent.length) return { again: false, touched: null, walked: false };
    const again = this.adrift;
    this.adrift = false;
    if (!again) this.known.catchUp(this.data.reviewer);
    const last = walks.at(-1);
    const touched = last && !last.expects && last.from === this.place.focused ? results.get(last.act)?.candidates[0] : null;
    return { again, touched, walked: walks.length > 0 };
  }
}
