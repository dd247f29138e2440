// What the browser keeps for this app. A store is null if the browser forbids it.

export const LOCAL = store("localStorage");
export const SESSION = store("sessionStorage");

function store(name) {
  try {
    return globalThis[name];
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

export function read(key, otherwise, from = LOCAL) {
  try {
    return JSON.parse(from?.getItem(key) ?? null) ?? otherwise;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof DOMException)) throw error;
    return otherwise; // written by something else: it counts as nothing
  }
}

// Keep a value. Returns whether it was kept.
export function write(key, value, to = LOCAL) {
  try {
    to?.setItem(key, JSON.stringify(value));
    return to !== null;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // full or forbidden
    return false;
  }
}
