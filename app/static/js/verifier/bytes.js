// Bytes and their spellings: UTF-8, hex, and base64 in its one canonical form.
import { refuse } from "./errors.js";

const ENCODER = new TextEncoder();
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE = new Int16Array(128).fill(-1);
for (let at = 0; at < ALPHABET.length; at++) VALUE[ALPHABET.charCodeAt(at)] = at;

export function utf8(text) {
  return ENCODER.encode(text);
}

// The text of UTF-8 bytes, a byte order mark kept; throws TypeError for anything else.
export function fromUtf8(raw) {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
}

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export function startsWith(bytes, prefix) {
  return bytes.length >= prefix.length && prefix.every((byte, at) => byte === bytes[at]);
}

export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const bits = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    text += ALPHABET[bits >> 18] + ALPHABET[(bits >> 12) & 63];
    text += (left > 1 ? ALPHABET[(bits >> 6) & 63] : "=") + (left > 2 ? ALPHABET[bits & 63] : "=");
  }
  return text;
}

// The bytes of standard base64 if `text` is its one canonical spelling with padding, otherwise null.
export function decodeBase64(text) {
  if (text.length % 4) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let held = 0;
  let end = 0;
  for (let at = 0; at < digits; at++) {
    const code = text.charCodeAt(at);
    const value = code < 128 ? VALUE[code] : -1;
    if (value < 0) return null;
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[end++] = (bits >> held) & 255;
    }
  }
  return bits & ((1 << held) - 1) ? null : bytes; // stray low bits would be a second spelling
}

// As `decodeBase64`, of `length` bytes when asked; refused with REC-002.
export function strictBase64(text, length = null) {
  const bytes = decodeBase64(text);
  if (bytes === null || (length !== null && bytes.length !== length)) refuse("REC-002", { why: "base64" });
  return bytes;
}

// How many characters (code points) a text has.
export function characters(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export function isLongerThan(text, limit) {
  return text.length > limit && characters(text) > limit; // no text has more characters than code units
}
