// C2SP signed notes: read strictly, signatures checked; knows nothing of what they say.
import { decodeBase64, hex, utf8 } from "./bytes.js";
import { Refused, refuse } from "./errors.js";
import { requireKeyName } from "./keys.js";

export const MAX_NOTE_BYTES = 64 * 1024;
const DASH = "— ";
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const DECIMAL = /^(?:0|[1-9][0-9]{0,18})$/;

const malformed = (why) => refuse("LED-001", { why });

// Return {text, signatures: [{name, id, blob}]} of a note, nothing checked yet. Refuses LED-001.
export function parseNote(raw) {
  if (utf8(raw).length > MAX_NOTE_BYTES) malformed(`more than ${MAX_NOTE_BYTES} bytes`);
  if (CONTROL.test(raw)) malformed("control character");
  const end = raw.lastIndexOf("\n\n"); // the text ends at the LAST blank line
  if (end < 0) malformed("no blank line");
  const below = raw.slice(end + 2);
  if (!below.endsWith("\n")) malformed("no signature, or no LF at the end");
  return { text: raw.slice(0, end + 1), signatures: below.slice(0, -1).split("\n").map(parseLine) };
}

function parseLine(line) {
  if (!line.startsWith(DASH)) malformed("signature line without an em dash");
  const space = line.indexOf(" ", DASH.length);
  const data = space < 0 ? null : decodeBase64(line.slice(space + 1));
  if (data === null || data.length <= 4) malformed("signature line");
  const name = line.slice(DASH.length, space);
  try {
    requireKeyName(name);
  } catch (error) {
    if (error instanceof Refused) malformed("name on a signature line");
    throw error;
  }
  return { name, id: hex(data.subarray(0, 4)), blob: data.slice(4) };
}

// Return [[verifier, line]] of every line that one of `verifiers` made; unknown lines are ignored. A verifier has
// `key` (a PublicKey) and `verify(text, blob)`. Refuses LED-004: two verifiers cannot be told apart; LED-002: a line of
// a known name and key ID is wrong, wherever it stands.
export async function verified(note, verifiers) {
  const known = new Map();
  for (const verifier of verifiers) {
    const place = `${verifier.key.name}\n${verifier.key.id}`;
    if (known.has(place) && known.get(place).key.vkey !== verifier.key.vkey) refuse("LED-004", { name: verifier.key.name });
    if (!known.has(place)) known.set(place, verifier);
  }
  const found = [];
  for (const line of note.signatures) {
    const by = known.get(`${line.name}\n${line.id}`);
    if (by === undefined) continue;
    try {
      await by.verify(utf8(note.text), line.blob);
    } catch (error) {
      if (error instanceof Refused && error.code === "REC-103") refuse("LED-002", { name: line.name });
      throw error;
    }
    found.push([by, line]);
  }
  return found;
}

// Return the number that `text` spells without sign, space or leading zero, below 2^63, as a BigInt; otherwise null.
export function decodeDecimal(text) {
  if (!DECIMAL.test(text)) return null;
  const number = BigInt(text);
  return number < 2n ** 63n ? number : null;
}
