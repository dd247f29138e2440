// The review card as a component of Streamlit: reading and deciding happen in the browser; what is said goes to /api/review
// through the outbox.

import { Card } from "./card.js";

const cards = new WeakMap();

export default function ({ data, parentElement }) {
  let card = cards.get(parentElement);
  if (!card) {
    card = new Card(parentElement);
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
}
