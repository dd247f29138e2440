// The prompts and candidates that the card has: as the server knows them, with what was said here since.

import { apply } from "./decisions.js";

export class Known {
  constructor() {
    this.prompts = new Map();
    this.candidates = new Map();
    this.behind = new Map(); // prompts as the server knows them, to be shown once it knows everything that was said here
    this.later = []; // what was said since it knew them so
  }

  // Another round has the same prompt ids, another version other decisions: nothing of before may stand in for them.
  clear() {
    this.prompts.clear();
    this.candidates.clear();
    this.behind.clear();
    this.later = [];
  }

  add(prompt) {
    this.prompts.set(prompt.prompt_id, prompt);
    for (const candidate of prompt.candidates) this.candidates.set(candidate.candidate_id, candidate);
  }

  get(id) {
    return this.candidates.get(id);
  }

  // The candidates of the same prompt, itself among them.
  siblings(id) {
    const candidate = this.candidates.get(id);
    const listed = candidate ? this.prompts.get(candidate.prompt_id).candidates : [];
    return listed.map((sibling) => this.candidates.get(sibling.candidate_id));
  }

  copies(ids) {
    return ids.filter((id) => this.candidates.has(id)).map((id) => structuredClone(this.candidates.get(id)));
  }

  // A text that was read whole stays whole.
  replace(candidate) {
    const old = this.candidates.get(candidate.candidate_id);
    const clipped = old && !old.clipped ? { completion: old.completion, clipped: 0 } : {};
    if (old) Object.assign(old, candidate, clipped);
    else this.candidates.set(candidate.candidate_id, candidate);
  }

  apply(act, reviewer) {
    for (const id of act.candidates) {
      const candidate = this.candidates.get(id);
      if (candidate) apply(act, candidate, reviewer);
    }
  }

  // The server's answer to a batch of acts: prompts as they stand with these. What is said after it is not in it.
  answered(batch, prompts) {
    for (const prompt of prompts) this.behind.set(prompt.prompt_id, prompt);
    const fresh = new Set(prompts.flatMap((prompt) => prompt.candidates.map((candidate) => candidate.candidate_id)));
    const open = (act) => !act.candidates.some((id) => fresh.has(id));
    this.later = this.behind.size ? [...this.later, ...batch].filter(open) : [];
  }

  // Show what the server has answered, with what was said since.
  catchUp(reviewer) {
    for (const prompt of this.behind.values()) {
      if (this.prompts.has(prompt.prompt_id)) for (const candidate of prompt.candidates) this.replace(candidate);
      else this.add(prompt);
    }
    for (const act of this.later) this.apply(act, reviewer);
    this.behind.clear();
    this.later = [];
  }
}
