// Which key may speak for whom, told by the log alone: genesis, then add-key and revoke-key in their order.
import { sha256 } from "../../vendor/noble.js";
import { same, strictBase64 } from "./bytes.js";
import { refuse } from "./errors.js";
import { LOG, PublicKey, STATEMENT, WITNESS } from "./keys.js";
import { parseTime } from "./statements.js";

const NODE_TYPES = ["genesis", "add-key", "revoke-key", "erase", "renew", "peer", "seal"];
const AGENCY_TYPES = ["publish", "amend", "withdraw", "erase", "add-key", "revoke-key"];
const KINDS = { log: LOG, witness: WITNESS, mirror: WITNESS, node: STATEMENT, agency: STATEMENT };

const bad = (member, why) => refuse("REC-020", { member, why });
const place = (name, keyid) => `${name}\n${keyid}`; // a key's name holds no line feed
const isAgency = (name) => name.includes("/agency/");

// The keys after some prefix of a log, owned by one verification. Each: {key, index, role, custody, notBefore,
// voidFrom (statements from there on are doubtful), revokedAt}, the last three null where nothing was said.
export class KeyRing {
  // From leaf 0. Refuses REC-020, REC-101, REC-102.
  constructor(genesis) {
    this.log = genesis.log;
    this.keys = new Map();
    for (const role of ["node", "log", "witness", "mirror"]) {
      for (const vkey of genesis.body.get(role)) this.put(keyOf(vkey, role), { index: 0, role, custody: "custodial" });
    }
    this.nextLog = strictBase64(genesis.body.get("next"), 32);
  }

  put(key, said) {
    this.keys.set(place(key.name, key.id), { key, notBefore: null, voidFrom: null, revokedAt: null, ...said });
  }

  // Every key that may sign the log's heads, the oldest first; revoked ones among them, for old heads.
  logKeys() {
    return [...this.keys.values()].filter((each) => each.role === "log" && each.key.name === this.log);
  }

  // What is known of a key. Refuses REC-030.
  registered(name, keyid) {
    return this.keys.get(place(name, keyid)) ?? refuse("REC-030", { name, keyid });
  }

  // Return the key that must have signed `statement`. Refuses REC-030 to REC-033, REC-020.
  signer(statement, keyid) {
    const { agency: name, type } = statement;
    const found = this.registered(name, keyid);
    if (found.revokedAt !== null) refuse("REC-032", { name, keyid, index: found.revokedAt });
    if (found.notBefore !== null && statement.time < found.notBefore) refuse("REC-033", { name, keyid });
    const allowed = isAgency(name) ? AGENCY_TYPES : NODE_TYPES;
    if (!allowed.includes(type) || statement.log !== this.log) refuse("REC-031", { name, type });
    if (type === "add-key" || type === "revoke-key") checkMayChange(statement);
    return found.key;
  }

  // Take in what `statement`, leaf `index`, says of keys. Refuses REC-020, REC-030, REC-101, REC-102.
  admit(statement, index) {
    if (statement.type === "add-key") this.added(statement.body, index);
    else if (statement.type === "revoke-key") this.revoked(statement.body, index);
    else if (statement.type === "seal" && statement.body.get("size") !== index) {
      bad("body.size", "not the number of statements before it");
    }
  }

  added(body, index) {
    const role = body.get("role");
    const key = keyOf(body.get("vkey"), role);
    if (key.name !== body.get("name")) bad("body.vkey", "names another key");
    if (this.keys.has(place(key.name, key.id))) bad("body.vkey", "was added before");
    if (role === "log") {
      if (key.name !== this.log || !same(sha256(key.raw), this.nextLog)) {
        bad("body.vkey", "not the key that was chosen before as the next one");
      }
      if (!body.has("next")) bad("body.next", "missing: a log's key names the one after it");
      this.nextLog = strictBase64(body.get("next"), 32);
    }
    const notBefore = parseTime("body.not_before", body.get("not_before"));
    this.put(key, { index, role, custody: body.get("custody"), notBefore });
  }

  revoked(body, index) {
    const known = this.registered(body.get("name"), body.get("keyid"));
    const from = body.get("invalid_from_index");
    if (known.revokedAt !== null) bad("body.keyid", "was revoked before");
    if (!(known.index < from && from <= index)) bad("body.invalid_from_index", "after the key came, and not to come");
    const alive = [...this.keys.values()].filter((each) => each.role === known.role && each.revokedAt === null);
    if (["node", "log"].includes(known.role) && alive.length === 1) {
      bad("body.keyid", "the last key of its role: add the next one first");
    }
    this.put(known.key, { ...known, voidFrom: from, revokedAt: index });
  }
}

function keyOf(vkey, role) {
  const key = PublicKey.parse(vkey);
  if (key.kind !== KINDS[role]) bad("vkey", `not the kind of key for the role ${role}`);
  return key;
}

// An agency may add and revoke keys of its own name only; the node may those of an agency too.
function checkMayChange(statement) {
  const { agency, type, body } = statement;
  const own = isAgency(agency);
  if (own && body.get("name") !== agency) refuse("REC-031", { name: agency, type });
  if (type === "revoke-key") return;
  const role = body.get("role");
  if (own && role !== "agency") refuse("REC-031", { name: agency, type });
  if ((role === "agency") !== isAgency(body.get("name"))) {
    bad("body.name", "an agency's key is named <host>/agency/<slug>");
  }
}
