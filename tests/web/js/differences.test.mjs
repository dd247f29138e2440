// The differences of two texts, and their description.

import assert from "node:assert/strict";
import { test } from "node:test";
import { candidate, prompt } from "./support/candidates.mjs";
import { place, shape } from "./support/page.mjs";

const { differences, script } = await import("../../../rsf_core/web/components/review_card/differences.js");
const { chosen, differencesInWords, drawDifferences, following, others } = await import(
  "../../../rsf_core/web/components/review_card/comparison.js"
);

const text = (pieces, kind) => pieces.flatMap(([other, words]) => (other === kind || other === "" ? [words] : [])).join("");
const changed = (pieces) => pieces.filter(([kind]) => kind).map(([kind, words]) => `${kind} ${words}`);

for (const [before, after, expected] of [
  ["a good film", "a good film", []],
  ["a good film", "a bad film", ["del good", "ins bad"]],
  ["a film", "a very good film", ["ins very good "]],
  ["a very good film", "a film", ["del very good "]],
  ["one\n\ntwo", "one\ntwo", ["del \n\n", "ins \n"]],
  ["a film, good", "a film; bad", ["del , good", "ins ; bad"]],
  ["one, two\nthree", "1, 2\n3", ["del one, two", "ins 1, 2", "del three", "ins 3"]],
  ["a good film.", "a fine old film!", ["del good ", "ins fine old ", "del .", "ins !"]],
  ["one two three", "four five six", ["del one two three", "ins four five six"]],
  ["2+2=4", "2+3=5", ["del 2=4", "ins 3=5"]],
  ["don't", "don’t", ["del don't", "ins don’t"]],
  ["東京は雨", "東京は雪", ["del 雨", "ins 雪"]],
  ["", "a b", ["ins a b"]],
  ["a b", "", ["del a b"]],
  ["", "", []],
]) {
  test(`from “${before}” to “${after}”`, () => assert.deepEqual(changed(differences(before, after)), expected));
}

test("both texts can be read from their differences", () => {
  const texts = [
    "",
    "a",
    "b",
    "a b c a b",
    "a b a",
    " spaced  out ",
    " spaced out",
    "東京 は 雨",
    "a\n\nb\tc",
    "😀 x",
    "x.y.z",
  ];
  for (const before of texts) {
    for (const after of texts) {
      const pieces = differences(before, after);
      assert.deepEqual([text(pieces, "del"), text(pieces, "ins")], [before, after]);
    }
  }
});

test("from any short list of two words to any other the script is the shortest there is", () => {
  const all = [[]];
  for (const one of all) if (one.length < 5) for (const word of ["a", "."]) all.push([...one, word]);
  // the longest common run of words, by its recurrence
  const common = (a, b) => {
    const best = Array.from({ length: a.length + 1 }, () => Array(b.length + 1).fill(0));
    a.forEach((x, i) => {
      b.forEach((y, j) => {
        best[i + 1][j + 1] = x === y ? best[i][j] + 1 : Math.max(best[i][j + 1], best[i + 1][j]);
      });
    });
    return best[a.length][b.length];
  };
  for (const a of all) {
    for (const b of all) {
      const pieces = script(a, b);
      assert.deepEqual([text(pieces, "del"), text(pieces, "ins")], [a.join(""), b.join("")]);
      assert.equal(pieces.filter(([kind]) => !kind).length, common(a, b));
      const shown = differences(a.join("|"), b.join("|"));
      assert.deepEqual([text(shown, "del"), text(shown, "ins")], [a.join("|"), b.join("|")]);
    }
  }
});

test("texts that have too little in common are told one after the other, in a moment", () => {
  const [before, after] = ["x. ".repeat(20_000), "y! ".repeat(20_000)];
  const start = process.cpuUsage().user;
  const pieces = differences(before, after);
  assert.ok(process.cpuUsage().user - start < 5e6);
  assert.deepEqual([text(pieces, "del"), text(pieces, "ins")], [before, after]);
});

const family = prompt(7, 3);
const [first, second, third] = family.candidates;

test("a candidate is compared with the reference, its edit and the others after it, round and round", () => {
  const keys = (one, whole) => others(one, whole, family.candidates).map((other) => other.key);
  assert.deepEqual(keys(second, family), [2, 0]);
  assert.deepEqual(keys(first, { ...family, reference: "r" }), ["reference", 1, 2]);
  assert.deepEqual(keys({ ...third, edit: "better" }, { ...family, reference: "r" }), ["reference", "edit", 0, 1]);
  assert.deepEqual(others(first, { ...family, candidates: [first] }, [first]), []);
});

test("what is compared is what stands: an edit in place of what was drawn", () => {
  const edited = { ...second, edit: "better" };
  const choices = others(first, family, [first, edited, third]);
  assert.deepEqual([choices[0].before, choices[0].after], ["better", first.completion]);
  const own = others(edited, family, [first, edited, third]).find((other) => other.key === "edit");
  assert.deepEqual([own.before, own.after], [second.completion, "better"]);
});

test("that only the beginning of a longer text is compared is known", () => {
  const long = { ...second, clipped: 100 };
  const cuts = (one, siblings) => others(one, { ...family, reference: "r" }, siblings).map((other) => other.cut);
  assert.deepEqual(cuts(first, [first, long, third]), [false, true, false]);
  assert.deepEqual(cuts(long, [first, long, third]), [true, true, true]);
  assert.deepEqual(cuts({ ...long, edit: "short" }, [first]), [false, true, false]);
});

test("where the chosen one is not there the first is, and the next follows it", () => {
  const choices = others(second, family, family.candidates);
  assert.equal(chosen(choices, "reference").key, 2);
  assert.equal(chosen(choices, 0).key, 0);
  assert.deepEqual([following(choices, 2), following(choices, 0), following(choices, "reference")], [0, 2, 0]);
  assert.equal(chosen([], "reference"), undefined);
  assert.equal(following([], "reference"), "reference");
});

test("differences are marked by elements, and texts stay texts", () => {
  const where = place();
  drawDifferences(where, { before: "a <b>good</b>\u202e film", after: "a <b>bad</b>\u202e film" }, true);
  assert.deepEqual(shape(where), ["a <b>", ["del", "good"], ["ins", "bad"], "</b>⟨RLO⟩ film"]);
});

test("thoughts are compared only where they are unfolded", () => {
  const where = place();
  drawDifferences(where, { before: "4", after: "<think>2+2</think>\n\n4" }, false);
  assert.deepEqual(shape(where), ["4"]);
  drawDifferences(where, { before: "4", after: "<think>2+2</think>\n\n4" }, true);
  assert.equal(where.textContent, "<think>2+2</think>\n\n4");
});

test("how much is different is said in words", () => {
  assert.equal(differencesInWords({ name: "the reference" }, differences("a b", "a b")), "The same as the reference.");
  assert.equal(differencesInWords({ name: "the reference" }, differences("a b", "a, b.")), "The same words as the reference.");
  assert.equal(
    differencesInWords({ name: "its edit", cut: true }, differences("a", "a")),
    "The same as its edit. Only what is shown of longer texts is compared.",
  );
  assert.equal(
    differencesInWords({ name: "candidate 2" }, differences("one, two.", "one. three four")),
    "Against candidate 2: 1 word only there, struck through; 2 words only here, underlined.",
  );
});

test("a candidate alone has nothing to be compared with", () => {
  const only = candidate("1.1.0");
  assert.deepEqual(others(only, prompt(1, 1), [only]), []);
});
