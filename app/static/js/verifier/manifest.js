// The leaves of a release's manifest: what each says of its file, and the opening of its `bytes` commitment.
import { strictBase64, utf8 } from "./bytes.js";
import { checkOpening } from "./commit.js";
import { Refused, refuse } from "./errors.js";
import { MAX_BYTES, parseCanonical } from "./jcs.js";
import { leafHash } from "./merkle.js";

const CHUNK = 65_536;
const MAX_ROWS = 1 << 24;

const bad = (why) => refuse("REC-041", { why });

export class Leaf {
  constructor(text, salt, value) {
    this.text = text;
    this.salt = salt;
    this.value = value;
  }

  get hash() {
    return leafHash(utf8(this.text));
  }

  // Return {path, size, sha256, chunks, chunkRoot} after checking that the opening opens the leaf.
  // Refuses REC-041, REC-040, REC-002.
  digest() {
    const leaf = readLeaf(this.text);
    const value = membersOf(this.value, ["chunks", "sha256"]);
    const chunks = value.get("chunks");
    if (!isExactly(chunks, ["n", "root", "size"]) || chunks.get("size") !== CHUNK) bad("chunks");
    const texts = [value.get("sha256"), chunks.get("root")];
    if (!texts.every((each) => typeof each === "string") || typeof chunks.get("n") !== "number") bad("member types");
    checkOpening("bytes", this.salt, utf8(this.value), leaf.commitment);
    const [sha256, chunkRoot] = texts.map((each) => strictBase64(each, 32));
    return { path: leaf.path, size: leaf.size, sha256, chunks: chunks.get("n"), chunkRoot };
  }
}

// The place of a file that was erased: the hash holds the tree together, and tells nothing.
export class ErasedLeaf {
  constructor(hash) {
    this.hash = hash;
  }
}

// Return {path, size, commitment, rows} of a leaf's text; rows is {n, root} or null. Refuses REC-041, REC-002.
export function readLeaf(text) {
  const leaf = membersOf(text, ["bytes", "path", "salt", "size"], ["rows"]);
  const texts = ["path", "bytes", "salt"].every((name) => typeof leaf.get(name) === "string");
  if (!texts || typeof leaf.get("size") !== "number") bad("member types");
  const rows = leaf.has("rows") ? rowsOf(leaf.get("rows")) : null;
  return { path: leaf.get("path"), size: leaf.get("size"), commitment: strictBase64(leaf.get("bytes"), 32), rows };
}

function rowsOf(found) {
  if (!isExactly(found, ["n", "root", "depth"]) || typeof found.get("root") !== "string") bad("rows");
  const n = found.get("n");
  const depth = n === 1 ? 0 : 32 - Math.clz32(n - 1);
  if (typeof n !== "number" || n < 1 || n > MAX_ROWS || found.get("depth") !== depth) bad("rows");
  return { n, root: strictBase64(found.get("root"), 32) };
}

function membersOf(text, expected, optional = []) {
  let found;
  try {
    found = parseCanonical(utf8(text), MAX_BYTES, "manifest leaf");
  } catch (error) {
    if (error instanceof Refused) bad(error.code);
    throw error;
  }
  const known = [...expected, ...optional];
  const right = found instanceof Map && expected.every((n) => found.has(n)) && [...found.keys()].every((n) => known.includes(n));
  return right ? found : bad("members of a leaf");
}

function isExactly(found, names) {
  return found instanceof Map && found.size === names.length && names.every((name) => found.has(name));
}
