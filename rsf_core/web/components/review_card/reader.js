// How the card's texts are read: the modes, the texts that the server renders in advance, and the keys for these.

import { Alone } from "./alone.js";
import { Columns } from "./columns.js";
import { chosen, differencesInWords, drawDifferences, following, others } from "./comparison.js";
import { Leaves } from "./leaves.js";
import { drawModes, Modes } from "./modes.js";
import { Renderings } from "./rendered.js";
import { Search } from "./search.js";
import { Texts } from "./texts.js";
import { turns } from "./turns.js";

const AHEAD = 25; // candidates whose texts are requested before they are read
const NEAR = 12; // of these: while their texts are there, nothing is requested
const PAUSE = 60; // ms between checks of the texts ahead, during a burst of keys
const SWITCHED = ["markup", "thought", "differences", "side", "alone"];

export class Reader {
  // `ask(texts)` requests rendered texts; `paint` draws the card again; `act(name)` acts as if its key were pressed;
  // `choose(id)` puts that candidate into focus.
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

  // Do an action, if it is one of these. Returns whether it is.
  does(name, review) {
    if (name === "find") this.search.begin();
    else if (name === "against") this.compareNext(review);
    else if (SWITCHED.includes(name)) this.modes.toggle(name);
    else return false;
    this.paint();
    if (name === "alone") this.alone.be(this.modes.alone); // even if nothing is left to read
    this.buttons();
    return true;
  }

  // Close what Escape closes here. Returns whether there was anything.
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

  // Draw the text of the candidate in focus: as a comparison if that mode is on or the text was edited, else as it is read.
  // `turning`: whether the leaf behind may come to the front.
  drawCompletion(candidate, prompt, siblings, turning) {
    const { leaves } = this;
    const comparisons = this.modes.differences || candidate.edit !== null ? others(candidate, prompt, siblings) : [];
    const other = this.modes.differences ? chosen(comparisons, this.modes.against) : chosen(comparisons, "edit");
    this.$(".comparing").hidden = !other;
    const whole = this.modes.thought || other?.key === "edit";
    const compared = other ? [other.before, other.after, other.name, whole, other.cut].join("\0") : null;
    if (other && compared !== this.compared) {
      this.$(".comparing").textContent = differencesInWords(other, drawDifferences(leaves.front, other, whole));
      leaves.front.classList.remove("none");
      leaves.front.scrollTop = 0;
      this.texts.leave(leaves.front);
    } else if (!other && turning) this.texts.showOn(leaves, candidate.completion);
    else if (!other) this.show(leaves.front, candidate.completion);
    this.compared = compared;
  }

  // Draw the next candidate behind the one that is read, if it will be shown on a leaf.
  drawNext(candidate, prompt, siblings, data) {
    const { front, back } = this.leaves;
    if (this.modes.side) this.columns.drawNext(prompt, siblings, candidate.candidate_id, data);
    else if (!this.modes.differences && candidate.edit === null && !this.texts.stands(front, candidate.completion)) {
      this.show(back, candidate.completion);
      this.leaves.layOut();
    }
  }

  // Another part draws the completion now.
  leaveCompletion() {
    this.texts.leave(this.leaves.front);
    this.compared = null;
    this.$(".comparing").hidden = true;
  }

  compareNext(review) {
    const { focused, known, siblings } = review;
    if (!this.modes.differences) this.modes.toggle("differences");
    else if (focused) {
      const comparisons = others(focused, known.prompts.get(focused.prompt_id), siblings);
      this.modes.against = following(comparisons, chosen(comparisons, this.modes.against)?.key);
    }
  }

  // The candidate in focus is drawn: draw everything that is read beside it.
  drawn(review, data) {
    const { focused, known, siblings } = review;
    const { side } = this.modes;
    this.$(".read").classList.toggle("side", side);
    if (side) this.columns.draw(known.prompts.get(focused.prompt_id), siblings, focused.candidate_id, data);
    this.alone.be(this.modes.alone);
    this.search.look();
    this.ahead(review);
  }

  // A little later, once for several keys, request the texts that are read now and next. Nothing is requested while those
  // nearby are there: a request for every key would take time from painting.
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

  // After a burst of keys: the other candidates of the prompt may be read too, so request their texts.
  rest({ siblings }) {
    this.renderings.want(siblings.flatMap((one) => this.texts.needed(one.completion)).reverse());
  }

  // The texts that the server renders for a candidate in focus, including those of its prompt.
  textsWith(candidate, known) {
    const prompt = known.prompts.get(candidate.prompt_id);
    const shown = this.modes.side ? known.siblings(candidate.candidate_id) : [candidate];
    const texts = [...shown.map((one) => one.completion), ...turns(prompt).map(([, text]) => text), prompt.reference ?? ""];
    return texts.flatMap((text) => this.texts.needed(text));
  }
}
