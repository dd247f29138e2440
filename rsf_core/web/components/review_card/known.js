// The prompts and candidates that the card has: as the server knows them, with the acts made here since.

import { apply } from "./decisions.js";

export class Known {
  constructor() {
    this.prompts = new Map();
    this.candidates = new Map();
    this.behind = new Map(); // prompts as the server knows them, to be shown once it has all acts made here
    this.later = []; // acts made since that state
  }

  // Another round has the same prompt ids, another version other decisions: nothing from before may be mistaken for them.
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

  // The candidates of the same prompt, including itself.
  siblings(id) {
    const candidate = this.candidates.get(id);
    const listed = candidate ? this.prompts.get(candidate.prompt_id).candidates : [];
    return listed.map((sibling) => this.candidates.get(sibling.candidate_id));
  }

  copies(ids) {
    return ids.filter((id) => this.candidates.has(id)).map((id) => structuredClone(this.candidates.get(id)));
  }

  // Replace a candidate. A text that was loaded completely stays complete.
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

  // Take the server's answer to a batch of acts: prompts in their state after these. Later acts are not in it.
  answered(batch, prompts) {
    for (const prompt of prompts) this.behind.set(prompt.prompt_id, prompt);
    const fresh = new Set(prompts.flatMap((prompt) => prompt.candidates.map((candidate) => candidate.candidate_id)));
    const open = (act) => !act.candidates.some((id) => fresh.has(id));
    this.later = this.behind.size ? [...this.later, ...batch].filter(open) : [];
  }

  // Show what the server has answered, with the acts made since.
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
