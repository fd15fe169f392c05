// C2SP tlog-proof: one entry's inclusion in a log, as a text.
import { decodeBase64, utf8 } from "./bytes.js";
import { parseCheckpoint } from "./checkpoint.js";
import { refuse } from "./errors.js";
import { checkInclusion, leafHash } from "./merkle.js";
import { MAX_NOTE_BYTES, decodeDecimal } from "./note.js";

const MAX_HASHES = 63;
const MAX_EXTRA_BYTES = 64 * 1024;
const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES;
const MAGIC = "c2sp.org/tlog-proof@v1";

const malformed = (why) => refuse("LED-040", { why });

// Return {index (BigInt), hashes, checkpoint}. Refuses LED-040, LED-001, LED-005.
export function parseProof(raw) {
  if (utf8(raw).length > MAX_PROOF_BYTES) malformed(`more than ${MAX_PROOF_BYTES} bytes`);
  const blank = raw.indexOf("\n\n");
  const lines = (blank < 0 ? raw : raw.slice(0, blank)).split("\n");
  if (blank < 0 || lines.shift() !== MAGIC) malformed("first line, or no blank line");
  if (lines[0]?.startsWith("extra ")) checkExtra(lines.shift());
  const index = lines[0]?.startsWith("index ") ? decodeDecimal(lines[0].slice("index ".length)) : null;
  if (index === null) malformed("index");
  return { index, hashes: hashesOf(lines.slice(1)), checkpoint: parseCheckpoint(raw.slice(blank + 2)) };
}

// Return if `entry` is the leaf that the proof is for. Refuses LED-020, LED-021, LED-022.
export function checkProof(proof, entry) {
  const { size, root } = proof.checkpoint;
  checkInclusion(leafHash(entry), proof.index, size, proof.hashes, root);
}

function checkExtra(line) {
  const extra = decodeBase64(line.slice("extra ".length));
  if (extra === null || extra.length > MAX_EXTRA_BYTES) malformed("extra");
}

function hashesOf(lines) {
  if (lines.length > MAX_HASHES) malformed(`more than ${MAX_HASHES} hashes`);
  return lines.map((line) => {
    const hash = decodeBase64(line);
    return hash?.length === 32 ? hash : malformed("hash");
  });
}
