// What the card says beside what is read, and for how long.

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
  const { messages: said, words } = messages();
  said.trouble("The last place is 8.");
  said.clear();
  assert.equal(words(), "");
  said.trouble("The last place is 8.");
  await pass(8_000);
  assert.equal(words(), "");
});

test("what was not saved stays until it is dismissed, and why nothing is sent until that has an end", () => {
  const { messages: said, words } = messages();
  said.trouble("Not saved: rank 1.1.0", { stay: true });
  said.trouble("The last place is 8.");
  said.clear();
  assert.equal(words(), "Not saved: rank 1.1.0");
  said.trouble(null);
  said.trouble("Reload the page.", { hold: true });
  said.clear();
  assert.equal(words(), "Reload the page.");
});
