// What somebody dropped on the page, told apart by content: evidence, a policy, and files to check.
import { MAX_BYTES } from "./bundle.js";
import { MAX_POLICY_BYTES } from "./policy.js";

const HEAD = 64 * 1024;
const EVIDENCE = /^\s*\{/;
const FORMAT = /"format"\s*:\s*"ishibumi-evidence\//;

// Return {files, evidence, policy}: Blobs, the last two null where there was none. Throws what reading throws.
export async function sorted(blobs) {
  const found = { files: [], evidence: null, policy: null };
  for (const blob of blobs) {
    if (await isEvidence(blob)) found.evidence = blob;
    else if (await isPolicy(blob)) found.policy = blob;
    else found.files.push(blob);
  }
  return found;
}

async function isEvidence(blob) {
  if (blob.name.endsWith(".evidence.json")) return true;
  if (blob.size > MAX_BYTES || !EVIDENCE.test(await blob.slice(0, HEAD).text())) return false;
  return FORMAT.test(await blob.text());
}

async function isPolicy(blob) {
  if (blob.size > MAX_POLICY_BYTES) return false;
  const text = await blob.text();
  return /^quorum[ \t]+\S+[ \t]*$/m.test(text) && /^log[ \t]+[^ \t+]+\+[0-9a-f]{8}\+/m.test(text);
}
