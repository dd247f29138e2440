// The state of a candidate, by the rule and by what people have decided and answered.

export function ownOpinion(candidate, reviewer) {
  return candidate?.opinions.find((opinion) => opinion.reviewer === reviewer);
}

// One reviewer's answers about a candidate, by question: {version, value}.
export function ownAnswers(candidate, reviewer) {
  const own = candidate.answers.filter((answer) => answer.reviewer === reviewer);
  return new Map(own.map((answer) => [answer.question, answer]));
}

function answered(answers, { value, asked }, reviewer) {
  const others = answers.filter((answer) => answer.reviewer !== reviewer || answer.question !== asked.question);
  return value === null ? others : [...others, { reviewer, ...asked, value: JSON.parse(value) }];
}

// Whether a candidate is accepted. The same rule as in the store: the settling decision, else the majority, else the newest
// opinion; the automatic decision if there are no opinions.
export function accepted({ opinions, decision }) {
  const final = opinions.findLast((opinion) => opinion.final);
  if (final) return final.action === "accept";
  const balance = opinions.reduce((sum, opinion) => sum + (opinion.action === "accept" ? 1 : -1), 0);
  if (balance) return balance > 0;
  return opinions.length ? opinions.at(-1).action === "accept" : decision === "accepted";
}

// In a blind review the rule and the other opinions are hidden until the reviewer has decided; a person who settles sees all.
export function hidden(candidate, { blind, view, reviewer }) {
  return blind && view !== "disagreement" && !ownOpinion(candidate, reviewer);
}

// Apply an act to a candidate as it is shown; the server does the same to the stored one.
export function apply(act, candidate, reviewer) {
  if (act.kind === "decide" || act.kind === "adjudicate") {
    candidate.opinions = candidate.opinions.filter((opinion) => opinion.reviewer !== reviewer);
    if (act.action !== "auto") {
      candidate.opinions.push({ reviewer, action: act.action, final: act.kind === "adjudicate" });
    }
  } else if (act.kind === "answer") candidate.answers = answered(candidate.answers, act, reviewer);
  else if (act.kind === "flag") candidate.flagged = act.value !== null;
  else if (act.kind in candidate) candidate[act.kind] = act.value;
}
