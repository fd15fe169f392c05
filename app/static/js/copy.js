// Shows a copy button beside each recipe; without this script the text can be selected by hand.
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.closest("figure").querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = button.dataset.done;
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.closest("figure").querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    }
  });
}
