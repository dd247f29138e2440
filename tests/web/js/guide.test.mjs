// Acts name the version of the guide that the card shows.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass } from "./support/browser.mjs";
import { prompt, queue } from "./support/candidates.mjs";
import { place, shape } from "./support/page.mjs";

const { Review } = await import("../../../rsf_core/web/components/review_card/review.js");
const { Guide } = await import("../../../rsf_core/web/components/review_card/guide.js");
const { Outbox } = await import("../../../rsf_core/web/components/review_card/outbox.js");

function decided(guide) {
  const review = new Review();
  const acts = [];
  const outbox = { acts, failures: 0, add: (act) => acts.push(act) };
  review.of({ round: 1, reviewer: "ann", view: "pending", editable: true, guide }, outbox);
  review.expect();
  review.begin(queue(prompt("1", 2)));
  review.decide("accept", [review.place.focused], "decide");
  return { review, acts };
}

beforeEach(fresh);

test("a decision names the version of the guide beside it", () => {
  assert.equal(decided({ version: 3, text: "be kind" }).acts[0].guide, 3);
});

test("where the project has no guide it names none", () => {
  assert.equal("guide" in decided(null).acts[0], false);
});

test("a page drawn anew names the newer version from then on", () => {
  const { review, acts } = decided({ version: 1, text: "a" });
  review.of({ ...review.data, guide: { version: 2, text: "b" } }, review.outbox);
  review.decide("reject", [review.place.focused], "decide");
  assert.deepEqual(
    acts.map((act) => act.guide),
    [1, 2],
  );
});

test("the outbox sends the version with the act", () => {
  const outbox = new Outbox("rsf-act:p:ann:");
  const { acts } = decided({ version: 3, text: "be kind" });
  assert.equal(outbox.body(acts).acts[0].guide, 3);
});

// A panel on a page with places, and a server that renders by `trees`.
function panel(trees = {}) {
  const places = { ".card": place(), ".guide": place(), ".guide-button": place() };
  for (const one of Object.values(places)) one.focus = () => {};
  const guide = new Guide(
    (selector) => places[selector],
    async (texts) => ({ status: 200, content: { texts: texts.map((text) => trees[text] ?? { why: "too long" }) } }),
  );
  return { guide, panel: places[".guide"], button: places[".guide-button"], card: places[".card"] };
}

test("the guide opens by its key, stays open for the next card, and closes", () => {
  const { guide, panel: aside, button, card } = panel();
  guide.draw({ version: 2, text: "be kind" }, { guide: "g" });
  assert.equal(aside.hidden, true);
  assert.equal(button.textContent, "Guide 2 G");
  guide.toggle();
  assert.equal(aside.hidden, false);
  assert.equal(card.classList.contains("guided"), true);
  assert.equal(aside.textContent, "Guide, version 2be kind");
  const next = panel();
  next.guide.draw({ version: 2, text: "be kind" }, { guide: "g" });
  assert.equal(next.panel.hidden, false);
  next.guide.toggle();
  assert.equal(next.panel.hidden, true);
});

test("Markdown is shown as it was written until the server has rendered it, and where it cannot", async () => {
  const tree = JSON.stringify([
    ["h1", {}, "Kind"],
    ["script", {}, "x"],
  ]);
  const { guide, panel: aside } = panel({ "# Kind": { tree } });
  guide.draw({ version: 1, text: "# Kind" }, { guide: "g" });
  guide.toggle();
  assert.equal(aside.textContent, "Guide, version 1# Kind");
  await pass(50);
  assert.deepEqual(shape(aside.children[1]), [["div", "Kind"], "x"]); // only allowed elements
  guide.draw({ version: 2, text: "# Other" }, { guide: "g" });
  await pass(50);
  assert.equal(aside.textContent, "Guide, version 2# Other");
});

test("where the guide is taken away nothing is open, and no key opens it", () => {
  const { guide, panel: aside, button } = panel();
  guide.draw({ version: 1, text: "a" }, { guide: "g" });
  guide.toggle();
  guide.draw(null, { guide: "g" });
  assert.equal(aside.hidden, true);
  assert.equal(button.hidden, true);
  guide.toggle();
  assert.equal(aside.hidden, true);
});
