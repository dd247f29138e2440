// How a card lives in the page: made once for its place, told what the page wants, closed when it is taken away.

// The component of Streamlit that `make(element)` makes the card of; it has receive(data) and close().
export function mounted(make) {
  const cards = new WeakMap();
  return ({ data, parentElement }) => {
    let card = cards.get(parentElement);
    if (!card) {
      card = make(parentElement);
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

// What a card hears of the browser, until it aborts what is returned.
export function hear(card) {
  const gone = new AbortController();
  const { signal } = gone;
  document.addEventListener("keydown", (event) => card.key(event), { signal });
  for (const name of ["online", "offline"]) addEventListener(name, () => card.connection(), { signal });
  addEventListener("pagehide", () => card.leave(), { signal });
  addEventListener("beforeunload", (event) => card.outbox?.onlyhere && event.preventDefault(), { signal });
  return gone;
}
