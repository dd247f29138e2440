// The list of similar candidates keeps the project, round and reviewer, and drops earlier filters.

import assert from "node:assert/strict";
import { test } from "node:test";

import { similarTo } from "../../../rsf_core/web/components/review_card/similar.js";

const at = (query) => ({ href: `http://127.0.0.1:8501/review${query}` });

test("it names the candidate and shows all that are like it as a table", () => {
  assert.equal(similarTo("1.7.3", at("")), "http://127.0.0.1:8501/review?like=1.7.3&view=all&show=Table");
});

test("who speaks, project and round stay; filter, place and order of before do not", () => {
  const before =
    "?project=p+1&round=2&reviewer=ann&seal=x&view=pending&at=1.1.1&tokens=1..5&score.length=1..2&order=reward&page=3";
  const query = new URL(similarTo("2.1.0", at(before))).searchParams;
  assert.deepEqual(Object.fromEntries(query), {
    project: "p 1",
    round: "2",
    reviewer: "ann",
    seal: "x",
    like: "2.1.0",
    view: "all",
    show: "Table",
  });
});
