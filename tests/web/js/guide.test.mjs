// What is said names the version of the guide that the card shows.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh } from "./support/browser.mjs";
import { prompt, queue } from "./support/candidates.mjs";

const { Review } = await import("../../../rsf_core/web/components/review_card/review.js");
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
