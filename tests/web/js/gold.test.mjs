// Gold items on the card: only owners have the keys, and the same key again removes the mark.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh } from "./support/browser.mjs";
import "./support/page.mjs";

const { Gold, asked, words } = await import("../../../rsf_core/web/components/review_card/gold.js");
const { DEFAULT_KEYS } = await import("../../../rsf_core/web/components/review_card/keys.js");

beforeEach(fresh);

test("a key gives a candidate its decision, another one changes it, the same one takes it away", () => {
  assert.equal(asked("goldAccept", "1.1.0", {}), "accept");
  assert.equal(asked("goldReject", "1.1.0", { "1.1.0": "accept" }), "reject");
  assert.equal(asked("goldAccept", "1.1.0", { "1.1.0": "accept" }), null);
  assert.equal(asked("accept", "1.1.0", {}), undefined);
});

test("who may not mark has no such keys, and what is said of an item is said to who marked it", () => {
  const marked = [];
  const gold = new Gold(() => null, { act: () => {}, mark: (...what) => marked.push(what) });
  const candidate = { candidate_id: "1.1.0" };
  assert.equal(gold.does("goldAccept", candidate, { gold: null }), true);
  assert.equal(gold.does("goldAccept", null, { gold: {} }), true);
  assert.deepEqual(marked, []);
  assert.equal(gold.does("goldReject", candidate, { gold: {} }), true);
  assert.deepEqual(marked, [["1.1.0", "reject"]]);
  assert.equal(gold.does("accept", candidate, { gold: {} }), false);
  assert.match(words("1.1.0", { "1.1.0": "reject" }), /right to reject/);
});

test("no two actions have the same key", () => {
  assert.equal(new Set(Object.values(DEFAULT_KEYS)).size, Object.keys(DEFAULT_KEYS).length);
});

test("the row of a reviewer's card stays hidden and empty", () => {
  const bar = { hidden: false, replaceChildren: () => assert.fail("nothing is drawn") };
  new Gold(() => bar, {}).draw({ candidate_id: "1.1.0" }, { gold: null, editable: true }, DEFAULT_KEYS);
  assert.equal(bar.hidden, true);
});

test("the row is made anew only where it says something else, and who was at a button stays at it", () => {
  const made = [];
  let active = null;
  const bar = {
    hidden: true,
    contains: (one) => one !== null,
    getRootNode: () => ({ activeElement: active }),
    replaceChildren: (...nodes) => {
      made.push(nodes);
      for (const node of nodes.slice(1)) {
        node.focus = () => {
          active = node;
        };
      }
    },
  };
  const gold = new Gold(() => bar, { act: () => {} });
  const draw = (id, marked) => gold.draw({ candidate_id: id }, { gold: marked, editable: true }, DEFAULT_KEYS);
  draw("1.1.0", {});
  draw("1.1.0", {});
  draw("1.1.0", { "1.1.1": "accept" });
  assert.equal(made.length, 1);
  active = made[0][2];
  draw("1.1.0", { "1.1.0": "reject" });
  assert.equal(made.length, 2);
  assert.equal(active, made[1][2], "the same button of the new row");
  draw("1.1.1", {});
  assert.equal(made.length, 3);
});
