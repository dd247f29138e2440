// Candidates that were made elsewhere: what they are called, and what is not known of them.

const FIRST = 2 ** 19; // their first k: ELSEWHERE_K of domain/vocabulary.py

// "3" is the third that was drawn, "E1" the first that was made elsewhere.
export function numbered({ k }) {
  return k < FIRST ? String(k + 1) : `E${k - FIRST + 1}`;
}

// Nobody may have counted them.
export function tokens(candidate) {
  return candidate.tokens === null ? null : `${candidate.tokens} ${candidate.tokens === 1 ? "token" : "tokens"}`;
}

export function origin({ source }) {
  return source ? `made elsewhere: ${source}` : null;
}
