// Evidence bundle format 1 (docs/reference/evidence-bundle.md): read strictly. Nothing in a bundle is believed for
// standing there: it only brings what steps.js checks.
import { utf8 } from "./bytes.js";
import { refuse } from "./errors.js";
import { MAX_BYTES as MAX_LEAF, parse as parseJson } from "./jcs.js";
import { ErasedLeaf, Leaf } from "./manifest.js";
import { escaped } from "./names.js";
import { MAX_POLICY_BYTES } from "./policy.js";
import { bad, blob, count, entry, hashOf, many, members, text, word } from "./shapes.js";

export const MAX_BYTES = 8 * 1024 * 1024;
const FORMAT = "ishibumi-evidence/1";
const MAX_STATEMENTS = 64;
const MAX_ANCHORS = 16;
const MAX_STEPS = 63;
const MAX_FILES = 10_000;
const MAX_TOKEN = 64 * 1024;
const MAX_PATH = 1024;
const MAX_SHORT = 200;
const WIDE = 64;
const HEADER = 80;
const REQUIRED = ["format", "release", "manifest", "statement", "keys", "proof", "policy"];
const OPTIONAL = ["file?", "row?", "record?", "later?", "anchors?", "renewals?", "bindings?"];

// Return the parts of a bundle. `subject.kind` says what it is for: file, release, row or erased.
// Refuses VER-001, VER-002, REC-001, REC-002.
export function parse(raw) {
  const found = parseJson(raw, MAX_BYTES, "evidence");
  const format = found instanceof Map ? found.get("format") : null;
  if (format !== FORMAT) refuse("VER-002", { format: typeof format === "string" ? escaped(format.slice(0, 60)) : "?" });
  const whole = members(found, "evidence", ...REQUIRED, ...OPTIONAL);
  const release = members(whole("release"), "release", "dataset", "version");
  const statement = members(whole("statement"), "statement", "entry", "index");
  const [subject, manifestSalt] = subjectOf(found, whole);
  if (!found.has("record") && subject.kind !== "erased") bad("evidence: record", "missing or unknown");
  const list = (name, limit, item) => many(name, found.has(name) ? whole(name) : [], limit, item);
  return {
    dataset: text("release.dataset", release("dataset"), MAX_SHORT),
    version: count("release.version", release("version")),
    subject,
    manifestSalt,
    record: found.has("record") ? recordOf("record", whole("record")) : null,
    publish: {
      entry: entry("statement.entry", statement("entry")),
      index: count("statement.index", statement("index")),
      proof: text("proof", whole("proof"), MAX_BYTES),
      record: null,
    },
    keys: many("keys", whole("keys"), MAX_STATEMENTS, (each) => statementOf("keys[]", each)),
    later: list("later", MAX_STATEMENTS, (each) => statementOf("later[]", each)),
    anchors: list("anchors", MAX_ANCHORS, (each) => anchorOf("anchors[]", each)),
    renewals: list("renewals", MAX_ANCHORS, renewalOf),
    bindings: list("bindings", MAX_ANCHORS, bindingOf),
    policy: text("policy", whole("policy"), MAX_POLICY_BYTES),
  };
}

function subjectOf(found, whole) {
  const manifest = whole("manifest");
  if (found.has("row")) return rowOf(whole, manifest);
  if (found.has("file")) return fileOf(whole, manifest);
  if (manifest instanceof Map && manifest.has("leaves")) {
    const given = members(manifest, "manifest", "leaves", "salt");
    const leaves = many("manifest.leaves", given("leaves"), MAX_FILES, openedLeaf);
    return [{ kind: "release", leaves }, hashOf("manifest.salt", given("salt"))];
  }
  const given = members(manifest, "manifest", "hash", "index", "size", "path", "salt");
  const subject = { kind: "erased", leafHash: hashOf("manifest.hash", given("hash")), place: placeOf(given) };
  return [subject, hashOf("manifest.salt", given("salt"))];
}

function rowOf(whole, manifest) {
  const given = members(manifest, "manifest", "leaf", "index", "size", "path", "salt");
  const file = members(whole("file"), "file", "path", "size");
  const row = members(whole("row"), "row", "index", "raw", "seed", "path");
  const subject = {
    kind: "row",
    row: {
      index: count("row.index", row("index")),
      raw: blob("row.raw", row("raw"), MAX_BYTES),
      seed: hashOf("row.seed", row("seed")),
      path: pathOf("row.path", row("path")),
    },
    leaf: text("manifest.leaf", given("leaf"), MAX_LEAF),
    path: text("file.path", file("path"), MAX_PATH),
    size: count("file.size", file("size")),
    place: placeOf(given),
  };
  return [subject, hashOf("manifest.salt", given("salt"))];
}

function fileOf(whole, manifest) {
  const given = members(manifest, "manifest", "leaf", "opening", "index", "size", "path", "salt");
  const file = members(whole("file"), "file", "path", "size", "sha256");
  const digest = text("file.sha256", file("sha256"), 64);
  if (!/^[0-9a-f]{64}$/.test(digest)) bad("file.sha256", "64 hex digits");
  const subject = {
    kind: "file",
    path: text("file.path", file("path"), MAX_PATH),
    size: count("file.size", file("size")),
    sha256: digest,
    leaf: leafOf(given("leaf"), given("opening")),
    place: placeOf(given),
  };
  return [subject, hashOf("manifest.salt", given("salt"))];
}

function openedLeaf(found) {
  if (found instanceof Map && found.has("hash")) {
    return new ErasedLeaf(hashOf("manifest.leaves[].hash", members(found, "manifest.leaves[]", "hash")("hash")));
  }
  const given = members(found, "manifest.leaves[]", "leaf", "opening");
  return leafOf(given("leaf"), given("opening"));
}

function leafOf(leaf, opening) {
  const given = members(opening, "manifest.opening", "salt", "value");
  return new Leaf(
    text("manifest.leaf", leaf, MAX_LEAF),
    hashOf("manifest.opening.salt", given("salt")),
    text("manifest.opening.value", given("value"), MAX_LEAF),
  );
}

function placeOf(given) {
  return {
    index: count("manifest.index", given("index")),
    size: count("manifest.size", given("size")),
    path: pathOf("manifest.path", given("path")),
  };
}

function pathOf(member, found, size = 32) {
  return many(member, found, MAX_STEPS, (step) => hashOf(member, step, size));
}

function recordOf(where, found) {
  const given = members(found, where, "text", "salt");
  return { text: utf8(text(`${where}.text`, given("text"), MAX_BYTES)), salt: hashOf(`${where}.salt`, given("salt")) };
}

function statementOf(where, found) {
  const given = members(found, where, "entry", "index", "proof", ...(where === "later[]" ? ["record?"] : []));
  return {
    entry: entry(`${where}.entry`, given("entry")),
    index: count(`${where}.index`, given("index")),
    proof: text(`${where}.proof`, given("proof"), MAX_BYTES),
    record: found.has("record") ? recordOf(`${where}.record`, given("record")) : null,
  };
}

function anchorOf(where, found) {
  const given = members(found, where, "kind", "by", "token", "header?", "proof");
  if (found.has("header")) hashOf(`${where}.header`, given("header"), HEADER);
  return {
    kind: word(`${where}.kind`, given("kind"), "rfc3161", "opentimestamps"),
    by: text(`${where}.by`, given("by"), MAX_SHORT),
    token: blob(`${where}.token`, given("token"), MAX_TOKEN),
    proof: text(`${where}.proof`, given("proof"), MAX_BYTES),
  };
}

function renewalOf(found) {
  const given = members(found, "renewals[]", "statement", "path", "token", "anchor");
  const token = members(given("token"), "renewals[].token", "index", "size", "path");
  return {
    statement: statementOf("renewals[].statement", given("statement")),
    entryPath: pathOf("renewals[].path", given("path"), WIDE),
    tokenIndex: count("renewals[].token.index", token("index")),
    tokenCount: count("renewals[].token.size", token("size")),
    tokenPath: pathOf("renewals[].token.path", token("path"), WIDE),
    anchor: anchorOf("renewals[].anchor", given("anchor")),
  };
}

function bindingOf(found) {
  const given = members(found, "bindings[]", "kind", "vkey", "content", "certificates?", "source");
  const certificates = found.has("certificates") ? given("certificates") : [];
  return {
    kind: word("bindings[].kind", given("kind"), "x509", "well-known", "vouch"),
    vkey: text("bindings[].vkey", given("vkey"), 3_000),
    content: blob("bindings[].content", given("content"), MAX_TOKEN),
    certificates: many("bindings[].certificates", certificates, 8, (e) => blob("bindings[].certificates[]", e, MAX_TOKEN)),
    source: text("bindings[].source", given("source"), 2_000),
  };
}
