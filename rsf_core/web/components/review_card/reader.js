// How the card's texts are read: the modes, what the server has rendered ahead, and what of the keys is about these.

import { Alone } from "./alone.js";
import { Columns } from "./columns.js";
import { chosen, drawDifferences, following, others, told } from "./comparison.js";
import { Leaves } from "./leaves.js";
import { drawModes, Modes } from "./modes.js";
import { Renderings } from "./rendered.js";
import { Search } from "./search.js";
import { Texts } from "./texts.js";
import { turns } from "./turns.js";

const AHEAD = 25; // candidates whose texts are asked for before they are read
const NEAR = 12; // of these: while theirs are there nothing is asked for
const PAUSE = 60; // ms of a burst of keys between looks ahead
const SWITCHED = ["markup", "thought", "differences", "side", "alone"];

export class Reader {
  // `ask(texts)`: what the server makes of them; `paint`: draws the card again; `act(name)`: as if its key were pressed;
  // `choose(id)`: that candidate comes into focus.
  constructor($, { ask, paint, act, choose }) {
    Object.assign(this, { $, paint, act });
    this.modes = new Modes();
    this.renderings = new Renderings(ask, paint);
    this.texts = new Texts(this.modes, this.renderings, () => act("thought"));
    this.leaves = new Leaves($, "completion");
    this.columns = new Columns($, choose, this.texts);
    this.search = new Search($);
    this.alone = new Alone($, () => act("alone"));
    this.looking = null;
    this.compared = null; // the two texts whose differences are shown
  }

  end() {
    clearTimeout(this.looking);
    this.renderings.end();
    this.search.mark([]);
  }

  // Whether an action is of these: then it is done.
  does(name, review) {
    if (name === "find") this.search.begin();
    else if (name === "against") this.compareNext(review);
    else if (SWITCHED.includes(name)) this.modes.toggle(name);
    else return false;
    this.paint();
    if (name === "alone") this.alone.be(this.modes.alone); // also where nothing is left to read
    this.buttons();
    return true;
  }

  // What Escape puts away here; whether there was anything.
  escape() {
    if (this.search.open) this.search.close();
    else if (this.modes.alone) this.act("alone");
    else return false;
    return true;
  }

  buttons(keys = this.keys) {
    this.keys = keys;
    drawModes(this.$(".modes"), this.modes, keys, this.act);
  }

  show(place, text) {
    return this.texts.show(place, text);
  }

  // The text of the candidate in focus: compared where that is wanted or where it was edited, else as it is read. `turning`:
  // whether a leaf with it may come to the front.
  drawCompletion(candidate, prompt, siblings, turning) {
    const { leaves } = this;
    const found = this.modes.differences || candidate.edit !== null ? others(candidate, prompt, siblings) : [];
    const other = this.modes.differences ? chosen(found, this.modes.against) : chosen(found, "edit");
    this.$(".comparing").hidden = !other;
    const whole = this.modes.thought || other?.key === "edit";
    const compared = other ? [other.before, other.after, other.name, whole, other.cut].join("\0") : null;
    if (other && compared !== this.compared) {
      this.$(".comparing").textContent = told(other, drawDifferences(leaves.front, other, whole));
      leaves.front.classList.remove("none");
      leaves.front.scrollTop = 0;
      this.texts.leave(leaves.front);
    } else if (!other && turning) this.texts.showOn(leaves, candidate.completion);
    else if (!other) this.show(leaves.front, candidate.completion);
    this.compared = compared;
  }

  // The candidate that comes next, behind the one that is read, where it will be read like that.
  drawNext(candidate, prompt, siblings, data) {
    const { front, back } = this.leaves;
    if (this.modes.side) this.columns.drawNext(prompt, siblings, candidate.candidate_id, data);
    else if (!this.modes.differences && candidate.edit === null && !this.texts.stands(front, candidate.completion)) {
      this.show(back, candidate.completion);
      this.leaves.layOut();
    }
  }

  // Somebody else draws the completion now.
  leaveCompletion() {
    this.texts.leave(this.leaves.front);
    this.compared = null;
    this.$(".comparing").hidden = true;
  }

  compareNext(review) {
    const { focused, known, siblings } = review;
    if (!this.modes.differences) this.modes.toggle("differences");
    else if (focused) {
      const found = others(focused, known.prompts.get(focused.prompt_id), siblings);
      this.modes.against = following(found, chosen(found, this.modes.against)?.key);
    }
  }

  // Once the candidate in focus is drawn: everything that is read beside it.
  drawn(review, data) {
    const { focused, known, siblings } = review;
    const { side } = this.modes;
    this.$(".read").classList.toggle("side", side);
    if (side) this.columns.draw(known.prompts.get(focused.prompt_id), siblings, focused.candidate_id, data);
    this.alone.be(this.modes.alone);
    this.search.look();
    this.ahead(review);
  }

  // A little later, once for several keys: what is read now and what will be read next. Nothing is asked for while what is near is
  // there: a request for every key would take the time that painting needs.
  ahead(review) {
    this.looking ??= setTimeout(() => {
      this.looking = null;
      const { focused, place, known } = review;
      const next = place.queue.slice(place.position, place.position + AHEAD).map((id) => known.get(id));
      const textsOf = (candidates) => candidates.filter(Boolean).flatMap((one) => this.textsWith(one, known));
      const texts = textsOf([focused, ...next.slice(0, NEAR)]);
      if (!texts.some((text) => this.renderings.lacks(text))) return;
      this.renderings.want([...texts, ...textsOf(next.slice(NEAR))].reverse());
    }, PAUSE);
  }

  // Where one has come to rest: the other candidates of the prompt may be looked at too.
  rest({ siblings }) {
    this.renderings.want(siblings.flatMap((one) => this.texts.needed(one.completion)).reverse());
  }

  // What of a candidate's texts, its prompt's among them, is drawn by the server while it is in focus.
  textsWith(candidate, known) {
    const prompt = known.prompts.get(candidate.prompt_id);
    const shown = this.modes.side ? known.siblings(candidate.candidate_id) : [candidate];
    const texts = [...shown.map((one) => one.completion), ...turns(prompt).map(([, text]) => text), prompt.reference ?? ""];
    return texts.flatMap((text) => this.texts.needed(text));
  }
}
