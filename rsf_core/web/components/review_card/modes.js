// How texts are read: modes that keys switch, kept in this browser.

import { button, element } from "./dom.js";
import { keyName } from "./keys.js";
import { read, SESSION, write } from "./storage.js";

const KEPT_AS = "rsf-reading";
const ALONE = "rsf-alone"; // in this tab alone
const USUAL = { markup: true, thought: false, differences: false, side: false };
const BUTTONS = { markup: "Markdown", differences: "Differences", side: "Side by side", alone: "Card alone", find: "Find" };

export class Modes {
  constructor() {
    Object.assign(this, USUAL, read(KEPT_AS, {}));
    this.alone = read(ALONE, false, SESSION) === true;
    this.against = null; // the key of what a candidate is compared with, see comparison.js
  }

  toggle(name) {
    this[name] = !this[name];
    write(KEPT_AS, Object.fromEntries(Object.keys(USUAL).map((mode) => [mode, this[mode]])));
    write(ALONE, this.alone, SESSION);
  }
}

export function drawModes(place, modes, keys, act, names = Object.keys(BUTTONS)) {
  const buttons = names.map((name) => {
    const made = button("quiet mode", BUTTONS[name], () => act(name));
    if (name !== "find") made.setAttribute("aria-pressed", String(modes[name]));
    made.append(element("kbd", "", keyName(keys[name])));
    return made;
  });
  place.replaceChildren(...buttons);
}
