// What is read on the card, in words: texts as they are seen, numbers with their units, what has changed in an edit.

export const ICONS = { accepted: "✓", rejected: "✕", truncated: "✂", violated: "▲", overridden: "☻", flagged: "⚑" };
const MOST_CELLS = 400_000; // of the table that compares two texts
const count = new Intl.NumberFormat("en-US");

export function counted(number) {
  return count.format(number);
}

// Words taken out ("del"), put in ("ins") and kept (""), by the longest common run of words: [kind, text]. Long texts are told
// one after the other.
export function difference(before, after) {
  const a = before.split(/(\s+)/);
  const b = after.split(/(\s+)/);
  if (a.length * b.length > MOST_CELLS) {
    return [
      ["del", before],
      ["", "\n"],
      ["ins", after],
    ];
  }
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const pieces = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push(["", a[i++]]);
      j++;
    } else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) pieces.push(["del", a[i++]]);
    else pieces.push(["ins", b[j++]]);
  }
  return pieces;
}

export function opinion({ reviewer, action, final }) {
  return `${reviewer}: ${action}${final ? ", settled" : ""}`;
}

// What a candidate's decision, numbers and reviewers are; `state`: whether it is accepted.
export function facts(candidate, state) {
  const people = candidate.opinions.map(opinion);
  const byRule = candidate.decision ? [candidate.decision, "by the rule"] : [];
  const decided = people.length ? [state ? "accepted" : "rejected", ...people] : byRule;
  return [...decided, ...numbers(candidate), ...scores(candidate), candidate.flagged && "flagged"].filter(Boolean).join(" · ");
}

export function numbers(candidate) {
  const ratio = candidate.impossible ? "−∞" : candidate.log_ratio?.toFixed(2).replace("-", "−");
  return [
    candidate.p_accept !== null && `p_accept ${candidate.p_accept.toFixed(2)}`,
    ratio !== undefined && `ℓ ${ratio} nats`,
    `${candidate.tokens} tokens`,
  ].filter(Boolean);
}

export function scores(candidate) {
  const given = Object.entries(candidate.scores).map(
    ([name, score]) => `${name} ${String(Number(score.toPrecision(3))).replace("-", "−")}`,
  );
  return [...given, ...Object.entries(candidate.no_score).map(([name, reason]) => `no score of ${name}: ${reason}`)];
}
