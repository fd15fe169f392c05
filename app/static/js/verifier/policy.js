// C2SP tlog-policy: which logs and witnesses are trusted. Read as bytes, one char a byte: names are opaque.
import { fromUtf8, same } from "./bytes.js";
import { cosignatures, openCheckpoint } from "./checkpoint.js";
import { refuse } from "./errors.js";
import { LOG, PublicKey, WITNESS } from "./keys.js";
import { decodeDecimal } from "./note.js";

export const MAX_POLICY_BYTES = 64 * 1024;
const MAX_LINES = 1_000;
const CLOCK_LEEWAY = 600n; // a witness may be this many seconds ahead of us
const NONE = "none";
const OCTETS = /^[\t\n\u0020-\u007e\u0080-\u00ff]*$/;

export class Policy {
  // From the bytes of a file. Refuses LED-050 with the number of the line.
  constructor(raw) {
    this.logs = [];
    this.witnesses = new Map();
    this.groups = new Map();
    this.quorum = null;
    this.used = new Set();
    this.line = 0;
    this.parse(raw);
  }

  // Return the witnesses that vouch for `head`. `now` (seconds since 1970, or null) refuses cosignatures to come.
  // Refuses LED-051, LED-003 (undetermined), LED-052 (pending), LED-002, LED-004, LED-007.
  async check(head, now) {
    const keys = this.logs.filter((key) => key.name === head.origin);
    if (!keys.length) refuse("LED-051", { origin: head.origin });
    await openCheckpoint(head, keys);
    const seen = await cosignatures(head.note, [...this.witnesses.values()]);
    for (const { key, time } of seen) {
      if (now !== null && time > BigInt(now) + CLOCK_LEEWAY) refuse("LED-007", { name: key.name, time: String(time) });
    }
    if (!this.isMet(this.quorum, new Set(seen.map(({ key }) => key.vkey)))) {
      refuse("LED-052", { quorum: shown(this.quorum), got: seen.length });
    }
    return seen.map(({ key }) => key.name);
  }

  isMet(name, seen) {
    if (name === NONE) return true;
    if (this.witnesses.has(name)) return seen.has(this.witnesses.get(name).vkey);
    const { threshold, members } = this.groups.get(name);
    return BigInt(members.filter((member) => this.isMet(member, seen)).length) >= threshold;
  }

  parse(raw) {
    const text = raw.length > MAX_POLICY_BYTES ? "\0" : Array.from(raw, (byte) => String.fromCharCode(byte)).join("");
    const lines = text.split("\n");
    if (!OCTETS.test(text) || lines.length - 1 > MAX_LINES) this.wrong("size, or a control character");
    if (text && !text.endsWith("\n")) this.wrong("no LF at the end");
    for (const line of lines) {
      this.line++;
      const [word, ...items] = line.split(/[ \t]+/).filter(Boolean);
      if (word === undefined || word.startsWith("#")) continue;
      if (word === "log") this.readLog(items);
      else if (word === "witness") this.readWitness(items);
      else if (word === "group") this.readGroup(items);
      else if (word === "quorum") this.readQuorum(items);
      else this.wrong("unknown word");
    }
    if (this.quorum === null) this.wrong("no quorum line");
  }

  readLog(items) {
    const key = this.key(items, LOG);
    if (this.logs.some((other) => same(other.raw, key.raw))) this.wrong("the same log key twice");
    this.logs.push(key);
  }

  readWitness(items) {
    const name = this.newName(items);
    const key = this.key(items.slice(1), WITNESS);
    // Two names would count as two witnesses.
    if ([...this.witnesses.values()].some((other) => same(other.raw, key.raw))) this.wrong("the same witness key twice");
    this.witnesses.set(name, key);
  }

  readGroup(items) {
    const name = this.newName(items);
    const [how, members] = [items[1] ?? "", items.slice(2)];
    for (const member of members) {
      if (this.used.has(member) || !this.isDefined(member)) this.wrong("member unknown, or listed twice");
      this.used.add(member);
    }
    const count = BigInt(members.length);
    const threshold = how === "any" ? 1n : how === "all" ? count : decodeDecimal(how);
    if (threshold === null || threshold < 1n || threshold > count) this.wrong("threshold");
    this.groups.set(name, { threshold, members });
  }

  readQuorum(items) {
    if (this.quorum !== null || items.length !== 1) this.wrong("one quorum line with one name");
    if (items[0] !== NONE && !this.isDefined(items[0])) this.wrong("quorum unknown");
    this.quorum = items[0];
  }

  newName(items) {
    if (!items.length || items[0] === NONE || this.isDefined(items[0])) this.wrong("name missing, or taken");
    return items[0];
  }

  isDefined(name) {
    return this.witnesses.has(name) || this.groups.has(name);
  }

  key(items, kind) {
    if (items.length !== 1 && items.length !== 2) this.wrong("vkey and at most a URL");
    let key;
    try {
      [key] = items.map((item, at) => (at ? decoded(item) : PublicKey.parse(decoded(item))));
    } catch {
      this.wrong("vkey or URL");
    }
    if (key.kind !== kind) this.wrong("key of another role");
    return key;
  }

  wrong(why) {
    refuse("LED-050", { line: this.line, why });
  }
}

function decoded(octets) {
  return fromUtf8(Uint8Array.from(octets, (char) => char.charCodeAt(0)));
}

function shown(octets) {
  return new TextDecoder().decode(Uint8Array.from(octets, (char) => char.charCodeAt(0)));
}
