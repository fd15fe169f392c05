// A verification told to a person: the answer, who and what, each step, and what nobody has checked.
// Texts of strangers are set as text, never as markup, with control and direction characters escaped.
import { escaped } from "./names.js";
import { formatTime } from "./statements.js";
import { STEPS } from "./steps.js";
import { errorSentence, spoken, verdictSentence } from "./words.js";

const MARKS = { ok: "✓", failed: "✗", "not checked": "–" };
const CLASSES = { ok: "ok", failed: "failed", "not checked": "open" };

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

// The words of a mark for eyes and for ears: the glyph alone would be read as "check mark", or not at all.
function mark(state, words) {
  const told = { ok: words.ui.holds, failed: words.ui.fails, "not checked": words.ui.open }[state];
  return element("span", { class: "mark" }, element("span", { "aria-hidden": "true" }, MARKS[state]), ` ${told}`);
}

// Return the section of one answer. `name` is what the file is called here, `owns` whether the policy is the node's own.
export function answerSection(result, name, words, owns, level = 2) {
  const { verdict, exitCode, facts, error } = result;
  const kind = exitCode === 0 && verdict !== "withdrawn" ? "latest" : exitCode === 3 ? "open" : "broken";
  const sign = exitCode === 0 ? "✓" : exitCode === 3 ? "?" : "✗";
  const glyph = element("span", { "aria-hidden": "true", class: "glyph" }, sign);
  return element(
    "section",
    { class: `verdict ${kind}`, "data-verdict": verdict, "data-code": error?.code ?? "" },
    element(`h${level}`, { class: "verdict-word" }, glyph, ` ${escaped(verdictSentence(words, result))}`),
    name ? element("p", { class: "quiet" }, escaped(name)) : null,
    error ? element("p", {}, element("code", {}, error.code), ` ${escaped(errorSentence(words, error))}`) : null,
    owns && facts ? element("p", { class: "notice" }, words.ui.ownPolicy) : null,
    facts ? element(`h${level + 1}`, {}, words.report[exitCode === 0 ? "shown" : "claimed"]) : null,
    facts ? factList(facts, result.file, words) : null,
    element(`h${level + 1}`, {}, words.report.checked),
    stepList(result.steps, words),
    element(`h${level + 1}`, {}, words.report.unchecked),
    element("ul", {}, ...unchecked(facts, words).map((line) => element("li", {}, line))),
  );
}

// Return the section over many files held against one bundle: how many hold, and each answer to be opened.
export function manySection(results, words, owns) {
  const good = results.filter(({ result }) => result.exitCode === 0).length;
  const sum = words.ui.many.replace("{good}", good).replace("{all}", results.length);
  const each = results.map(({ name, result }) => {
    const state = result.exitCode === 0 ? "ok" : result.exitCode === 3 ? "not checked" : "failed";
    const line = element("summary", {}, mark(state, words), ` ${escaped(name)}`);
    return element("details", { class: `one ${CLASSES[state]}` }, line, answerSection(result, "", words, owns, 3));
  });
  return element("section", {}, element("h2", { class: "verdict-word" }, sum), ...each);
}

function stepList(states, words) {
  const item = (number) =>
    element(
      "li",
      { class: CLASSES[states[number]] },
      mark(states[number], words),
      element("span", {}, `${number}. ${words.steps[number]}`),
    );
  return element("ul", { class: "proved" }, ...STEPS.map(item));
}

function factList(facts, file, { report, lang }) {
  const single = facts.singlePerson ? ` – ${report.single}` : "";
  const told = [
    [report.dataset, ` (${facts.identifier}) v${facts.version}`, facts.title],
    [report.file, facts.path && `${facts.path}${file ? ` (${file.size} B)` : ""}`],
    ["SHA-256", file?.sha256],
    [report.agency, ` (${facts.agency})${single}`, facts.agencyTitle],
    [report["agency key"], `${facts.agencyVkey} – ${report[facts.custody]}`],
    [report.licence, facts.licence],
    [report.date, formatTime(facts.publishedAt)],
    ...facts.times.map(({ kind, by }) => [`${report["not later than"]} (${kind}, ${escaped(by)})`, report["not checkable"]]),
    [report.withdrawn, groundText(facts.withdrawn)],
    [report.erased, groundText(facts.erased)],
    [report.amended, facts.amended.map((index) => `#${index}`).join(", ")],
    [report.log, `${facts.origin} #${facts.logIndex} / ${facts.logSize}`],
    [report.key, facts.logVkey],
  ];
  const rows = told.filter(([, text]) => text);
  return element(
    "dl",
    { class: "facts" },
    ...rows.flatMap(([term, text, title]) => [
      element("dt", {}, term),
      element("dd", {}, title ? titleElement(title, lang) : null, escaped(text)),
    ]),
  );
}

// A title is in the language that its writers gave it in, which may be another than the page's.
function titleElement(texts, lang) {
  const [tag, text] = spoken(texts, lang);
  return element("span", tag === "und" ? {} : { lang: tag }, escaped(text));
}

function groundText(ground) {
  return ground && `${ground.law} (${ground.code}), ${formatTime(ground.time)}, #${ground.index}`;
}

function unchecked(facts, { report, ui }) {
  const names = facts?.witnesses.map(escaped).join(", ");
  return [
    names ? report.witnessed.replace("{names}", () => names) : report["not witnessed"],
    facts?.times.length ? ui.tokens : report.time,
    report.later,
  ];
}
