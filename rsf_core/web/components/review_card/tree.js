// Draws a Markdown text that the server has rendered (web/markup): a tree whose nodes are texts or [tag, attributes,
// ...nodes]. Each element is created by its name, if the name is allowed here too; nothing is ever parsed as markup.

import { visible, visibleInMath } from "./visible.js";

const TEXT = names("p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s a table thead tbody tr th td span");
const MATH = names(
  "math mrow mi mo mn mtext ms mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mtable mtr mtd mstyle " +
    "mpadded mphantom menclose merror mmultiscripts mprescripts none",
);
const ATTRIBUTES = names(
  "title start align display stretchy fence form separator largeop movablelimits accent accentunder minsize maxsize " +
    "mathvariant width linethickness displaystyle scriptlevel columnalign notation",
);
const CLASSES = names("comment keyword string number name builtin image source");
const MATHML = "http://www.w3.org/1998/Math/MathML";
// A heading in a completion is not a heading of the page: a screen reader that steps through headings finds only the page's.
const INSTEAD = { h1: "div", h2: "div", h3: "div", h4: "div", h5: "div", h6: "div" };

function names(listed) {
  return new Set(listed.split(" "));
}

export function draw(nodes, into, inMath = false) {
  for (const node of nodes) {
    if (typeof node === "string") into.append(inMath ? visibleInMath(node) : visible(node));
    else into.append(elementOf(node));
  }
  return into;
}

function elementOf([tag, attributes, ...nodes]) {
  const math = MATH.has(tag);
  if (!math && !TEXT.has(tag)) return draw(nodes, document.createDocumentFragment());
  const made = math ? document.createElementNS(MATHML, tag) : document.createElement(INSTEAD[tag] ?? tag);
  if (INSTEAD[tag]) made.className = `heading ${tag}`;
  for (const [name, value] of Object.entries(attributes)) {
    if (ATTRIBUTES.has(name)) made.setAttribute(name, value);
    else if (name === "class" && CLASSES.has(value)) made.className = `code-${value}`;
    else if (name === "href" && tag === "a") link(made, value);
  }
  if (tag === "pre" || tag === "table") made.tabIndex = -1; // may be scrolled
  return draw(nodes, made, math);
}

// A link is followed only by a click: no key reaches it, and its target learns nothing about this page.
function link(made, href) {
  if (!/^https?:\/\//i.test(href)) return;
  made.href = href;
  made.target = "_blank";
  made.rel = "noreferrer noopener nofollow";
  made.tabIndex = -1;
}
