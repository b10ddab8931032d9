// Suggestions of the search box: every name of the map; a chosen one opens its page.
import { Combo, fetchOnce } from "./combo.js";

export function suggest(input) {
  const names = async () => (await fetchOnce(input.dataset.names))?.names ?? []; // one can search without
  const load = async () => (await names()).map((found) => found.slice(0, 2));
  const take = async (name) => {
    const found = (await names()).find((item) => item[0] === name);
    if (found) location.assign(found[2]);
    else input.form.requestSubmit();
  };
  new Combo(input, { load, take });
}
