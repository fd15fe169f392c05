// Trees of SHA-512 for `renew` statements; the shape is that of RFC 6962.
import { sha512 } from "../../vendor/noble.js";
import { concat, same } from "./bytes.js";
import { refuse } from "./errors.js";
import { pathSides } from "./merkle.js";

const WIDTH = 64;

export function renewalLeaf(data) {
  return sha512(concat(Uint8Array.of(0), data));
}

// Tell whether `leaf` is the `index`-th of `size` below the root `expected`. Refuses LED-020.
export function isRenewed(leaf, index, size, path, expected) {
  const sides = pathSides(index, size);
  if (sides.length !== path.length || path.some((each) => each.length !== WIDTH)) return false;
  const node = (left, right) => sha512(concat(Uint8Array.of(1), left, right));
  return same(path.reduce((found, each, at) => (sides[at] ? node(each, found) : node(found, each)), leaf), expected);
}

// Return if it is. Refuses LED-020, LED-103.
export function checkRenewed(leaf, index, size, path, expected) {
  if (!isRenewed(leaf, index, size, path, expected)) refuse("LED-103", { index });
}
