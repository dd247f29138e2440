// A card's life in the page: it is made once for its place, receives the page's data, and is closed when it is removed.

import { hasFocus } from "./dom.js";

// The Streamlit component of a card. `make(element)` makes the card, which has receive(data) and close().
export function mounted(make) {
  const cards = new WeakMap();
  return ({ data, parentElement }) => {
    let card = cards.get(parentElement);
    if (!card) {
      card = make(parentElement);
      giveArrows();
      cards.set(parentElement, card);
    }
    card.receive(data);
    const held = {};
    card.held = held;
    return () => {
      if (card.held !== held) return; // only drawn again, not removed
      card.close();
      cards.delete(parentElement);
    };
  };
}

// The control of the page that has just brought up a card loses the focus: the arrow keys are for the card, not for the
// control's options.
function giveArrows() {
  const { activeElement } = document;
  if (activeElement?.closest('[role="radiogroup"]')) activeElement.blur();
}

// Let a card listen to the browser, until the returned controller is aborted.
export function hear(card) {
  const gone = new AbortController();
  const { signal } = gone;
  document.addEventListener("keydown", (event) => card.key(event), { signal });
  card.$(".card").addEventListener("mousedown", (event) => clicked(event, card.$(".card")), { signal });
  for (const name of ["online", "offline"]) addEventListener(name, () => card.connection(), { signal });
  addEventListener("pagehide", () => card.leave(), { signal });
  addEventListener("beforeunload", (event) => card.outbox?.onlyhere && event.preventDefault(), { signal });
  return gone;
}

// A clicked button takes no focus, and the page's controls lose it: else the space bar would press the button again instead of
// being a key of the card. A click leaves a field, which keeps what was typed.
function clicked(event, place) {
  if (!event.target.closest("button")) return;
  const inside = hasFocus(place);
  const { activeElement } = inside ? place.getRootNode() : document;
  if (inside && /^(INPUT|TEXTAREA)$/.test(activeElement.tagName)) return;
  event.preventDefault();
  if (!inside || activeElement.tagName === "BUTTON") activeElement?.blur();
}
