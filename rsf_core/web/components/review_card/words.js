// Text on the card: always text nodes, never markup.

const ICONS = { accepted: "✓", rejected: "✕", truncated: "✂", violated: "▲", overridden: "☻", flagged: "⚑" };
const number = new Intl.NumberFormat("en-US");

function element(tag, name = "", words = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (words) made.textContent = words;
  return made;
}

// Control characters have no shape of their own: an ANSI code is read as ␛[31m, not as [31m.
function visible(text) {
  return text.replaceAll("\r\n", "\n").replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => (c === "\x7f" ? "␡" : String.fromCharCode(0x2400 + c.charCodeAt(0))));
}

function keyName(key) {
  const arrows = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space" };
  return arrows[key] ?? (key.length === 1 && key !== key.toLowerCase() ? `Shift+${key}` : key.toUpperCase());
}

// The key as Shift has it: with Caps Lock on, A alone is not the A that accepts a whole prompt.
function pressed({ key, shiftKey }) {
  return key.length === 1 ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
}

// Words taken out and put in, by the longest common run of words; long texts are shown one after the other.
function difference(before, after) {
  const a = before.split(/(\s+)/), b = after.split(/(\s+)/);
  const piece = (tag, words) => element(tag, "", words);
  if (a.length * b.length > 400000) return [piece("del", before), document.createTextNode("\n"), piece("ins", after)];
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const pieces = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) pieces.push(document.createTextNode(a[i])), i++, j++;
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) pieces.push(piece("del", a[i++]));
    else pieces.push(piece("ins", b[j++]));
  }
  return pieces;
}

// What a candidate's decision, numbers and reviewers are, in words.
function facts(candidate, state) {
  const people = candidate.opinions.map((one) => `${one.reviewer}: ${one.action}${one.final ? ", settled" : ""}`);
  const decided = people.length ? [state ? "accepted" : "rejected", ...people] : candidate.decision ? [candidate.decision, "by the rule"] : [];
  return [...decided, ...numbers(candidate), ...scores(candidate), candidate.flagged && "flagged"]
    .filter(Boolean)
    .join(" · ");
}

function numbers(candidate) {
  const ratio = candidate.impossible ? "−∞" : candidate.log_ratio?.toFixed(2).replace("-", "−");
  return [
    candidate.p_accept !== null && `p_accept ${candidate.p_accept.toFixed(2)}`,
    ratio !== undefined && `ℓ ${ratio} nats`,
    `${candidate.tokens} tokens`,
  ].filter(Boolean);
}

function scores(candidate) {
  return Object.entries(candidate.scores).map(([name, score]) => `${name} ${String(Number(score.toPrecision(3))).replace("-", "−")}`);
}
