// Two leaves at one place: the one that is read, and behind it the next one, drawn and laid out before its key is pressed, so
// that the key only turns the leaf. The leaf behind cannot be seen, heard or reached.

import { hasFocus } from "./dom.js";

export class Leaves {
  // `name`: the class of the leaf that is read; the other has `name`-behind.
  constructor($, name) {
    this.name = name;
    this.front = $(`.${name}`);
    this.back = $(`.${name}-behind`);
  }

  // Lay out the leaf behind while nobody waits: else the browser would do so once it is shown.
  layOut() {
    const all = new Range();
    all.selectNodeContents(this.back);
    all.getBoundingClientRect();
  }

  // Bring the leaf behind to the front, unless the focus is in the front leaf and would be lost. Returns whether it did.
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
