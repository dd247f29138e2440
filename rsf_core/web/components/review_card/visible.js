// Texts as they are shown: characters without a shape of their own get one, because they could hide words or reverse them.

const NAMES = {
  173: "SHY",
  1564: "ALM",
  8203: "ZWSP",
  8204: "ZWNJ",
  8205: "ZWJ",
  8206: "LRM",
  8207: "RLM",
  8234: "LRE",
  8235: "RLE",
  8236: "PDF",
  8237: "LRO",
  8238: "RLO",
  8288: "WJ",
  8294: "LRI",
  8295: "RLI",
  8296: "FSI",
  8297: "PDI",
  65279: "BOM",
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is made visible
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;
// characters that are invisible, or that change the direction of text
const HIDDEN = /[\x80-\x9f\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]/gu;
const JOINED = /^\p{Extended_Pictographic}$/u; // a family is several people, joined
const BEFORE_JOIN = /\p{Extended_Pictographic}$|\p{Emoji_Modifier}$|\ufe0f$/u;
const SHAPING =
  "Arabic Syriac Devanagari Bengali Gujarati Gurmukhi Kannada Malayalam Oriya Sinhala Tamil Telugu Mongolian Khmer Myanmar Thai";
const SHAPED = new RegExp(
  `[${SHAPING.split(" ")
    .map((script) => `\\p{Script=${script}}`)
    .join("")}]`,
  "u",
);
const VARIED = /\p{Extended_Pictographic}$|\p{Emoji}$|\p{Symbol}$|\p{Script=Han}$|\p{Script=Myanmar}$|\p{Script=Mongolian}$/u;

// A text with every control character as its symbol (an ANSI code reads ␛[31m), and every invisible character that does not
// belong to the letter or emoji beside it as its name: ⟨ZWSP⟩, ⟨RLO⟩, ⟨U+E0041⟩.
export function visible(text) {
  const plain = text.replaceAll("\r\n", "\n").replace(CONTROL, (control) => {
    return control === "\x7f" ? "␡" : String.fromCharCode(0x2400 + control.charCodeAt(0));
  });
  return plain.replace(HIDDEN, (sign, at) => (belongs(sign, at, plain) ? sign : named(sign.codePointAt(0))));
}

// The same inside a formula, where some invisible signs are multiplication and the like.
export function visibleInMath(text) {
  return /^[\u2061-\u2064]$/.test(text) ? text : visible(text);
}

function named(code) {
  return `⟨${NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}⟩`;
}

// Whether an invisible character belongs where it is: a joiner between emoji or letters that it shapes, a variation selector
// after a sign, or a tag of a flag.
function belongs(sign, at, text) {
  const before = characterBefore(text, at);
  const after = String.fromCodePoint(text.codePointAt(at + sign.length) ?? 0);
  const code = sign.codePointAt(0);
  if (sign === "\u200d" && BEFORE_JOIN.test(before) && JOINED.test(after)) return true;
  if (sign === "\u200c" || sign === "\u200d") return (SHAPED.test(before) || /\p{M}/u.test(before)) && SHAPED.test(after);
  if ((code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef) || (code >= 0x180b && code <= 0x180f)) {
    return VARIED.test(before);
  }
  return code >= 0xe0020 && code <= 0xe007f && flagged(text, at);
}

// Whether a black flag comes before the tags that lead up to here: a flag has seven at most.
function flagged(text, at) {
  for (let i = at, tags = 0; i > 0 && tags < 7; tags++) {
    const before = characterBefore(text, i);
    if (before === "\u{1f3f4}") return true;
    const code = before.codePointAt(0);
    if (code < 0xe0020 || code > 0xe007f) return false;
    i -= before.length;
  }
  return false;
}

function characterBefore(text, at) {
  const low = text.charCodeAt(at - 1);
  return at > 1 && low >= 0xdc00 && low <= 0xdfff ? text.slice(at - 2, at) : text.slice(Math.max(0, at - 1), at);
}
