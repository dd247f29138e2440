// The buttons under a candidate, each with its key.

import { button, element } from "./dom.js";
import { keyName, NAMES } from "./keys.js";

const OFFERED = ["accept", "reject", "auto", "skip", "undo", "redo", "edit", "flag", "note", "tags", "similar"];
const SETTLING = ["settleAccept", "settleReject", "skip", "undo", "note", "flag"]; // in the view of disagreements

export function drawActions($, { view, editable }, keys, act) {
  const offered = view === "disagreement" ? SETTLING : OFFERED;
  const buttons = (editable ? offered : ["skip"]).map((name) => {
    const made = button(name === "accept" || name === "settleAccept" ? "yes" : "", NAMES[name], () => act(name));
    made.append(element("kbd", "", keyName(keys[name])));
    return made;
  });
  $(".actions").replaceChildren(...buttons);
}
