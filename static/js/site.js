// What every page has: local times, drop zones, copies, suggestions, answers that come into the page.
function showLocalTimes(part) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of part.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    time.title = time.textContent.trim();
    time.textContent = format.format(moment);
  }
}

function takeDrops(form) {
  const input = form.querySelector("input[type=file]");
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("dropping");
  });
  for (const over of ["dragleave", "drop"]) form.addEventListener(over, () => form.classList.remove("dropping"));
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    input.files = event.dataTransfer.files;
    form.requestSubmit();
  });
}

// Copying needs scripts and a page that is served safely: else the buttons stay away.
function offerCopies(part) {
  if (!navigator.clipboard) return;
  for (const button of part.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const { copy, copyAddress } = button.dataset;
  const label = (button.dataset.label ??= button.textContent);
  try {
    await navigator.clipboard.writeText(copyAddress === undefined ? copy : new URL(copy, location.href).href);
    button.textContent = "Copied";
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    button.textContent = "Not copied: the browser does not allow it";
  }
  setTimeout(() => { button.textContent = label; }, 2000);
});

async function offerSearch(selects) {
  if (!selects.length) return;
  const { pickFrom } = await import("./pick.js");
  selects.forEach(pickFrom);
}

function prepare(part) {
  showLocalTimes(part);
  offerCopies(part);
  part.querySelectorAll("form[data-drop]").forEach(takeDrops);
  offerSearch(part.querySelectorAll("select[data-pick]"));
}

const search = document.querySelector(".site-search input");
const suggestNames = async () => (await import("./suggest.js")).suggest(search);
if (document.activeElement === search) suggestNames(); // it was opened before this script ran
else search.addEventListener("focus", suggestNames, { once: true });
prepare(document);
document.addEventListener("htmx:load", ({ target }) => {
  if (target !== document.body) return prepare(target);
  // htmx listens from now on; what was typed or chosen before is asked now.
  for (const field of document.querySelectorAll("[data-question] :is(input, select)")) {
    const began = field.options ? (field.querySelector("[selected]") ?? field).value : field.defaultValue;
    if (field.value !== began) field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
// The same answer once more stays as it is: a reader may be in it already.
const answered = new WeakMap();
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!detail.target.matches("[aria-live]")) return;
  detail.shouldSwap &&= answered.get(detail.target) !== detail.serverResponse;
  answered.set(detail.target, detail.serverResponse);
});
// The question stands in the address: it can be reloaded, sent on, and gone back to.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const form = detail.requestConfig?.elt;
  if (!form?.matches?.("form[data-question]") || !detail.target.querySelector(".answer, .problem")) return;
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  history.replaceState(history.state, "", `${location.pathname}?${query}`);
});
// An answer that could not be fetched says so in place of the last one, which answers another question.
for (const failure of ["htmx:sendError", "htmx:responseError"]) {
  document.addEventListener(failure, ({ detail: { target, xhr } }) => {
    if (!target.matches("[aria-live]")) return;
    const textContent = `The answer could not be fetched${xhr.status ? ` (${xhr.status})` : ""}. Ask again.`;
    const problem = Object.assign(document.createElement("p"), { className: "problem", textContent });
    target.replaceChildren(problem);
    answered.delete(target);
  });
}
// A choice that only selects what the page shows needs no second click.
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});
// A double click sends a form once; a page that one comes back to sends it again.
const SENT = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (SENT.has(form)) event.preventDefault();
  SENT.add(form);
  setTimeout(() => SENT.delete(form), 2000);
});
