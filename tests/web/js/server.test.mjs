import assert from "node:assert/strict";
import { test } from "node:test";
import { postWith } from "../../../rsf_core/web/components/review_card/server.js";
import { serve } from "./support/browser.mjs";

for (const [status, sent] of [
  [401, ["old", "new"]],
  [403, ["old", "new"]],
  [409, ["old"]],
  [503, ["old"]],
]) {
  test(`a request refused with ${status} is sent with ${sent} if the token has changed meanwhile`, async () => {
    let token = "old";
    const server = serve(() => {
      if (token === "new") return { status: 200, content: { is: "there" } };
      token = "new";
      return { status, content: { error: "no" } };
    });
    const answer = await postWith(() => token, "queue", { round: 1 });
    assert.deepEqual(
      server.requests.map(({ what, body }) => [what, body]),
      sent.map((token) => ["queue", { token, round: 1 }]),
    );
    assert.deepEqual(answer, sent.length === 2 ? { status: 200, content: { is: "there" } } : { status, error: "no" });
  });
}

test("a request refused with the token that is still the page's is sent once", async () => {
  const server = serve(() => ({ status: 401, content: { error: "reload the page" } }));
  assert.deepEqual(await postWith(() => "token", "queue", {}), { status: 401, error: "reload the page" });
  assert.equal(server.requests.length, 1);
});
