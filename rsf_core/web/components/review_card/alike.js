// Candidates of a prompt whose texts differ in nothing but case and white space: read once, and decided once where the project
// wants it so (review.together).

const keys = new WeakMap(); // by candidate: the text that was folded, and what it was folded to

// What two texts share that are the same to a reader.
export function folded(text) {
  return text.normalize("NFC").toLowerCase().replace(/\s+/g, " ").trim();
}

// Those that are decided with `candidate`, itself among them, in their order. Of an edited text, or one not read to its end,
// nothing is known to be the same.
export function alikeTo(candidate, siblings, { together }) {
  const key = together ? keyOf(candidate) : null;
  return key === null ? [candidate] : siblings.filter((one) => one === candidate || keyOf(one) === key);
}

// One of each, the candidate in focus for those like it.
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
