// What a release's metadata record says, as far as it is compared or shown. Newer members are let through.
import { refuse } from "./errors.js";
import { parseCanonical } from "./jcs.js";
import { MAX_BYTES } from "./bundle.js";

const bad = (member, why) => refuse("REC-042", { member, why });

// Return the words of a record and, in `files`, each file's size by path. Refuses REC-042, and as `parseCanonical`.
export function readRecord(raw) {
  const record = map(parseCanonical(raw, MAX_BYTES, "metadata record"), "record");
  const agency = map(record.get("agency"), "agency");
  return {
    dataset: is(record.get("dataset"), "string", "dataset"),
    version: is(record.get("version"), "number", "version"),
    identifier: is(record.get("identifier"), "string", "identifier"),
    title: words(record.get("title"), "title"),
    agency: is(agency.get("slug"), "string", "agency.slug"),
    agencyTitle: words(agency.get("title"), "agency.title"),
    licence: is(record.get("licence"), "string", "licence"),
    singlePerson: is(record.get("single_person"), "boolean", "single_person"),
    files: files(record.get("files")),
  };
}

function files(found) {
  if (!Array.isArray(found)) bad("files", "not a list");
  const sizes = new Map();
  for (const each of found) {
    const path = is(map(each, "files").get("path"), "string", "files.path");
    if (sizes.has(path)) bad("files.path", "the same path twice");
    sizes.set(path, is(each.get("bytes"), "number", "files.bytes"));
  }
  return sizes;
}

function words(found, member) {
  for (const text of map(found, member).values()) is(text, "string", member);
  return found.size ? found : bad(member, "empty");
}

function map(value, member) {
  return value instanceof Map ? value : bad(member, "not an object");
}

function is(value, kind, member) {
  return typeof value === kind ? value : bad(member, `not of type ${kind}`);
}
