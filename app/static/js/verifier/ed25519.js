// Ed25519, strict (RFC 8032): canonical key that is no small-order point, S < L, R compared as bytes.
// WebCrypto checks the signature where it can; the vendored library does otherwise, and always judges the key first.
import { Point, sha512 } from "../../vendor/noble.js";
import { concat, hex, same } from "./bytes.js";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const MOST_REMEMBERED = 256;
const safeKeys = new Map(); // hex of a key -> whether it is safe; owned by this module, bounded
const imported = new Map(); // hex of a key -> CryptoKey
let native = null; // whether this browser's WebCrypto knows Ed25519: null until it was asked

// Tell whether `raw` spells a curve point canonically and is none of the 8 small-order points.
export function isSafeKey(raw) {
  const name = hex(raw);
  if (!safeKeys.has(name)) remember(safeKeys, name, pointOf(raw) !== null);
  return safeKeys.get(name);
}

export async function verify(raw, message, signature) {
  if (signature.length !== 64 || !isSafeKey(raw) || littleEndian(signature.subarray(32)) >= L) return false;
  return (await hasNative()) ? verifyNative(raw, message, signature) : verifyPlain(raw, message, signature);
}

// The same in plain JavaScript. Not the library's own `verify`: that one multiplies by the cofactor, OpenSSL does not.
export function verifyPlain(raw, message, signature) {
  const key = pointOf(raw);
  const scalar = littleEndian(signature.subarray(32));
  if (signature.length !== 64 || key === null || scalar >= L) return false;
  const challenge = littleEndian(sha512(concat(signature.subarray(0, 32), raw, message))) % L;
  const found = Point.BASE.multiply(scalar, false).add(key.negate().multiply(challenge, false));
  return same(found.toBytes(), signature.subarray(0, 32));
}

async function verifyNative(raw, message, signature) {
  const name = hex(raw);
  if (!imported.has(name)) {
    remember(imported, name, await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]));
  }
  return crypto.subtle.verify("Ed25519", imported.get(name), signature, message);
}

async function hasNative() {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return false;
  if (native === null) {
    native = await subtle.importKey("raw", Point.BASE.toBytes(), "Ed25519", false, ["verify"]).then(
      () => true,
      () => false,
    );
  }
  return native;
}

function pointOf(raw) {
  try {
    const point = Point.fromBytes(raw, false);
    return point.isSmallOrder() ? null : point;
  } catch {
    return null; // not on the curve, or y >= p
  }
}

function littleEndian(bytes) {
  return BigInt(`0x${hex(Uint8Array.from(bytes).reverse()) || "0"}`);
}

function remember(map, name, value) {
  if (map.size >= MOST_REMEMBERED) map.delete(map.keys().next().value);
  map.set(name, value);
}
