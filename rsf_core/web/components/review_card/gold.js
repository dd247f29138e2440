// Gold items, for the owner alone: the right decision of a candidate. On everybody else's card these keys do nothing, and the
// server refuses such requests.

import { button, element } from "./dom.js";
import { keyName } from "./keys.js";

const DECISIONS = { goldAccept: "accept", goldReject: "reject" };

// The decision that a key gives a candidate: null removes the mark, if it has that decision already; undefined for another
// key.
export function asked(name, id, gold) {
  const action = DECISIONS[name];
  return action && (gold[id] === action ? null : action);
}

// The words beside the buttons.
export function words(id, gold) {
  return gold[id] ? `Gold item, which is right to ${gold[id]}:` : "Make it a gold item, which is right to";
}

export class Gold {
  // `mark(id, action)` sends the mark to the server.
  constructor($, { act, mark }) {
    Object.assign(this, { $, act, mark });
  }

  // Do the action `name`, if it belongs to this part. Returns whether it does.
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
    if (shown === this.shown) return; // a button that is made again loses the focus
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
