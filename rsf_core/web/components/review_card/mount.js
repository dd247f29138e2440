// How a card lives in the page: made once for its place, told what the page wants, closed when it is taken away.

import { hasFocus } from "./dom.js";

// The component of Streamlit that `make(element)` makes the card of; it has receive(data) and close().
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
      if (card.held !== held) return; // only drawn again, not taken away
      card.close();
      cards.delete(parentElement);
    };
  };
}

// The control of the page that has just brought a card gives up the focus: the arrow keys are the card's, not to go through the
// control's options.
function giveArrows() {
  const { activeElement } = document;
  if (activeElement?.closest('[role="radiogroup"]')) activeElement.blur();
}

// What a card hears of the browser, until it aborts what is returned.
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

// A button that is clicked takes no focus, and the page's controls lose it: the space bar would press it once more, and not be a
// key of the card. A field is left, which keeps what was typed.
function clicked(event, place) {
  if (!event.target.closest("button")) return;
  const inside = hasFocus(place);
  const { activeElement } = inside ? place.getRootNode() : document;
  if (inside && /^(INPUT|TEXTAREA)$/.test(activeElement.tagName)) return;
  event.preventDefault();
  if (!inside || activeElement.tagName === "BUTTON") activeElement?.blur();
}
