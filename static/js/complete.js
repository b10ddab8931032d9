// Completion for <input data-complete="contexts|kfuncs helpers">.
// The names are those of the kernel chosen in the same form, fetched once for each kernel.
import { Combo, fetchJson, tell } from "./combo.js";

const lists = new Map();

function loadNames(kernel) {
  if (!lists.has(kernel)) lists.set(kernel, fetchNames(kernel));
  return lists.get(kernel);
}

// What failed is forgotten, and tried again.
async function fetchNames(kernel) {
  const names = await fetchJson(`/kernels/${encodeURIComponent(kernel)}/names.json`);
  if (!names) lists.delete(kernel);
  return names;
}

async function loadFor(input) {
  const kernel = input.form.elements.kernel?.value ?? "";
  // The first request may have failed meanwhile; one can ask without names.
  const names = (await loadNames(kernel)) ?? (await loadNames(kernel));
  return input.dataset.complete.split(" ").flatMap((kind) => names?.[kind] ?? []);
}

for (const input of document.querySelectorAll("input[data-complete]")) {
  new Combo(input, { load: () => loadFor(input), take: () => tell(input) });
}
