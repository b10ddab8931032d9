// Completion for <input data-complete="contexts|kfuncs helpers">.
// The names are those of the kernel chosen in the same form, fetched once for each kernel.
import { Combo, fetchOnce, tell } from "./combo.js";

async function loadFor(input) {
  const kernel = input.form.elements.kernel?.value ?? "";
  const address = `/kernels/${encodeURIComponent(kernel)}/names.json`;
  // The first request may have failed while this was typed; without names one can still ask.
  const names = (await fetchOnce(address)) ?? (await fetchOnce(address));
  return input.dataset.complete.split(" ").flatMap((kind) => names?.[kind] ?? []);
}

for (const input of document.querySelectorAll("input[data-complete]")) {
  new Combo(input, { load: () => loadFor(input), take: () => tell(input) });
}
