// The desk where files, evidence and a policy are laid down and checked. Nothing leaves the computer from here, but
// where `lookUp` is given: it is called with the digests of a single file that came without evidence.
import { MAX_BYTES } from "./bundle.js";
import { utf8 } from "./bytes.js";
import { Refused } from "./errors.js";
import { sorted } from "./given.js";
import { digestsOf } from "./hashing.js";
import { Policy } from "./policy.js";
import { check } from "./steps.js";
import { answerSection, manySection } from "./view.js";
import { errorSentence, fill } from "./words.js";

const ZIPPED = /[.]evidence[.]zip$/i;
const BEATS = 100; // at least so many milliseconds between two words of progress

// Bring the desk in `root` to life. `words` is the JSON of one language; `startWorker` gives a Worker or throws.
export function openDesk(root, words, { lookUp = null, startWorker }) {
  new Desk(root, words, lookUp, startWorker).listen();
}

class Desk {
  constructor(root, words, lookUp, startWorker) {
    this.part = (name) => root.querySelector(`#${name}`);
    this.words = words;
    this.lookUp = lookUp;
    this.startWorker = startWorker;
    this.files = [];
    this.evidence = null;
    this.known = new WeakMap(); // File -> digests: another policy need not read the file again
    this.stop = new AbortController();
  }

  listen() {
    const [drop, policy] = [this.part("drop"), this.part("policy")];
    drop.hidden = this.part("pinned").hidden = false;
    for (const name of ["file", "evidence"]) {
      this.part(name).addEventListener("change", ({ target }) => target.files.length && this.give([...target.files]));
    }
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.toggle("over", kind === "dragenter" || kind === "dragover");
        if (kind === "drop") this.give([...event.dataTransfer.files]);
      });
    }
    this.part("cancel").addEventListener("click", () => this.stop.abort());
    policy.addEventListener("change", () => this.evidence && this.refresh());
    this.part("own-policy")?.addEventListener("click", () => {
      policy.value = this.ownPolicy;
      this.refresh();
    });
  }

  get ownPolicy() {
    return this.part("own-policy")?.dataset.policy ?? "";
  }

  say(sentence, params = {}) {
    this.part("progress").textContent = fill(sentence, params);
  }

  async give(blobs) {
    try {
      const { files, evidence, policy } = await sorted(blobs);
      if (files.length) this.files = files;
      // So much of it that whoever parses it says that it is too large.
      if (evidence) this.evidence = new Uint8Array(await evidence.slice(0, MAX_BYTES + 1).arrayBuffer());
      if (policy) this.part("policy").value = await policy.text();
    } catch (error) {
      return this.say(this.words.ui.failed, { why: error.message });
    }
    return this.refresh();
  }

  // Begin again with all that lies here; what was still being read is left.
  async refresh() {
    this.stop.abort();
    const { signal } = (this.stop = new AbortController());
    const policy = this.pinned();
    if (policy === undefined || !(this.files.length || this.evidence)) return;
    this.part("cancel").hidden = false;
    try {
      await this.answer(policy, signal);
    } catch (error) {
      if (this.stop.signal === signal) this.say(signal.aborted ? this.words.ui.stopped : this.words.ui.failed, { why: error.message });
    } finally {
      if (this.stop.signal === signal) this.part("cancel").hidden = true;
    }
  }

  async answer(policy, signal) {
    const { ui } = this.words;
    const results = [];
    if (this.evidence === null && this.files.some((file) => ZIPPED.test(file.name))) return this.say(ui.zipped);
    if (this.evidence === null && !(this.lookUp && this.files.length === 1)) return this.say(ui.evidenceMissing);
    for (const file of this.files) {
      const digests = await this.digests(file, signal);
      if (this.evidence === null) return this.lookUp(digests.sha256);
      results.push({ name: file.name, result: await this.check(digests, policy) });
      signal.throwIfAborted();
    }
    if (!results.length) results.push({ name: "", result: await this.check(null, policy) });
    if (results[0].result.error?.code === "VER-053") return this.say(ui.fileMissing);
    this.say("");
    this.show(results);
  }

  async check(digests, policy) {
    const start = performance.now();
    const result = await check(digests, this.evidence, policy, Math.floor(Date.now() / 1000));
    performance.measure("ishibumi-verify", { start }); // for whoever asks how long it takes
    return result;
  }

  show(results) {
    const owns = this.ownPolicy !== "" && this.part("policy").value === this.ownPolicy;
    const [{ name, result }] = results;
    const shown = results.length > 1 ? manySection(results, this.words, owns) : answerSection(result, name, this.words, owns);
    this.part("answers").replaceChildren(shown);
    this.part("heard").textContent = shown.querySelector(".verdict-word").textContent;
    shown.scrollIntoView({ block: "nearest" });
  }

  // Return the Policy in the field, null for an empty field, undefined (and say why) when it cannot be read.
  pinned() {
    const { value } = this.part("policy");
    this.part("policy-wrong").textContent = "";
    this.part("policy").removeAttribute("aria-invalid");
    if (!value.trim()) return null;
    try {
      return new Policy(utf8(`${value.replaceAll("\r\n", "\n").trimEnd()}\n`));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.part("policy-wrong").textContent = `${error.code} ${errorSentence(this.words, error)}`;
      this.part("policy").setAttribute("aria-invalid", "true");
      return undefined;
    }
  }

  async digests(file, signal) {
    if (!this.known.has(file)) {
      let last = 0;
      const told = (read) => {
        if (Date.now() - last < BEATS) return;
        last = Date.now();
        const [done, size] = [read, file.size].map((bytes) => (bytes / 1e6).toFixed(1));
        this.say(this.words.ui.hashing, { name: file.name, read: done, size });
      };
      this.say(this.words.ui.reading, { name: file.name });
      this.known.set(file, await this.beside(file, told, signal));
    }
    return this.known.get(file);
  }

  // Hash in a Worker, so that the page stays awake; where none may start (some browsers, for a page from disk), here.
  async beside(file, told, signal) {
    let worker;
    try {
      worker = this.startWorker();
    } catch {
      return digestsOf(file, told, signal);
    }
    const answer = new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      worker.addEventListener("error", () => resolve(null));
      worker.addEventListener("message", ({ data }) => {
        if (data.digests) resolve(data.digests);
        else if (data.failed) reject(new Error(data.failed));
        else told(data.read);
      });
      worker.postMessage({ blob: file });
    });
    try {
      return (await answer) ?? (await digestsOf(file, told, signal));
    } finally {
      worker.terminate();
    }
  }
}
