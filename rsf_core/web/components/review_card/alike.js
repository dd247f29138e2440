// Candidates of a prompt whose texts differ only in case and white space: read once and decided once, if the project wants
// this (review.together).

const keys = new WeakMap(); // by candidate: the text that was folded, and what it was folded to

// A form of a text that is equal for texts that are the same to a reader.
export function folded(text) {
  return text.normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim();
}

// The candidates that are decided together with `candidate`, including itself, in their order. Nothing counts as the same as
// an edited text, or as one that is clipped.
export function alikeTo(candidate, siblings, { together }) {
  const key = together ? keyOf(candidate) : null;
  return key === null ? [candidate] : siblings.filter((one) => one === candidate || keyOf(one) === key);
}

// One candidate of each group that is alike; of the group in focus, the candidate in focus.
export function oneOfEach(siblings, focused, data) {
  if (!data.together) return siblings;
  const like = new Set(alikeTo(focused, siblings, data));
  const seen = new Set();
  return siblings.filter((one) => {
    if (like.has(one)) return one === focused;
    const key = keyOf(one);
    const fresh = key === null || !seen.has(key);
    seen.add(key);
    return fresh;
  });
}

function keyOf(candidate) {
  const { completion, edit, clipped } = candidate;
  if (edit !== null || clipped) return null;
  if (keys.get(candidate)?.text !== completion) keys.set(candidate, { text: completion, key: folded(completion) });
  return keys.get(candidate).key;
}
