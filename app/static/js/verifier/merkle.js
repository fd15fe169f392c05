// RFC 6962 trees and proofs: SHA-256, leaves prefixed 0x00, inner nodes 0x01. Places and sizes may be beyond 2^53.
import { sha256 } from "../../vendor/noble.js";
import { concat, same } from "./bytes.js";
import { refuse } from "./errors.js";

const MAX_SIZE = 2n ** 63n - 1n;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(entry) {
  return sha256(concat(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(concat(NODE, left, right));
}

export function root(leaves) {
  if (!leaves.length) return sha256(new Uint8Array());
  let row = leaves;
  while (row.length > 1) {
    const above = [];
    for (let at = 0; at + 1 < row.length; at += 2) above.push(nodeHash(row[at], row[at + 1]));
    if (row.length % 2) above.push(row.at(-1)); // carried up as it is: doubling it would let two trees share a root
    row = above;
  }
  return row[0];
}

// Tell, from leaf to root, whether each sibling on the way of leaf `index` stands to the left. Refuses LED-020.
export function pathSides(index, size) {
  let [place, count] = [BigInt(index), BigInt(size)];
  if (!(0n <= place && place < count && count <= MAX_SIZE)) {
    refuse("LED-020", { index: String(index), size: String(size) });
  }
  const sides = [];
  while (count > 1n) {
    const split = 1n << BigInt((count - 1n).toString(2).length - 1);
    sides.push(place >= split);
    [place, count] = place >= split ? [place - split, count - split] : [place, split];
  }
  return sides.reverse();
}

// Return the root that `path` leads to from a leaf. The length comes before the content: one step short, an inner
// node would pass as a leaf. Refuses LED-020, LED-021.
export function climb(leaf, index, size, path) {
  const sides = pathSides(index, size);
  if (sides.length !== path.length) refuse("LED-021", { want: sides.length, got: path.length });
  return path.reduce((found, sibling, at) => (sides[at] ? nodeHash(sibling, found) : nodeHash(found, sibling)), leaf);
}

// Return if `path` shows that `leaf` is leaf `index` of the tree. Refuses LED-020, LED-021, LED-022.
export function checkInclusion(leaf, index, size, path, expected) {
  if (!same(climb(leaf, index, size, path), expected)) refuse("LED-022", { index: String(index), size: String(size) });
}
