// The parts of a page that the modules draw on: elements with attributes, classes, children and text. Import it before them.

class Node {
  constructor() {
    this.childNodes = [];
    this.parentNode = null;
  }

  get children() {
    return this.childNodes.filter((node) => node instanceof Element);
  }

  get textContent() {
    return this.childNodes.map((node) => node.textContent).join("");
  }

  set textContent(text) {
    this.replaceChildren(...(text ? [text] : []));
  }

  append(...nodes) {
    for (const node of nodes) {
      const added = typeof node === "string" ? new Text(node) : node;
      for (const one of added instanceof Fragment ? added.childNodes : [added]) {
        one.parentNode = this;
        this.childNodes.push(one);
      }
    }
  }

  replaceChildren(...nodes) {
    this.childNodes = [];
    this.append(...nodes);
  }

  // Every element below, in order.
  get below() {
    return this.children.flatMap((child) => [child, ...child.below]);
  }
}

class Text extends Node {
  constructor(data) {
    super();
    this.data = data;
  }

  get textContent() {
    return this.data;
  }
}

class Fragment extends Node {}

class Element extends Node {
  constructor(tag, namespace = null) {
    super();
    Object.assign(this, { tag, namespace, attributes: {}, className: "", hidden: false, scrollTop: 0, scrollHeight: 500 });
    this.style = { setProperty: () => {} };
    this.dataset = {};
    this.heard = {};
  }

  addEventListener(name, hears) {
    this.heard[name] = [...(this.heard[name] ?? []), hears];
  }

  // Scroll, as a person does.
  scrollTo(top) {
    this.scrollTop = top;
    for (const hears of this.heard.scroll ?? []) hears();
  }

  get classList() {
    const names = () => new Set(this.className.split(" ").filter(Boolean));
    return {
      contains: (name) => names().has(name),
      toggle: (name, on = !names().has(name)) => {
        const now = names();
        now[on ? "add" : "delete"](name);
        this.className = [...now].join(" ");
      },
      add: (name) => this.classList.toggle(name, true),
      remove: (name) => this.classList.toggle(name, false),
    };
  }

  contains(node) {
    return node === this || this.below.includes(node);
  }

  getRootNode() {
    return document;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  removeAttribute(name) {
    delete this.attributes[name];
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }
}

globalThis.document = {
  body: new Element("body"),
  activeElement: null,
  createElement: (tag) => new Element(tag),
  createElementNS: (namespace, tag) => new Element(tag, namespace),
  createTextNode: (text) => new Text(text),
  createDocumentFragment: () => new Fragment(),
};

// Asking for a position lays out the element's content: `laidOut` has these elements, in order.
export const laidOut = [];
globalThis.Range = class {
  selectNodeContents(node) {
    this.node = node;
  }

  getBoundingClientRect() {
    laidOut.push(this.node);
  }
};

export function place() {
  return new Element("div");
}

// An element as [tag, ...children]; texts are strings.
export function shape(node) {
  return node.childNodes.map((child) => (child instanceof Text ? child.data : [child.tag, ...shape(child)]));
}
