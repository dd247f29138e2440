// Prompts and candidates as /api/review/queue returns them.

export function candidate(id, extra = {}) {
  const [, prompt_id, k] = id.split(".");
  return {
    candidate_id: id,
    prompt_id,
    k: Number(k),
    completion: `text of ${id}`,
    clipped: 0,
    tokens: 3,
    decision: "rejected",
    p_accept: 0.25,
    log_ratio: -1.5,
    impossible: false,
    no_score: {},
    truncated: false,
    violated: false,
    flagged: false,
    scores: {},
    opinions: [],
    answers: [],
    edit: null,
    note: null,
    tags: null,
    ...extra,
  };
}

// A prompt with `each` candidates.
export function prompt(id, each, extra = {}) {
  const candidates = Array.from({ length: each }, (_, k) => candidate(`1.${id}.${k}`, extra));
  return { prompt_id: id, text: `prompt ${id}`, system: null, earlier: [], reference: null, candidates };
}

// The answer for a queue of these prompts, all their candidates in order.
export function queue(...prompts) {
  const ids = prompts.flatMap((one) => one.candidates.map((each) => each.candidate_id));
  return { prompts, queue: ids, counts: { pending: ids.length }, undo: 0, redo: 0 };
}
