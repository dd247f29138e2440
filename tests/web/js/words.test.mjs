// The words on the card.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tidyTags } from "../../../rsf_core/web/components/review_card/fields.js";
import { unsentWords } from "../../../rsf_core/web/components/review_card/messages.js";
import { counted, facts, numbers, opinion, scores } from "../../../rsf_core/web/components/review_card/words.js";
import { candidate } from "./support/candidates.mjs";

test("numbers have their units and a minus that is one", () => {
  assert.deepEqual(numbers(candidate("1.1.0")), ["p_accept 0.25", "ℓ\u00a0−1.50\u00a0nats", "3 tokens"]);
  assert.deepEqual(numbers(candidate("1.1.0", { impossible: true })), ["p_accept 0.25", "ℓ\u00a0−∞\u00a0nats", "3 tokens"]);
  assert.deepEqual(numbers(candidate("1.1.0", { p_accept: null, log_ratio: null })), ["3 tokens"]);
  assert.deepEqual(numbers(candidate("1.1.0", { p_accept: 0, log_ratio: 0 })), [
    "p_accept 0.00",
    "ℓ\u00a00.00\u00a0nats",
    "3 tokens",
  ]);
});

test("a chance reads as 0 or 1 only where it is, and a ratio is never minus 0", () => {
  const shown = (p_accept, log_ratio) => numbers(candidate("1.1.0", { p_accept, log_ratio })).slice(0, 2);
  assert.deepEqual(shown(0.0004, -0.001), ["p_accept 0.0004", "ℓ\u00a00.00\u00a0nats"]);
  assert.deepEqual(shown(0.9996, -0.006), ["p_accept 0.9996", "ℓ\u00a0−0.01\u00a0nats"]);
  assert.deepEqual(shown(0.006, 0.004), ["p_accept 0.01", "ℓ\u00a00.00\u00a0nats"]);
  assert.deepEqual(shown(1, 3), ["p_accept 1.00", "ℓ\u00a03.00\u00a0nats"]);
});

test("scores have three digits, and large ones all before the point", () => {
  const of = { sentiment: -0.98765, length: 12, characters: 1234, log: -1234.56, near: 999.6, big: 123456 };
  assert.deepEqual(scores({ no_score: {}, scores: of }), [
    "sentiment −0.988",
    "length 12",
    "characters 1,234",
    "log −1,235",
    "near 1,000",
    "big 123,456",
  ]);
});

test("where there is no score it is said of which scorer, and why", () => {
  const without = candidate("1.1.0", { scores: { words: 2 }, no_score: { odd: "no verb" }, decision: null });
  assert.deepEqual(scores(without), ["words 2", "no score of odd: no verb"]);
});

test("what decides a candidate comes first, then its numbers", () => {
  assert.equal(facts(candidate("1.1.0"), false), "rejected · by the rule · p_accept 0.25 · ℓ\u00a0−1.50\u00a0nats · 3 tokens");
  const flagged = candidate("1.1.0", { opinions: [{ reviewer: "ann", action: "accept", final: true }], flagged: true });
  assert.equal(
    facts(flagged, true),
    "accepted · ann: accept, settled · p_accept 0.25 · ℓ\u00a0−1.50\u00a0nats · 3 tokens · flagged",
  );
  assert.equal(facts(candidate("1.1.0", { decision: null, p_accept: null, log_ratio: null }), false), "3 tokens");
});

test("who said what is told, and whether it is settled", () => {
  assert.equal(opinion({ reviewer: "ann", action: "reject", final: false }), "ann: reject");
  assert.equal(opinion({ reviewer: "ann", action: "reject", final: true }), "ann: reject, settled");
});

test("counts have thousands", () => assert.equal(counted(1234567), "1,234,567"));

test("tags are trimmed, and empty ones left out", () => {
  assert.equal(tidyTags(" good,, very  good ,"), "good,very  good");
  assert.equal(tidyTags(" , ,"), "");
});

const unsent = (extra, online = true) =>
  unsentWords({ acts: [], failures: 0, onlyhere: false, stopped: null, ...extra }, online);
const act = (...candidates) => ({ candidates });

test("nothing unsent is not spoken of, offline or not", () => {
  assert.equal(unsent({}), "");
  assert.equal(unsent({ failures: 3, stopped: "reload" }, false), "");
});

test("unsent are as many as there are candidates decided, and one for an undo", () => {
  assert.equal(unsent({ acts: [act("a"), act("b", "c"), act()] }), "4 unsent");
});

test("why it is unsent is told, and where it is kept", () => {
  const acts = [act("a")];
  assert.equal(unsent({ acts }, false), "1 unsent (offline; kept here)");
  assert.equal(unsent({ acts, failures: 1 }), "1 unsent (the server does not answer; kept here)");
  assert.equal(unsent({ acts, stopped: "no" }), "1 unsent (reload the page; kept here)");
  assert.equal(unsent({ acts, failures: 1, onlyhere: true }), "1 unsent (the server does not answer; keep this tab open)");
});
