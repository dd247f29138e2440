// Which question is at hand, and what a key answers to it, without the page.

import { ownAnswers } from "./decisions.js";

// A reviewer's answers that are valid for the current questions, by question: an answer to other options is not.
export function given(questions, candidate, reviewer) {
  const own = ownAnswers(candidate, reviewer);
  return new Map(
    questions.filter((one) => one.alike.includes(own.get(one.name)?.version)).map((one) => [one.name, own.get(one.name).value]),
  );
}

// An answer to other options than the current ones, in words; "" if there is none.
export function outdated(question, candidate, reviewer) {
  const own = ownAnswers(candidate, reviewer).get(question.name);
  if (!own || question.alike.includes(own.version)) return "";
  const answer = typeof own.value === "object" ? `${own.value.length} marked` : String(own.value);
  return `Answered under version ${own.version}, which asked otherwise: ${answer}`;
}

// The index of the question to begin with: the first open one that is required or that keys answer, else the first.
export function firstOpen(questions, answers) {
  const at = questions.findIndex((one) => !answers.has(one.name) && (one.required || isKeyed(one)));
  return Math.max(0, at);
}

// The index of the question after one that was just answered: the next open one that keys answer, cyclically; else the same.
export function nextOpen(questions, answers, at) {
  const turned = questions.map((_, i) => (at + 1 + i) % questions.length);
  return turned.find((i) => !answers.has(questions[i].name) && isKeyed(questions[i])) ?? at;
}

// Whether the keys 1 to 9 answer a question directly.
export function isKeyed({ kind }) {
  return kind === "rating" || kind === "choice";
}

// The answers to choose from, in the order of the keys: the words and the value of each.
export function choices({ kind, options, points }) {
  if (kind === "rating") return Array.from({ length: points }, (_, i) => ({ words: String(i + 1), value: i + 1 }));
  return options.map((option) => ({ words: option, value: option }));
}

// The answer that a digit gives: undefined if it gives none, null if it takes the same answer back.
export function keyed(question, answers, digit) {
  const chosen = isKeyed(question) ? choices(question)[digit - 1] : undefined;
  if (!chosen) return undefined;
  return answers.get(question.name) === chosen.value ? null : chosen.value;
}

// The keys that answer a question, in words.
export function keysOf(question) {
  if (question.kind === "text") return "type the answer";
  const { length } = choices(question);
  const keys = length > 1 ? `keys 1 to ${length}` : "key 1";
  return question.kind === "spans" ? `select a part, then ${keys}` : keys;
}

// The first required question that is open for some of the candidates, and for how many; null if there is none.
export function lacking(questions, candidates, reviewer) {
  for (const [at, question] of questions.entries()) {
    if (!question.required) continue;
    const open = candidates.filter((one) => one && !given([question], one, reviewer).has(question.name));
    if (open.length) return { at, question, count: open.length };
  }
  return null;
}

// A question and its answer, for screen readers.
export function spokenQuestion(question, answers) {
  const answer = answers.get(question.name);
  const words =
    answer === undefined ? "not answered" : typeof answer === "object" ? `${answer.length} marked` : `answered ${answer}`;
  return `${question.text} (${keysOf(question)}), ${words}.`;
}
