import assert from "node:assert/strict";
import { test } from "node:test";
import { numbered, origin, tokens } from "../../../rsf_core/web/components/review_card/elsewhere.js";
import { numbers } from "../../../rsf_core/web/components/review_card/words.js";
import { candidate } from "./support/candidates.mjs";

test("one that was made elsewhere has a number of its own and says where", () => {
  assert.deepEqual(
    [0, 8, 2 ** 19, 2 ** 19 + 3].map((k) => numbered({ k })),
    ["1", "9", "E1", "E4"],
  );
  assert.equal(origin({ source: "a teacher" }), "made elsewhere: a teacher");
  assert.equal(origin({ source: null }), null);
});

test("tokens that nobody has counted are not told", () => {
  assert.equal(tokens({ tokens: 0 }), "0 tokens");
  assert.equal(tokens({ tokens: null }), null);
  const one = candidate("1.1.0", { p_accept: null, log_ratio: null, tokens: null, source: "a teacher" });
  assert.deepEqual(numbers(one), ["made elsewhere: a teacher"]);
});
