// The browser's verifier as a program: one case a line in, one answer a line out (JSON), in the order given.
// A case: {bundle (base64), policy (base64 or null), file ({size, sha256, chunks, chunk_root} in hex, or null), now}.
import { createInterface } from "node:readline";
import { decodeBase64, fromHex } from "../../app/static/js/verifier/bytes.js";
import { Policy } from "../../app/static/js/verifier/policy.js";
import { check } from "../../app/static/js/verifier/steps.js";

if (process.argv.includes("--without-webcrypto")) Object.defineProperty(globalThis, "crypto", { value: undefined });

async function answer({ bundle, policy, file, now }) {
  try {
    const trusted = policy === null ? null : new Policy(decodeBase64(policy));
    const digests = file && { size: file.size, sha256: file.sha256, chunks: file.chunks, chunkRoot: fromHex(file.chunk_root) };
    const { verdict, exitCode, steps, error } = await check(digests, decodeBase64(bundle), trusted, now);
    return { verdict, exit_code: exitCode, code: error?.code ?? null, steps };
  } catch (error) {
    return { verdict: error.code === "LED-050" ? "wrong use" : "crashed", code: error.code ?? null, why: String(error.stack) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
