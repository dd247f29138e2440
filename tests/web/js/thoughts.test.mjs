// A thought is separated from its answer.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cutInThought, thoughts } from "../../../rsf_core/web/components/review_card/thoughts.js";

const parsed = (text) => thoughts(text).map(({ inner, thought, finished }) => [thought ? (finished ? "T" : "t") : "A", inner]);

for (const [name, text, parts] of [
  ["no thought", "4", [["A", "4"]]],
  ["nothing", "", [["A", ""]]],
  ["a word that is like one", "I think <b> so", [["A", "I think <b> so"]]],
  [
    "a thought and its answer",
    "<think>2+2</think>4",
    [
      ["T", "2+2"],
      ["A", "4"],
    ],
  ],
  [
    "white space around",
    " \n<think>\n2+2\n</think>\n\n4",
    [
      ["T", "2+2"],
      ["A", "\n\n4"],
    ],
  ],
  [
    "in capitals, the longer name",
    "<THINKING>a</Thinking>b",
    [
      ["T", "a"],
      ["A", "b"],
    ],
  ],
  [
    "of another name",
    "<reasoning>a</reasoning>b\n<reasoning>c</reasoning>d",
    [
      ["T", "a"],
      ["A", "b"],
      ["T", "c"],
      ["A", "d"],
    ],
  ],
  ["of another name, not finished", "<reasoning>2+2 is", [["t", "2+2 is"]]],
  ["that word in a text", "My reasoning is 4", [["A", "My reasoning is 4"]]],
  ["one that is not finished", "<think>2+2 is", [["t", "2+2 is"]]],
  [
    "one that the template began",
    "2+2 is 4</think>4",
    [
      ["T", "2+2 is 4"],
      ["A", "4"],
    ],
  ],
  ["no answer", "<think>2+2</think>", [["T", "2+2"]]],
  ["no answer but white space", "<think>2+2</think>\n ", [["T", "2+2"]]],
  [
    "an empty thought",
    "<think></think>4",
    [
      ["T", ""],
      ["A", "4"],
    ],
  ],
  [
    "a second one",
    "<think>a</think>b\n<think>c</think>d",
    [
      ["T", "a"],
      ["A", "b"],
      ["T", "c"],
      ["A", "d"],
    ],
  ],
  [
    "one in the middle",
    "a\n<think>b</think>c",
    [
      ["A", "a"],
      ["T", "b"],
      ["A", "c"],
    ],
  ],
  ["a tag that is spoken of", "Use the <think> tag.", [["A", "Use the <think> tag."]]],
  [
    "a tag that is spoken of after a thought",
    "<think>a</think>Use\n<think>",
    [
      ["T", "a"],
      ["A", "Use\n<think>"],
    ],
  ],
  [
    "a thought in a thought",
    "<think>a <think> b</think>c",
    [
      ["T", "a <think> b"],
      ["A", "c"],
    ],
  ],
]) {
  test(name, () => assert.deepEqual(parsed(text), parts));
}

test("nothing of the text is lost where there is no white space between its parts", () => {
  for (const text of ["<think>a</think>b", "a</think>b", "<think>a", "x\n<think>y</think>z", "a"]) {
    assert.equal(
      thoughts(text)
        .map((part) => part.text)
        .join(""),
      text,
    );
  }
});

test("a hundred thousand tags are told in a moment", () => {
  for (const tag of ["<think>", "</think>", "\n<think>", "<think>\n</think>"]) {
    const start = process.cpuUsage().user;
    thoughts(tag.repeat(20_000));
    assert.ok(process.cpuUsage().user - start < 5e6, tag);
  }
});

test("a text that is cut within its thought is told from one that is cut elsewhere", () => {
  assert.equal(cutInThought("<think>a long", 100), true);
  assert.equal(cutInThought("<think>a long", 0), false);
  assert.equal(cutInThought("<think>a</think>an answer", 100), false);
  assert.equal(cutInThought("<think>a</think>", 100), false);
  assert.equal(cutInThought("an answer", 100), false);
});
