// The messages of the card beside the text, and how long they stay.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass } from "./support/browser.mjs";
import { place } from "./support/page.mjs";

const { Messages } = await import("../../../rsf_core/web/components/review_card/messages.js");

beforeEach(fresh);

function messages() {
  const places = { ".trouble": place(), ".trouble-text": place() };
  return { messages: new Messages((name) => places[name]), words: () => places[".trouble-text"].textContent };
}

test("what does not hold any more goes, and goes by itself", async () => {
  const { messages: card, words } = messages();
  card.trouble("The last place is 8.");
  card.clear();
  assert.equal(words(), "");
  card.trouble("The last place is 8.");
  await pass(8_000);
  assert.equal(words(), "");
});

test("what was not saved stays until it is dismissed, and why nothing is sent until that has an end", () => {
  const { messages: card, words } = messages();
  card.trouble("Not saved: rank 1.1.0", { stay: true });
  card.trouble("The last place is 8.");
  card.clear();
  assert.equal(words(), "Not saved: rank 1.1.0");
  card.trouble(null);
  card.trouble("Reload the page.", { hold: true });
  card.clear();
  assert.equal(words(), "Reload the page.");
});
