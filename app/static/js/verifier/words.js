// Sentences in the reader's language, from one JSON that the server made of the same texts as `ishibumi verify`.

// Put `params` into the places `{name}` of a sentence.
export function fill(sentence, params) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(params, name) ? String(params[name]) : whole));
}

export function errorSentence(words, error) {
  return fill(words.errors[error.code] ?? error.code, error.params);
}

// Return the verdict of steps.js as one sentence.
export function verdictSentence(words, { verdict, facts, error }) {
  const untrusted = verdict === "undetermined" && facts !== null;
  const row = verdict === "matches" && facts.row !== null;
  return fill(words.sentences[untrusted ? "untrusted" : row ? "row" : verdict], {
    version: facts?.version ?? "",
    vkey: facts?.logVkey ?? "",
    why: error ? errorSentence(words, error) : "",
    seen: facts?.witnesses.length ?? 0,
    row: facts?.row ?? "",
    law: facts?.erased ? `${facts.erased.law}, #${facts.erased.index}` : "",
    since: facts?.doubtfulFrom ?? "",
  });
}

// Return the [language, text] of a Map of texts that is the reader's, else the first there is.
export function spoken(texts, lang) {
  const wanted = { ja: ["ja"], zh: ["zh-Hant", "zh-Hans"] }[lang.slice(0, 2)] ?? ["en"];
  const found = wanted.find((each) => texts.get(each));
  return found ? [found, texts.get(found)] : texts.entries().next().value;
}
