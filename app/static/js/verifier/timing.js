// Step 10: that each proof of time belongs to this log. The tokens themselves (RFC 3161, OpenTimestamps) are not
// checked in a browser: the time stays unproven, and no token is called good or forged.
import { strictBase64 } from "./bytes.js";
import { openStatement, requireHead, requireIndex } from "./chain.js";
import { pae } from "./dsse.js";
import { refuse } from "./errors.js";
import { checkProof, parseProof } from "./proof.js";
import { checkRenewed, isRenewed, renewalLeaf } from "./renewal.js";

// Return [{kind, by}] of the anchors. Refuses VER-025, VER-056, LED-103, and as steps 6 to 8.
export async function checkTimes(bundle, chain) {
  for (const each of [...bundle.renewals].reverse()) await checkRenewal(each, bundle, chain);
  for (const each of bundle.anchors) await checkAnchored(each, chain.publish, chain);
  return bundle.anchors.map(({ kind, by }) => ({ kind, by }));
}

// The anchored checkpoint needs no proof towards the head: what is claimed is only that the statement existed by then.
async function checkAnchored(anchor, signed, chain) {
  const proof = parseProof(anchor.proof);
  requireIndex(signed.index, proof);
  checkProof(proof, signed.claim.entry);
  await requireHead(proof.checkpoint, chain.ring);
}

async function checkRenewal(claim, bundle, chain) {
  const signed = openStatement(claim.statement);
  const { statement, envelope, index } = signed;
  if (statement.type !== "renew" || statement.log !== chain.ring.log) refuse("VER-056", { index });
  await chain.ring.signer(statement, envelope.keyid).verify(pae(envelope.payload), envelope.signature);
  const [first, end] = [statement.body.get("from"), statement.body.get("to")];
  if (!(first <= chain.publish.index && chain.publish.index < end && end <= index)) refuse("VER-056", { index });
  const expected = strictBase64(statement.body.get("entries"), 64);
  const leaf = renewalLeaf(bundle.publish.entry);
  checkRenewed(leaf, chain.publish.index - first, end - first, claim.entryPath, expected);
  const older = [...bundle.anchors, ...bundle.renewals.map((one) => one.anchor)];
  const tokens = strictBase64(statement.body.get("anchors"), 64);
  const covers = ({ token }) => isRenewed(renewalLeaf(token), claim.tokenIndex, claim.tokenCount, claim.tokenPath, tokens);
  if (!older.some(covers)) refuse("VER-056", { index });
  await checkAnchored(claim.anchor, signed, chain);
}
