// Candidates that were made elsewhere: their names, and what may be unknown about them.

const FIRST = 2 ** 19; // their first k: ELSEWHERE_K of domain/vocabulary.py

// The number of a candidate: "3" is the third that was drawn, "E1" the first that was made elsewhere.
export function numbered({ k }) {
  return k < FIRST ? String(k + 1) : `E${k - FIRST + 1}`;
}

// The number of tokens in words; null if nobody has counted them.
export function tokens(candidate) {
  return candidate.tokens === null ? null : `${candidate.tokens} ${candidate.tokens === 1 ? "token" : "tokens"}`;
}

export function origin({ source }) {
  return source ? `made elsewhere: ${source}` : null;
}
