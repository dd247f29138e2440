// From a candidate to those that are like it, which the page lists to be decided alike.

// The address of that list: the same page without what filtered or placed the one before.
export function similarTo(id, { href }) {
  const url = new URL(href);
  const stay = ["project", "round", "reviewer", "seal"];
  for (const name of [...url.searchParams.keys()]) if (!stay.includes(name)) url.searchParams.delete(name);
  for (const [name, value] of Object.entries({ like: id, view: "all", show: "Table" })) url.searchParams.set(name, value);
  return url.href;
}
