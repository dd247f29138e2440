// Two leaves at one place: the one that is read, and behind it the next one, drawn and laid out before its key is pressed, so
// that the key only turns the leaf. Nobody sees, hears or reaches the one behind.

import { hasFocus } from "./dom.js";

export class Leaves {
  // `name`: the class of the leaf that is read; the other has `name`-behind.
  constructor($, name) {
    this.name = name;
    this.front = $(`.${name}`);
    this.back = $(`.${name}-behind`);
  }

  // Lay the one behind out while nobody waits: the browser would do so once it is shown.
  layOut() {
    const all = new Range();
    all.selectNodeContents(this.back);
    all.getBoundingClientRect();
  }

  // Bring the one behind to the front, unless the focus stands in the one there and would be lost; whether it did.
  turn() {
    if (hasFocus(this.front)) return false;
    const [front, back] = [this.back, this.front];
    for (const [leaf, behind] of [
      [back, true],
      [front, false],
    ]) {
      leaf.classList.toggle(this.name, !behind);
      leaf.classList.toggle(`${this.name}-behind`, behind);
    }
    Object.assign(this, { front, back });
    return true;
  }
}
