// Words on the card: decisions, and numbers with their units.

import { origin, tokens } from "./elsewhere.js";

export const ICONS = { accepted: "✓", rejected: "✕", truncated: "✂", violated: "▲", overridden: "☻", flagged: "⚑" };
const count = new Intl.NumberFormat("en-US");

export function counted(number) {
  return count.format(number);
}

export function opinion({ reviewer, action, final }) {
  return `${reviewer}: ${action}${final ? ", settled" : ""}`;
}

// A candidate's decision, reviewers and numbers in words; `state`: whether it is accepted.
export function facts(candidate, state) {
  const people = candidate.opinions.map(opinion);
  const byRule = candidate.decision ? [candidate.decision, "by the rule"] : [];
  const decided = people.length ? [state ? "accepted" : "rejected", ...people] : byRule;
  return [...decided, ...numbers(candidate), ...scores(candidate), candidate.flagged && "flagged"].filter(Boolean).join(" · ");
}

export function numbers(candidate) {
  const ratio = candidate.impossible
    ? "−∞"
    : candidate.log_ratio
        ?.toFixed(2)
        .replace(/^-0\.00$/, "0.00")
        .replace("-", "−");
  return [
    candidate.p_accept !== null && `p_accept ${chance(candidate.p_accept)}`,
    ratio !== undefined && `ℓ\u00a0${ratio}\u00a0nats`,
    tokens(candidate),
    origin(candidate),
  ].filter(Boolean);
}

// Two digits, and more if a chance would otherwise read as 0 or 1 and is not.
function chance(p) {
  let digits = 2;
  while (Math.min(p, 1 - p) >= 1e-6 && [0, 1].includes(Number(p.toFixed(digits)))) digits += 1;
  return p.toFixed(digits);
}

// Three digits; of a large number all digits before the point.
function threeDigits(score) {
  return Math.abs(score) < 999.5 ? String(Number(score.toPrecision(3))) : count.format(Math.round(score));
}

export function scores(candidate) {
  const given = Object.entries(candidate.scores).map(([name, score]) => `${name} ${threeDigits(score).replace("-", "−")}`);
  return [...given, ...Object.entries(candidate.no_score).map(([name, reason]) => `no score of ${name}: ${reason}`)];
}
