// C2SP tlog-checkpoint: the signed head of a log, read and checked, and the witnesses' lines below it.
import { concat, decodeBase64, utf8 } from "./bytes.js";
import { refuse } from "./errors.js";
import { decodeDecimal, parseNote, verified } from "./note.js";

const TIME_BYTES = 8;
const MAX_TIME = 2n ** 63n - 1n;

const malformed = (why) => refuse("LED-005", { why });

// Return {raw, note, origin, size (BigInt), root}, no signature checked. Refuses LED-001, LED-005.
export function parseCheckpoint(raw) {
  const note = parseNote(raw);
  const lines = note.text.split("\n");
  if (lines.pop() !== "" || lines.length < 3 || lines.includes("")) malformed("lines");
  const [size, root] = [decodeDecimal(lines[1]), decodeBase64(lines[2])];
  if (size === null) malformed("size");
  if (root?.length !== 32) malformed("root");
  return { raw, note, origin: lines[0], size, root };
}

// Return the keys of `keys` (all of the log's origin) that signed the checkpoint, in the order of the lines.
// Refuses LED-002, LED-003 (none), LED-004, LED-006.
export async function openCheckpoint(head, keys) {
  const other = keys.find((key) => key.name !== head.origin);
  if (other) refuse("LED-006", { got: head.origin, want: other.name });
  const found = await verified(head.note, keys.map((key) => ({ key, verify: (text, blob) => key.verify(text, blob) })));
  if (!found.length) refuse("LED-003", { name: head.origin });
  return found.map(([by]) => by.key);
}

// Return [{key, time (BigInt, seconds)}]: the newest verified cosignature of each witness, in the order of `witnesses`.
// Refuses LED-002, LED-004, LED-007.
export async function cosignatures(note, witnesses) {
  const newest = new Map();
  for (const [by, line] of await verified(note, witnesses.map(cosignatureVerifier))) {
    const time = timeOf(line.blob);
    if (time > (newest.get(by.key.vkey) ?? 0n)) newest.set(by.key.vkey, time);
  }
  return witnesses.filter((key) => newest.has(key.vkey)).map((key) => ({ key, time: newest.get(key.vkey) }));
}

// C2SP tlog-cosignature v1: time and Ed25519 over "cosignature/v1", the time, and the note's text.
function cosignatureVerifier(key) {
  const verify = async (text, blob) => {
    if (blob.length !== TIME_BYTES + 64) refuse("REC-103", { name: key.name });
    const time = timeOf(blob);
    if (!(0n < time && time <= MAX_TIME)) refuse("LED-007", { name: key.name, time: String(time) });
    await key.verify(concat(utf8(`cosignature/v1\ntime ${time}\n`), text), blob.subarray(TIME_BYTES));
  };
  return { key, verify };
}

function timeOf(blob) {
  return blob.subarray(0, TIME_BYTES).reduce((time, byte) => (time << 8n) | BigInt(byte), 0n);
}
