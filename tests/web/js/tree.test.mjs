// Drawing a tree: only allowed elements, made one by one, and texts with hidden characters made visible.

import assert from "node:assert/strict";
import { test } from "node:test";
import { place, shape } from "./support/page.mjs";

const { draw } = await import("../../../rsf_core/web/components/review_card/tree.js");

const drawn = (...nodes) => draw(nodes, place());

test("a tree is drawn as it is", () => {
  const tree = [
    ["p", {}, "a ", ["strong", {}, "b"], ["br", {}], "c"],
    ["ul", {}, ["li", {}, "d"]],
  ];
  assert.deepEqual(shape(drawn(...tree)), [
    ["p", "a ", ["strong", "b"], ["br"], "c"],
    ["ul", ["li", "d"]],
  ]);
});

for (const tag of ["script", "img", "style", "iframe", "svg", "object", "form", "input", "video", "link", "base", "SCRIPT"]) {
  test(`<${tag}> is not drawn, and what is in it is text`, () => {
    assert.deepEqual(shape(drawn(["p", {}, [tag, { src: "http://x/", onerror: "x()" }, "inside"]])), [["p", "inside"]]);
  });
}

test("only the attributes that are allowed are set", () => {
  const made = drawn(["td", { align: "right", onclick: "x()", style: "x", id: "x", src: "x", xmlns: "x" }, "a"]);
  assert.deepEqual(made.children[0].attributes, { align: "right" });
});

test("a class is one of ours", () => {
  const made = drawn(["span", { class: "keyword" }, "a"], ["span", { class: "focus" }, "b"], ["span", { class: "image x" }]);
  assert.deepEqual(
    made.children.map((each) => each.className),
    ["code-keyword", "", ""],
  );
});

test("a link goes to the web, tells it nothing, and no key gets there", () => {
  const [link] = drawn(["a", { href: "https://a.example/b" }, "a"]).children;
  assert.deepEqual(
    [link.href, link.target, link.rel, link.tabIndex],
    ["https://a.example/b", "_blank", "noreferrer noopener nofollow", -1],
  );
});

for (const href of [
  "javascript:alert(1)",
  "data:text/html,x",
  " javascript:x",
  "//a.example",
  "/x",
  "file:///etc",
  "http:/x",
  "",
]) {
  test(`${JSON.stringify(href)} is no link`, () => {
    assert.equal(drawn(["a", { href }, "a"]).children[0].href, undefined);
  });
}

test("an address stands on nothing but a link", () => {
  const [span, math] = drawn(["span", { href: "https://a.example" }], ["mrow", { href: "https://a.example" }]).children;
  assert.deepEqual([span.href, span.attributes, math.href, math.attributes], [undefined, {}, undefined, {}]);
});

test("formulas are MathML", () => {
  const made = drawn(["math", { display: "block" }, ["mi", {}, "x"], ["mo", { stretchy: "false" }, "("]]);
  assert.ok(made.below.every((each) => each.namespace === "http://www.w3.org/1998/Math/MathML"));
  assert.deepEqual(shape(made), [["math", ["mi", "x"], ["mo", "("]]]);
});

test("a heading of a text is none of the page", () => {
  const [heading] = drawn(["h1", {}, "a"]).children;
  assert.deepEqual([heading.tag, heading.className], ["div", "heading h1"]);
});

test("texts are seen as they are, in words, code and formulas", () => {
  assert.equal(drawn(["p", {}, "a\u202eb\x1b"]).textContent, "a⟨RLO⟩b␛");
  assert.equal(drawn(["math", {}, ["mtext", {}, "a\u200b"], ["mo", {}, "\u2062"]]).textContent, "a⟨ZWSP⟩\u2062");
  assert.equal(drawn("<img src=x>").textContent, "<img src=x>");
});
