// A prompt as what was said, turn by turn.

import assert from "node:assert/strict";
import { test } from "node:test";
import { drawTurns, turns } from "../../../rsf_core/web/components/review_card/turns.js";

const plain = { system: null, earlier: [], text: "What is 2+2?" };
const talk = { system: "Be brief.", earlier: ["I am Ann.", "Hello <b>Ann</b>."], text: "Who am I?" };

// What of the page is drawn into.
class Place {
  constructor() {
    this.classes = new Set();
    this.scrollHeight = 500;
    this.classList = { toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)) };
  }

  replaceChildren(...children) {
    this.children = children;
  }
}

globalThis.document = { createElement: () => ({ className: "", textContent: "" }) };

test("who speaks follows from the place of a turn", () => {
  assert.deepEqual(turns(plain), [["user", "What is 2+2?"]]);
  assert.deepEqual(
    turns({ ...plain, system: "Be brief." }).map(([role]) => role),
    ["system", "user"],
  );
  assert.deepEqual(turns(talk), [
    ["system", "Be brief."],
    ["user", "I am Ann."],
    ["assistant", "Hello <b>Ann</b>."],
    ["user", "Who am I?"],
  ]);
});

test("a plain prompt is its text alone, read from its beginning", () => {
  const place = new Place();
  drawTurns(place, plain);
  assert.deepEqual(
    place.children.map((each) => each.textContent),
    ["What is 2+2?"],
  );
  assert.equal(place.classes.has("several"), false);
  assert.equal(place.scrollTop, 0);
});

test("each turn stands under who speaks, as literal text, and the last is in sight", () => {
  const place = new Place();
  drawTurns(place, plain);
  drawTurns(place, { ...talk, text: "Who am I?\u001b[31m" });
  assert.deepEqual(
    place.children.map((each) => each.textContent),
    [...["system", "Be brief.", "user", "I am Ann.", "assistant", "Hello <b>Ann</b>.", "user", "Who am I?␛[31m"]],
  );
  assert.deepEqual(
    place.children.filter((each) => each.className !== "text").map((each) => each.className),
    Array(4).fill("label role"),
  );
  assert.ok(place.classes.has("several"));
  assert.equal(place.scrollTop, 500);
});
