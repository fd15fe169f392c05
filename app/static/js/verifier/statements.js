// Statements: what may be said in a log. `parse` accepts exactly what the node writes; anything else is refused.
import { decodeBase64, isLongerThan } from "./bytes.js";
import { refuse } from "./errors.js";
import { MAX_BYTES, parseCanonical } from "./jcs.js";

const MAX_TEXT = 8_192;
const TIME = /^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$/;
const KEY_ID = /^[0-9a-f]{8}$/;
const DATASET = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const MEMBERS = ["v", "type", "log", "agency", "seq", "prev", "time", "body"];

const bad = (member, why) => refuse("REC-020", { member, why });

// Return {type, log, agency, seq, time, body}; `time` in milliseconds since 1970, `body` a Map.
// Refuses REC-020, REC-021, and as `parseCanonical`.
export function parse(payload) {
  const found = parseCanonical(payload, MAX_BYTES, "statement");
  if (!(found instanceof Map) || typeof found.get("type") !== "string") bad("type", "missing");
  const type = found.get("type");
  if (found.get("v") !== 1 || !Object.hasOwn(BODIES, type)) {
    refuse("REC-021", { type: type.slice(0, 40), v: String(found.get("v")).slice(0, 20) });
  }
  const wrong = [...MEMBERS.filter((name) => !found.has(name)), ...[...found.keys()].filter((n) => !MEMBERS.includes(n))];
  if (wrong.length) bad(wrong.sort().join(", ").slice(0, 80), "missing or unknown");
  text(200)("log", found.get("log"));
  text(200)("agency", found.get("agency"));
  count("seq", found.get("seq"));
  checkBody(BODIES[type], found.get("body"));
  if ((found.get("prev") === null) !== (found.get("seq") === 0)) bad("prev", "null exactly when seq is 0");
  if (found.get("prev") !== null) hash("prev", found.get("prev"));
  const time = parseTime("time", found.get("time"));
  return { type, log: found.get("log"), agency: found.get("agency"), seq: found.get("seq"), time, body: found.get("body") };
}

// Return the moment of `YYYY-MM-DDTHH:MM:SSZ` in milliseconds since 1970. Refuses REC-020.
export function parseTime(member, value) {
  if (typeof value !== "string" || !TIME.test(value)) bad(member, "not YYYY-MM-DDTHH:MM:SSZ");
  const moment = Date.parse(value);
  // Date.parse takes 24:00 and, in some browsers, the 31st of short months: only what comes back the same exists.
  if (Number.isNaN(moment) || formatTime(moment) !== value || value < "0001") bad(member, "no such moment");
  return moment;
}

export function formatTime(moment) {
  return new Date(moment).toISOString().replace(".000Z", "Z");
}

function checkBody(schema, body) {
  if (!(body instanceof Map)) bad("body", "not an object");
  const known = new Set(Object.keys(schema).map((name) => name.replace("?", "")));
  for (const name of body.keys()) {
    if (!known.has(name) && name !== "x") bad(`body.${name.slice(0, 40)}`, "unknown");
  }
  for (const [name, check] of Object.entries(schema)) {
    const member = name.replace("?", "");
    if (body.has(member)) check(`body.${member}`, body.get(member));
    else if (member === name) bad(`body.${member}`, "missing");
  }
}

function text(limit) {
  return (member, value) => {
    if (typeof value !== "string" || !value || isLongerThan(value, limit)) bad(member, `text of 1 to ${limit} characters`);
  };
}

function count(member, value) {
  if (typeof value !== "number" || value < 0) bad(member, "a whole number, 0 or more");
}

function version(member, value) {
  count(member, value);
  if (value < 1) bad(member, "1 or more");
}

function hashOf(bytes) {
  return (member, value) => {
    if (typeof value !== "string" || decodeBase64(value)?.length !== bytes) bad(member, `base64 of ${bytes} bytes`);
  };
}

function keyId(member, value) {
  if (typeof value !== "string" || !KEY_ID.test(value)) bad(member, "8 hex digits");
}

function dataset(member, value) {
  if (typeof value !== "string" || value.length < 2 || value.length > 80 || !DATASET.test(value)) {
    bad(member, "a dataset name: a-z, 0-9 and single hyphens, 2 to 80");
  }
}

function oneOf(...words) {
  return (member, value) => {
    if (!words.includes(value)) bad(member, `one of ${words.join(", ")}`);
  };
}

function listOf(check, limit) {
  return (member, value) => {
    if (!Array.isArray(value) || value.length > limit) bad(member, `a list of at most ${limit}`);
    for (const item of value) check(member, item);
  };
}

function object(members) {
  const names = Object.keys(members);
  return (member, value) => {
    if (!(value instanceof Map) || value.size !== names.length || !names.every((name) => value.has(name))) {
      bad(member, `an object of ${names.join(", ")}`);
    }
    for (const name of names) members[name](`${member}.${name}`, value.get(name));
  };
}

const hash = hashOf(32);
const VKEY = text(3_000);
const VKEYS = listOf(VKEY, 4);
const GROUND = object({ code: text(80), law: text(400) });

// Every type that a log may hold, with the members of its body; `?` marks one that may be absent.
const BODIES = {
  genesis: {
    origin: text(200),
    log: VKEYS,
    node: VKEYS,
    witness: VKEYS,
    mirror: VKEYS,
    recovery: hash,
    next: hash,
    heirs: object({ k: count, vkeys: listOf(VKEY, 32) }),
    policy: text(MAX_TEXT),
    specs: listOf(text(200), 16),
  },
  "add-key": {
    name: text(200),
    vkey: VKEY,
    role: oneOf("log", "witness", "mirror", "node", "agency"),
    custody: oneOf("custodial", "own"),
    not_before: parseTime,
    "next?": hash,
  },
  "revoke-key": {
    name: text(200),
    keyid: keyId,
    reason: oneOf("superseded", "retired", "compromised"),
    invalid_from_index: count,
  },
  publish: {
    dataset,
    version,
    manifest: hash,
    metadata: hash,
    files: count,
    bytes: count,
    licence: text(200),
    "supersedes?": count,
  },
  amend: { dataset, version, of: count, "manifest?": hash, metadata: hash, reason: hash },
  withdraw: { dataset, version, of: count, ground: GROUND, "reason?": hash, visible_from: parseTime },
  erase: {
    dataset,
    version,
    of: listOf(count, 64),
    scope: oneOf("bytes", "openings", "rows"),
    "files?": listOf(count, 1_000),
    ground: GROUND,
    order: hash,
    completed: parseTime,
  },
  peer: { origin: text(200), vkeys: VKEYS, role: oneOf("witness", "mirror"), "checkpoint?": text(MAX_TEXT) },
  renew: { from: count, to: count, hash: oneOf("sha-512"), entries: hashOf(64), anchors: hashOf(64) },
  seal: { size: count, reason: text(400), "successor?": text(200) },
};
