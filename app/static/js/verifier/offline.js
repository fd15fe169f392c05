// The saved page: everything that it needs is in its one file, in three languages, and nothing is asked of anybody.
import { openDesk } from "./desk.js";

const LANGUAGES = ["ja", "en", "zh-Hant"];
const source = document.getElementById("worker").textContent;
const main = document.getElementById("main");

function startWorker() {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return new Worker(url);
  } finally {
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

function speak(lang) {
  const words = JSON.parse(document.getElementById(`words-${lang}`).textContent);
  document.documentElement.lang = lang;
  document.title = words.ui.title;
  main.replaceChildren(document.getElementById(`in-${lang}`).content.cloneNode(true));
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
  }
  openDesk(main, words, { startWorker });
}

for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", () => speak(button.dataset.lang));
}
const wanted = navigator.languages.map((each) => (each.startsWith("zh") ? "zh-Hant" : each.slice(0, 2)));
speak(wanted.find((each) => LANGUAGES.includes(each)) ?? "en");
