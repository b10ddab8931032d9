// What works before the page is painted and the other scripts have come: the theme, its switch, the key for search.
(() => {
  const root = document.documentElement;
  const THEMES = { system: "System theme", light: "Light theme", dark: "Dark theme" };
  const kept = findStorage();
  root.classList.add("js");
  root.dataset.theme = Object.hasOwn(THEMES, kept.theme) ? kept.theme : "system";

  // Some browsers are told to keep nothing of a site: the choice then lasts for the page.
  function findStorage() {
    try {
      return localStorage;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return {};
    }
  }

  function name(button) {
    button.title = THEMES[root.dataset.theme];
    button.ariaLabel = `${button.title}: change`;
  }

  document.addEventListener("DOMContentLoaded", () => name(document.querySelector(".theme-switch")));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(".theme-switch");
    if (!button) return;
    const names = Object.keys(THEMES);
    root.dataset.theme = names[(names.indexOf(root.dataset.theme) + 1) % names.length];
    name(button);
    kept.theme = root.dataset.theme;
  });
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const isTyping = target.isContentEditable || target.matches?.("input, textarea, select");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    const search = document.querySelector(".site-search input");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
})();
