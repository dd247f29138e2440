// From a candidate to the most similar ones, which the page lists so that they can be decided together.

// The address of that list: the same page without the present filter and place.
export function similarTo(id, { href }) {
  const url = new URL(href);
  const stay = ["project", "round", "reviewer", "seal"];
  for (const name of [...url.searchParams.keys()]) if (!stay.includes(name)) url.searchParams.delete(name);
  for (const [name, value] of Object.entries({ like: id, view: "all", show: "Table" })) url.searchParams.set(name, value);
  return url.href;
}
