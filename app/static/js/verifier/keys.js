// Public keys told apart by role, written as C2SP vkeys: name+ID+base64(type ‖ key).
import { sha256 } from "../../vendor/noble.js";
import { base64, concat, decodeBase64, hex, isLongerThan, startsWith, utf8 } from "./bytes.js";
import * as ed25519 from "./ed25519.js";
import { refuse } from "./errors.js";

export const LOG = "log";
export const WITNESS = "witness";
export const STATEMENT = "statement";
const PREFIXES = [
  [LOG, Uint8Array.of(1)],
  [WITNESS, Uint8Array.of(4)],
  [STATEMENT, concat(Uint8Array.of(255), utf8("ishibumi-dsse-ed25519-v1"))],
];
const MAX_VKEY = 1024;
const MAX_NAME_BYTES = 255;
const VKEY = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/;
const NOT_IN_NAMES = /[\u0000-\u0020+\u007f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

const malformed = (why) => refuse("REC-101", { why });

export class PublicKey {
  constructor(name, kind, raw) {
    requireKeyName(name);
    if (raw.length !== 32) malformed(`${raw.length} bytes`);
    if (!ed25519.isSafeKey(raw)) refuse("REC-102", { name });
    const typed = concat(PREFIXES.find(([each]) => each === kind)[1], raw);
    this.name = name;
    this.kind = kind;
    this.raw = raw;
    this.id = hex(sha256(concat(utf8(`${name}\n`), typed)).subarray(0, 4));
    this.vkey = `${name}+${this.id}+${base64(typed)}`;
  }

  static parse(vkey) {
    const match = isLongerThan(vkey, MAX_VKEY) ? null : VKEY.exec(vkey);
    if (match === null) malformed("not name+hash+base64");
    const data = decodeBase64(match[3]);
    if (data === null) malformed("base64");
    const type = PREFIXES.find(([, prefix]) => startsWith(data, prefix)) ?? malformed("unknown signature type");
    const key = new PublicKey(match[1], type[0], data.slice(type[1].length));
    if (key.id !== match[2]) malformed("key ID");
    return key;
  }

  async verify(message, signature) {
    if (!(await ed25519.verify(this.raw, message, signature))) refuse("REC-103", { name: this.name });
  }
}

export function requireKeyName(name) {
  const size = utf8(name).length;
  if (size === 0 || size > MAX_NAME_BYTES) malformed("length of the name");
  if (NOT_IN_NAMES.test(name)) malformed("character in the name");
}
