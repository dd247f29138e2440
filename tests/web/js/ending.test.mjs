// The end of a queue: requested once, hidden when the reviewer goes on, and each suggestion leads to its place.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass, settle } from "./support/browser.mjs";
import { place, shape } from "./support/page.mjs";

const { addressOf, Ending } = await import("../../../rsf_core/web/components/review_card/ending.js");

beforeEach(fresh);

const SAID = {
  rows: [["Decided in this sitting", "12", "8 accepted, 4 rejected"]],
  next: [{ words: "Settle 2 candidates", why: "They differ.", page: "review", query: { view: "disagreement" }, stays: false }],
};

function made(answers) {
  const [at, ended, card] = [place(), place(), place()];
  card.append(ended, at);
  at.hidden = true;
  at.focus = () => {
    document.activeElement = at;
  };
  document.activeElement = document.body;
  const asked = [];
  const visited = [];
  const ending = new Ending((selector) => ({ ".ending": at, ".ended": ended, ".card": card })[selector], {
    ask: async () => answers[Math.min(asked.push(1), answers.length) - 1],
    open: (href) => visited.push(href),
  });
  return { ending, at, asked, visited, ended, card };
}

test("what was done and what is next are drawn once for an end, and a click leads on", async () => {
  const { ending, at, asked, visited } = made([{ status: 200, content: SAID }]);
  globalThis.location = { href: "http://x/review?project=p&view=pending" };
  ending.draw("end");
  ending.draw("end");
  await settle();
  assert.equal(asked.length, 1);
  assert.equal(at.hidden, false);
  assert.deepEqual(shape(at), [
    ["h2", "What you have done"],
    ["dl", ["dt", "Decided in this sitting"], ["dd", ["strong", "12"], " ", ["span", "8 accepted, 4 rejected"]]],
    ["h2", "What helps most next"],
    ["ul", ["li", ["button", "Settle 2 candidates"], " ", ["span", "They differ."]]],
  ]);
  at.below.find((one) => one.tag === "button").onclick();
  assert.deepEqual(visited, ["http://x/review?project=p&view=disagreement"]);
});

test("who goes on while it is asked for is shown nothing, and another end is asked about anew", async () => {
  const { ending, at, asked } = made([{ status: 200, content: SAID }]);
  ending.draw("end");
  ending.draw(null);
  await settle();
  assert.deepEqual([asked.length, at.hidden], [1, true]);
  ending.draw("another end");
  await settle();
  assert.deepEqual([asked.length, at.hidden], [2, false]);
  ending.draw(null);
  assert.equal(at.hidden, true);
});

test("without an answer it is asked again as long as one stands at that end, and not where it was refused", async () => {
  const { ending, at, asked } = made([{ status: 0 }, { status: 503 }, { status: 200, content: SAID }]);
  ending.draw("end");
  for (const times of [1, 2, 3, 3]) {
    await pass(0);
    assert.equal(asked.length, times);
    await pass(2_000);
  }
  assert.equal(at.hidden, false);
  const gone = made([{ status: 0 }]);
  gone.ending.draw("end");
  await pass(0);
  gone.ending.draw(null);
  await pass(9_000);
  assert.equal(gone.asked.length, 1);
  const refused = made([{ status: 401 }]);
  refused.ending.draw("end");
  await pass(9_000);
  assert.deepEqual([refused.asked.length, refused.at.hidden], [1, true]);
});

test("who listens is told the first words, and is led there where the focus was in the card and stayed", async () => {
  const focused = place();
  for (const [before, meanwhile, led] of [
    ["card", "body", true],
    ["card", "card", true],
    ["card", "elsewhere", false],
    ["body", "body", false],
    ["elsewhere", "elsewhere", false],
  ]) {
    const { ending, at, ended, card } = made([{ status: 200, content: SAID }]);
    const inside = place();
    card.append(inside);
    const places = { card: inside, body: document.body, elsewhere: focused };
    document.activeElement = places[before];
    ending.draw("end");
    assert.equal(ended.textContent, "");
    document.activeElement = places[meanwhile];
    await settle();
    assert.equal(ended.textContent, "Decided in this sitting: 12, 8 accepted, 4 rejected. Next: Settle 2 candidates.");
    assert.equal(document.activeElement === at, led, `${before}, ${meanwhile}`);
    ending.draw(null);
    assert.equal(ended.textContent, "");
  }
});

test("where nothing was done and nothing is next nothing is drawn", async () => {
  const { ending, at } = made([{ status: 200, content: { rows: [], next: [] } }]);
  ending.draw("end");
  await settle();
  assert.equal(at.hidden, true);
});

const FULL =
  "http://x/a/review?project=p&round=2&reviewer=ann&seal=s&view=pending&order=audit&at=1.1.0&show=Table&text=cat&scores.a=1..2";

for (const [step, address] of [
  [{ page: "review", query: { view: "pending" }, stays: false }, "review?project=p&round=2&reviewer=ann&seal=s&view=pending"],
  [
    { page: "review", query: {}, stays: true },
    "review?project=p&round=2&reviewer=ann&seal=s&view=pending&order=audit&text=cat&scores.a=1..2",
  ],
  [{ page: "scorers", query: { show: "Learned" }, stays: false }, "scorers?project=p&round=2&reviewer=ann&seal=s&show=Learned"],
]) {
  test(`a suggestion leads to ${address}`, () => {
    assert.equal(addressOf(step, { href: FULL }), `http://x/a/${address}`);
  });
}
