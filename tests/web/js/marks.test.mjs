// Labelled parts of a text are stored in code points, however the text is displayed, and are added and removed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { place } from "./support/page.mjs";

const marks = await import("../../../rsf_core/web/components/review_card/marks.js");
const { aligned, Marks, pieces, pointsIn, stepped, toggled, wordsOf } = marks;

for (const [text, starts] of [
  ["", [0]],
  ["ab", [0, 1, 2]],
  ["a🎉é", [0, 1, 3, 4]],
  ["a\u200bb", [0, 1, 7, 8]], // ⟨ZWSP⟩
  ["a\r\nb", [0, 1, 1, 2, 3]],
  ["a\rb\u0007", [0, 1, 2, 3, 4]],
  ["👩\u200d👧", [0, 2, 3, 5]], // a joiner that joins stays
  ["⟨ZWSP⟩\u200b", [0, 1, 2, 3, 4, 5, 6, 12]], // text that only looks like a name
  ["\u202eab", [0, 5, 6, 7]],
]) {
  test(`each code point of ${JSON.stringify(text)} is found in what is seen`, () => {
    const alignment = aligned(text);
    assert.deepEqual(alignment.starts, starts);
    assert.equal(alignment.starts.length, [...text].length + 1);
    assert.equal(alignment.starts.at(-1), alignment.shown.length);
  });
}

test("what is selected counts whole code points, also of a name that is selected in part", () => {
  const { starts } = aligned("a\u200bb🎉");
  assert.deepEqual(pointsIn(starts, 0, 1), { start: 0, end: 1 });
  assert.deepEqual(pointsIn(starts, 3, 5), { start: 1, end: 2 });
  assert.deepEqual(pointsIn(starts, 7, 10), { start: 2, end: 4 });
  assert.deepEqual(pointsIn(starts, 8, 9), { start: 3, end: 4 }); // half of a surrogate pair
  assert.equal(pointsIn(starts, 1, 1), null);
});

const span = (start, end, label = "bad") => ({ start, end, label });

test("a text is cut where spans begin and end, overlapping ones too", () => {
  const cut = (length, ...spans) => pieces(length, spans).map((one) => [one.start, one.end, one.spans.length]);
  assert.deepEqual(cut(5), [[0, 5, 0]]);
  assert.deepEqual(cut(5, span(1, 3)), [
    [0, 1, 0],
    [1, 3, 1],
    [3, 5, 0],
  ]);
  assert.deepEqual(cut(5, span(0, 3), span(2, 5, "good")), [
    [0, 2, 1],
    [2, 3, 2],
    [3, 5, 1],
  ]);
  assert.deepEqual(cut(4, span(2, 9), span(6, 8)), [
    [0, 2, 0],
    [2, 4, 1],
  ]); // the rest of the text is not loaded yet
  assert.deepEqual(cut(0), []);
});

test("a part is marked once with a label, and the same label again takes the mark away", () => {
  const one = toggled([], span(3, 5));
  const two = toggled(one, span(0, 5));
  assert.deepEqual(two, [span(0, 5), span(3, 5)]);
  assert.deepEqual(toggled(two, span(3, 5, "good")).length, 3);
  assert.deepEqual(toggled(two, span(0, 5)), one);
  assert.equal(toggled(one, span(3, 5)), null);
});

test("arrows select word after word, and Shift as far as another", () => {
  const words = wordsOf("🎉 One, two three");
  assert.deepEqual(words, [
    { start: 2, end: 5 },
    { start: 7, end: 10 },
    { start: 11, end: 16 },
  ]);
  const [one, two, three] = words;
  assert.deepEqual(stepped(words, null, 1, false), one);
  assert.deepEqual(stepped(words, null, -1, false), three);
  assert.deepEqual(stepped(words, one, 1, false), two);
  assert.deepEqual(stepped(words, three, 1, false), three);
  assert.deepEqual(stepped(words, two, -1, false), one);
  assert.deepEqual(stepped(words, one, -1, false), one);
  assert.deepEqual(stepped(words, one, 1, true), { start: 2, end: 10 });
  assert.deepEqual(stepped(words, { start: 2, end: 16 }, -1, true), { start: 2, end: 10 });
  assert.deepEqual(stepped(words, one, -1, true), one);
  assert.deepEqual(stepped(words, three, 1, true), three);
  assert.equal(stepped([], null, 1, false), null);
});

test("marks are drawn as text with their labels, and drawn again only where something changed", () => {
  const box = place();
  const drawn = new Marks(box, () => {});
  drawn.draw("1.1.0", "a <b> c", [span(2, 5), span(4, 7, "good")]);
  assert.equal(box.textContent, "a <b> c");
  const parts = box.below.filter((one) => one.tag === "mark");
  assert.deepEqual(
    parts.map((one) => [one.textContent, one.title, one.dataset.label]),
    [
      ["<b", "bad", undefined],
      [">", "bad, good", "bad"],
      [" c", "good", "good"],
    ],
  );
  drawn.draw("1.1.0", "a <b> c", [span(2, 5), span(4, 7, "good")]);
  assert.equal(box.below.filter((one) => one.tag === "mark")[0], parts[0]);
  drawn.draw("1.1.0", "a <b> c", []);
  assert.equal(box.below.length, 0);
  drawn.leave();
  drawn.draw("1.1.1", "", []);
  assert.equal(box.textContent, "(empty)");
});
