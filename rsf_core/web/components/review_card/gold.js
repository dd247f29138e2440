// Gold items, for the owner alone: which right decision a candidate has. Everybody else's card has no such keys, and its server
// no such answer.

import { button, element } from "./dom.js";
import { keyName } from "./keys.js";

const DECISIONS = { goldAccept: "accept", goldReject: "reject" };

// The decision that a key gives a candidate: null takes the mark away, where it has that one already; undefined for another key.
export function asked(name, id, gold) {
  const action = DECISIONS[name];
  return action && (gold[id] === action ? null : action);
}

// What stands beside the buttons.
export function words(id, gold) {
  return gold[id] ? `Gold item, which is right to ${gold[id]}:` : "Make it a gold item, which is right to";
}

export class Gold {
  // `mark(id, action)` says it to the server.
  constructor($, { act, mark }) {
    Object.assign(this, { $, act, mark });
  }

  // Whether `name` was for this part.
  does(name, candidate, data) {
    const action = candidate && data.gold ? asked(name, candidate.candidate_id, data.gold) : undefined;
    if (action !== undefined) this.mark(candidate.candidate_id, action);
    return name in DECISIONS;
  }

  draw(candidate, { gold, editable }, keys) {
    const bar = this.$(".gold");
    bar.hidden = !gold || !editable;
    if (bar.hidden) return;
    const id = candidate.candidate_id;
    const shown = JSON.stringify([gold[id] ?? null, keys]);
    if (shown === this.shown) return; // made anew, a button loses the focus
    const focused = bar.contains(bar.getRootNode().activeElement) ? bar.getRootNode().activeElement.dataset.name : null;
    this.shown = shown;
    const buttons = Object.entries(DECISIONS).map(([name, action]) => {
      const made = button("quiet", gold[id] === action ? "no gold item" : action, () => this.act(name));
      made.append(element("kbd", "", keyName(keys[name])));
      made.dataset.name = name;
      return made;
    });
    bar.replaceChildren(element("span", "gold-words", words(id, gold)), ...buttons);
    if (focused) buttons.find((one) => one.dataset.name === focused)?.focus();
  }
}
