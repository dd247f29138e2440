// Hidden characters of a text become visible, and those that belong to a letter or an emoji stay.

import assert from "node:assert/strict";
import { test } from "node:test";

import { visible, visibleInMath } from "../../../rsf_core/web/components/review_card/visible.js";

test("control characters are seen, tabs and line ends stay", () => {
  assert.equal(visible("\x1b[31mred\x1b[0m"), "␛[31mred␛[0m");
  assert.equal(visible("\x00\x07\x08\x0b\x0c\x1f\x7f\r"), "␀␇␈␋␌␟␡␍");
  assert.equal(visible("a\tb\nc\r\nd"), "a\tb\nc\nd");
  assert.equal(visible("<b>é 東京 👩‍👩‍👧‍👦"), "<b>é 東京 👩‍👩‍👧‍👦");
  assert.equal(visible(""), "");
});

for (const [name, text, seen] of [
  ["a space of no width", "pass\u200bword", "pass⟨ZWSP⟩word"],
  ["a joiner between Latin letters", "a\u200db", "a⟨ZWJ⟩b"],
  ["a non-joiner between Latin letters", "a\u200cb", "a⟨ZWNJ⟩b"],
  ["a joiner behind an emoji and nothing to join", "👩\u200d!", "👩⟨ZWJ⟩!"],
  ["an override of direction", "a\u202etxt.exe\u202c", "a⟨RLO⟩txt.exe⟨PDF⟩"],
  ["an isolate", "\u2066a\u2069 \u2067b\u2068", "⟨LRI⟩a⟨PDI⟩ ⟨RLI⟩b⟨FSI⟩"],
  ["marks of direction", "\u200ea\u200f\u061c", "⟨LRM⟩a⟨RLM⟩⟨ALM⟩"],
  ["a byte order mark", "\ufeffa", "⟨BOM⟩a"],
  ["a soft hyphen", "co\u00adop", "co⟨SHY⟩op"],
  ["a word joiner and an invisible plus", "a\u2060b\u2064", "a⟨WJ⟩b⟨U+2064⟩"],
  ["Hangul fillers", "\u115f\u1160\u3164\uffa0", "⟨U+115F⟩⟨U+1160⟩⟨U+3164⟩⟨U+FFA0⟩"],
  ["line and paragraph separators", "a\u2028b\u2029", "a⟨U+2028⟩b⟨U+2029⟩"],
  ["controls of the second kind", "\x85\x9b31m", "⟨U+0085⟩⟨U+009B⟩31m"],
  ["tags, which spell words that nobody sees", "a\u{e0068}\u{e0069}", "a⟨U+E0068⟩⟨U+E0069⟩"],
  ["variations of a letter, which carry bytes", "a\ufe01\u{e0101}", "a⟨U+FE01⟩⟨U+E0101⟩"],
  ["a second variation of one emoji", "☺\ufe0f\ufe0f", "☺\ufe0f⟨U+FE0F⟩"],
  ["annotations", "\ufff9a\ufffab\ufffb", "⟨U+FFF9⟩a⟨U+FFFA⟩b⟨U+FFFB⟩"],
  ["a grapheme joiner", "a\u034fb", "a⟨U+034F⟩b"],
]) {
  test(`is seen: ${name}`, () => assert.equal(visible(text), seen));
}

for (const text of [
  "👩🏽‍🚀 👨‍👩‍👧 🏳️‍🌈 ❤️ 1️⃣",
  "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", // England
  "می\u200cخواهم", // Persian
  "क\u094d\u200dष", // Devanagari
  "辻\u{e0100}", // a variant of a Chinese character
  "مرحبا — שלום",
  "e\u0301 naïve Ελλάδα",
]) {
  test(`stays as it is: ${text}`, () => assert.equal(visible(text), text));
}

test("a million of them are seen in a moment", () => {
  for (const sign of ["\u200b", "\u{e0041}", "\u200d", "\ufe0f"]) {
    const start = process.cpuUsage().user;
    visible(sign.repeat(300_000));
    assert.ok(process.cpuUsage().user - start < 5e6);
  }
});

test("in a formula the invisible operators stay, and nothing else does", () => {
  for (const sign of ["\u2061", "\u2062", "\u2063", "\u2064"]) assert.equal(visibleInMath(sign), sign);
  assert.equal(visibleInMath("a\u202eb"), "a⟨RLO⟩b");
  assert.equal(visibleInMath("\u2062\u2062"), "⟨U+2062⟩⟨U+2062⟩");
});
