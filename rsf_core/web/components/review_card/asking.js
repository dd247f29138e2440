// Which question is at hand, and what a key answers to it: what needs no page.

import { ownAnswers } from "./decisions.js";

// A reviewer's answers that mean what the questions of now ask, by question: an answer to other options is none.
export function given(questions, candidate, reviewer) {
  const own = ownAnswers(candidate, reviewer);
  return new Map(
    questions.filter((one) => one.alike.includes(own.get(one.name)?.version)).map((one) => [one.name, own.get(one.name).value]),
  );
}

// An answer that was given to other options than those of now, in words; "" where there is none.
export function outdated(question, candidate, reviewer) {
  const own = ownAnswers(candidate, reviewer).get(question.name);
  if (!own || question.alike.includes(own.version)) return "";
  const said = typeof own.value === "object" ? `${own.value.length} marked` : String(own.value);
  return `Answered under version ${own.version}, which asked otherwise: ${said}`;
}

// The place of the question to begin with: the first that is not answered and that keys answer or that must be, else the first.
export function firstOpen(questions, answers) {
  const at = questions.findIndex((one) => !answers.has(one.name) && (one.required || isKeyed(one)));
  return Math.max(0, at);
}

// The next question after one that was just answered: the next open one that keys answer, round and round; else it stays.
export function nextOpen(questions, answers, at) {
  const turned = questions.map((_, i) => (at + 1 + i) % questions.length);
  return turned.find((i) => !answers.has(questions[i].name) && isKeyed(questions[i])) ?? at;
}

// Whether the keys 1 to 9 answer it at once.
export function isKeyed({ kind }) {
  return kind === "rating" || kind === "choice";
}

// What can be chosen, in the order of the keys: the words of each and its value.
export function choices({ kind, options, points }) {
  if (kind === "rating") return Array.from({ length: points }, (_, i) => ({ words: String(i + 1), value: i + 1 }));
  return options.map((option) => ({ words: option, value: option }));
}

// The answer that a digit gives: undefined where it gives none, null where it takes the same answer back.
export function keyed(question, answers, digit) {
  const chosen = isKeyed(question) ? choices(question)[digit - 1] : undefined;
  if (!chosen) return undefined;
  return answers.get(question.name) === chosen.value ? null : chosen.value;
}

// Which keys answer it, in words.
export function keysOf(question) {
  if (question.kind === "text") return "type the answer";
  const { length } = choices(question);
  const keys = length > 1 ? `keys 1 to ${length}` : "key 1";
  return question.kind === "spans" ? `select a part, then ${keys}` : keys;
}

// The first question that must be answered of some candidates and is not, and of how many; null where none is.
export function lacking(questions, candidates, reviewer) {
  for (const [at, question] of questions.entries()) {
    if (!question.required) continue;
    const open = candidates.filter((one) => one && !given([question], one, reviewer).has(question.name));
    if (open.length) return { at, question, count: open.length };
  }
  return null;
}

// A question and its answer for who listens.
export function spokenQuestion(question, answers) {
  const answer = answers.get(question.name);
  const said =
    answer === undefined ? "not answered" : typeof answer === "object" ? `${answer.length} marked` : `answered ${answer}`;
  return `${question.text} (${keysOf(question)}), ${said}.`;
}
