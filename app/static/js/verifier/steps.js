// The numbered steps from a file's bytes to a log that the reader trusts (docs/reference/evidence-bundle.md).
// Step 5 runs before 3 and 4, which need what the statement says; nothing is believed before step 8, and nothing is
// answered "matches" before step 9.
import { parse } from "./bundle.js";
import * as chains from "./chain.js";
import { cosignatures } from "./checkpoint.js";
import { Refused, refuse } from "./errors.js";
import * as subjects from "./subject.js";
import { checkTimes } from "./timing.js";

export const STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const EXIT_CODES = { broken: 1, pending: 3, doubtful: 3, undetermined: 3 };
const UNDETERMINED = ["LED-051", "LED-003"];

// Return {verdict, exitCode, file, steps: {1: "ok" | "failed" | "not checked", …}, facts, error}.
// `file` is as in subject.js, null for the bundle of an erased file; `raw` the bundle's bytes; `policy` a Policy or
// null; `now` in seconds since 1970 or null. `facts` is null when a step failed. Throws nothing that evidence causes.
export async function check(file, raw, policy, now = null) {
  const trail = new Trail();
  const answer = (verdict, facts, error = null) => {
    const steps = Object.fromEntries(STEPS.map((number) => [number, trail.states.get(number) ?? "not checked"]));
    return { verdict, exitCode: EXIT_CODES[verdict] ?? 0, file, steps, facts, error };
  };
  let found;
  try {
    found = await consistent(file, parse(raw), trail);
  } catch (error) {
    return answer("broken", null, refusal(error));
  }
  const { facts, chain } = found;
  try {
    await trail.step(9, async () => (facts.witnesses = await trusted(chain.head, policy, now)));
  } catch (error) {
    const { code } = refusal(error);
    if (code === "VER-030") trail.forget(9);
    if (code === "VER-030" || UNDETERMINED.includes(code)) return answer("undetermined", facts, error);
    if (code !== "LED-052") return answer("broken", null, error);
    const seen = await cosignatures(chain.head.note, [...policy.witnesses.values()]);
    return answer("pending", { ...facts, witnesses: seen.map(({ key }) => key.name) }, error);
  }
  if (facts.doubtfulFrom !== null) {
    const error = new Refused("VER-050", { index: facts.logIndex, from: facts.doubtfulFrom });
    return answer("doubtful", facts, error);
  }
  return answer(file === null ? "erased" : facts.withdrawn ? "withdrawn" : "matches", facts);
}

async function consistent(file, bundle, trail) {
  const { subject } = bundle;
  const chosen = await trail.step(1, () => subjects.choose(file, subject));
  const [path, size] = await trail.step(2, () => subjects.checkLeaf(file, subject, chosen));
  if (file === null) trail.forget(1, 2);
  const publish = await trail.step(5, () => {
    const found = chains.openStatement(bundle.publish);
    chains.checkRelease(found.statement, bundle);
    return found;
  });
  const files = await trail.step(3, () => subjects.checkManifest(bundle, publish.statement));
  const said = await trail.step(4, () => subjects.checkRecord(bundle, publish.statement, files, path, size));
  if (said === null) trail.forget(4);
  const chain = await trail.step(6, () => chains.checkSignatures(bundle, publish));
  await trail.step(7, () => chains.checkInclusion(chain));
  const logKey = await trail.step(8, () => chains.requireHead(chain.head, chain.ring));
  const facts = factsOf(bundle, chain, logKey, said, path);
  if (file === null) chains.requireErased(chain, subject);
  facts.times = await trail.step(10, () => checkTimes(bundle, chain));
  trail.forget(10); // what a token says of the time is not checked here, whatever log it is for
  return { facts, chain };
}

async function trusted(head, policy, now) {
  return policy === null ? refuse("VER-030") : policy.check(head, now);
}

// What the evidence shows, whether its log is trusted aside.
function factsOf(bundle, chain, logKey, said, path) {
  const { publish, ring, head, signed } = chain;
  const { statement, envelope, index } = publish;
  const signer = ring.registered(statement.agency, envelope.keyid);
  const of = (type) => signed.filter((each) => each.statement.type === type);
  const doubtful = signer.voidFrom !== null && index >= signer.voidFrom;
  return {
    path,
    dataset: bundle.dataset,
    version: bundle.version,
    identifier: said?.identifier ?? `${ring.log.replace(/\/log$/, "")}/${bundle.dataset}`,
    title: said?.title ?? new Map([["und", bundle.dataset]]),
    agency: subjects.slugOf(statement.agency),
    agencyTitle: said?.agencyTitle ?? new Map([["und", statement.agency]]),
    licence: statement.body.get("licence"),
    singlePerson: said?.singlePerson ?? false,
    publishedAt: statement.time,
    origin: head.origin,
    logVkey: logKey.vkey,
    logIndex: index,
    logSize: head.size,
    agencyVkey: signer.key.vkey,
    custody: signer.custody,
    row: bundle.subject.kind === "row" ? bundle.subject.row.index : null,
    doubtfulFrom: doubtful ? signer.voidFrom : null,
    amended: of("amend").map((each) => each.index),
    withdrawn: groundOf(of("withdraw")[0]),
    erased: groundOf(of("erase")[0]),
    witnesses: [],
    times: [],
  };
}

function groundOf(signed) {
  if (signed === undefined) return null;
  const ground = signed.statement.body.get("ground");
  return { index: signed.index, code: ground.get("code"), law: ground.get("law"), time: signed.statement.time };
}

function refusal(error) {
  if (error instanceof Refused) return error;
  throw error; // a fault of this program is never told as a fault of the evidence
}

// Which steps went well so far; owned by one `check`.
class Trail {
  constructor() {
    this.states = new Map();
  }

  async step(number, work) {
    this.states.set(number, "failed");
    const found = await work();
    this.states.set(number, "ok");
    return found;
  }

  forget(...numbers) {
    for (const number of numbers) this.states.set(number, "not checked");
  }
}
