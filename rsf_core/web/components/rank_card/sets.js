// Candidates of a prompt that are ranked together, as Choices (compare_card/choices.js) takes them.

export const SETS = {
  route: "rank",
  kind: "rank",
  counted: "ranked",
  shown: "sets",
  ids: (set) => set.candidates.map((one) => one.candidate_id),
  about: ([id]) => id.split(".").slice(0, 2).join("."), // the prompt in its round: whichever of its candidates are ranked
  fields: (places) => ({ places }),
};
