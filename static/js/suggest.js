// Suggestions below the search box: every name of the map, fetched once; a chosen one opens its page.
import { Combo } from "./combo.js";

let fetched = null;

// What failed (no network, the page being left) is tried again; one can search without names.
async function fetchNames(address) {
  try {
    const answer = await fetch(address);
    if (answer.ok) return (await answer.json()).names;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  fetched = null;
  return [];
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
