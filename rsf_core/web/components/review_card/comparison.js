// The candidate in focus beside another text of its prompt: the reference, its edit, another candidate.

import { differences, words } from "./differences.js";
import { element } from "./dom.js";
import { numbered } from "./elsewhere.js";
import { thoughts } from "./thoughts.js";
import { visible } from "./visible.js";
import { counted } from "./words.js";

// What a candidate can be compared with: {key, name, before, after, cut}. `cut`: only the beginning of a longer text is here.
export function others(candidate, prompt, siblings) {
  const text = candidate.edit ?? candidate.completion;
  const own = cut(candidate);
  const comparisons = [];
  if (prompt.reference !== null)
    comparisons.push({ key: "reference", name: "the reference", before: prompt.reference, after: text, cut: own });
  if (candidate.edit !== null) {
    comparisons.push({
      key: "edit",
      name: "what was drawn, before the edit",
      before: candidate.completion,
      after: candidate.edit,
      cut: candidate.clipped > 0,
    });
  }
  const at = siblings.findIndex((sibling) => sibling.candidate_id === candidate.candidate_id);
  for (const sibling of [...siblings.slice(at + 1), ...siblings.slice(0, Math.max(0, at))]) {
    const before = sibling.edit ?? sibling.completion;
    comparisons.push({ key: sibling.k, name: `candidate ${numbered(sibling)}`, before, after: text, cut: own || cut(sibling) });
  }
  return comparisons;
}

function cut({ edit, clipped }) {
  return edit === null && clipped > 0;
}

// The comparison with this key, else the first; undefined if there is none.
export function chosen(comparisons, key) {
  return comparisons.find((other) => other.key === key) ?? comparisons[0];
}

// The key of the comparison after this one, cyclically.
export function following(comparisons, key) {
  const at = comparisons.findIndex((other) => other.key === key);
  return comparisons[(Math.max(0, at) + 1) % comparisons.length]?.key ?? key;
}

// Draw the differences into `place`, and return them. `thought`: compare the thoughts too, and not only the answers.
export function drawDifferences(place, { before, after }, thought) {
  const [from, to] = [before, after].map((text) => visible(thought ? text : answerOf(text)));
  const pieces = differences(from, to);
  place.replaceChildren(...pieces.map(([kind, text]) => (kind ? element(kind, "", text) : document.createTextNode(text))));
  return pieces;
}

// The differences in words: how many there are, for people who do not see the lines.
export function differencesInWords({ name, cut }, pieces) {
  const count = (kind) => pieces.reduce((sum, [other, text]) => sum + (other === kind ? wordsIn(text) : 0), 0);
  const [only, own] = [count("del"), count("ins")];
  const part = cut ? " Only what is shown of longer texts is compared." : "";
  if (!only && !own) return `${pieces.some(([kind]) => kind) ? "The same words" : "The same"} as ${name}.${part}`;
  const many = (number) => `${counted(number)} ${number === 1 ? "word" : "words"}`;
  return `Against ${name}: ${many(only)} only there, struck through; ${many(own)} only here, underlined.${part}`;
}

function wordsIn(text) {
  return words(text).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

function answerOf(text) {
  const parts = thoughts(text).filter((part) => !part.thought);
  return parts
    .map((part) => part.inner)
    .join("")
    .trim();
}
