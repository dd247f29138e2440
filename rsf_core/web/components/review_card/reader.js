// How the card's texts are read: the modes, what the server has rendered ahead, and what of the keys is about these.

import { drawModes, Modes } from "./modes.js";
import { Renderings } from "./rendered.js";
import { Texts } from "./texts.js";

const AHEAD = 25; // candidates whose texts are asked for before they are read
const PAUSE = 60; // ms of a burst of keys between looks ahead

export class Reader {
  // `ask(texts)`: what the server makes of them; `paint`: draws the card again; `act(name)`: as if its key were pressed.
  constructor($, { ask, paint, act }) {
    Object.assign(this, { $, paint, act });
    this.modes = new Modes();
    this.renderings = new Renderings(ask, paint);
    this.texts = new Texts(this.modes, this.renderings, () => act("thought"));
    this.looking = null;
  }

  end() {
    clearTimeout(this.looking);
    this.renderings.end();
  }

  // Whether an action is of these: then it is done.
  does(name) {
    if (name !== "markup" && name !== "thought") return false;
    this.modes.toggle(name);
    this.paint();
    this.buttons();
    return true;
  }

  buttons(keys = this.keys) {
    this.keys = keys;
    drawModes(this.$(".modes"), this.modes, keys, this.act);
  }

  show(place, text) {
    return this.texts.show(place, text);
  }

  // Once a burst of keys has passed: what will be read next.
  ahead(review) {
    this.looking ??= setTimeout(() => {
      this.looking = null;
      const { place, known, siblings } = review;
      const next = place.queue.slice(place.position, place.position + AHEAD).map((id) => known.get(id));
      const texts = [...siblings, ...next].filter(Boolean).flatMap((one) => this.texts.needed(one.completion));
      const prompt = known.prompts.get(review.focused?.prompt_id);
      if (prompt?.reference) texts.push(...this.texts.needed(prompt.reference));
      const focused = review.focused ? this.texts.needed(review.focused.completion) : [];
      this.renderings.want([...texts.reverse(), ...focused]);
    }, PAUSE);
  }
}
