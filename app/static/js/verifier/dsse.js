// DSSE envelopes: the exact bytes that were signed, and who signed them.
import { concat, decodeBase64, utf8 } from "./bytes.js";
import { refuse } from "./errors.js";
import { parseCanonical } from "./jcs.js";

const PAYLOAD_TYPE = "application/vnd.ishibumi.statement+json";
const MAX_ENTRY = 65_535;

const wrong = (why) => refuse("REC-010", { why });
const has = (found, ...names) => found instanceof Map && found.size === names.length && names.every((n) => found.has(n));

// Return {payload, keyid, signature} of a log entry, whose bytes must be the canonical ones.
// Refuses REC-010 for another shape, and as `parseCanonical`.
export function openEntry(entry) {
  const found = parseCanonical(entry, MAX_ENTRY, "entry");
  if (!has(found, "payload", "payloadType", "signatures")) wrong("members");
  if (found.get("payloadType") !== PAYLOAD_TYPE) wrong("payloadType");
  const signatures = found.get("signatures");
  if (!Array.isArray(signatures) || signatures.length !== 1) wrong("exactly one signature is expected");
  if (!has(signatures[0], "keyid", "sig")) wrong("signature members");
  const [payload, keyid, sig] = [found.get("payload"), signatures[0].get("keyid"), signatures[0].get("sig")];
  if (![payload, keyid, sig].every((each) => typeof each === "string")) wrong("member types");
  if (!/^[0-9a-f]{8}$/.test(keyid)) wrong("keyid");
  const [body, signature] = [decodeBase64(payload), decodeBase64(sig)];
  if (body === null || signature?.length !== 64) wrong("base64");
  return { payload: body, keyid, signature };
}

// DSSE's pre-authentication encoding: what is signed.
export function pae(payload) {
  return concat(utf8(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload);
}
