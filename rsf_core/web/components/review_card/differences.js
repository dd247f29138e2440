// The differences between two texts, word by word: Myers' shortest edit script (E. W. Myers, An O(ND) difference algorithm and
// its variations, Algorithmica 1, 1986).

const MOST = 1_500; // words taken out and put in: more differences would not help to read
const WORDS =
  /\s+|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}]+)*|./gsu;

export function words(text) {
  return text.match(WORDS) ?? [];
}

// Words taken out ("del"), put in ("ins") and kept (""), neighbours together: [kind, text]. Of texts that have too little in
// common, the whole of the first is taken out and the whole of the second put in.
export function differences(before, after) {
  return together(script(words(before), words(after)));
}

// The shortest script from one list of words to another: [kind, word].
export function script(a, b) {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const middle = edits(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...a.slice(0, start).map(kept), ...middle, ...a.slice(a.length - end).map(kept)];
}

function kept(word) {
  return ["", word];
}

// The shortest script from `a` to `b`, by the furthest point that each number of edits reaches on each diagonal.
function edits(a, b) {
  const most = Math.min(a.length + b.length, MOST);
  const trail = [];
  let furthest = new Int32Array(3);
  for (let d = 0; d <= most; d++) {
    const next = new Int32Array(2 * d + 3); // diagonals -d - 1 … d + 1
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && at(furthest, d - 1, k - 1) < at(furthest, d - 1, k + 1));
      let x = d === 0 ? 0 : down ? at(furthest, d - 1, k + 1) : at(furthest, d - 1, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next[k + d + 1] = x;
      if (x >= a.length && x - k >= b.length) return walked(a, b, [...trail, next]);
    }
    trail.push(next);
    furthest = next;
  }
  return [...a.map((word) => ["del", word]), ...b.map((word) => ["ins", word])];
}

function at(furthest, d, k) {
  return furthest[k + d + 1];
}

function walked(a, b, trail) {
  const script = [];
  let x = a.length;
  let y = b.length;
  for (let d = trail.length - 1; d > 0; d--) {
    const k = x - y;
    const before = trail[d - 1];
    const down = k === -d || (k !== d && at(before, d - 1, k - 1) < at(before, d - 1, k + 1));
    const from = at(before, d - 1, down ? k + 1 : k - 1);
    const fromY = from - (down ? k + 1 : k - 1);
    while (x > from + (down ? 0 : 1) && y > fromY + (down ? 1 : 0)) {
      x--;
      y--;
      script.push(["", a[x]]);
    }
    if (down) script.push(["ins", b[--y]]);
    else script.push(["del", a[--x]]);
  }
  while (x > 0) script.push(["", a[--x]]);
  return script.reverse();
}

// Join neighbours of one kind, with what was taken out before what replaces it. Spaces and signs between two changes become
// part of both: on their own they would only cut the text into shreds.
function together(script) {
  const pieces = [];
  let taken = "";
  let put = "";
  const close = () => {
    if (taken) pieces.push(["del", taken]);
    if (put) pieces.push(["ins", put]);
    taken = put = "";
  };
  for (const [kind, text] of runs(script)) {
    if (kind === "del") taken += text;
    else if (kind === "ins") put += text;
    else if (kind === "between") {
      taken += text;
      put += text;
    } else {
      close();
      pieces.push(["", text]);
    }
  }
  close();
  return pieces;
}

// Join neighbours of one kind; spaces and signs that are kept between two changes have the kind "between".
function runs(script) {
  const joined = [];
  for (const [kind, word] of script) {
    if (joined.at(-1)?.[0] === kind) joined.at(-1)[1] += word;
    else joined.push([kind, word]);
  }
  return joined.map(([kind, text], i) => {
    const between = !kind && i > 0 && i < joined.length - 1 && !/[\p{L}\p{N}\n]/u.test(text);
    return [between ? "between" : kind, text];
  });
}
