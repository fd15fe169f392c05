// Reads what `python -m tests.vectors.mutations` writes, one mutated bundle a line with archive.verify's answer, and
// holds the browser's verifier to it. Prints a line of JSON for each disagreement and one with the count; exit code 1
// for any disagreement.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { concat, decodeBase64, utf8 } from "../../app/static/js/verifier/bytes.js";
import { digestsOf } from "../../app/static/js/verifier/hashing.js";
import { Policy } from "../../app/static/js/verifier/policy.js";
import { check } from "../../app/static/js/verifier/steps.js";

const FOLDER = new URL("../vectors/bundles/", import.meta.url);
const { cases } = JSON.parse(await readFile(new URL("index.json", FOLDER), "utf8"));
const bytesOf = async (path) => new Uint8Array(await readFile(new URL(path, FOLDER)));
const bases = new Map();
for (const { name, bundle, file, policy, now, exit_code } of cases) {
  if (exit_code !== 0) continue;
  const digests = file && (await digestsOf(new Blob([await bytesOf(file)])));
  bases.set(name, { raw: await bytesOf(bundle), digests, policy: new Policy(utf8(policy)), now });
}

async function answer({ case: name, at, drop, put }) {
  const { raw, digests, policy, now } = bases.get(name);
  try {
    const mutated = concat(raw.subarray(0, at), decodeBase64(put), raw.subarray(at + drop));
    const { verdict, exitCode, error } = await check(digests, mutated, policy, now);
    return { verdict, exit_code: exitCode, code: error?.code ?? null };
  } catch (error) {
    return { verdict: "crashed", exit_code: null, code: String(error.stack) };
  }
}

// A token that Python refuses counts here as not checked (VER-051): then any answer but a crash agrees.
const agrees = (one, other) =>
  one.code === "VER-051"
    ? other.verdict !== "crashed"
    : ["verdict", "exit_code", "code"].every((member) => one[member] === other[member]);

let [count, wrong] = [0, 0];
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const mutation = JSON.parse(line);
  const found = await answer(mutation);
  count++;
  if (agrees(mutation, found)) continue;
  wrong++;
  process.stdout.write(`${JSON.stringify({ ...mutation, browser: found })}\n`);
}
process.stdout.write(`${JSON.stringify({ count, wrong })}\n`);
process.exitCode = count && !wrong ? 0 : 1;
