// Reads the members of a bundle one by one: each of its type and within its limit, or VER-001 names it.
import { decodeBase64, isLongerThan, utf8 } from "./bytes.js";
import { refuse } from "./errors.js";
import { MAX_BYTES } from "./jcs.js";
import { escaped } from "./names.js";

export const bad = (member, why) => refuse("VER-001", { member, why });

// Return a function that gives the members of an object that has exactly `names` (`?`: may be absent); `x` is ignored.
export function members(found, where, ...names) {
  if (!(found instanceof Map)) bad(where, "not an object");
  const known = [...names.map((name) => name.replace("?", "")), "x"];
  const missing = names.filter((name) => !name.endsWith("?") && !found.has(name));
  const wrong = [...missing, ...[...found.keys()].filter((name) => !known.includes(name))].sort();
  if (wrong.length) bad(`${where}: ${escaped(wrong[0].slice(0, 40))}`, "missing or unknown");
  return (name) => found.get(name);
}

export function text(member, value, limit) {
  if (typeof value !== "string" || !value || isLongerThan(value, limit)) bad(member, `text of 1 to ${limit} characters`);
  return value;
}

export function entry(member, value) {
  return utf8(text(member, value, MAX_BYTES));
}

export function count(member, value) {
  if (typeof value !== "number" || value < 0) bad(member, "a whole number, 0 or more");
  return value;
}

export function hashOf(member, value, size = 32) {
  const bytes = decodeBase64(text(member, value, 4 * Math.ceil(size / 3)));
  return bytes?.length === size ? bytes : bad(member, `base64 of ${size} bytes`);
}

export function blob(member, value, limit) {
  return decodeBase64(text(member, value, 4 * Math.floor(limit / 3))) ?? bad(member, "base64");
}

export function many(member, value, limit, item) {
  if (!Array.isArray(value) || value.length > limit) bad(member, `a list of at most ${limit}`);
  return value.map((each) => item(each));
}

export function word(member, value, ...choices) {
  return choices.includes(value) ? value : bad(member, `one of ${choices.join(", ")}`);
}
