// Steps 5 to 8: the statements of a bundle, who may have signed them, and the one log that holds them all.
import { strictBase64 } from "./bytes.js";
import { openCheckpoint } from "./checkpoint.js";
import { checkOpening } from "./commit.js";
import { openEntry, pae } from "./dsse.js";
import { refuse } from "./errors.js";
import { KeyRing } from "./keyring.js";
import { STATEMENT } from "./keys.js";
import { escaped } from "./names.js";
import { checkProof, parseProof } from "./proof.js";
import { parse } from "./statements.js";
import { requireSame } from "./subject.js";

const LATER = ["amend", "withdraw", "erase", "revoke-key"];

// Return {claim, envelope, statement, index}. Refuses as `openEntry` and `statements.parse`.
export function openStatement(claim) {
  const envelope = openEntry(claim.entry);
  return { claim, envelope, statement: parse(envelope.payload), index: claim.index };
}

// Step 5: return if the statement publishes the bundle's release. Refuses VER-013, VER-012.
export function checkRelease(statement, bundle) {
  if (statement.type !== "publish") refuse("VER-013", { type: statement.type });
  requireRelease(statement.body, bundle);
}

// Step 6: hold every statement to the keys that stand before it; the first of all is genesis, which names its own.
// Return {signed, publish, ring, head}. Refuses VER-020 to VER-024, VER-055, REC-020 to REC-033, REC-103.
export async function checkSignatures(bundle, publish) {
  const keys = bundle.keys.map(openStatement);
  const later = bundle.later.map(openStatement);
  if (!keys.length || keys[0].index !== 0 || keys[0].statement.type !== "genesis") refuse("VER-020");
  requireOrder(keys);
  requireOrder([publish, ...later]);
  for (const { index, statement } of keys.slice(1)) {
    if (statement.type !== "add-key") refuse("VER-022", { index, type: statement.type });
  }
  for (const signed of later) checkLater(signed, publish, bundle);
  const genesis = keys[0].statement;
  const origin = genesis.body.get("origin");
  if (origin !== genesis.log) refuse("VER-024", { got: escaped(origin), want: escaped(genesis.log) });
  const signed = [...keys, publish, ...later].sort((one, other) => one.index - other.index);
  requireOrder(signed);
  const ring = new KeyRing(genesis);
  for (const each of signed) {
    await checkSignature(ring, each, genesis.log);
    ring.admit(each.statement, each.index);
  }
  return { signed, publish, ring, head: parseProof(bundle.publish.proof).checkpoint };
}

// Step 7: return if every statement is in the tree of the one head. Refuses VER-025, VER-026, LED-020 to LED-040.
export function checkInclusion(chain) {
  for (const { claim, index } of chain.signed) {
    const proof = parseProof(claim.proof);
    requireIndex(index, proof);
    if (proof.checkpoint.raw !== chain.head.raw) refuse("VER-026");
    checkProof(proof, claim.entry);
  }
}

export function requireIndex(index, proof) {
  if (BigInt(index) !== proof.index) refuse("VER-025", { said: index, proved: String(proof.index) });
}

// Step 8: return the first of the log's keys that signed `head` and still spoke for the log at its size.
// Refuses VER-024, LED-002, LED-003.
export async function requireHead(head, ring) {
  if (head.origin !== ring.log) refuse("VER-024", { got: escaped(head.origin), want: escaped(ring.log) });
  const good = ring.logKeys().filter(({ voidFrom }) => voidFrom === null || head.size <= BigInt(voidFrom));
  return (await openCheckpoint(head, good.map(({ key }) => key)))[0];
}

// Return if a later statement erased the file that the bundle has no bytes of. Refuses VER-054.
export function requireErased(chain, subject) {
  const at = subject.kind === "erased" ? subject.place.index : -1;
  const erases = ({ statement: { type, body } }) => type === "erase" && (!body.has("files") || body.get("files").includes(at));
  if (!chain.signed.some(erases)) refuse("VER-054");
}

function requireRelease(body, bundle) {
  requireSame("dataset", body.get("dataset"), bundle.dataset);
  requireSame("version", body.get("version"), bundle.version);
}

// A later statement is about this publication, or about a key.
function checkLater({ index, statement: { type, body }, claim }, publish, bundle) {
  if (!LATER.includes(type)) refuse("VER-055", { index, type });
  if (type === "revoke-key") return;
  requireRelease(body, bundle);
  if (![body.get("of")].flat().includes(publish.index)) refuse("VER-055", { index, type });
  if (claim.record !== null) {
    checkOpening("metadata", claim.record.salt, claim.record.text, strictBase64(body.get("metadata") ?? "", 32));
  }
}

function requireOrder(found) {
  for (let at = 1; at < found.length; at++) {
    if (found[at].index <= found[at - 1].index) refuse("VER-021", { index: found[at - 1].index });
  }
}

async function checkSignature(ring, { statement, envelope }, origin) {
  if (statement.log !== origin) refuse("VER-024", { got: escaped(statement.log), want: escaped(origin) });
  const host = `${origin.split("/")[0]}/`;
  for (const name of [statement.agency, statement.body.get("name") ?? host]) {
    if (!name.startsWith(host)) refuse("VER-023", { name: escaped(name), origin: escaped(origin) });
  }
  const key = ring.signer(statement, envelope.keyid);
  // A log's or a witness's key says nothing but heads.
  if (key.kind !== STATEMENT) refuse("REC-031", { name: key.name, type: statement.type });
  await key.verify(pae(envelope.payload), envelope.signature);
}
