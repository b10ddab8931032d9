// Runs before the page is painted, so that a remembered theme does not flash.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
})();
