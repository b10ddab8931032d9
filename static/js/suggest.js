// Suggestions of the search box: every name of the map; a chosen one opens its page.
import { Combo, fetchJson } from "./combo.js";

let fetched = null;

// What failed is tried again; one can search without names.
async function fetchNames(address) {
  const found = await fetchJson(address);
  if (!found) fetched = null;
  return found?.names ?? [];
}

export function suggest(input) {
  const load = async () => (await (fetched ??= fetchNames(input.dataset.names))).map(([name, kind]) => [name, kind]);
  const take = async (name) => {
    const found = (await fetched)?.find((item) => item[0] === name);
    if (found) location.assign(found[2]);
    else input.form.requestSubmit();
  };
  return new Combo(input, { load, take });
}
