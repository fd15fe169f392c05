// Strict JSON and its canonical form (RFC 8785): one value, one sequence of bytes. Nothing here reads two ways.
// Objects come as Maps, so that no member name can mean anything to the language.
import { fromUtf8 } from "./bytes.js";
import { refuse } from "./errors.js";

export const MAX_BYTES = 64 * 1024;
export const MAX_DEPTH = 8;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX4 = /[0-9a-fA-F]{4}/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Cs}]/u;

const notJson = (why) => refuse("REC-002", { why });

// Return the value of UTF-8 bytes without BOM; no duplicate keys, no floats, depth and size limited.
export function parse(raw, limit = MAX_BYTES, what = "JSON") {
  if (raw.length > limit) refuse("REC-001", { what, bytes: raw.length, limit });
  let text;
  try {
    text = fromUtf8(raw);
  } catch {
    notJson("not UTF-8");
  }
  return new Reader(text).whole();
}

// As `parse`, and the bytes must be the canonical ones.
export function parseCanonical(raw, limit = MAX_BYTES, what = "JSON") {
  const value = parse(raw, limit, what);
  if (canonical(value) !== fromUtf8(raw)) refuse("REC-003");
  return value;
}

// Return the RFC 8785 text of a value that `parse` gave: keys in the order of their UTF-16 units.
export function canonical(value) {
  if (value instanceof Map) {
    const members = [...value.keys()].sort().map((key) => `${JSON.stringify(key)}:${canonical(value.get(key))}`);
    return `{${members.join(",")}}`;
  }
  return Array.isArray(value) ? `[${value.map(canonical).join(",")}]` : JSON.stringify(value);
}

// Refuse what a reader cannot see: lone surrogates, NFD twins, control characters, direction overrides.
export function checkText(text) {
  const hidden = HIDDEN.test(text) || text.normalize("NFC") !== text;
  if (hidden) notJson("text with hidden or not normalised characters");
  return text;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
  }

  whole() {
    const value = this.value(1);
    this.space();
    if (this.at !== this.text.length) notJson("more after the end");
    return value;
  }

  space() {
    while (" \t\n\r".includes(this.text[this.at] ?? "-")) this.at++;
  }

  value(depth) {
    if (depth > MAX_DEPTH) notJson(`deeper than ${MAX_DEPTH}`);
    this.space();
    const first = this.text[this.at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.array(depth);
    if (first === '"') return this.string();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]]) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  object(depth) {
    const found = new Map();
    this.at++;
    this.space();
    if (this.take("}")) return found;
    do {
      this.space();
      if (this.text[this.at] !== '"') notJson("a key is missing");
      const key = this.string();
      this.space();
      if (!this.take(":")) notJson("a colon is missing");
      const value = this.value(depth + 1);
      if (found.has(key)) notJson("duplicate key");
      found.set(key, value);
      this.space();
    } while (this.take(","));
    if (!this.take("}")) notJson("an object has no end");
    return found;
  }

  array(depth) {
    const found = [];
    this.at++;
    this.space();
    if (this.take("]")) return found;
    do {
      found.push(this.value(depth + 1));
      this.space();
    } while (this.take(","));
    if (!this.take("]")) notJson("a list has no end");
    return found;
  }

  string() {
    let found = "";
    this.at++;
    for (;;) {
      found += this.match(PLAIN);
      if (this.take('"')) return checkText(found);
      if (!this.take("\\")) notJson("a text has no end, or a control character");
      found += this.escape();
    }
  }

  escape() {
    const letter = this.text[this.at++];
    if (letter === "u") return String.fromCharCode(parseInt(this.match(HEX4) || notJson("escape"), 16));
    return Object.hasOwn(ESCAPES, letter ?? "") ? ESCAPES[letter] : notJson("escape");
  }

  number() {
    const found = this.match(NUMBER);
    if (!found) notJson("no value");
    if (!/^-?[0-9]{1,16}$/.test(found) || found === "-0" || !Number.isSafeInteger(Number(found))) {
      notJson(`number ${found.slice(0, 20)}`);
    }
    return Number(found);
  }

  take(char) {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return "";
    this.at += found[0].length;
    return found[0];
  }
}
