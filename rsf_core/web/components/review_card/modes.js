// How texts are read: what is switched by a key and kept in this browser.

import { button, element } from "./dom.js";
import { keyName } from "./keys.js";
import { read, write } from "./storage.js";

const KEPT_AS = "rsf-reading";
const USUAL = { markup: true, thought: false };
// [mode, its word on the button]; where it needs something to be there, it is offered only then
const BUTTONS = [["markup", "Markdown"]];

export class Modes {
  constructor() {
    Object.assign(this, USUAL, read(KEPT_AS, {}));
  }

  toggle(name) {
    this[name] = !this[name];
    write(KEPT_AS, Object.fromEntries(Object.keys(USUAL).map((mode) => [mode, this[mode]])));
  }
}

export function drawModes(place, modes, keys, act) {
  const buttons = BUTTONS.map(([name, words]) => {
    const made = button("quiet mode", words, () => act(name));
    made.setAttribute("aria-pressed", String(Boolean(modes[name])));
    made.append(element("kbd", "", keyName(keys[name])));
    return made;
  });
  place.replaceChildren(...buttons);
}
