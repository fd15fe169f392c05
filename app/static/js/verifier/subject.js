// Steps 1 to 4: from the bytes in hand to the release that a statement commits to.
import { sha256 } from "../../vendor/noble.js";
import { concat, hex, same, strictBase64, utf8 } from "./bytes.js";
import { checkOpening } from "./commit.js";
import { refuse } from "./errors.js";
import { Leaf, readLeaf } from "./manifest.js";
import { checkInclusion, climb, leafHash, root } from "./merkle.js";
import { escaped } from "./names.js";
import { readRecord } from "./record.js";

// Step 1: return the leaf that the bytes are to be held against, null for a row or an erased file.
// `file` is {size, sha256 (hex), chunks, chunkRoot (bytes)} or null. Refuses VER-010, VER-052, VER-053,
// and for any leaf of a whole release REC-040, REC-041.
export function choose(file, subject) {
  if (subject.kind === "erased") return file === null ? null : refuse("VER-010", { got: file.sha256, want: "-" });
  if (file === null) refuse("VER-053");
  if (subject.kind === "release") {
    // Every leaf is opened, so that a bundle with one wrong leaf is refused whichever file is asked about.
    const found = subject.leaves.filter((leaf) => leaf instanceof Leaf && hex(leaf.digest().sha256) === file.sha256);
    return found[0] ?? refuse("VER-052", { got: file.sha256 });
  }
  const raw = subject.kind === "row" ? subject.row.raw : null;
  const want = raw ? { size: raw.length, sha256: hex(sha256(raw)) } : subject;
  if (file.size !== want.size || file.sha256 !== want.sha256) refuse("VER-010", { got: file.sha256, want: want.sha256 });
  return raw ? null : subject.leaf;
}

// Step 2: return [path, size] of the file that the leaf says these bytes are, or are a row of ("" if erased).
// Refuses VER-011, REC-040, REC-041, LED-020 to LED-022.
export function checkLeaf(file, subject, chosen) {
  if (subject.kind === "row") {
    const said = readLeaf(subject.leaf);
    requireSameFile(["path", said.path === subject.path], ["size", said.size === subject.size]);
    if (said.rows === null) refuse("VER-011", { member: "rows" });
    const { index, raw, seed, path } = subject.row;
    checkInclusion(leafHash(concat(seed, raw)), index, said.rows.n, path, said.rows.root);
    return [said.path, said.size];
  }
  if (chosen === null) return ["", 0];
  const leaf = chosen.digest();
  requireSameFile(
    ["path", subject.kind !== "file" || leaf.path === subject.path],
    ["size", leaf.size === file.size],
    ["sha256", hex(leaf.sha256) === file.sha256],
    ["chunks.n", leaf.chunks === file.chunks],
    ["chunks.root", same(leaf.chunkRoot, file.chunkRoot)],
  );
  return [leaf.path, leaf.size];
}

// Step 3: return how many files the release has. Refuses VER-012, LED-020, LED-021, REC-040.
export function checkManifest(bundle, statement) {
  const { subject } = bundle;
  const files = subject.kind === "release" ? subject.leaves.length : subject.place.size;
  requireSame("files", statement.body.get("files"), files);
  const found =
    subject.kind === "release"
      ? root(subject.leaves.map((leaf) => leaf.hash))
      : climb(hashOfLeaf(subject), subject.place.index, subject.place.size, subject.place.path);
  checkOpening("manifest", bundle.manifestSalt, found, strictBase64(statement.body.get("manifest"), 32));
  return files;
}

// Step 4: return what the record says, null where it was erased. Refuses VER-012, REC-040, REC-042.
export function checkRecord(bundle, statement, files, path, size) {
  if (bundle.record === null) return null;
  const committed = strictBase64(statement.body.get("metadata"), 32);
  checkOpening("metadata", bundle.record.salt, bundle.record.text, committed);
  const said = readRecord(bundle.record.text);
  requireSame("dataset", said.dataset, bundle.dataset);
  requireSame("version", said.version, bundle.version);
  requireSame("licence", said.licence, statement.body.get("licence"));
  requireSame("agency", said.agency, slugOf(statement.agency));
  requireSame("files", said.files.size, files);
  if (path) requireSame("bytes", said.files.get(path) ?? "none", size);
  return said;
}

export function slugOf(agency) {
  return agency.slice(agency.lastIndexOf("/agency/") < 0 ? 0 : agency.lastIndexOf("/agency/") + "/agency/".length);
}

// Return if two parts of the evidence agree. Refuses VER-012.
export function requireSame(member, one, other) {
  if (one !== other) {
    refuse("VER-012", { member, one: escaped(String(one).slice(0, 120)), other: escaped(String(other).slice(0, 120)) });
  }
}

function requireSameFile(...told) {
  const wrong = told.find(([, right]) => !right);
  if (wrong) refuse("VER-011", { member: wrong[0] });
}

function hashOfLeaf(subject) {
  if (subject.kind === "file") return subject.leaf.hash;
  return subject.kind === "erased" ? subject.leafHash : leafHash(utf8(subject.leaf));
}
