// The table of keys, where each can be changed. They are kept in this browser.

import { button, element } from "./dom.js";
import { DEFAULT_KEYS, keyName, NAMES, taken } from "./keys.js";
import { LOCAL, read, write } from "./storage.js";

const KEPT_AS = "rsf-keys";

// The keys of this browser, by action.
export function keptKeys() {
  return { ...DEFAULT_KEYS, ...read(KEPT_AS, {}) };
}

export class Help {
  // `trouble` shows why a key cannot be used; `changed` is called when a key has changed.
  constructor($, { trouble, changed }) {
    Object.assign(this, { $, trouble, changed });
    this.keys = keptKeys();
    this.remapping = null; // the action that waits for its key
  }

  get open() {
    return !this.$(".help").hidden;
  }

  // Close the table, if it is open. Returns whether it was.
  escape() {
    if (!this.open) return false;
    this.toggle();
    return true;
  }

  toggle() {
    const help = this.$(".help");
    help.hidden = !help.hidden;
    this.$(".help-button").setAttribute("aria-expanded", String(!help.hidden));
    this.remapping = null;
    if (!help.hidden) help.replaceChildren(this.tables(), ...this.foot());
  }

  // Two tables, side by side if there is room.
  tables() {
    const names = Object.entries(NAMES);
    const half = Math.ceil(names.length / 2);
    const place = element("div", "help-keys");
    place.append(this.table(names.slice(0, half)), this.table(names.slice(half)));
    return place;
  }

  table(names) {
    const table = element("table");
    for (const [action, words] of names) {
      const row = element("tr");
      const key = element("td");
      const last = element("td");
      const change = button("quiet", "Change", () => {
        this.remapping = action;
        change.textContent = "Press a key, or Esc";
        change.blur();
      });
      change.setAttribute("aria-label", `Change the key of “${words}”`);
      key.append(element("kbd", "", keyName(this.keys[action])));
      last.append(change);
      row.append(element("td", "", words), key, last);
      table.append(row);
    }
    return table;
  }

  foot() {
    const reset = button("quiet", "Reset to the default keys", () => {
      LOCAL?.removeItem(KEPT_AS);
      this.keys = { ...DEFAULT_KEYS };
      this.redraw();
    });
    return [
      element("p", "", "1 to 9 focus a candidate, or answer the question at hand. Keys are kept in this browser."),
      reset,
    ];
  }

  // Take a pressed key for the action that waits for one.
  press(key) {
    if (key === "Shift" || key === "CapsLock") return; // the key is still to come
    if (key !== "Escape") {
      const why = taken(this.keys, this.remapping, key);
      if (why) this.trouble(why);
      else {
        this.keys[this.remapping] = key;
        write(KEPT_AS, this.keys);
      }
    }
    this.redraw();
  }

  redraw() {
    this.$(".help").hidden = true;
    this.toggle();
    this.changed();
  }
}
